package replay

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/policies"
)

// Run follows every component through the course under a set of policies. The result is the same for the same course and
// set. The error is the context's. progress, if not nil, is told how many of how many components are done.
func (c *Course) Run(ctx context.Context, set policies.Set, playbooks map[string]tocsin.Playbook, progress func(done, total int)) (Result, error) {
	out := make([]followed, len(c.components))
	var next, done atomic.Int64
	var said sync.Mutex
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(out) || ctx.Err() != nil {
					return
				}
				f := follower{course: c, component: c.components[i], set: set, playbooks: playbooks}
				out[i] = f.follow()
				if n := done.Add(1); progress != nil {
					said.Lock()
					progress(int(n), len(out))
					said.Unlock()
				}
			}
		})
	}
	workers.Wait()
	if ctx.Err() != nil {
		return Result{}, ctx.Err()
	}
	return c.result(set, out), nil
}

// followed is what became of one component.
type followed struct {
	incidents []Incident
	exploited []Exploited
	// judged are the decisions of each project, by its number, from change to change.
	judged map[int][]judged
}

type judged struct {
	from time.Time
	list []Judgement
}

// A follower takes one component from event to event.
type follower struct {
	course    *Course
	component *component
	set       policies.Set
	playbooks map[string]tocsin.Playbook

	now   time.Time
	state *state
	facts advisories.Facts
	// found are the findings of the state with the facts of the moment, by number of the distinct package.
	found     map[int][]tocsin.Finding
	places    []standing // one for each place of the component
	reach     policies.Reach
	firstSeen map[string]time.Time // by project and class
	known     []tocsin.Incident
	kept      map[string]*Incident
	judged    map[int][]judged
	// decided are the decisions of the moment, by what the policies read: many projects are alike.
	decided map[string]tocsin.Decision
	// affected is the first affected finding of each class, by its id, and when.
	affected   map[string]tocsin.Finding
	affectedAt map[string]time.Time
}

// standing is how a place stands at the moment.
type standing struct {
	held      int // number of the holding, -1 before the first
	findings  []tocsin.Finding
	decisions []tocsin.Decision
}

func (f *follower) follow() followed {
	f.places = make([]standing, len(f.component.places))
	for i := range f.places {
		f.places[i].held = -1
	}
	f.firstSeen, f.kept, f.judged = map[string]time.Time{}, map[string]*Incident{}, map[int][]judged{}
	f.affected, f.affectedAt = map[string]tocsin.Finding{}, map[string]time.Time{}
	for _, t := range f.times() {
		f.step(t)
	}
	out := followed{judged: f.judged, exploited: f.exploited()}
	for _, inc := range f.kept {
		out.incidents = append(out.incidents, *inc)
	}
	return out
}

