package extract

import (
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// completeGoMod adds what the lines of a go.mod say beyond module and version: "// indirect", and replacement by a
// folder. The go and toolchain lines are not packages: they name the oldest toolchain that may build the module, not the
// one that does, so that its standard library is counted as a gap. https://go.dev/ref/mod#go-mod-file
func completeGoMod(f File, data []byte, r *Result) error {
	r.Packages = slices.DeleteFunc(r.Packages, func(p tocsin.Package) bool {
		if p.Name == "stdlib" {
			r.Gaps = append(r.Gaps, tocsin.Gap{Path: f.Path, Reason: tocsin.GapMinimum, Count: 1, Examples: []string{p.String()}})
		}
		return p.Name == "stdlib"
	})
	lines := split(data)
	for i := range r.Packages {
		p := &r.Packages[i]
		at := p.Location[0]
		switch {
		case at.Path != f.Path:
			// From go.sum: before Go 1.17 only that named the indirect ones.
			p.Relation = tocsin.RelationTransitive
		case strings.HasPrefix(p.Name, "./"), strings.HasPrefix(p.Name, "../"), strings.HasPrefix(p.Name, "/"):
			p.Origin = tocsin.Origin{Kind: tocsin.OriginLocal, URL: p.Name}
		case at.Line < 1 || at.Line > len(lines), strings.Contains(lines[at.Line-1], "=>"):
			// The line of a replacement does not tell who asked for it.
		case strings.Contains(lines[at.Line-1], "// indirect"):
			p.Relation = tocsin.RelationTransitive
		default:
			p.Relation = tocsin.RelationDirect
		}
	}
	return nil
}
