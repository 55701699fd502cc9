package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/outbox"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// tries is how often what people want is tried again when a scan, or somebody else, changed the incident meanwhile.
const tries = 5

// Handle does what somebody wants in an incident, and commits it with the actions that follow. Nothing is matched: the index is not needed.
func (p Portfolio) Handle(ctx context.Context, key string, c tocsin.Command) (Result, error) {
	return p.lead(ctx, func(known []tocsin.Incident) ([]incidents.Change, error) {
		rules, of := p.Rules, map[string]tocsin.Incident{}
		for _, inc := range known {
			if inc.Key == key {
				of[key] = inc
			}
		}
		rules.Projects = map[string]tocsin.Project{}
		if err := p.others(ctx, of, rules.Projects); err != nil {
			return nil, err
		}
		return rules.Handle(known, key, c, p.Now())
	})
}

// Declare opens an emergency that no advisory is behind.
func (p Portfolio) Declare(ctx context.Context, d tocsin.Declaration) (Result, error) {
	watched, err := p.Store.Projects(ctx, store.ProjectQuery{Slugs: d.Projects})
	if err != nil {
		return Result{}, err
	}
	have := map[string]bool{}
	for _, w := range watched {
		have[w.Slug] = w.Group == d.Group
	}
	for _, slug := range d.Projects {
		if ours, ok := have[slug]; !ok {
			return Result{}, fmt.Errorf("projects: %s: %w", slug, tocsin.ErrNotFound)
		} else if !ours {
			return Result{}, fmt.Errorf("%w: projects: %s is not of group %q", tocsin.ErrInvalid, slug, d.Group)
		}
	}
	return p.lead(ctx, func(known []tocsin.Incident) ([]incidents.Change, error) {
		one, err := p.Rules.Declare(known, d, p.Now())
		return []incidents.Change{one}, err
	})
}

// Tick does in all incidents what time brings, and commits it. Mostly that is nothing, and then it is found out by one read.
func (p Portfolio) Tick(ctx context.Context) (Result, error) {
	known, err := p.Store.Incidents(ctx)
	if err != nil || len(p.Rules.Tick(known, p.Now())) == 0 {
		return Result{}, err
	}
	return p.lead(ctx, func(known []tocsin.Incident) ([]incidents.Change, error) {
		return p.Rules.Tick(known, p.Now()), nil
	})
}

// lead commits what people or the clock want in incidents. Someone else who was faster is no reason to refuse: it is asked again about what is there now.
func (p Portfolio) lead(ctx context.Context, want func(known []tocsin.Incident) ([]incidents.Change, error)) (r Result, err error) {
	for range tries {
		newest, err := p.Store.NewestActions(ctx)
		if err != nil {
			return Result{}, err
		}
		known, err := p.Store.Incidents(ctx)
		if err != nil {
			return Result{}, err
		}
		if r.Changes, err = want(known); err != nil || len(r.Changes) == 0 {
			return Result{}, err
		}
		wanted, err := p.wanted(ctx, known, r.Changes, nil)
		if err != nil {
			return Result{}, err
		}
		r.Planned = outbox.Plan(wanted, newest, p.Now())
		o := store.Outcome{Actions: r.Planned}
		for _, c := range r.Changes {
			o.Incidents = append(o.Incidents, c.Incident)
			o.Events = append(o.Events, c.Events...)
		}
		err = p.Store.Commit(ctx, o)
		if err == nil || !errors.Is(err, tocsin.ErrConflict) {
			return r, err
		}
	}
	return Result{}, fmt.Errorf("%w: the incident is being changed by others all the time: try again", tocsin.ErrUnavailable)
}

// Learn takes in what registries say of the versions that clear projects of an incident resolve.
func (p Portfolio) Learn(ctx context.Context, key string, state func(tocsin.Resolved) tocsin.RegistryState) (Result, error) {
	return p.lead(ctx, func(known []tocsin.Incident) ([]incidents.Change, error) {
		return p.Rules.Learn(known, key, state, p.Now())
	})
}
