package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/internal/replay"
	"github.com/tocsin-dev/tocsin/internal/replay/view"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/internal/web"
	"github.com/tocsin-dev/tocsin/policies"
)

var _ web.Bench = (*bench)(nil)

const (
	// maxTrials is how many replays a process keeps, maxWaiting how many of them may wait.
	maxTrials, maxWaiting = 12, 4
	// maxTrial bounds the time of one, and maxPast the packages of all inventories that it reads: some 2 GB.
	maxTrial, maxPast = 10 * time.Minute, 4_000_000
	// maxRows bounds each list of a result.
	maxRows = 200
)

// bench does one replay after the other.
type bench struct {
	s     *Service
	news  chan struct{}
	mu    sync.Mutex
	tried []*trial // oldest first
	// carry carries one out.
	carry func(*running) (outcome, error)
}

// An outcome is what a replay came to.
type outcome struct {
	diff  *replay.Diff
	sweep *replay.Sweep
	page  string
	// embargoed says that anything in it is under embargo.
	embargoed bool
}

// A trial is a replay with what it is made from, until it is over.
type trial struct {
	web.Replay
	ask  web.ReplayRequest
	end  context.CancelFunc // of one that runs
	page string
}

func newBench(s *Service) *bench {
	b := &bench{s: s, news: make(chan struct{}, 1)}
	b.carry = b.replay
	return b
}

// Begin queues a replay.
func (b *bench) Begin(q web.ReplayRequest) (web.Replay, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	waiting := 0
	for _, t := range b.tried {
		if t.State == web.ReplayWaiting {
			waiting++
		}
	}
	if waiting >= maxWaiting {
		return web.Replay{}, false
	}
	if len(b.tried) >= maxTrials { // the oldest that is over is forgotten
		i := slices.IndexFunc(b.tried, func(t *trial) bool { return t.State.Over() })
		b.tried = slices.Delete(b.tried, i, i+1)
	}
	t := &trial{ask: q, Replay: web.Replay{
		ID: rand.Text(), By: q.By, At: b.s.opts.Now(), Policy: q.Policy.Name, Digest: q.Policy.Digest, Since: q.Since, Until: q.Until, State: web.ReplayWaiting, Embargoed: q.Embargoed,
	}}
	b.tried = append(b.tried, t)
	select {
	case b.news <- struct{}{}:
	default: // it is told already
	}
	return t.Replay, true
}

// Replays are all that are kept, the newest first.
func (b *bench) Replays() []web.Replay {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []web.Replay
	for _, t := range slices.Backward(b.tried) {
		out = append(out, t.Replay)
	}
	return out
}

// saw is what the newest replay of policies by their digest came to; nil: none is kept.
func (b *bench) saw(digest string) *tocsin.PolicyReplay {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range slices.Backward(b.tried) {
		if t.Diff != nil && t.Diff.New.Digest == digest {
			return &tocsin.PolicyReplay{
				At: t.EndedAt, Since: t.Since, Until: t.Until, Releases: t.Diff.New.Measures.Releases, Exploited: t.Diff.New.Measures.Exploited,
				Was: measures(t.Diff.Old.Measures), Is: measures(t.Diff.New.Measures),
			}
		}
	}
	return nil
}

func measures(m replay.Measures) tocsin.PolicyMeasures {
	return tocsin.PolicyMeasures{Emergencies: m.Emergencies, Holds: m.Holds, Routine: m.Routine, Stopped: m.Stopped, Undecided: m.Undecided, Caught: m.Caught}
}

// Page is the page of one that is done.
func (b *bench) Page(id string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range b.tried {
		if t.ID == id {
			return t.page
		}
	}
	return ""
}

// End cancels a replay, or forgets one that is over.
func (b *bench) End(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tried = slices.DeleteFunc(b.tried, func(t *trial) bool {
		switch {
		case t.ID != id:
		case t.State == web.ReplayRunning:
			t.State = web.ReplayCancelled
			t.end()
		case t.State == web.ReplayWaiting:
			t.State, t.EndedAt = web.ReplayCancelled, b.s.opts.Now()
		case !t.EndedAt.IsZero():
			return true
		}
		return false
	})
}

