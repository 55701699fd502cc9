package replay

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
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
				out[i] = newFollower(c, c.components[i], set, playbooks).follow()
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

	// wide and timed say that the set reads how far a class reaches, and the time; turns are when a policy comes or goes, lapses
	// when an exception does.
	wide, timed   bool
	turns, lapses []time.Time

	now   time.Time
	state *state
	facts advisories.Facts
	// found are the findings of the state with the facts of the moment, by number of the distinct package.
	found     map[int][]tocsin.Finding
	places    []standing // one for each place of the component
	reach     policies.Reach
	firstSeen map[string]time.Time    // by project and class
	fixKnown  map[[3]string]time.Time // by project and class, ecosystem and package
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
	// read is what the policies read of each finding when it was decided.
	read []string
}

func newFollower(c *Course, one *component, set policies.Set, playbooks map[string]tocsin.Playbook) *follower {
	f := &follower{course: c, component: one, set: set, playbooks: playbooks}
	f.wide, f.timed = f.set.Reads("portfolio"), slices.ContainsFunc([]string{"now", "advisory.age", "finding.age", "finding.fix_age"}, f.set.Reads)
	f.turns, f.lapses = f.set.Turns(), f.course.lapses()
	f.places = make([]standing, len(f.component.places))
	for i := range f.places {
		f.places[i].held = -1
	}
	f.firstSeen, f.fixKnown, f.kept, f.judged = map[string]time.Time{}, map[[3]string]time.Time{}, map[string]*Incident{}, map[int][]judged{}
	f.affected, f.affectedAt = map[string]tocsin.Finding{}, map[string]time.Time{}
	return f
}

func (f *follower) follow() followed {
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
	for _, t := range slices.Concat(f.turns, f.lapses) {
		add(t)
	}
	if f.timed {
		for t := w.Since; t.Before(w.Until); t = t.Add(tocsin.Day) {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}
