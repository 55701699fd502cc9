package tocsin

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// An Inventory is the packages of one project from one source at one time, with a coverage report of what could not
// be read and why. Two inventories with the same digest hold the same packages and the same coverage.
type Inventory struct {
	// Project is the slug; empty for a scan outside a portfolio.
	Project string `json:"project,omitempty"`
	// Source is where it was read from, for people.
	Source  string    `json:"source"`
	TakenAt time.Time `json:"taken_at"`
	// Packages is sorted by [ComparePackages] and has no two equal in ecosystem, name, version and origin.
	Packages []Package `json:"packages"`
	// Edges is the dependency graph where the sources tell it.
	Edges    []Edge   `json:"edges,omitempty"`
	Coverage Coverage `json:"coverage"`
	// Digest is "sha256:" and hex over packages, edges and coverage; it does not depend on the order of reading.
	Digest string `json:"digest"`
}

// An Edge says that package From depends on package To, by index into Packages. From is [EdgeRoot] for the project itself.
type Edge struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// EdgeRoot stands for the project in an [Edge].
const EdgeRoot = -1

// Coverage says what a scan read and what it could not use. Nothing that was left out is left out silently.
type Coverage struct {
	Files []FileCoverage `json:"files"`
	// Gaps counts packages that were read but cannot be matched, by reason.
	Gaps []Gap `json:"gaps,omitempty"`
}

// FileCoverage is the fate of one file.
type FileCoverage struct {
	Path string `json:"path"`
	// Format is the reader's name ("npm/package-lock", "cyclonedx/json"); empty if none took it.
	Format   string     `json:"format,omitempty"`
	Status   FileStatus `json:"status"`
	Packages int        `json:"packages"`
	// Reason says what was wrong and where, empty when the file was read whole.
	Reason string `json:"reason,omitempty"`
}

// FileStatus of one file in a [Coverage].
type FileStatus string

// The file statuses.
const (
	FileRead    FileStatus = "read"
	FilePartial FileStatus = "partial" // some of it was read
	FileFailed  FileStatus = "failed"  // none of it was
)

// A Gap counts packages that cannot be matched, for one reason in one file.
type Gap struct {
	Path   string    `json:"path"`
	Reason GapReason `json:"reason"`
	Count  int       `json:"count"`
	// Examples are the first few, for people.
	Examples []string `json:"examples,omitempty"`
}

// GapReason says why packages cannot be matched.
type GapReason string

// The gap reasons.
const (
	GapNoVersion   GapReason = "no version"
	GapNoEcosystem GapReason = "no known ecosystem"
	GapNoName      GapReason = "no name"
	GapMinimum     GapReason = "only a minimum version" // what will run is this or newer
)

// Incomplete lists the files that were not read whole.
func (c Coverage) Incomplete() []FileCoverage {
	var out []FileCoverage
	for _, f := range c.Files {
		if f.Status != FileRead {
			out = append(out, f)
		}
	}
	return out
}

// ComparePackages orders packages by ecosystem, name, version and origin. All addresses of the public registry are one
// origin.
func ComparePackages(a, b Package) int { return comparePackages(&a, &b) }

// comparePackages is for sorting: a package is large to pass around, and most differ by their name.
func comparePackages(a, b *Package) int {
	if c := strings.Compare(a.Ecosystem, b.Ecosystem); c != 0 {
		return c
	}
	if c := strings.Compare(a.Name, b.Name); c != 0 {
		return c
	}
	if c := strings.Compare(a.Version, b.Version); c != 0 {
		return c
	}
	return strings.Compare(a.Origin.place(), b.Origin.place())
}

// place tells origins apart; the public registry is the empty one.
func (o Origin) place() string {
	if o.Public() {
		return ""
	}
	return string(o.Kind) + " " + o.URL
}

// Seal sorts the inventory, merges packages that were found more than once, renumbers the edges and sets the digest.
// It is called once, by whoever filled the inventory.
func (inv *Inventory) Seal() {
	inv.mergePackages()
	slices.SortFunc(inv.Coverage.Files, func(a, b FileCoverage) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(inv.Coverage.Gaps, func(a, b Gap) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(string(a.Reason), string(b.Reason)))
	})
	h := sha256.New()
	var line bytes.Buffer
	e := json.NewEncoder(&line)
	write := func(v any) { // in parts: a large inventory as one text would take as much memory again
		line.Reset()
		_ = e.Encode(v) // our own values cannot fail: they hold strings and integers only
		h.Write(line.Bytes())
	}
	for i := range inv.Packages {
		write(&inv.Packages[i])
	}
	write(inv.Edges)
	write(inv.Coverage)
	inv.Digest = "sha256:" + hex.EncodeToString(h.Sum(nil))
}

func (inv *Inventory) mergePackages() {
	order := make([]int, len(inv.Packages))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		p, q := &inv.Packages[i], &inv.Packages[j]
		if c := comparePackages(p, q); c != 0 {
			return c
		}
		return slices.CompareFunc(p.Location, q.Location, compareLocation)
	})
	merged := make([]Package, 0, len(order))
	moved := make([]int, len(order))
	for _, i := range order {
		p := &inv.Packages[i]
		if n := len(merged); n > 0 && comparePackages(&merged[n-1], p) == 0 {
			merged[n-1].absorb(p)
		} else {
			merged = append(merged, *p)
			merged[n].Location = slices.Clone(p.Location)
		}
		moved[i] = len(merged) - 1
	}
	for i := range merged {
		merged[i].settle()
	}
	inv.Packages = merged

	edges := inv.Edges[:0]
	for _, e := range inv.Edges {
		if e.From != EdgeRoot {
			e.From = moved[e.From]
		}
		e.To = moved[e.To]
		if e.From != e.To {
			edges = append(edges, e)
		}
	}
	slices.SortFunc(edges, func(a, b Edge) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	inv.Edges = slices.Compact(edges)
}

// absorb keeps the widest use: direct over transitive, runtime over dev.
func (p *Package) absorb(q *Package) {
	p.Location = append(p.Location, q.Location...)
	if q.Relation == RelationDirect || p.Relation == "" {
		p.Relation = q.Relation
	}
	if q.Scope != ScopeDev {
		p.Scope = q.Scope
	}
	p.PURL = cmp.Or(p.PURL, q.PURL)
	p.Integrity = cmp.Or(p.Integrity, q.Integrity)
}

// maxLocations bounds the places kept of one package. Nobody looks at more, and a hostile file names one a million times.
const maxLocations = 100

// settle leaves each place once, in order.
func (p *Package) settle() {
	slices.SortFunc(p.Location, compareLocation)
	p.Location = slices.Compact(p.Location)
	p.Location = p.Location[:min(len(p.Location), maxLocations)]
}

func compareLocation(x, y Location) int {
	return cmp.Or(strings.Compare(x.Path, y.Path), cmp.Compare(x.Line, y.Line))
}
