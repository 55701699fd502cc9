package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"

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

// A Hearing is what somebody's comment wants in an incident.
type Hearing struct {
	Remark tocsin.Remark
	// Incident by key.
	Incident string
	// Commands are tried in their order, each by itself.
	Commands []tocsin.Command
	// Overheard says that they only note what was said: what it is changed to may still be an order.
	Overheard bool
	// Refused are orders that are no commands, by what is wrong with each.
	Refused []error
	// Answer gives what is to be told, from what was refused in the end; nil: nothing.
	Answer func(refused []error) ([]tocsin.Action, error)
}

// Hear does what a comment wants, notes on the timeline what was refused, and commits it with the answer. A comment that was taken in already
// changes nothing. refused is what could not be done, each once.
func (p Portfolio) Hear(ctx context.Context, h Hearing) (r Result, refused []error, err error) {
	r, err = p.leadBy(ctx, func(known []tocsin.Incident) (o store.Outcome, list []incidents.Change, err error) {
		refused = slices.Clone(h.Refused)
		of := map[string]tocsin.Incident{}
		for _, inc := range known {
			if inc.Key == h.Incident {
				of[inc.Key] = inc
			}
		}
		before, now := of[h.Incident], p.Now()
		rules := p.Rules
		rules.Projects = map[string]tocsin.Project{}
		if err := p.others(ctx, of, rules.Projects); err != nil {
			return o, nil, err
		}
		done := incidents.Change{Incident: before}
		for _, c := range h.Commands {
			changes, err := rules.Handle(known, h.Incident, c, now)
			if err != nil {
				refused = append(refused, err)
				continue
			}
			o.Heard = &store.Heard{Obeyed: true}
			for _, one := range changes {
				done = incidents.Change{Incident: one.Incident, Events: append(done.Events, one.Events...)}
				known = replaced(known, one.Incident)
			}
		}
		obeyed := o.Heard != nil && !h.Overheard
		for _, why := range refused {
			c := tocsin.Command{Do: tocsin.DoNote, By: tocsin.Self(), Source: "github", Text: fmt.Sprintf("%s asked for something in comment %d on %s#%d, and it was refused: %v",
				h.Remark.Author, h.Remark.ID, h.Remark.Repository, h.Remark.Issue, why)}
			changes, err := rules.Handle(known, h.Incident, c, now)
			if err != nil {
				return o, nil, err
			}
			for _, one := range changes {
				done = incidents.Change{Incident: one.Incident, Events: append(done.Events, one.Events...)}
				known = replaced(known, one.Incident)
			}
		}
		if len(done.Events) > 0 || done.Incident.Version != before.Version {
			done.Incident.Version = before.Version + 1 // one change, however many commands
			list = []incidents.Change{done}
		}
		o.Heard = &store.Heard{Comment: h.Remark.ID, Digest: h.Remark.Digest, Obeyed: obeyed, At: now}
		if h.Answer != nil {
			o.Actions, err = h.Answer(refused)
		}
		return o, list, err
	})
	if errors.Is(err, store.ErrHeard) {
		return Result{}, nil, nil
	}
	return r, refused, err
}

func replaced(known []tocsin.Incident, one tocsin.Incident) []tocsin.Incident {
	out := slices.Clone(known)
	for i := range out {
		if out[i].Key == one.Key {
			out[i] = one
		}
	}
	return out
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
	return p.leadBy(ctx, func(known []tocsin.Incident) (store.Outcome, []incidents.Change, error) {
		list, err := want(known)
		return store.Outcome{}, list, err
	})
}

// leadBy is lead for what wants more kept than changes.
func (p Portfolio) leadBy(ctx context.Context, want func(known []tocsin.Incident) (store.Outcome, []incidents.Change, error)) (r Result, err error) {
	for range tries {
		newest, err := p.Store.NewestActions(ctx)
		if err != nil {
			return Result{}, err
		}
		known, err := p.Store.Incidents(ctx)
		if err != nil {
			return Result{}, err
		}
		var o store.Outcome
		if o, r.Changes, err = want(known); err != nil || len(r.Changes)+len(o.Actions) == 0 && o.Heard == nil {
			return Result{}, err
		}
		wanted, err := p.wanted(ctx, known, r.Changes, nil)
		if err != nil {
			return Result{}, err
		}
		r.Planned = outbox.Plan(append(wanted, o.Actions...), newest, p.Now())
		o.Actions = r.Planned
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

// LearnChecks takes in what the forge says of the commits that show projects of an incident clear, by slug.
func (p Portfolio) LearnChecks(ctx context.Context, key string, said map[string]tocsin.CommitChecks) (Result, error) {
	return p.lead(ctx, func(known []tocsin.Incident) ([]incidents.Change, error) {
		return p.Rules.LearnChecks(known, key, said, p.Now())
	})
}
