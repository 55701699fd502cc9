package site

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-dev/tocsin"
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

func dependenciesOf(inv tocsin.Inventory, q url.Values) dependencies {
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
		d.choose(inv, n)
	}
	return d
}

// choose finds the place of a package in the graph.
func (d *dependencies) choose(inv tocsin.Inventory, n int) {
	d.Chosen = &inv.Packages[n]
	next := map[int][]int{}
	for _, e := range inv.Edges {
		next[e.From] = append(next[e.From], e.To)
		switch {
		case e.To == n && e.From == tocsin.EdgeRoot:
			d.ByProject = true
		case e.To == n && len(d.By) < maxNear:
			d.By = append(d.By, inv.Packages[e.From])
		case e.From == n && len(d.Needs) < maxNear:
			d.Needs = append(d.Needs, inv.Packages[e.To])
		}
	}
	before := map[int]int{tocsin.EdgeRoot: tocsin.EdgeRoot}
	for queue := []int{tocsin.EdgeRoot}; len(queue) > 0; queue = queue[1:] {
		for _, to := range next[queue[0]] {
			if _, ok := before[to]; !ok {
				before[to] = queue[0]
				queue = append(queue, to)
			}
		}
	}
	if _, ok := before[n]; !ok {
		return
	}
	for at := n; at != tocsin.EdgeRoot; at = before[at] {
		d.Path = append(d.Path, inv.Packages[at])
	}
	slices.Reverse(d.Path)
}