// times are the moments at which something changes for the component, in order.
func (f *follower) times() []time.Time {
	c, w := f.component, f.course.window
	var out []time.Time
	add := func(t time.Time) {
		if t = w.clamp(t); t.Before(w.Until) {
			out = append(out, t)
		}
	}
	for _, s := range c.states {
		add(s.from)
	}
	for _, id := range c.ids {
		if k, ok := f.course.kev[id]; ok {
			add(k.From)
		}
	}
	for _, e := range f.course.epss {
		add(e.From)
	}
	for _, p := range c.places {
		for _, h := range p.held {
			add(h.from)
		}
	}
	for _, t := range f.set.Turns() {
		add(t)
	}
	if f.set.Reads("now") || f.set.Reads("advisory.age") || f.set.Reads("finding.age") {
		for t := w.Since; t.Before(w.Until); t = t.Add(tocsin.Day) {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}

// step brings everything to a moment and folds what changed.
func (f *follower) step(t time.Time) {
	f.now = t
	f.decided = map[string]tocsin.Decision{}
	anew := f.renew()
	moved := make([]bool, len(f.places))
	for i := range f.places {
		moved[i] = f.move(i) || anew
		if moved[i] {
			f.look(i)
		}
	}
	reach := f.measure()
	wider := f.set.Reads("portfolio") && !sameReach(reach, f.reach)
	f.reach = reach
	ticking := f.set.Reads("now") || f.set.Reads("advisory.age") || f.set.Reads("finding.age") || slices.ContainsFunc(f.set.Turns(), t.Equal)
	var seen []incidents.Sighting
	for i := range f.places {
		if f.places[i].held < 0 || !moved[i] && !wider && !ticking {
			continue
		}
		if f.decide(i) || moved[i] {
			seen = append(seen, f.sighting(i))
		}
	}
	if len(seen) == 0 {
		return
	}
	f.take(incidents.Fold(f.known, seen, f.playbooks, t))
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

// decide applies the policies to a place, and says whether they say anything else than before.
func (f *follower) decide(i int) bool {
	s := &f.places[i]
	c := policies.Context{Project: f.project(i), Reach: f.reach, Feed: policies.Feed{Fresh: true}, Now: f.now}
	inv := f.inventory(i)
	before := judgements(s.decisions)
	s.decisions = s.decisions[:0:0]
	for _, finding := range s.findings {
		seen := c.Project.Slug + " " + finding.Class.ID
		if f.firstSeen[seen].IsZero() {
			f.firstSeen[seen] = f.now
		}
		c.FirstSeen = f.firstSeen[seen]
		in := policies.NewInput(finding, c)
		alike := f.set.Projection(&in)
		d, ok := f.decided[alike]
		if !ok {
			d = f.set.Decide(in)
			f.decided[alike] = d
		}
		d.Project, d.Finding, d.Inventory = c.Project.Slug, finding, inv.Digest
		s.decisions = append(s.decisions, d)
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

// take keeps what became of the incidents.
func (f *follower) take(changes []incidents.Change) {
	for _, c := range changes {
		i := slices.IndexFunc(f.known, func(inc tocsin.Incident) bool { return inc.Key == c.Incident.Key })
		if i < 0 {
			f.known = append(f.known, c.Incident)
			f.kept[c.Incident.Key] = f.opened(c.Incident)
		} else {
			f.known[i] = c.Incident
		}
		f.kept[c.Incident.Key].update(c, f.now)
	}
	for _, inc := range f.kept { // when a fix was first known, whether or not the incident changed by it
		if inc.FixKnown.IsZero() && f.fixed(inc) {
			inc.FixKnown = f.now
		}
	}
}

func (f *follower) fixed(inc *Incident) bool {
	for i := range f.places {
		for _, finding := range f.places[i].findings {
			if slices.Contains(finding.Class.Aliases, inc.Class) && len(finding.Fixed) > 0 {
				return true
			}
		}
	}
	return false
}

// opened begins the account of an incident, with the rule that opened it.
func (f *follower) opened(inc tocsin.Incident) *Incident {
	out := &Incident{
		Key: inc.Key, Class: inc.Class.ID, Aliases: inc.Class.Aliases, Summary: inc.Class.Summary, Kind: inc.Class.Kind, Group: inc.Group,
		Opened: inc.OpenedAt, Standing: !f.now.After(f.course.window.Since), OpenedAs: inc.Urgency, Cause: inc.Cause, Published: inc.Class.Published, Exact: f.state.exact,
	}
	for _, id := range inc.Class.Aliases {
		if k, ok := f.course.kev[id]; ok && (out.KEV.IsZero() || k.Entry.DateAdded.Before(out.KEV)) {
			out.KEV = k.Entry.DateAdded
		}
	}
	worst := tocsin.ResponseNone
	for i := range f.places {
		for _, d := range f.places[i].decisions {
			if slices.Contains(inc.Class.Aliases, d.Finding.Class.ID) && tocsin.CompareResponses(d.Response, worst) > 0 {
				worst, out.Rule, out.Owners = d.Response, d.ResponseRule, d.Owners
				out.Exact = out.Exact && f.course.projects[f.component.places[i].project].Exact
			}
			if name := strings.TrimSpace(d.Finding.Package.Ecosystem + " " + d.Finding.Package.Name); !slices.Contains(out.Packages, name) {
				out.Packages = append(out.Packages, name)
			}
		}
	}
	slices.Sort(out.Packages)
	return out
}