// run does what is queued until ctx ends.
func (b *bench) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-b.news:
		}
		for t := b.next(ctx); t != nil; t = b.next(ctx) {
			b.do(t)
		}
	}
}

type running struct {
	*trial
	ctx context.Context
}

// next takes the one that waits longest.
func (b *bench) next(ctx context.Context) *running {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.tried, func(t *trial) bool { return t.State == web.ReplayWaiting })
	if i < 0 || ctx.Err() != nil {
		return nil
	}
	t := &running{trial: b.tried[i]}
	t.State = web.ReplayRunning
	t.ctx, t.end = context.WithTimeout(ctx, maxTrial)
	return t
}

// do carries one out, and keeps what it came to.
func (b *bench) do(t *running) {
	defer t.end()
	out, err := b.carry(t)
	b.mu.Lock()
	defer b.mu.Unlock()
	t.EndedAt, t.Doing, t.Done, t.Total, t.ask = b.s.opts.Now(), "", 0, 0, web.ReplayRequest{}
	switch {
	case t.State == web.ReplayCancelled:
	case err == nil:
		t.State, t.Diff, t.Sweep, t.page, t.Embargoed = web.ReplayDone, out.diff, out.sweep, out.page, out.embargoed
	case errors.Is(t.ctx.Err(), context.DeadlineExceeded):
		t.State, t.Error = web.ReplayFailed, fmt.Sprintf("It was not done within %s. Choose a shorter time.", maxTrial)
	case t.ctx.Err() != nil:
		t.State = web.ReplayCancelled
	case errors.Is(err, tocsin.ErrInvalid), errors.Is(err, tocsin.ErrUnavailable):
		t.State, t.Error = web.ReplayFailed, strings.TrimPrefix(err.Error(), tocsin.ErrInvalid.Error()+": ")
	default:
		t.State, t.Error = web.ReplayFailed, "Something went wrong on our side. The log has it."
		b.s.log.Error("replay not done", "replay", t.ID, "err", err)
	}
}

// doing says what is done now, and gives what tells how far it is.
func (b *bench) doing(t *running, what string) func(done, total int) {
	tell := func(done, total int) {
		b.mu.Lock()
		defer b.mu.Unlock()
		t.Doing, t.Done, t.Total = what, done, total
	}
	tell(0, 0)
	return tell
}

// replay runs the policies in force, and those with the one that is tried, over what the service kept.
func (b *bench) replay(t *running) (out outcome, err error) {
	set := b.s.set()
	w := replay.Window{Since: t.ask.Since, Until: t.ask.Until}
	h := replay.History{Exceptions: set.excused}
	if h.Projects, err = b.inventories(t, w); err != nil {
		return out, err
	}
	b.doing(t, "reading advisories")
	err = b.s.withIndex(func(x *advisories.Index) error { return pastAdvisories(t.ctx, b.s.store, x, &h) })
	if err != nil {
		return out, err
	}
	private := func(r replay.Record) bool { return r.Advisory.Private }
	if !t.ask.Embargoed {
		h.Records = slices.DeleteFunc(h.Records, private)
	}
	out.embargoed = slices.ContainsFunc(h.Records, private)
	course, err := replay.Prepare(t.ctx, h, w, b.doing(t, "matching inventories"))
	if err != nil {
		return out, err
	}
	run := func(what string, s policies.Set) (replay.Result, error) {
		return course.Run(t.ctx, s, set.law.Playbooks, b.doing(t, what))
	}
	was, err := run("replaying what is in force", set.policies.Live)
	if err != nil {
		return out, err
	}
	now, err := run("replaying with "+t.Policy, set.policies.Live.With(t.ask.Policy))
	if err != nil {
		return out, err
	}
	var page bytes.Buffer
	if t.ask.Number == "" {
		err = view.HTML(&page, now)
	} else if out.sweep, err = b.sweep(t, set.policies.Live, run); err == nil {
		err = view.SweepHTML(&page, *out.sweep)
	}
	out.diff, out.page = short(replay.Compare(was, now)), page.String()
	return out, err
}

