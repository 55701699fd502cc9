package replay

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/scanner/match"
)

// identity is what matching asks of a package.
type identity struct {
	ecosystem, name, source, version, purl, integrity string
	origin                                            tocsin.Origin
}

func identify(p *tocsin.Package) identity {
	return identity{p.Ecosystem, p.Name, p.SourceName, p.Version, p.PURL, p.Integrity, p.Origin}
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
