package replay

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/scanner/match"
)

// A Course is a history that was matched: policies can be run over it. It is safe for concurrent use.
type Course struct {
	window   Window
	projects []Project
	begun    []time.Time // when each project had its first inventory, sorted
	// components are those that something in an inventory may be about.
	components []*component
	kev        map[string]KEV // by CVE id
	epss       []EPSS
	before     [][2]int // the places of what each of epss is compared with, -1 for none
	basis      Basis
}

// Basis says what a replay rests on.
type Basis struct {
	Records       int `json:"records"` // revisions that were replayed
	Reconstructed int `json:"reconstructed_records"`
	Inventories   int `json:"inventories"`
	FromHistory   int `json:"inventories_from_git"`
	Packages      int `json:"packages"` // distinct
	EPSSDays      int `json:"epss_days"`
	// SyncedSince is when the first revision was seen; everything before it is reconstructed.
	SyncedSince time.Time `json:"synced_since,omitzero"`
}

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

// identity is what matching asks of a package.
type identity struct {
	ecosystem, name, source, version, purl, integrity string
	origin                                            tocsin.Origin
}

func identify(p *tocsin.Package) identity {
	return identity{p.Ecosystem, p.Name, p.SourceName, p.Version, p.PURL, p.Integrity, p.Origin}
}

// Prepare lays out a history over a window and matches it. The error is the context's, or that of a record that cannot be
// indexed. progress, if not nil, is told how many of how many inventories are laid out.
func Prepare(ctx context.Context, h History, w Window, progress func(done, total int)) (*Course, error) {
	c := &Course{window: w, kev: map[string]KEV{}, epss: slices.Clone(h.EPSS)}
	for _, k := range h.KEV {
		if have, ok := c.kev[k.Entry.CVE]; !ok || k.From.Before(have.From) {
			c.kev[k.Entry.CVE] = k
		}
	}
	slices.SortFunc(c.epss, func(a, b EPSS) int { return a.From.Compare(b.From) })
	var seen []time.Time
	for i, e := range c.epss {
		seen = append(seen, e.From)
		c.before = append(c.before, [2]int{advisories.Earlier(seen, i, 7), advisories.Earlier(seen, i, 30)})
	}
	for _, p := range h.Projects {
		p.Inventories = within(p.Inventories, w)
		if len(p.Inventories) > 0 {
			c.begun = append(c.begun, w.clamp(p.Inventories[0].TakenAt))
		}
		c.projects = append(c.projects, p)
	}
	slices.SortFunc(c.begun, time.Time.Compare)
	slices.SortFunc(c.projects, func(a, b Project) int { return strings.Compare(a.Slug, b.Slug) })
	c.components = components(h.Records, w)
	d := c.distinct()
	if err := c.match(ctx, d); err != nil {
		return nil, err
	}
	if err := c.hold(ctx, d, progress); err != nil {
		return nil, err
	}
	c.weigh(h, len(d.list))
	return c, nil
}

// within keeps the inventories of a window: the last one from before it, and all that begin in it.
func within(list []tocsin.Inventory, w Window) []tocsin.Inventory {
	first := 0
	var out []tocsin.Inventory
	for i, inv := range list {
		if !inv.TakenAt.After(w.Since) {
			first = i
		}
	}
	for _, inv := range list[min(first, len(list)):] {
		if inv.TakenAt.Before(w.Until) {
			out = append(out, inv)
		}
	}
	return out
}

// distinct packages of all inventories, numbered.
type distinct struct {
	number map[identity]int
	list   []tocsin.Package
	byName map[string][]int
}

func nameKey(ecosystem, name string) string {
	return purl.Base(ecosystem) + "\x00" + purl.Key(ecosystem, name)
}

