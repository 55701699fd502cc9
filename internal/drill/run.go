package drill

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/incidents/acceptance"
	"github.com/tocsin-dev/tocsin/incidents/drill"
	"github.com/tocsin-dev/tocsin/internal/replay"
	"github.com/tocsin-dev/tocsin/policies"
)

// Rules are what a drill is played by. Whoever has a governance with people in it drills them; otherwise those of the scenario are called.
type Rules struct {
	Policies   policies.Set
	Playbooks  map[string]tocsin.Playbook
	Governance tocsin.Governance
}

// Outcome is a drill that was played.
type Outcome struct {
	Result drill.Result
	// Sent is what would have been sent, in the order of time.
	Sent []Sent
}

// hourly is how often the clock is looked at while an incident is open, besides when it is known to bring something.
const hourly = time.Hour

// Run plays a scenario with moves. Nothing waits, nothing is asked of the world, and the same arguments give the same outcome. The error
// is the context's, or an [tocsin.ErrInvalid] of the scenario; moves that are refused are no error: they stand in the result.
func Run(ctx context.Context, rules Rules, s drill.Scenario, m drill.Moves) (Outcome, error) {
	r, err := prepare(ctx, rules, s, m)
	if err != nil {
		return Outcome{}, err
	}
	return r.through(ctx)
}

func prepare(ctx context.Context, rules Rules, s drill.Scenario, m drill.Moves) (*run, error) {
	h, err := history(s, m.List)
	if err != nil {
		return nil, err
	}
	course, err := replay.Prepare(ctx, h, replay.Window{Since: s.Start, Until: s.End.Add(time.Second)}, nil)
	if err != nil {
		return nil, err
	}
	criteria, err := acceptance.Compile(rules.Playbooks)
	if err != nil {
		return nil, err
	}
	writer, err := incidents.NewWriter()
	if err != nil {
		return nil, err
	}
	r := &run{
		scenario: s, moves: m.List, look: hourly, moments: course.Sightings(rules.Policies), writer: writer,
		rules:    incidents.Rules{Playbooks: rules.Playbooks, Governance: duty(rules.Governance, s), Exercise: true},
		projects: map[string]tocsin.Project{}, registry: map[string]tocsin.RegistryState{}, wanted: map[string]string{}, ruled: map[string]bool{},
		events: map[string][]tocsin.IncidentEvent{},
	}
	r.rules.Accept = func(inc tocsin.Incident, now time.Time) []tocsin.Check { return criteria.Checks(r.asked(inc), now) }
	for _, p := range s.Projects {
		r.projects[p.Slug] = watched(p)
	}
	r.out.Result = drill.Result{
		Exercise: true, Drill: s.Name, Version: s.Version, Digest: s.Digest, Title: s.Title, Kind: s.Kind, Reference: m.Drill == "", Played: "the scenario's own moves", Start: s.Start, End: s.End,
		Policy: rules.Policies.Digest(), Course: []drill.Line{}, Sent: []drill.SentShort{}, Incidents: []drill.Incident{}, Playbooks: []drill.Book{},
	}
	if m.Drill != "" {
		r.out.Result.Played = strings.TrimSpace("the moves of " + m.Team)
		if m.Team == "" {
			r.out.Result.Played = "the moves of a team"
		}
	}
	if !m.Held.IsZero() {
		r.out.Result.Held = m.Held.Format(time.DateOnly)
	}
	return r, nil
}

// through plays it from its start to its end.
func (r *run) through(ctx context.Context) (Outcome, error) {
	for t := r.scenario.Start; !t.After(r.scenario.End); t = r.next(t) {
		if ctx.Err() != nil {
			return Outcome{}, ctx.Err()
		}
		if err := r.step(t); err != nil {
			return Outcome{}, err
		}
	}
	r.finish()
	return r.out, nil
}

// duty is the governance with the people of the scenario, who are called one after the other, where it has none of its own.
func duty(g tocsin.Governance, s drill.Scenario) tocsin.Governance {
	if len(g.People) > 0 {
		return g
	}
	p := tocsin.EscalationPolicy{Name: "drill", Repeat: 2, Pause: 15 * time.Minute}
	for i, one := range s.People {
		g.People = append(g.People, tocsin.Responder{Name: one.Name, ID: one.Name, Zone: time.UTC})
		step := tocsin.EscalationStep{Whom: []tocsin.Target{{Kind: tocsin.TargetPerson, Name: one.Name}}, Outside: tocsin.OutsideCall}
		if i > 0 {
			step.After = 10 * time.Minute
		}
		p.Steps = append(p.Steps, step)
	}
	g.Escalation = []tocsin.EscalationPolicy{p}
	return g
}

