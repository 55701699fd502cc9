package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/advisories/feed"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/scanner/match"
)

// A ClassIndex also tells the class that an id belongs to.
type ClassIndex interface {
	Index
	ClassOf(id string) (tocsin.Class, error)
}

// maxChanged is how many records may have changed since the last matching for their names to be looked for one by one; beyond, every
// project is matched again.
const maxChanged = 20_000

// Touched gives the package names of the advisories that changed between two snapshots, with those that share a class with one of
// them before or after, and those that came into KEV or left it: their findings may be other ones now. Of the snapshots the places
// and times are asked; x is the index of the later one. ok is false if there is no telling.
func Touched(ctx context.Context, s *store.Store, x ClassIndex, from, to tocsin.Snapshot) (names store.Names, ok bool, err error) {
	ids, ok, err := s.ChangedSince(ctx, store.Cursor(from.Cursor), maxChanged)
	if err != nil || !ok {
		return nil, false, err
	}
	facts, err := kevChanges(ctx, s, from.AsOf, to.AsOf)
	if err != nil {
		return nil, false, err
	}
	names = store.Names{}
	note := func(a tocsin.Advisory) {
		for _, one := range a.Affected {
			names[store.NameOf(one.Package.Ecosystem, one.Package.Name)] = true
		}
	}
	around := slices.Concat(ids, facts)
	for _, at := range []string{from.Cursor, to.Cursor} {
		err := read(ctx, s, ids, store.Cursor(at), func(a tocsin.Advisory) {
			note(a)
			around = append(around, advisories.Aliases(a)...)
		})
		if err != nil {
			return nil, false, err
		}
	}
	var members []string
	for _, id := range around {
		c, err := x.ClassOf(id)
		if errors.Is(err, tocsin.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, false, err
		}
		members = append(members, c.Aliases...)
	}
	slices.Sort(members)
	if err := read(ctx, s, slices.Compact(members), store.Cursor(to.Cursor), note); err != nil {
		return nil, false, err
	}
	return names, true, nil
}

// kevChanges gives the ids that KEV has otherwise at one time than at another.
func kevChanges(ctx context.Context, s *store.Store, from, to time.Time) ([]string, error) {
	var lists [2]map[string]tocsin.KEV
	var digests [2]string
	for i, at := range []time.Time{from, to} {
		var err error
		if digests[i], err = s.DocumentDigest(ctx, FeedKEV, at); err != nil {
			return nil, err
		}
	}
	if digests[0] == digests[1] {
		return nil, nil
	}
	for i, d := range digests {
		if d == "" {
			continue
		}
		body, err := s.Document(ctx, FeedKEV, d)
		if err == nil {
			lists[i], err = feed.ParseKEV(body)
		}
		if err != nil {
			return nil, err
		}
	}
	var out []string
	for _, l := range lists {
		for id := range l {
			if lists[0][id] != lists[1][id] {
				out = append(out, id)
			}
		}
	}
	return out, nil
}

func read(ctx context.Context, s *store.Store, ids []string, at store.Cursor, f func(tocsin.Advisory)) error {
	if at == "" {
		return nil
	}
	for r, err := range s.RevisionsOf(ctx, ids, at) {
		if err != nil {
			return err
		}
		a, err := advisories.Parse(r.Body)
		if err != nil {
			return fmt.Errorf("stored advisory %s: %w", r.ID, err)
		}
		f(a)
	}
	return nil
}

// Rematch matches the stored packages with some names again, in whatever projects they are, and takes what follows to actions. Its
// cost follows the projects that are or were affected.
func (p Portfolio) Rematch(ctx context.Context, names store.Names, excused []tocsin.Exception) (Result, error) {
	if len(names) == 0 {
		return Result{}, nil
	}
	uses, err := p.Store.Users(ctx, names)
	if err != nil {
		return Result{}, err
	}
	slugs, err := p.concerned(ctx, uses)
	if err != nil || len(slugs) == 0 {
		return Result{}, err
	}
	return p.settle(ctx, p.Now(), func(ctx context.Context) ([]found, error) { return p.stored(ctx, slugs, names, excused, p.look) })
}

