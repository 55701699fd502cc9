package extract

import (
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// completeGemfile adds origin, relation and edges from the sections of a Gemfile.lock: specs stand under their source
// with four spaces, their dependencies under them with six, and DEPENDENCIES lists what the project asks for.
// https://bundler.io/man/gemfile.5.html
func completeGemfile(f File, data []byte, r *Result) error {
	lines := split(data)
	byName, byLine := named(r.Packages), map[int]int{}
	for i, p := range r.Packages {
		byLine[p.Location[0].Line] = i
	}
	g := newGraph(r)
	section, remote, from := "", "", -1
	direct := map[string]bool{}
	for n, l := range lines {
		name, _, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(l), "!"), " ")
		switch depth := indent(l); {
		case strings.TrimSpace(l) == "":
		case depth == 0:
			section, remote = strings.TrimSpace(l), ""
		case section == "DEPENDENCIES":
			name = strings.TrimSuffix(name, "!")
			direct[name] = true
			g.link(tocsin.EdgeRoot, false, byName[name]...)
		case depth == 2 && strings.HasPrefix(l, "  remote: "):
			remote = strings.TrimPrefix(l, "  remote: ")
		case depth == 4:
			i, ok := byLine[n+1]
			if !ok {
				from = -1
				continue
			}
			from = i
			r.Packages[i].Origin = gemOrigin(section, remote)
		case depth == 6 && from >= 0:
			g.link(from, false, byName[name]...)
		}
	}
	if len(direct) == 0 {
		return nil
	}
	for i := range r.Packages {
		r.Packages[i].Relation = tocsin.RelationTransitive
		if direct[r.Packages[i].Name] {
			r.Packages[i].Relation = tocsin.RelationDirect
		}
	}
	return nil
}

func gemOrigin(section, remote string) tocsin.Origin {
	switch section {
	case "PATH":
		return tocsin.Origin{Kind: tocsin.OriginLocal, URL: remote}
	case "GIT":
		return tocsin.Origin{Kind: tocsin.OriginGit, URL: plain(remote)}
	default:
		return registry("RubyGems", remote)
	}
}