func (c *Course) distinct() distinct {
	d := distinct{number: map[identity]int{}, byName: map[string][]int{}}
	for _, p := range c.projects {
		for i := range p.Inventories {
			for j := range p.Inventories[i].Packages {
				pkg := &p.Inventories[i].Packages[j]
				id := identify(pkg)
				if _, ok := d.number[id]; ok {
					continue
				}
				n := len(d.list)
				d.number[id] = n
				plain := *pkg
				plain.Location, plain.Relation, plain.Scope = nil, "", ""
				d.list = append(d.list, plain)
				d.byName[nameKey(pkg.Ecosystem, pkg.Name)] = append(d.byName[nameKey(pkg.Ecosystem, pkg.Name)], n)
				if pkg.SourceName != "" && pkg.SourceName != pkg.Name {
					d.byName[nameKey(pkg.Ecosystem, pkg.SourceName)] = append(d.byName[nameKey(pkg.Ecosystem, pkg.SourceName)], n)
				}
			}
		}
	}
	return d
}

// match finds what each state of each component says of the packages. Components do not touch each other, so the first
// states of all of them make one index, the second states the next, and so on.
func (c *Course) match(ctx context.Context, d distinct) error {
	owner := map[string]*component{} // by alias
	rounds := 0
	for _, one := range c.components {
		rounds = max(rounds, len(one.states))
		for _, id := range one.ids {
			owner[id] = one
		}
	}
	for round := range rounds {
		var b advisories.Builder
		wanted := map[int]bool{}
		for _, one := range c.components {
			if round >= len(one.states) {
				continue
			}
			for _, r := range one.states[round].records {
				b.Add(r.Advisory, r.Digest)
				for _, a := range r.Advisory.Affected {
					for _, n := range d.byName[nameKey(a.Package.Ecosystem, a.Package.Name)] {
						wanted[n] = true
					}
				}
			}
		}
		if len(wanted) == 0 {
			continue
		}
		findings, err := run(ctx, &b, d, wanted)
		if err != nil {
			return err
		}
		for _, f := range findings {
			one := owner[f.Class.ID]
			if one == nil || round >= len(one.states) {
				return fmt.Errorf("replay: class %s belongs to no component", f.Class.ID)
			}
			s := &one.states[round]
			if s.found == nil {
				s.found = map[int][]tocsin.Finding{}
			}
			n := d.number[identify(&f.Package)]
			s.found[n] = append(s.found[n], f)
		}
	}
	c.components = slices.DeleteFunc(c.components, func(one *component) bool {
		return !slices.ContainsFunc(one.states, func(s state) bool { return len(s.found) > 0 })
	})
	return nil
}

func run(ctx context.Context, b *advisories.Builder, d distinct, wanted map[int]bool) ([]tocsin.Finding, error) {
	var file bytes.Buffer
	if _, err := b.Build(&file, advisories.FactTables{}, tocsin.Snapshot{}); err != nil {
		return nil, fmt.Errorf("replay: indexing advisories: %w", err)
	}
	x, err := advisories.Load(file.Bytes())
	if err != nil {
		return nil, fmt.Errorf("replay: opening the index: %w", err)
	}
	defer x.Close()
	inv := tocsin.Inventory{}
	for n := range d.list {
		if wanted[n] {
			inv.Packages = append(inv.Packages, d.list[n])
		}
	}
	return match.Run(ctx, inv, x)
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

// weigh counts what the course rests on.
func (c *Course) weigh(h History, packages int) {
	b := Basis{Packages: packages, EPSSDays: len(c.epss)}
	for _, one := range c.components {
		for _, s := range one.states {
			for _, r := range s.records {
				b.Records++
				if !r.Exact {
					b.Reconstructed++
				}
			}
		}
	}
	for _, r := range h.Records {
		if r.Exact && (b.SyncedSince.IsZero() || r.From.Before(b.SyncedSince)) {
			b.SyncedSince = r.From
		}
	}
	for _, p := range c.projects {
		b.Inventories += len(p.Inventories)
		if !p.Exact {
			b.FromHistory += len(p.Inventories)
		}
	}
	c.basis = b
}