// concerned gives the projects that one of some packages affects, or about which something was said for its sake.
func (p Portfolio) concerned(ctx context.Context, uses []store.Use) ([]string, error) {
	packages := make([]tocsin.Package, len(uses))
	for i, u := range uses {
		packages[i] = u.Package
	}
	hits, err := match.Run(ctx, tocsin.Inventory{Packages: packages}, p.Index)
	if err != nil {
		return nil, err
	}
	hit := map[string]bool{}
	key := func(q tocsin.Package) string {
		return q.Ecosystem + "\x00" + q.Name + "\x00" + q.Version + "\x00" + q.SourceName
	}
	for _, f := range hits {
		hit[key(f.Package)] = true
	}
	users, err := p.Store.UsedBy(ctx, slices.DeleteFunc(slices.Clone(uses), func(u store.Use) bool { return !hit[key(u.Package)] }))
	if err != nil {
		return nil, err
	}
	judged, err := p.Store.JudgedOn(ctx, packages)
	if err != nil {
		return nil, err
	}
	slugs := slices.Concat(users, judged)
	slices.Sort(slugs)
	return slices.Compact(slugs), nil
}

// stored finds in the stored inventories of projects what their packages with some names have; nil: all packages. Of each
// inventory only what may still be asked for is kept in memory.
func (p Portfolio) stored(ctx context.Context, slugs []string, names store.Names, excused []tocsin.Exception, look looking) ([]found, error) {
	known, err := p.Store.Incidents(ctx)
	if err != nil {
		return nil, err
	}
	asked := concern{packages: store.Names{}, classes: map[string][]string{}}
	for _, inc := range known {
		asked.add(inc)
	}
	var out []found
	for chunk := range slices.Chunk(slugs, projectsAtOnce) {
		list, err := p.Store.Projects(ctx, store.ProjectQuery{Slugs: chunk})
		if err != nil {
			return nil, err
		}
		for _, w := range list {
			f := found{source: Source{Project: w.Project, Origin: w.Source.Location, Exceptions: excused}, names: names, version: &w.Version}
			err := look(ctx, &f, asked)
			if errors.Is(err, tocsin.ErrNotFound) {
				continue // nothing was sent yet
			}
			if err != nil {
				return nil, err
			}
			out = append(out, f)
		}
	}
	return out, nil
}

// A concern is what incidents ask of projects that they are about.
type concern struct {
	packages store.Names
	classes  map[string][]string // ids of classes by project
}

func (c concern) add(inc tocsin.Incident) {
	for _, one := range inc.Projects {
		for _, q := range one.Packages {
			c.packages[store.NameOf(q.Ecosystem, q.Name)] = true
		}
		c.classes[one.Slug] = append(c.classes[one.Slug], inc.Class.Aliases...)
	}
}

// projectsAtOnce is how many projects one query asks for.
const projectsAtOnce = 500

// looking fills in inventory and findings of a project.
type looking func(ctx context.Context, f *found, asked concern) error

// look finds what the stored inventory of a project has.
func (p Portfolio) look(ctx context.Context, f *found, asked concern) (err error) {
	slug := f.source.Project.Slug
	if f.inventory, err = p.Store.Newest(ctx, slug); err != nil {
		return err
	}
	f.findings, err = match.RunOn(ctx, f.inventory, p.Index, func(q *tocsin.Package) bool { return f.about(*q) })
	if err != nil {
		return fmt.Errorf("matching %s: %w", slug, err)
	}
	if f.names == nil {
		return nil
	}
	if f.standing, err = p.Store.StandingOf(ctx, slug, asked.classes[slug]); err != nil {
		return err
	}
	f.standing = slices.DeleteFunc(f.standing, func(d tocsin.Decision) bool { return f.about(d.Finding.Package) })
	if !p.Policies.Judges(tocsin.KindPin) {
		f.inventory.Edges = nil
		f.inventory.Packages = slices.DeleteFunc(f.inventory.Packages, func(q tocsin.Package) bool { return !f.about(q) && !asked.packages[store.NameOf(q.Ecosystem, q.Name)] })
	}
	return nil
}
