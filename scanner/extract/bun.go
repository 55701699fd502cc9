package extract

import (
	"context"
	"strings"

	"github.com/tidwall/jsonc"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// bunLock reads bun.lock, which is JSON with comments. It is ours because osv-scalibr's looks for the line of each package
// from the start of the file, which takes hours where there are a million, and has no graph. https://bun.com/docs/pm/lockfile
type bunLock struct{}

func (bunLock) Format() string { return "npm/bun-lock" }
func (bunLock) Limit() int64   { return LimitWhole }

func (bunLock) Read(_ context.Context, f File) (Result, error) {
	data, err := whole(f)
	if err != nil {
		return Result{}, err
	}
	// Comments and trailing commas become blanks, so that lines stay.
	b := &bunReader{lined: newLined(jsonc.ToJSONInPlace(data)), file: f.Path, keys: map[string]int{}}
	b.graph = newGraph(&b.result)
	known := false
	err = b.object(func(name []byte) error {
		switch string(name) {
		case "lockfileVersion":
			known = true
			return b.skip()
		case "workspaces":
			return b.object(b.workspace)
		case "packages":
			known = true
			return b.object(b.entry)
		default:
			return b.skip()
		}
	})
	partial, err := b.finish(err, len(b.result.Packages))
	if err != nil {
		return Result{}, err
	}
	if !known {
		return Result{}, errWrongTop
	}
	b.result.Partial = partial
	b.link()
	b.result.Gaps = gaps(f.Path, b.result.Packages)
	return b.result, nil
}

// Where a package is installed is a few names deep. Keys of a hundred names would be looked up a hundred times for each
// name that is asked for there.
const (
	maxBunKey   = 512
	maxBunDepth = 10
)

// bunReader follows one bun.lock.
type bunReader struct {
	*lined
	file   string
	result Result
	graph  *graph
	// keys are the packages by where they are installed: "name", or "parent/name" where the parent needs one of its own.
	keys  map[string]int
	wants []bunWant
}

// A bunWant says that what is installed as key asks for a name. The key of the project itself is empty.
type bunWant struct {
	key, name string
	dev       bool
}

// workspace reads what a project of the workspace asks for. All but the project itself are packages, too.
func (b *bunReader) workspace(folder []byte) error {
	isRoot := len(folder) == 0
	var key string
	first := len(b.wants)
	err := b.object(func(name []byte) error {
		if string(name) == "name" {
			return b.text(&key)
		}
		return b.names(string(name), "")
	})
	if !isRoot && key != "" {
		b.wants = append(b.wants, bunWant{name: key})
		for i := range b.wants[first : len(b.wants)-1] {
			b.wants[first+i].key = key
		}
	}
	return err
}

// names reads a section of dependencies.
func (b *bunReader) names(section, key string) error {
	switch section {
	case "dependencies", "devDependencies", "optionalDependencies", "peerDependencies":
		return b.object(func(name []byte) error {
			if len(b.wants) == MaxEdges {
				return errEdges
			}
			b.wants = append(b.wants, bunWant{key, string(name), section == "devDependencies"})
			return b.skip()
		})
	default:
		return b.skip()
	}
}

// entry reads one package: an array of its identity, and by its kind a registry, an object, and a hash.
func (b *bunReader) entry(name []byte) error {
	if len(b.result.Packages) == MaxPackages {
		return errTooMany
	}
	line, key, first := b.at(), string(name), len(b.wants)
	var elements []string
	err := b.array(func() error {
		switch b.dec.PeekKind() {
		case '"':
			var s string
			err := b.text(&s)
			elements = append(elements, s)
			return err
		case '{':
			return b.object(func(name []byte) error { return b.names(string(name), key) })
		default:
			return b.skip()
		}
	})
	if len(elements) > 0 {
		p := bunPackage(elements[0])
		p.Location = []tocsin.Location{{Path: b.file, Line: line}}
		if last := elements[len(elements)-1]; strings.HasPrefix(last, "sha") {
			p.Integrity = last
		}
		b.keys[key] = len(b.result.Packages)
		b.result.Packages = append(b.result.Packages, p)
	} else {
		b.wants = b.wants[:first]
	}
	return err
}

// link resolves what was asked for.
func (b *bunReader) link() {
	for _, w := range b.wants {
		from := tocsin.EdgeRoot
		if i, ok := b.keys[w.key]; ok && w.key != "" {
			from = i
		}
		if to, ok := b.resolve(w.key, w.name); ok {
			b.graph.link(from, w.dev, to)
		}
	}
	b.graph.settle()
}

// resolve finds the package that a name means for what is installed as key: its own, or that of who is above it.
func (b *bunReader) resolve(key, name string) (int, bool) {
	if len(key) > maxBunKey {
		return 0, false
	}
	for range maxBunDepth {
		if i, ok := b.keys[strings.TrimPrefix(key+"/"+name, "/")]; ok || key == "" {
			return i, ok
		}
		key = above(key)
	}
	return 0, false
}

// above is a key without its last name, which has a slash of its own if it has a scope.
func above(key string) string {
	i := strings.LastIndexByte(key, '/')
	if i < 0 {
		return ""
	}
	if j := strings.LastIndexByte(key[:i], '/'); strings.HasPrefix(key[j+1:], "@") {
		i = max(j, 0)
	}
	return key[:i]
}

// bunPackage reads "name@version", where the version may be an address: git+ssh://…#commit, github:owner/repo#commit, an
// archive, or a folder of the project.
func bunPackage(entry string) tocsin.Package {
	p := tocsin.Package{Ecosystem: "npm", Name: entry}
	if i := strings.IndexByte(entry[min(1, len(entry)):], '@'); i >= 0 {
		p.Name, p.Version = entry[:i+1], entry[i+2:]
	}
	kind, _, isAddress := strings.Cut(p.Version, ":")
	address := p.Version
	switch {
	case !isAddress:
		p.PURL = purl.Make(p.Ecosystem, p.Name, p.Version)
		return p
	case kind == "workspace", kind == "file", kind == "link", kind == "root":
		p.Origin = tocsin.Origin{Kind: tocsin.OriginLocal, URL: plain(address)}
	case kind == "github", strings.HasPrefix(kind, "git"):
		address, _, _ = strings.Cut(address, "#")
		p.Origin = tocsin.Origin{Kind: tocsin.OriginGit, URL: plain(address)}
	default:
		p.Origin = origin("npm", address)
	}
	p.Version = ""
	if p.Origin.Kind != tocsin.OriginLocal {
		p.PURL = purl.Make(p.Ecosystem, p.Name, "")
	}
	return p
}
