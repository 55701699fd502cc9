package pipeline

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/outbox"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// fold folds decisions into incidents and commits everything, with what the outcome has already.
func (p Portfolio) fold(ctx context.Context, list []found, scanned []Scanned, o store.Outcome, now time.Time) (Result, error) {
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
	r := Result{Scanned: scanned, Projects: len(scanned), Recount: o.Recount}
	r.Changes = p.Rules.Fold(known, sightings(list, scanned, p.Index.Snapshot()), now)
	wanted, err := p.wanted(ctx, known, r.Changes, scanned)
	if err != nil {
		return Result{}, err
	}
	r.Planned = outbox.Plan(wanted, newest, now)
	o.Actions, o.Cursor = r.Planned, store.Cursor(p.Index.Snapshot().Cursor)
	for i, s := range scanned {
		j := store.Judged{Project: s.Project.Slug, Version: *list[i].version, At: now, Decisions: s.Decisions, Names: list[i].judged(), Build: list[i].build}
		if list[i].news {
			j.Inventory = &scanned[i].Inventory
		}
		o.Judged = append(o.Judged, j)
	}
	slices.SortFunc(o.Judged, func(a, b store.Judged) int { return strings.Compare(a.Project, b.Project) })
	for _, c := range r.Changes {
		o.Incidents = append(o.Incidents, c.Incident)
		o.Events = append(o.Events, c.Events...)
	}
	return r, p.Store.Commit(ctx, o)
}

// sightings states what was scanned in the terms of incidents. Absence of a finding counts only where everything was
// read and no feed is broken; the age of the data does not matter for that, since an older advisory is no less true.
func sightings(list []found, scanned []Scanned, s tocsin.Snapshot) []incidents.Sighting {
	sound := !slices.ContainsFunc(s.Feeds, func(f tocsin.FeedState) bool { return f.Status != tocsin.FeedOK })
	var out []incidents.Sighting
	for i, one := range scanned {
		c := one.Inventory.Coverage
		seen := incidents.Sighting{
			Project: one.Project, Inventory: one.Inventory, Decisions: append(slices.Clip(one.Decisions), list[i].standing...),
			Whole: sound && len(c.Files) > 0 && len(c.Incomplete()) == 0,
		}
		if b := list[i].build; b != nil && tocsin.ValidCommit(b.Ref) {
			seen.Commit = b.Ref
		}
		out = append(out, seen)
	}
	return out
}

// wanted gives the actions of the incidents that were touched, as they are now, in the order of keys. An incident that did not change
// is asked too where one of its projects was scanned, so that a changed configuration or text reaches what is open.
func (p Portfolio) wanted(ctx context.Context, known []tocsin.Incident, changes []incidents.Change, scanned []Scanned) ([]tocsin.Action, error) {
	projects := map[string]tocsin.Project{}
	for _, s := range scanned {
		projects[s.Project.Slug] = s.Project
	}
	now := map[string]tocsin.Incident{}
	for _, inc := range known {
		if !inc.State.Over() && slices.ContainsFunc(inc.Projects, func(one tocsin.IncidentProject) bool { return projects[one.Slug].Slug != "" }) {
			now[inc.Key] = inc
		}
	}
	for _, c := range changes {
		now[c.Incident.Key] = c.Incident
	}
	if err := p.others(ctx, now, projects); err != nil {
		return nil, err
	}
	var out []tocsin.Action
	for _, inc := range now {
		actions, err := p.Writer.Actions(inc, projects, p.Rules.Playbooks, p.Coordination)
		if err != nil {
			return nil, err
		}
		out = append(out, actions...)
	}
	slices.SortFunc(out, func(a, b tocsin.Action) int { return strings.Compare(a.Key, b.Key) })
	return out, nil
}

// others adds the projects of incidents that were not scanned, as the store has them.
func (p Portfolio) others(ctx context.Context, list map[string]tocsin.Incident, projects map[string]tocsin.Project) error {
	missing := map[string]bool{}
	for _, inc := range list {
		for _, one := range inc.Projects {
			if _, ok := projects[one.Slug]; !ok {
				missing[one.Slug] = true
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slugs := make([]string, 0, len(missing))
	for slug := range missing {
		slugs = append(slugs, slug)
	}
	known, err := p.Store.Projects(ctx, store.ProjectQuery{Slugs: slugs})
	for _, w := range known {
		if w.Criticality != "" { // what an older program kept says nothing
			projects[w.Slug] = w.Project
		}
	}
	return err
}
