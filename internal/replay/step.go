package replay

import (
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/policies"
	"github.com/tocsin-dev/tocsin/policies/exceptions"
)

// step brings everything to a moment and folds what changed.
func (f *follower) step(t time.Time) {
	if seen := f.see(t); len(seen) > 0 {
		f.take(incidents.Rules{Playbooks: f.playbooks}.Fold(f.known, seen, t))
	}
}

// see brings everything to a moment and gives what is seen of the places that changed.
func (f *follower) see(t time.Time) []incidents.Sighting {
	f.now = t
	f.decided = map[string]tocsin.Decision{}
	anew := f.renew() || slices.ContainsFunc(f.lapses, t.Equal)
	moved := make([]bool, len(f.places))
	for i := range f.places {
		moved[i] = f.move(i) || anew
		if moved[i] {
			f.look(i)
		}
	}
	reach := f.measure()
	wider := f.wide && !sameReach(reach, f.reach)
	f.reach = reach
	turned := slices.ContainsFunc(f.turns, t.Equal)
	ticking := turned || f.timed
	var seen []incidents.Sighting
	for i := range f.places {
		if f.places[i].held < 0 || !moved[i] && !wider && !ticking {
			continue
		}
		if f.decide(i, moved[i] || turned) || moved[i] {
			seen = append(seen, f.sighting(i))
		}
	}
	return seen
}

// move takes a place to the holding of the moment, and says whether it is another.
func (f *follower) move(i int) bool {
	list := f.component.places[i].held
	n := f.places[i].held
	for n+1 < len(list) && !list[n+1].from.After(f.now) {
		n++
	}
	moved := n != f.places[i].held
	f.places[i].held = n
	return moved
}

// look states what is found in a place.
func (f *follower) look(i int) {
	s := &f.places[i]
	s.findings = s.findings[:0:0]
	if s.held < 0 {
		return
	}
	for _, h := range f.component.places[i].held[s.held].packages {
		for _, finding := range f.found[h.distinct] {
			finding.Package, finding.Hygiene, finding.Paths = *h.pkg, h.pkg.Hygiene(), h.paths
			s.findings = append(s.findings, finding)
		}
	}
	s.findings = exceptions.Apply(s.findings, f.course.excused, f.project(i), f.now)
}

// lapses are the times at which an exception begins or ceases to hold.
func (c *Course) lapses() []time.Time {
	var out []time.Time
	for _, x := range c.excused {
		if !x.Expires.IsZero() {
			out = append(out, x.Expires.Add(tocsin.Day), x.Expires.Add(-exceptions.Longest))
		}
	}
	return out
}

func (f *follower) project(i int) tocsin.Project {
	return f.course.projects[f.component.places[i].project].Project
}

// measure counts the projects that each class affects.
func (f *follower) measure() policies.Reach {
	r := policies.Reach{Total: f.course.watched(f.now), Projects: map[string]int{}, Critical: map[string]int{}}
	for i := range f.places {
		counted := map[string]bool{}
		for _, finding := range f.places[i].findings {
			if id := finding.Class.ID; finding.Status == tocsin.StatusAffected && !counted[id] {
				counted[id] = true
				if f.affectedAt[id].IsZero() {
					f.affected[id], f.affectedAt[id] = finding, f.now
				}
				r.Projects[id]++
				if f.project(i).Criticality == tocsin.CriticalityHigh {
					r.Critical[id]++
				}
			}
		}
	}
	return r
}

// watched counts the projects that have an inventory at a moment.
func (c *Course) watched(t time.Time) int {
	n, _ := slices.BinarySearchFunc(c.begun, t, func(begun, t time.Time) int {
		if begun.After(t) {
			return 1
		}
		return -1
	})
	return n
}

func sameReach(a, b policies.Reach) bool {
	if a.Total != b.Total || len(a.Projects) != len(b.Projects) {
		return false
	}
	for id, n := range a.Projects {
		if b.Projects[id] != n || b.Critical[id] != a.Critical[id] {
			return false
		}
	}
	return true
}

// decide applies the policies to a place, and says whether they say anything else than before. They are asked again if the
// findings or the policies are others, or if they read something else of them.
func (f *follower) decide(i int, again bool) bool {
	s := &f.places[i]
	c := policies.Context{Project: f.project(i), Reach: f.reach, Feed: policies.Feed{Fresh: true}, Now: f.now}
	inputs, read := make([]policies.Input, len(s.findings)), make([]string, len(s.findings))
	for n, finding := range s.findings {
		seen := c.Project.Slug + " " + finding.Class.ID
		if f.firstSeen[seen].IsZero() {
			f.firstSeen[seen] = f.now
		}
		fix := [3]string{seen, finding.Package.Ecosystem, finding.Package.Name}
		if len(finding.Fixed) > 0 && f.fixKnown[fix].IsZero() {
			f.fixKnown[fix] = f.now
		}
		c.FirstSeen, c.FixKnown = f.firstSeen[seen], f.fixKnown[fix]
		inputs[n] = policies.NewInput(finding, c)
		read[n] = f.set.Projection(&inputs[n])
	}
	if !again && slices.Equal(read, s.read) {
		return false
	}
	s.read = read
	before := judgements(s.decisions)
	s.decisions = make([]tocsin.Decision, len(s.findings))
	inv := f.inventory(i)
	for n, finding := range s.findings {
		d, ok := f.decided[read[n]]
		if !ok {
			d = f.set.Decide(inputs[n])
			f.decided[read[n]] = d
		}
		d.Project, d.Finding, d.Inventory = c.Project.Slug, finding, inv.Digest
		s.decisions[n] = d
	}
	now := judgements(s.decisions)
	if slices.Equal(before, now) {
		return false
	}
	n := f.component.places[i].project
	f.judged[n] = append(f.judged[n], judged{f.now, now})
	return true
}

func (f *follower) inventory(i int) *tocsin.Inventory {
	p := f.component.places[i]
	return &f.course.projects[p.project].Inventories[p.held[f.places[i].held].inventory]
}

func (f *follower) sighting(i int) incidents.Sighting {
	return incidents.Sighting{Project: f.project(i), Inventory: *f.inventory(i), Decisions: f.places[i].decisions, Whole: true}
}
