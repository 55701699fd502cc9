package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/gittree"
	"github.com/tocsin-dev/tocsin/internal/replay"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/scanner"
)

// PastInventories gives what each project of a portfolio had over time, as a database kept it: those given, and those that came by the API.
func PastInventories(ctx context.Context, database string, projects []tocsin.Project) ([]replay.Project, error) {
	st, err := store.Open(ctx, database)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	watched, err := st.Projects(ctx, store.ProjectQuery{})
	if err != nil {
		return nil, err
	}
	projects = slices.Clone(projects)
	for _, w := range watched {
		if w.Managed == tocsin.ManagedAPI {
			projects = append(projects, w.Project)
		}
	}
	var out []replay.Project
	for _, p := range projects {
		inventories, err := st.Inventories(ctx, p.Slug)
		if err != nil {
			return nil, err
		}
		out = append(out, replay.Project{Project: p, Inventories: inventories, Exact: true})
	}
	return out, nil
}

// PastOfRepository reads what a project had over time out of the history of its Git repository: one inventory for each
// commit on the line of first parents that changed something we read. progress, if not nil, is told how many of how many
// commits are read.
func PastOfRepository(ctx context.Context, dir string, p tocsin.Project, w replay.Window, progress func(done, total int)) (replay.Project, error) {
	out := replay.Project{Project: p}
	trees, err := gittree.Past(ctx, dir, w.Since, w.Until)
	if err != nil {
		return out, err
	}
	var before *gittree.Tree
	for i, tree := range trees {
		read, err := concerned(ctx, before, tree, out.Inventories)
		if err != nil {
			return out, err
		}
		if read {
			inv, err := scanner.Scan(ctx, tree, scanner.Options{Project: p.Slug, Source: dir + "@" + tree.Commit[:12], TakenAt: tree.At})
			if err != nil {
				return out, fmt.Errorf("scanning %s at %s: %w", dir, tree.Commit[:12], err)
			}
			out.Inventories = keep(out.Inventories, inv)
		}
		before = tree
		if progress != nil {
			progress(i+1, len(trees))
		}
	}
	return out, nil
}

// keep adds an inventory. Of several at one time the last counts; one that has the same content as the last is none.
func keep(list []tocsin.Inventory, inv tocsin.Inventory) []tocsin.Inventory {
	n := len(list) - 1
	switch {
	case n >= 0 && list[n].Digest == inv.Digest:
		return list
	case n >= 0 && list[n].TakenAt.Equal(inv.TakenAt):
		list[n] = inv
		return list
	default:
		return append(list, inv)
	}
}

// concerned says whether a commit changed a file that the last inventory was read from, or one that the next would be.
func concerned(ctx context.Context, before, now *gittree.Tree, list []tocsin.Inventory) (bool, error) {
	if before == nil {
		return true, nil
	}
	changed, err := gittree.Changed(ctx, before, now)
	if err != nil {
		return false, err
	}
	last := list[len(list)-1]
	return slices.ContainsFunc(changed, func(name string) bool {
		return scanner.Reads(name) || slices.ContainsFunc(last.Coverage.Files, func(f tocsin.FileCoverage) bool { return f.Path == name })
	}), nil
}

// year is the default window of a replay.
const year = 365 * 24 * time.Hour

// ReplayWindow gives the window of some times, of which the zero ones are a year ago and now.
func ReplayWindow(since, until, now time.Time) (replay.Window, error) {
	if until.IsZero() || until.After(now) {
		until = now
	}
	if since.IsZero() {
		since = until.Add(-year)
	}
	if !since.Before(until) {
		return replay.Window{}, fmt.Errorf("%w: the replay would end on %s, before it begins on %s", tocsin.ErrInvalid, until.Format(time.DateOnly), since.Format(time.DateOnly))
	}
	return replay.Window{Since: since.UTC(), Until: until.UTC()}, nil
}
