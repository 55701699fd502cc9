package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// CatchUp matches the stored inventories with what changed in the advisories since they were matched last, up to the snapshot of
// the index, which is x. Where that cannot be told, or is too much, all of them are matched anew. One that is ended early goes on
// where it was when it is begun again. An index that is older than what another process is matching with is a [store.ErrBehind].
func (p Portfolio) CatchUp(ctx context.Context, x ClassIndex, excused []tocsin.Exception) (Result, error) {
	p.Index = x
	to := x.Snapshot()
	m, err := p.Store.BeginMatching(ctx, store.Cursor(to.Cursor))
	if err != nil {
		return Result{}, err
	}
	if m.To != store.Cursor(to.Cursor) {
		return Result{}, fmt.Errorf("matching up to %s with an index of %s: %w", m.To, to.Cursor, store.ErrBehind)
	}
	var r Result
	if m.From != m.To {
		names, ok, err := Touched(ctx, p.Store, x, tocsin.Snapshot{Cursor: string(m.From), AsOf: m.At}, to)
		if err != nil {
			return r, err
		}
		if ok {
			r, err = p.Rematch(ctx, names, excused)
		} else {
			r, err = p.everyone(ctx, store.ProjectQuery{}, excused, p.look)
		}
		if err != nil {
			return r, err
		}
	}
	return r, p.Store.EndMatching(ctx, m.To, to.AsOf)
}

// Reconsider decides about all projects anew by what was found in them, without matching: for policies that changed, or that ask
// what only time changes, and for the exploit scores of the day.
func (p Portfolio) Reconsider(ctx context.Context, x ClassIndex, excused []tocsin.Exception) (Result, error) {
	p.Index = x
	return p.everyone(ctx, store.ProjectQuery{}, excused, p.again(x))
}

// everyone takes all projects of a query, some at a time, each lot in a commit of its own.
func (p Portfolio) everyone(ctx context.Context, q store.ProjectQuery, excused []tocsin.Exception, look looking) (Result, error) {
	var all Result
	for q.Limit = lot; ; {
		list, err := p.Store.Projects(ctx, q)
		if err != nil || len(list) == 0 {
			return all, err
		}
		slugs := make([]string, len(list))
		for i, w := range list {
			slugs[i] = w.Slug
		}
		r, err := p.settle(ctx, p.Now(), func(ctx context.Context) ([]found, error) { return p.stored(ctx, slugs, nil, excused, look) })
		if err != nil {
			return all, err
		}
		all.Projects += r.Projects
		all.Changes, all.Planned, all.Recount = append(all.Changes, r.Changes...), append(all.Planned, r.Planned...), append(all.Recount, r.Recount...)
		q.After = slugs[len(slugs)-1]
	}
}

// lot is how many projects are taken to decisions at a time where all are.
const lot = 100

// again takes the findings that stand, with what is known of their classes today.
func (p Portfolio) again(x ClassIndex) looking {
	return func(ctx context.Context, f *found, asked concern) error { return p.standing(ctx, f, asked, x) }
}

func (p Portfolio) standing(ctx context.Context, f *found, asked concern, x ClassIndex) error {
	standing, err := p.Store.Standing(ctx, f.source.Project.Slug)
	if err != nil {
		return err
	}
	excused := func(d tocsin.Decision) bool {
		return d.Finding.Exception != nil && d.Finding.Exception.Kind == tocsin.ExceptionNotAffected
	}
	if slices.ContainsFunc(standing, excused) { // what it would be without is not kept
		return p.look(ctx, f, asked)
	}
	if f.inventory, err = p.Store.Newest(ctx, f.source.Project.Slug); err != nil {
		return err
	}
	classes := map[string]tocsin.Class{}
	for _, d := range standing {
		one := d.Finding
		if one.Class.Kind == tocsin.KindPin {
			continue // told from the inventory
		}
		c, ok := classes[one.Class.ID]
		if !ok {
			c, err = x.ClassOf(one.Class.ID)
			if errors.Is(err, tocsin.ErrNotFound) || err == nil && !slices.Equal(c.Aliases, one.Class.Aliases) { // it is to be matched soon
				f.findings = nil
				return p.look(ctx, f, asked)
			}
			if err != nil {
				return fmt.Errorf("a finding of project %s: %w", d.Project, err)
			}
			classes[one.Class.ID] = c
		}
		one.Class.KEV, one.Class.EPSS, one.Exception, one.Hygiene = c.KEV, c.EPSS, nil, nil
		f.findings = append(f.findings, one)
	}
	slices.SortStableFunc(f.findings, byPackage)
	return nil
}
