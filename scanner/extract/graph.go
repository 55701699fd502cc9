package extract

import (
	"fmt"
	"slices"

	"github.com/tocsin-dev/tocsin"
)

// MaxEdges is the most edges one file may tell. The largest real SBOM known tells some 22,000; a hostile file whose
// packages all share a name and all ask for it would tell a square.
const MaxEdges = 2_000_000

var errEdges = fmt.Errorf("more than %d edges", MaxEdges)

// errDependencies says that a second look at a file failed.
func errDependencies(err error) error { return fmt.Errorf("reading the dependencies: %w", err) }

// A graph adds the edges of one file to its result.
type graph struct {
	*Result
	// dev are the edges that hold in development only, by index.
	dev map[int]bool
	// unsure says that the project may ask for more than is known: a part of it could not be read.
	unsure bool
	// mixed says that what is asked for in development cannot be told from the rest.
	mixed bool
}

func newGraph(r *Result) *graph { return &graph{Result: r, dev: map[int]bool{}} }

// link says that from depends on each of to; dev, that it does so in development only.
func (g *graph) link(from int, dev bool, to ...int) {
	for _, t := range to {
		if len(g.Edges) == MaxEdges {
			if g.Partial == "" {
				g.Partial = errEdges.Error()
			}
			return
		}
		if dev {
			g.dev[len(g.Edges)] = true
		}
		g.Edges = append(g.Edges, tocsin.Edge{From: from, To: t})
	}
}

// settle derives relations and scopes, if it is known what the project asks for.
func (g *graph) settle() {
	rooted := slices.ContainsFunc(g.Edges, func(e tocsin.Edge) bool { return e.From == tocsin.EdgeRoot })
	switch {
	case !rooted:
	case g.unsure:
		for _, e := range g.Edges {
			if e.From == tocsin.EdgeRoot {
				g.Packages[e.To].Relation = tocsin.RelationDirect
			}
		}
	default:
		relate(g.Result)
		g.scopes()
	}
}

// scopes marks what only development leads to. What nothing leads to stays as it is.
func (g *graph) scopes() {
	if g.mixed || g.Partial != "" {
		return
	}
	shipped, all := g.reach(false), g.reach(true)
	for i := range g.Packages {
		if p := &g.Packages[i]; p.Scope == "" && all[i] && !shipped[i] {
			p.Scope = tocsin.ScopeDev
		}
	}
}

// reach tells the packages that the project leads to, with or without the edges of development.
func (g *graph) reach(dev bool) []bool {
	// Slots are shifted by one, for the project itself.
	out := make([][]int32, len(g.Packages)+1)
	for i, e := range g.Edges {
		if dev || !g.dev[i] {
			out[e.From+1] = append(out[e.From+1], int32(e.To))
		}
	}
	reached := make([]bool, len(g.Packages))
	queue := []int{tocsin.EdgeRoot}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, to := range out[at+1] {
			if !reached[to] {
				reached[to] = true
				queue = append(queue, int(to))
			}
		}
	}
	return reached
}

// named finds the packages of a result by name; several where it has several versions of one.
func named(packages []tocsin.Package) map[string][]int {
	out := make(map[string][]int, len(packages))
	for i, p := range packages {
		out[p.Name] = append(out[p.Name], i)
	}
	return out
}

// places finds the packages of a borrowed reader by what a second look at the file says of them. Of several that are called
// alike each is taken once, in order.
type places map[string][]int

func newPlaces(packages []tocsin.Package) places {
	out := make(places, len(packages))
	for i, p := range packages {
		key := p.String()
		out[key] = append(out[key], i)
	}
	return out
}

func (p places) take(name, version string) (int, bool) {
	key := tocsin.Package{Name: name, Version: version}.String()
	list := p[key]
	if len(list) == 0 {
		return 0, false
	}
	p[key] = list[1:]
	return list[0], true
}
