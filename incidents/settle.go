package incidents

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// settle moves an incident on whose projects are all clear by a scan's word: to a validated fix when the acceptance criteria of its playbook
// hold, and to its end when they held for as long as the playbook says. By says what moved it: a scan or the clock.
func (r Rules) settle(d *draft, now time.Time, by string) {
	if d.inc.State.Over() || d.inc.Declared() || len(d.inc.Projects) == 0 ||
		slices.ContainsFunc(d.inc.Projects, func(p tocsin.IncidentProject) bool { return p.Status.Stated() }) {
		return
	}
	if !d.inc.ReopenedAt.IsZero() && !slices.ContainsFunc(d.inc.Projects, func(p tocsin.IncidentProject) bool { return !p.ClearedAt.Before(d.inc.ReopenedAt) }) {
		return
	}
	say := func(kind tocsin.EventKind, text string) {
		d.changed = true
		d.events = append(d.events, tocsin.IncidentEvent{
			Incident: d.inc.Key, At: now, Kind: kind, Actor: tocsin.Self().Name, ActorID: tocsin.Self().ID, Source: by, Text: text, TLP: tocsin.TLPAmber,
		})
	}
	holds, soak := true, time.Duration(0)
	if d.inc.Urgency == tocsin.UrgencyEmergency && r.Accept != nil { // lesser findings have no more to prove than a scan does
		checks := append(r.Accept(d.inc, now), r.unasked(d.inc)...)
		soak = r.Playbooks[d.inc.Playbook].Soak
		holds = !slices.ContainsFunc(checks, func(c tocsin.Check) bool { return !c.OK })
		if !reflect.DeepEqual(checks, d.inc.Checks) && (len(checks) > 0 || len(d.inc.Checks) > 0) {
			d.inc.Checks, d.changed = checks, true
		}
	}
	switch {
	case !holds && d.inc.State == tocsin.StateFixValidated:
		d.inc.State, d.inc.ValidatedAt = tocsin.StateReopened, zero
		say(tocsin.EventReopened, "what validated the fix does not hold any more: "+unmet(d.inc.Checks))
	case !holds:
		return
	case d.inc.State != tocsin.StateFixValidated:
		d.inc.State, d.inc.ValidatedAt = tocsin.StateFixValidated, now
		say(tocsin.EventFixValidated, "every project was scanned again and is clear")
	}
	if holds && !now.Before(d.inc.ValidatedAt.Add(soak)) {
		d.inc.State, d.inc.ResolvedAt = tocsin.StateResolved, now
		say(tocsin.EventResolved, "nothing is affected any more")
		r.learn(d)
	}
}

// unasked are the checks of projects whose registries or forge have not been asked yet for what clears them.
func (r Rules) unasked(inc tocsin.Incident) []tocsin.Check {
	var out []tocsin.Check
	for _, p := range inc.Projects {
		if r.Asks != nil && slices.ContainsFunc(p.Resolved, func(one tocsin.Resolved) bool { return one.Registry == "" && r.Asks(one.Ecosystem) }) {
			out = append(out, tocsin.Check{Criterion: "asked", Project: p.Slug, Says: "the registry was asked whether the versions that it resolves now can be had"})
		}
		if r.AsksChecks && p.Checks.Commit != "" && p.Checks.AskedAt.IsZero() {
			out = append(out, tocsin.Check{Criterion: "asked", Project: p.Slug, Says: "GitHub was asked for the checks of the commit that was scanned"})
		}
	}
	return out
}

// unmet names the criteria that do not hold.
func unmet(list []tocsin.Check) string {
	out := ""
	for _, c := range list {
		if c.OK {
			continue
		}
		if out != "" {
			out += "; "
		}
		if c.Project != "" {
			out += c.Project + ": "
		}
		out += c.Says
	}
	return out
}

// Learn takes in what registries say of the versions that clear projects resolve. state gives it for one version; what it calls "" is left as it is.
func (r Rules) Learn(known []tocsin.Incident, key string, state func(tocsin.Resolved) tocsin.RegistryState, now time.Time) ([]Change, error) {
	d, err := r.learner(known, key)
	if err != nil {
		return nil, err
	}
	for n := range d.inc.Projects {
		p := &d.inc.Projects[n]
		p.Resolved = slices.Clone(p.Resolved)
		for m := range p.Resolved {
			one := &p.Resolved[m]
			if said := state(*one); said != "" && said != one.Registry {
				one.Registry, one.AskedAt, d.changed = said, now, true
			}
		}
	}
	if d.changed {
		r.settle(d, now, byScan)
	}
	return changes([]*draft{d}), nil
}

// learner is a draft of the incident with a key, to take something in.
func (r Rules) learner(known []tocsin.Incident, key string) (*draft, error) {
	if err := r.theirs(key); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(known, func(inc tocsin.Incident) bool { return inc.Key == key })
	if i < 0 {
		return nil, fmt.Errorf("incident %s: %w", key, tocsin.ErrNotFound)
	}
	return &draft{inc: clone(known[i])}, nil
}