func (b *bench) sweep(t *running, live policies.Set, run func(string, policies.Set) (replay.Result, error)) (*replay.Sweep, error) {
	now, list, err := policies.Sweep("policy", []byte(t.ask.Text), t.ask.Number, t.ask.Values)
	if err != nil {
		return nil, err
	}
	s := &replay.Sweep{Policy: t.Policy, Number: t.ask.Number, Now: now}
	for i, p := range list {
		r, err := run(fmt.Sprintf("trying %s %v", t.ask.Number, t.ask.Values[i]), live.With(p))
		if err != nil {
			return nil, err
		}
		s.Basis = r.Basis
		s.Points = append(s.Points, replay.Point{Value: t.ask.Values[i], Measures: r.Measures})
	}
	return s, nil
}

// inventories are those that each project had in the window.
func (b *bench) inventories(t *running, w replay.Window) ([]replay.Project, error) {
	watched, err := b.s.store.Projects(t.ctx, store.ProjectQuery{})
	if err != nil {
		return nil, err
	}
	tell := b.doing(t, "reading inventories")
	var out []replay.Project
	packages := 0
	for i, p := range watched {
		list, err := b.s.store.Inventories(t.ctx, p.Slug)
		if err != nil {
			return nil, err
		}
		one := replay.Project{Project: p.Project, Inventories: w.Within(list), Exact: true}
		for _, inv := range one.Inventories {
			packages += len(inv.Packages)
		}
		if packages > maxPast {
			return nil, fmt.Errorf("%w: the inventories of that time have more than %d packages, which is too much to replay beside the service: choose a shorter time, or use tocsin policy replay", tocsin.ErrInvalid, maxPast)
		}
		out = append(out, one)
		tell(i+1, len(watched))
	}
	return out, nil
}

// short is a comparison that can be kept: of long lists the first, and of the past of an incident what is not told in words.
func short(d replay.Diff) *replay.Diff {
	for _, r := range []*replay.Result{&d.Old, &d.New} {
		*r = replay.Result{
			Since: r.Since, Until: r.Until, Policies: r.Policies, Digest: r.Digest, Basis: r.Basis, Measures: r.Measures, Projects: first(r.Projects), Exploited: first(r.Exploited),
			Incidents: first(r.Incidents), Releases: first(slices.DeleteFunc(r.Releases, func(one replay.Release) bool { return one.Gate != tocsin.GateFail && one.Gate != tocsin.GateUndecided })),
		}
		for i := range r.Incidents {
			quiet(&r.Incidents[i])
		}
		for i := range r.Releases {
			r.Releases[i].Because = first(r.Releases[i].Because)
		}
	}
	d.Incidents, d.Releases = first(d.Incidents), first(d.Releases)
	for i := range d.Incidents {
		for _, side := range []**replay.Incident{&d.Incidents[i].Old, &d.Incidents[i].New} {
			if *side != nil {
				one := **side
				quiet(&one)
				*side = &one
			}
		}
	}
	for i := range d.Releases {
		d.Releases[i].Old.Because, d.Releases[i].New.Because = first(d.Releases[i].Old.Because), first(d.Releases[i].New.Because)
	}
	return &d
}

func quiet(inc *replay.Incident) {
	inc.Events, inc.Packages, inc.Projects, inc.Aliases = []replay.Event{}, first(inc.Packages), first(inc.Projects), first(inc.Aliases)
	inc.Summary = strings.Clone(inc.Summary)
}

// first are the first of a list, in memory of their own.
func first[T any](list []T) []T { return append([]T{}, list[:min(len(list), maxRows)]...) }
