package site

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/site/view"
)

// dependencies are the packages of an inventory as they are looked for, a page of them, and the paths to one.
type dependencies struct {
	Q, Ecosystem, Relation string
	Ecosystems             []string
	Rows                   []dependency
	Found, All             int
	First, Next            string
	// Chosen is the package whose place in the graph is shown; nil: none.
	Chosen *tocsin.Package
	// Path is a shortest one from the project to it, By who depends on it directly, Needs what it depends on.
	Path, By, Needs []tocsin.Package
	// Drawing has all shortest ways from the project to it, and what it needs.
	Drawing view.Graph
	// ByProject says that the project itself does; Graph that there is a graph at all.
	ByProject, Graph bool
}

// A dependency is a package with its number in the inventory.
type dependency struct {
	tocsin.Package
	N int
}

// shownPackages is how many packages a page has, maxNear how many neighbours in the graph.
const shownPackages, maxNear = 100, 50

// maxLayer is how many boxes a layer of a drawing has.
const maxLayer = 8

func dependenciesOf(project string, inv tocsin.Inventory, q url.Values) dependencies {
	d := dependencies{Q: strings.TrimSpace(q.Get("q")), Ecosystem: q.Get("ecosystem"), Relation: q.Get("relation"), All: len(inv.Packages), Graph: len(inv.Edges) > 0}
	var found []dependency
	for n, p := range inv.Packages {
		if !slices.Contains(d.Ecosystems, p.Ecosystem) {
			d.Ecosystems = append(d.Ecosystems, p.Ecosystem)
		}
		if (d.Q == "" || strings.Contains(strings.ToLower(p.Name+"@"+p.Version), strings.ToLower(d.Q))) && (d.Ecosystem == "" || p.Ecosystem == d.Ecosystem) && (d.Relation == "" || string(p.Relation) == d.Relation) {
			found = append(found, dependency{p, n})
		}
	}
	slices.Sort(d.Ecosystems)
	d.Found = len(found)
	from, err := strconv.Atoi(cmp.Or(q.Get("from"), "0"))
	if err != nil || from < 0 || from > len(found) {
		from = 0
	}
	to := min(from+shownPackages, len(found))
	d.Rows = found[from:to]
	at := func(from int) string {
		v := url.Values{}
		for name, value := range map[string]string{"q": d.Q, "ecosystem": d.Ecosystem, "relation": d.Relation} {
			if value != "" {
				v.Set(name, value)
			}
		}
		if from > 0 {
			v.Set("from", strconv.Itoa(from))
		}
		return "?" + v.Encode() + "#dependencies"
	}
	if from > 0 {
		d.First = at(0)
	}
	if to < len(found) {
		d.Next = at(to)
	}
	if n, err := strconv.Atoi(q.Get("package")); err == nil && n >= 0 && n < len(inv.Packages) {
		d.choose(project, inv, n)
	}
	return d
}

// choose finds the place of a package in the graph.
func (d *dependencies) choose(project string, inv tocsin.Inventory, n int) {
	d.Chosen = &inv.Packages[n]
	next, needs := map[int][]int{}, []int{}
	for _, e := range inv.Edges {
		next[e.From] = append(next[e.From], e.To)
		switch {
		case e.To == n && e.From == tocsin.EdgeRoot:
			d.ByProject = true
		case e.To == n && len(d.By) < maxNear:
			d.By = append(d.By, inv.Packages[e.From])
		case e.From == n && len(d.Needs) < maxNear:
			d.Needs, needs = append(d.Needs, inv.Packages[e.To]), append(needs, e.To)
		}
	}
	// Of each package, those on shortest ways to it that come right before it.
	before, depth := map[int][]int{}, map[int]int{tocsin.EdgeRoot: 0}
	for queue := []int{tocsin.EdgeRoot}; len(queue) > 0; queue = queue[1:] {
		for _, to := range next[queue[0]] {
			at, known := depth[to]
			if !known {
				at = depth[queue[0]] + 1
				depth[to], queue = at, append(queue, to)
			}
			if at == depth[queue[0]]+1 {
				before[to] = append(before[to], queue[0])
			}
		}
	}
	if _, ok := depth[n]; ok {
		for at := n; at != tocsin.EdgeRoot; at = before[at][0] {
			d.Path = append(d.Path, inv.Packages[at])
		}
		slices.Reverse(d.Path)
	}
	d.draw(project, inv, n, before, needs)
}

// draw lays out the ways to a package, from it back to the project, and what it needs.
func (d *dependencies) draw(project string, inv tocsin.Inventory, n int, before map[int][]int, needs []int) {
	node := func(at int) view.Node {
		if at == tocsin.EdgeRoot {
			return view.Node{Name: project, Detail: "the project"}
		}
		p := inv.Packages[at]
		return view.Node{Name: p.Name, Detail: p.Version, To: "?package=" + strconv.Itoa(at) + "#graph"}
	}
	chosen := node(n)
	chosen.Tone = "info"
	last := view.Layer{}
	for _, to := range needs {
		if len(last.Nodes) == maxLayer {
			last.More = len(needs) - maxLayer
			break
		}
		one := node(to)
		one.From = []int{0}
		last.Nodes = append(last.Nodes, one)
	}
	layers := []view.Layer{{Nodes: []view.Node{chosen}}}
	if len(last.Nodes) > 0 {
		layers = []view.Layer{last, layers[0]}
	}
	for here := []int{n}; len(before[here[0]]) > 0; {
		var more []int
		for _, at := range here {
			more = append(more, before[at]...)
		}
		slices.Sort(more)
		more = slices.Compact(more)
		left := max(0, len(more)-maxLayer)
		more = more[:len(more)-left]
		layer := view.Layer{More: left}
		for _, at := range more {
			layer.Nodes = append(layer.Nodes, node(at))
		}
		after := layers[len(layers)-1].Nodes
		for i, at := range here {
			after[i].From = nil
			for _, from := range before[at] {
				if k := slices.Index(more, from); k >= 0 {
					after[i].From = append(after[i].From, k)
				}
			}
		}
		layers, here = append(layers, layer), more
	}
	slices.Reverse(layers)
	d.Drawing = view.NewGraph("The ways from the project to "+chosen.Name+", and what it needs", layers)
}
