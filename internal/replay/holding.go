package replay

import (
	"context"
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/scanner/match"
)

// A place is a project that has packages of a component at some time.
type place struct {
	project int
	// held are the packages it has, from inventory to inventory; only changes are kept.
	held []holding
}

type holding struct {
	from      time.Time
	inventory int
	packages  []held
}

type held struct {
	distinct int // number of the package without what differs from project to project
	pkg      *tocsin.Package
	paths    [][]string
}

// hold lays out which project has which package of which component when.
func (c *Course) hold(ctx context.Context, d distinct, progress func(done, total int)) error {
	concern := map[int][]int{} // components by number of the package
	for i, one := range c.components {
		seen := map[int]bool{}
		for _, s := range one.states {
			for n := range s.found {
				if !seen[n] {
					seen[n] = true
					concern[n] = append(concern[n], i)
				}
			}
		}
	}
	total, done := 0, 0
	for _, p := range c.projects {
		total += len(p.Inventories)
	}
	for i, p := range c.projects {
		var before map[int][]held
		for j := range p.Inventories {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			before = c.holdInventory(i, j, d, concern, before)
			if done++; progress != nil {
				progress(done, total)
			}
		}
	}
	return nil
}

// holdInventory lays out one inventory, given what the one before it held, and gives what it holds, by component.
func (c *Course) holdInventory(project, inventory int, d distinct, concern map[int][]int, before map[int][]held) map[int][]held {
	inv := &c.projects[project].Inventories[inventory]
	now := map[int][]held{}
	var located []tocsin.Finding // the packages whose paths are asked for
	var at []held
	for k := range inv.Packages {
		pkg := &inv.Packages[k]
		n := d.number[identify(pkg)]
		if len(concern[n]) > 0 {
			located = append(located, tocsin.Finding{Package: *pkg})
			at = append(at, held{distinct: n, pkg: pkg})
		}
	}
	match.Paths(*inv, located)
	for k := range at {
		at[k].paths = located[k].Paths
		for _, one := range concern[at[k].distinct] {
			now[one] = append(now[one], at[k])
		}
	}
	from := c.window.clamp(inv.TakenAt)
	for one, list := range now {
		c.components[one].hold(project, holding{from, inventory, list})
	}
	for one := range before { // what was there and is no more
		if now[one] == nil {
			c.components[one].hold(project, holding{from, inventory, nil})
		}
	}
	return now
}

func (c *component) placeOf(project int) int {
	if n := len(c.places) - 1; n >= 0 && c.places[n].project == project {
		return n
	}
	return -1
}

// hold notes what a project has from a time on. Projects come one after the other, each in the order of time.
func (c *component) hold(project int, h holding) {
	n := c.placeOf(project)
	if n < 0 {
		c.places = append(c.places, place{project: project})
		n = len(c.places) - 1
	}
	p := &c.places[n]
	if last := len(p.held) - 1; last >= 0 && same(p.held[last].packages, h.packages) {
		return
	} else if last >= 0 && p.held[last].from.Equal(h.from) {
		p.held[last] = h
		return
	}
	p.held = append(p.held, h)
}

// same says whether two inventories of a project hold the same packages in the same way.
func same(a, b []held) bool {
	return slices.EqualFunc(a, b, func(x, y held) bool {
		return x.distinct == y.distinct && x.pkg.Scope == y.pkg.Scope && x.pkg.Relation == y.pkg.Relation && shortest(x.paths) == shortest(y.paths)
	})
}

func shortest(paths [][]string) int {
	n := 0
	for i, p := range paths {
		if i == 0 || len(p) < n {
			n = len(p)
		}
	}
	return n
}
