package extract

import (
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// A component is what an SBOM says of one part, in any format.
type component struct {
	id, kind, group, name, version, purl, scope string
}

// bom collects the parts of an SBOM and their graph as they come by, in any order.
type bom struct {
	// at is shared by all packages: an SBOM tells no lines.
	at []tocsin.Location
	// packages lie in pieces, the last one not full: growing one list copies it again and again.
	pieces [][]tocsin.Package
	count  int
	// nodes numbers the ids met; parts says what each is.
	nodes map[string]int32
	parts []int32
	edges []bomEdge
	// about is what the document describes, where that is a package.
	about []tocsin.Package
	// full says that there were more edges than that.
	full bool
	// dev are the nodes that are used for development only.
	dev map[int32]bool
}

type bomEdge struct{ from, to int32 }

const (
	partUnknown int32 = -1
	partRoot    int32 = -2
)

func newBOM(path string) *bom {
	return &bom{at: []tocsin.Location{{Path: path}}, nodes: map[string]int32{}, dev: map[int32]bool{}}
}

// node is the number of an id, which need not have been described yet.
func (b *bom) node(id string) int32 {
	n, ok := b.nodes[id]
	if !ok {
		n = int32(len(b.parts))
		b.nodes[strings.Clone(id)] = n
		b.parts = append(b.parts, partUnknown)
	}
	return n
}

// root says that an id stands for the project itself.
func (b *bom) root(id string) {
	if id != "" {
		b.parts[b.node(id)] = partRoot
	}
}

// subject takes what the document is about. It is the root of the graph; and advisories may speak of it, where its purl
// is that of a package.
func (b *bom) subject(c component) {
	b.root(c.id)
	p := identify(c)
	if c.purl != "" && p.Ecosystem != "" && p.Version != "" {
		p.Location, p.Origin.Kind = b.at, tocsin.OriginSubject
		b.about = append(b.about, p)
	}
}

// add takes a component as a package, unless it is no software.
func (b *bom) add(c component) error {
	p := identify(c)
	if p.Name == "" && p.PURL == "" && c.name == "" || notSoftware(c) {
		return nil
	}
	if b.count == MaxPackages {
		return errTooMany
	}
	p.Location = b.at
	i := b.keep(p)
	if c.id != "" {
		if n := b.node(c.id); b.parts[n] == partUnknown {
			b.parts[n] = int32(i)
		}
	}
	return nil
}

// pieceSize is how many packages lie together.
const pieceSize = 1024

// keep adds a package and gives its number.
func (b *bom) keep(p tocsin.Package) int {
	if b.count%pieceSize == 0 {
		size := pieceSize
		if b.count == 0 {
			size = 0 // most documents are small
		}
		b.pieces = append(b.pieces, make([]tocsin.Package, 0, size))
	}
	last := &b.pieces[len(b.pieces)-1]
	*last = append(*last, p)
	b.count++
	return b.count - 1
}

// link adds an edge between two ids.
func (b *bom) link(from, to string) {
	if len(b.edges) == MaxEdges {
		b.full = true
		return
	}
	if from != "" && to != "" {
		b.edges = append(b.edges, bomEdge{b.node(from), b.node(to)})
	}
}

// result resolves the ids. Edges of parts that were not described, or are no packages, are left out.
func (b *bom) result(r Result) Result {
	r.Packages = slices.Concat(b.pieces...)
	if b.full && r.Partial == "" {
		r.Partial = errEdges.Error()
	}
	for _, e := range b.edges {
		from, to := b.parts[e.from], b.parts[e.to]
		if to < 0 || from == partUnknown {
			continue
		}
		if from == partRoot {
			from = tocsin.EdgeRoot
		}
		r.Edges = append(r.Edges, tocsin.Edge{From: int(from), To: int(to)})
	}
	rooted := false
	for _, e := range r.Edges {
		rooted = rooted || e.From == tocsin.EdgeRoot
	}
	if rooted {
		// Without an edge from the root, nothing says what is direct.
		relate(&r)
	}
	for _, p := range b.about {
		if slices.ContainsFunc(r.Packages, func(q tocsin.Package) bool {
			return q.Ecosystem == p.Ecosystem && q.Name == p.Name && q.Version == p.Version
		}) {
			continue // it is listed among its own parts
		}
		r.Packages = append(r.Packages, p)
		r.Edges = append(r.Edges, tocsin.Edge{From: tocsin.EdgeRoot, To: len(r.Packages) - 1})
	}
	for n := range b.dev {
		if i := b.parts[n]; i >= 0 {
			r.Packages[i].Scope = tocsin.ScopeDev
		}
	}
	r.Gaps = gaps(b.at[0].Path, r.Packages)
	return r
}

// notSoftware says that a component is of a kind that no advisory names: files, data, models and algorithms.
// https://cyclonedx.org/docs/1.7/json/#components_items_type
func notSoftware(c component) bool {
	if c.purl != "" {
		return false
	}
	switch c.kind {
	case "file", "data", "machine-learning-model", "cryptographic-asset", "device":
		return true
	}
	return false
}

// identify decides what package a component is. Its purl decides, with the component's own version where that has none;
// its name is for people. Without purl it is known by group and name only where these can mean one ecosystem.
func identify(c component) tocsin.Package {
	p := tocsin.Package{Name: c.name, Version: c.version, PURL: c.purl}
	if c.group != "" {
		p.Name = c.group + "/" + c.name
	}
	// "optional" says that a part may be missing, and it may as well be there. "excluded" says that it is used for
	// building or testing only: https://cyclonedx.org/docs/1.7/json/#components_items_scope
	if c.scope == "excluded" {
		p.Scope = tocsin.ScopeDev
	}
	if c.purl != "" {
		if ref, err := purl.Parse(c.purl); err == nil {
			p.Ecosystem, p.Name, p.SourceName = ref.Ecosystem, ref.Name, ref.SourceName
			if ref.Version != "" {
				p.Version = ref.Version
			}
		}
	} else {
		p.Ecosystem, p.Name = byName(c, p.Name)
		p.PURL = purl.Make(p.Ecosystem, p.Name, p.Version)
	}
	if p.Ecosystem == "Go" {
		p.Version = goVersion(p.Name, p.Version)
	}
	return p
}

// byName tells the ecosystem of a component without purl where its name leaves no doubt: npm alone has groups that begin
// with "@", and the import paths of Go's own domains are nobody else's. Maven groups are reversed domains, which Gradle,
// Ivy and OSGi share, but so they do the repository.
func byName(c component, name string) (ecosystem, canonical string) {
	if c.kind != "" && c.kind != "library" && c.kind != "framework" {
		return "", name
	}
	if strings.HasPrefix(c.group, "@") {
		return "npm", name
	}
	for _, domain := range []string{"golang.org/x/", "gopkg.in/", "google.golang.org/", "k8s.io/", "go.uber.org/"} {
		if strings.HasPrefix(name, domain) {
			return "Go", name
		}
	}
	for _, domain := range []string{"org.", "com.", "net.", "io.", "javax.", "jakarta."} {
		if strings.HasPrefix(c.group, domain) && !strings.ContainsAny(c.group+c.name, "/ ") {
			return "Maven", c.group + ":" + c.name
		}
	}
	return "", name
}

// goVersion is a Go version as OSV and go.mod readers write it: without the "v", and for the standard library without "go".
func goVersion(name, version string) string {
	rest := strings.TrimPrefix(version, "v")
	if name == "stdlib" || name == "toolchain" {
		rest = strings.TrimPrefix(rest, "go")
	}
	if rest != "" && rest[0] >= '0' && rest[0] <= '9' {
		return rest
	}
	return version
}
