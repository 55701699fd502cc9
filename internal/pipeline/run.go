package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/outbox"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/policies"
)

// Portfolio takes a portfolio from its sources to actions. Its fields are all needed, but for Shadow and Progress.
type Portfolio struct {
	Log      *slog.Logger
	Store    *store.Store
	Index    Index
	Policies policies.Set
	// Shadow policies are asked too, and heard by nobody.
	Shadow       []*policies.Policy
	Playbooks    map[string]tocsin.Playbook
	Writer       *incidents.Writer
	Coordination incidents.Coordination
	Now          func() time.Time
	Progress     func(project, path string)
}

// A Result is what one run came to. It is committed when Run returns.
type Result struct {
	Scanned []Scanned
	// Changes are the incidents that changed, with their events.
	Changes []incidents.Change
	// Planned are the actions that were written to the outbox.
	Planned []tocsin.Action
}

// conflicts is how often a run folds again when someone else changed an incident meanwhile.
const conflicts = 5

// Run scans the sources, decides, folds the decisions into incidents and commits everything with the actions that
// follow. It carries out nothing: that is the outbox's.
func (p Portfolio) Run(ctx context.Context, sources []Source) (Result, error) {
	now := p.Now()
	seen, err := p.Store.FirstSeen(ctx)
	if err != nil {
		return Result{}, err
	}
	sources = slices.Clone(sources)
	for i := range sources {
		sources[i].FirstSeen = seen[sources[i].Project.Slug]
	}
	found, err := find(ctx, sources, p.Index, now, p.Progress)
	if err != nil {
		return Result{}, fmt.Errorf("scanning the portfolio: %w", err)
	}
	if err := p.before(ctx, found); err != nil {
		return Result{}, err
	}
	scanned := p.judge(found, p.Policies, now)
	inventories, err := p.news(ctx, scanned)
	if err != nil {
		return Result{}, err
	}
	shadows := p.shadows(found, scanned, now)
	for range conflicts {
		var r Result
		r, err = p.fold(ctx, scanned, inventories, shadows, now)
		if !errors.Is(err, tocsin.ErrConflict) {
			return r, err
		}
	}
	return Result{}, err
}

// before gives each source the inventory that it is compared with, where anybody judges what changed.
func (p Portfolio) before(ctx context.Context, list []found) error {
	judges := func(s policies.Set) bool { return s.Judges(tocsin.KindPin) }
	if !judges(p.Policies) && !judges(policies.NewSet(p.Shadow...)) {
		return nil
	}
	for i := range list {
		f := &list[i]
		var err error
		if f.source.Before, err = p.Store.InventoryBefore(ctx, f.inventory); err != nil {
			return err
		}
	}
	return nil
}

// judge decides by one set of policies. What changed is a fact for a set that judges pins, and for no other: what one set wants to
// know must not show in the findings of another.
func (p Portfolio) judge(list []found, set policies.Set, now time.Time) []Scanned {
	if !set.Judges(tocsin.KindPin) {
		list = slices.Clone(list)
		for i := range list {
			list[i].source.Before = nil
		}
	}
	return decide(list, set, p.Index.Snapshot(), now)
}

// news are the inventories that differ from the last one kept.
func (p Portfolio) news(ctx context.Context, scanned []Scanned) ([]tocsin.Inventory, error) {
	var out []tocsin.Inventory
	for _, s := range scanned {
		last, _, err := p.Store.LastInventory(ctx, s.Project.Slug)
		if err != nil {
			return nil, err
		}
		if last != s.Inventory.Digest {
			out = append(out, s.Inventory)
		}
	}
	return out, nil
}

func (p Portfolio) fold(ctx context.Context, scanned []Scanned, inventories []tocsin.Inventory, shadows []store.Shadow, now time.Time) (Result, error) {
	// The actions first: if someone commits between the two, our next revision is one that they have, and we fold again. The
	// other way round we would write a newer one of the older incident.
	newest, err := p.Store.NewestActions(ctx)
	if err != nil {
		return Result{}, err
	}
	known, err := p.Store.Incidents(ctx)
	if err != nil {
		return Result{}, err
	}
	r := Result{Scanned: scanned}
	r.Changes = incidents.Fold(known, sightings(scanned, p.Index.Snapshot()), p.Playbooks, now)
	wanted, err := p.wanted(known, r.Changes, scanned)
	if err != nil {
		return Result{}, err
	}
	r.Planned = outbox.Plan(wanted, newest, now)
	o := store.Outcome{Inventories: inventories, Actions: r.Planned, Shadows: shadows}
	for _, s := range scanned {
		o.Decisions = append(o.Decisions, s.Decisions...)
	}
	for _, c := range r.Changes {
		o.Incidents = append(o.Incidents, c.Incident)
		o.Events = append(o.Events, c.Events...)
	}
	return r, p.Store.Commit(ctx, o)
}

// sightings states what was scanned in the terms of incidents. Absence of a finding counts only where everything was
// read and no feed is broken; the age of the data does not matter for that, since an older advisory is no less true.
func sightings(scanned []Scanned, s tocsin.Snapshot) []incidents.Sighting {
	sound := !slices.ContainsFunc(s.Feeds, func(f tocsin.FeedState) bool { return f.Status != tocsin.FeedOK })
	var out []incidents.Sighting
	for _, one := range scanned {
		c := one.Inventory.Coverage
		out = append(out, incidents.Sighting{
			Project: one.Project, Inventory: one.Inventory, Decisions: one.Decisions,
			Whole: sound && len(c.Files) > 0 && len(c.Incomplete()) == 0,
		})
	}
	return out
}

// wanted gives the actions of all incidents as they are now, in the order of keys. An incident that did not change is
// asked too, so that a changed configuration or text reaches what is open.
func (p Portfolio) wanted(known []tocsin.Incident, changes []incidents.Change, scanned []Scanned) ([]tocsin.Action, error) {
	now := map[string]tocsin.Incident{}
	for _, inc := range known {
		if !inc.State.Over() {
			now[inc.Key] = inc
		}
	}
	for _, c := range changes {
		now[c.Incident.Key] = c.Incident
	}
	projects := map[string]tocsin.Project{}
	for _, s := range scanned {
		projects[s.Project.Slug] = s.Project
	}
	var out []tocsin.Action
	for _, inc := range now {
		actions, err := p.Writer.Actions(inc, projects, p.Playbooks, p.Coordination)
		if err != nil {
			return nil, err
		}
		out = append(out, actions...)
	}
	slices.SortFunc(out, func(a, b tocsin.Action) int { return strings.Compare(a.Key, b.Key) })
	return out, nil
}
