package match

import (
	"slices"

	"github.com/tocsin-dev/tocsin"
)

// maxPaths bounds the paths shown per finding; they are all of the shortest length.
const maxPaths = 3

// Paths fills in the shortest dependency paths of findings about a sealed inventory, by one breadth-first walk from the
// project.
func Paths(inv tocsin.Inventory, findings []tocsin.Finding) {
	if len(inv.Edges) == 0 || len(findings) == 0 {
		return
	}
	out := make([][]int, len(inv.Packages))
	hasParent := make([]bool, len(inv.Packages))
	var roots []int
	for _, e := range inv.Edges {
		if e.From == tocsin.EdgeRoot {
			roots = append(roots, e.To)
			continue
		}
		out[e.From] = append(out[e.From], e.To)
		hasParent[e.To] = true
	}
	// A source that names no root: its paths start at what nothing depends on.
	var loose []int
	for i := range inv.Packages {
		if !hasParent[i] && len(out[i]) > 0 {
			loose = append(loose, i)
		}
	}
	parents := make([][]int, len(inv.Packages))
	walk(parents, roots, out)
	walk(parents, loose, out)
	for i, f := range findings {
		n, ok := slices.BinarySearchFunc(inv.Packages, f.Package, tocsin.ComparePackages)
		if ok {
			findings[i].Paths = trace(inv, parents, n)
		}
	}
}

// walk gives each package that has none yet its parents on the shortest paths from the roots; a root has the parent
// EdgeRoot, what is not reached has none.
func walk(parents [][]int, roots []int, out [][]int) {
	depth := make([]int, len(parents))
	var queue []int
	for _, r := range roots {
		if parents[r] == nil {
			parents[r], depth[r] = []int{tocsin.EdgeRoot}, 1
			queue = append(queue, r)
		}
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, to := range out[at] {
			switch {
			case parents[to] == nil:
				depth[to] = depth[at] + 1
				queue = append(queue, to)
				fallthrough
			case depth[to] == depth[at]+1 && len(parents[to]) < maxPaths:
				parents[to] = append(parents[to], at)
			}
		}
	}
}

// trace follows the parents back to the project.
func trace(inv tocsin.Inventory, parents [][]int, n int) [][]string {
	var out [][]string
	var path []string // from the package up
	var back func(at int)
	back = func(at int) {
		path = append(path, inv.Packages[at].String())
		defer func() { path = path[:len(path)-1] }()
		for _, p := range parents[at] {
			switch {
			case len(out) == maxPaths:
				return
			case p == tocsin.EdgeRoot:
				down := slices.Clone(path)
				slices.Reverse(down)
				out = append(out, down)
			default:
				back(p)
			}
		}
	}
	back(n)
	return out
}