// run is a drill being played.
type run struct {
	scenario drill.Scenario
	moves    []drill.Move
	moments  []replay.Moment
	look     time.Duration
	rules    incidents.Rules
	writer   *incidents.Writer
	projects map[string]tocsin.Project

	now                  time.Time
	inject, move, moment int // the next of each
	registry             map[string]tocsin.RegistryState
	known                []tocsin.Incident
	events               map[string][]tocsin.IncidentEvent // by incident
	wanted               map[string]string                 // what was last sent, by key
	ruled                map[string]bool
	marks                []drill.Mark
	out                  Outcome
}

// next is when something happens again: the scenario's doing, people's, or the clock's.
func (r *run) next(now time.Time) time.Time {
	out := r.scenario.End.Add(time.Second)
	at := func(t time.Time) {
		if !t.IsZero() && t.Before(out) {
			out = t
		}
	}
	if r.inject < len(r.scenario.Injects) {
		at(r.scenario.Injects[r.inject].At)
	}
	if r.move < len(r.moves) {
		at(r.moves[r.move].At)
	}
	if r.moment < len(r.moments) {
		at(r.moments[r.moment].At)
	}
	for _, inc := range r.known {
		if wake := r.rules.Wake(inc); !wake.IsZero() {
			at(later(wake, now.Add(time.Minute)))
		}
		if !inc.State.Over() {
			at(now.Truncate(r.look).Add(r.look))
		}
	}
	return out
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// step does all that happens at a time: first in the world, then what is seen of it, then what people do, then what the clock brings.
func (r *run) step(now time.Time) error {
	r.now = now
	for r.inject < len(r.scenario.Injects) && !r.scenario.Injects[r.inject].At.After(now) {
		i := r.scenario.Injects[r.inject]
		r.inject++
		for what, state := range i.Registry {
			r.registry[what] = state
		}
		r.out.Result.Course = append(r.out.Result.Course, drill.Line{At: i.At, Who: "inject", What: i.Says, Inject: true})
	}
	r.merges()
	for r.moment < len(r.moments) && !r.moments[r.moment].At.After(now) {
		seen := r.moments[r.moment].Sightings
		r.moment++
		r.rule(seen)
		if err := r.take(r.rules.Fold(r.known, seen, now)); err != nil {
			return err
		}
	}
	for _, inc := range slices.Clone(r.known) {
		changes, err := r.rules.Learn(r.known, inc.Key, r.answer, now)
		if err = errors.Join(err, r.take(changes)); err != nil {
			return err
		}
	}
	for r.move < len(r.moves) && !r.moves[r.move].At.After(now) {
		m := r.moves[r.move]
		r.move++
		if err := r.play(m); err != nil {
			return err
		}
	}
	return r.take(r.rules.Tick(r.known, now))
}

// answer is what the registry says of a version, as far as the scenario says.
func (r *run) answer(v tocsin.Resolved) tocsin.RegistryState {
	return r.registry[drill.Pin{Ecosystem: v.Ecosystem, Name: v.Name, Version: v.Version}.String()]
}

// asked is an incident with the answers of the registry of this moment: in a drill it is asked before anything is validated.
func (r *run) asked(inc tocsin.Incident) tocsin.Incident {
	inc.Projects = slices.Clone(inc.Projects)
	for i := range inc.Projects {
		p := &inc.Projects[i]
		p.Resolved = slices.Clone(p.Resolved)
		for n := range p.Resolved {
			p.Resolved[n].Registry = cmp.Or(r.answer(p.Resolved[n]), p.Resolved[n].Registry)
		}
	}
	return inc
}

// rule marks the rules that decided something for the first time.
func (r *run) rule(seen []incidents.Sighting) {
	for _, s := range seen {
		for _, d := range s.Decisions {
			key := d.ResponseRule + " " + d.Finding.Class.ID
			if d.ResponseRule == "" || r.ruled[key] {
				continue
			}
			r.ruled[key] = true
			r.marks = append(r.marks, drill.Mark{At: r.now, Kind: "rule", Value: d.ResponseRule, IDs: d.Finding.Class.Aliases})
		}
	}
}

// play does a move, or notes that it was refused.
func (r *run) play(m drill.Move) error {
	changes, err := r.try(m)
	if err != nil {
		if !errors.Is(err, tocsin.ErrForbidden) && !errors.Is(err, tocsin.ErrConflict) && !errors.Is(err, tocsin.ErrInvalid) && !errors.Is(err, tocsin.ErrNotFound) {
			return err
		}
		r.out.Result.Refused = append(r.out.Result.Refused, drill.Line{At: m.At, Who: m.Who, What: fmt.Sprintf("%s: %v", m.Command.Do, err)})
		return nil
	}
	return r.take(changes)
}

// merges tells what people merge now, before what is seen of it.
func (r *run) merges() {
	for _, m := range r.moves[r.move:] {
		if m.At.After(r.now) {
			return
		}
		var to []string
		for _, p := range m.Pins {
			to = append(to, strings.TrimSpace(p.Name+" "+cmp.Or(p.Version, "(taken out)")))
			for _, slug := range m.Command.Projects {
				if r.scenario.Present(m.Who, m.At) {
					r.marks = append(r.marks, drill.Mark{At: m.At, Kind: "pin", Value: slug + " " + p.String(), Who: m.Who})
				}
			}
		}
		if len(to) > 0 && r.scenario.Present(m.Who, m.At) {
			r.say(m.At, m.Who, "merged in "+strings.Join(m.Command.Projects, ", ")+": "+strings.Join(to, ", "))
		}
	}
}

func (r *run) say(at time.Time, who, what string) {
	r.out.Result.Course = append(r.out.Result.Course, drill.Line{At: at, Who: who, What: strings.TrimSpace(what)})
}

func (r *run) try(m drill.Move) ([]incidents.Change, error) {
	if !r.scenario.Present(m.Who, m.At) {
		return nil, fmt.Errorf("%w: %s cannot be reached at that time", tocsin.ErrForbidden, m.Who)
	}
	if len(m.Pins) > 0 {
		return nil, nil // the inventories have it
	}
	if m.Declare != nil {
		d := *m.Declare
		d.By, d.Source = r.actor(m.Who), "drill"
		one, err := r.rules.Declare(r.known, d, r.now)
		if err != nil {
			return nil, err
		}
		return []incidents.Change{one}, nil
	}
	key, err := r.incident(m.In)
	if err != nil {
		return nil, err
	}
	c := m.Command
	c.By, c.Source = r.actor(m.Who), "drill"
	if m.To != "" {
		c.To = r.actor(m.To)
	}
	if c.Into != "" {
		if c.Into, err = r.incident(c.Into); err != nil {
			return nil, err
		}
	}
	return r.rules.Handle(r.known, key, c, r.now)
}

func (r *run) actor(name string) tocsin.Actor {
	if p, ok := r.rules.Governance.Person(name); ok {
		return p.Actor()
	}
	return tocsin.Actor{ID: name, Name: name}
}

// incident gives the key of the one that a name is for; the first one that was not merged into another if it is empty.
func (r *run) incident(name string) (string, error) {
	for _, inc := range r.known {
		if inc.Key == name || (name == "" || inc.Has(name)) && inc.State != tocsin.StateMerged {
			return inc.Key, nil
		}
	}
	if name == "" {
		return "", fmt.Errorf("%w: there is no incident yet", tocsin.ErrNotFound)
	}
	return "", fmt.Errorf("%w: there is no incident %s yet", tocsin.ErrNotFound, name)
}

// take keeps what became of the incidents.
func (r *run) take(changes []incidents.Change) error {
	for _, c := range changes {
		var was *tocsin.Incident
		i := slices.IndexFunc(r.known, func(inc tocsin.Incident) bool { return inc.Key == c.Incident.Key })
		if i < 0 {
			r.known = append(r.known, c.Incident)
		} else {
			was = &tocsin.Incident{}
			*was, r.known[i] = r.known[i], c.Incident
		}
		r.marks = append(r.marks, drill.MarksOf(was, c, r.now)...)
		r.events[c.Incident.Key] = append(r.events[c.Incident.Key], c.Events...)
		for _, e := range c.Events {
			r.say(e.At, e.Actor, e.Project+" "+e.Text)
		}
		if err := r.post(c.Incident); err != nil {
			return err
		}
	}
	return nil
}
