package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/jobs"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/sources"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/internal/tracing"
)

// The jobs of the service. Each is harmless to do twice.
type (
	// syncJob reads the feeds into the store.
	syncJob struct{}
	// matchJob matches the stored inventories with what changed in the advisories.
	matchJob struct{}
	// dueJob asks for a look at each source whose time has come.
	dueJob struct{}
	// rescanJob looks at the source of one project.
	rescanJob struct {
		Project string `json:"project"`
	}
	// reconsiderJob decides about all projects by policies that changed, and once a day.
	reconsiderJob struct{}
	// recountJob decides anew about projects whose flaws reach further than when they were decided about, or less far.
	recountJob struct{}
	// deliverJob carries out actions.
	deliverJob struct{}
	// escalateJob does in incidents what time brings.
	escalateJob struct{}
	// cleanJob forgets what is kept no longer.
	cleanJob struct{}
)

func (syncJob) Kind() string       { return "sync" }
func (matchJob) Kind() string      { return "match" }
func (dueJob) Kind() string        { return "due" }
func (rescanJob) Kind() string     { return "rescan" }
func (reconsiderJob) Kind() string { return "reconsider" }
func (recountJob) Kind() string    { return "recount" }
func (deliverJob) Kind() string    { return "deliver" }
func (escalateJob) Kind() string   { return "escalate" }
func (cleanJob) Kind() string      { return "clean" }

// A Rhythm is how often the service does what nobody asks for. Zero is the default of each.
type Rhythm struct {
	Due, Match, Deliver, Escalate, Reconsider, Verify, Listen, Traces time.Duration
	// Look is how often a process looks whether another has brought newer advisories, or had a policy agreed to.
	Look time.Duration
}

// list is what the service does.
func (s *Service) list() *jobs.List {
	l := &jobs.List{Tracer: s.tracer}
	r := s.opts.Rhythm.orDefault()
	jobs.Add(l, jobs.Rule{Timeout: time.Hour, Every: syncEvery(s.set().config)}, s.doSync)
	jobs.Add(l, jobs.Rule{Timeout: 30 * time.Minute, Every: r.Match}, s.doMatch)
	jobs.Add(l, jobs.Rule{Timeout: time.Minute, Every: r.Due}, s.doDue)
	jobs.Add(l, jobs.Rule{Timeout: 10 * time.Minute, Every: r.Verify}, s.doVerify)
	jobs.Add(l, jobs.Rule{Timeout: 15 * time.Minute}, s.doRescan)
	jobs.Add(l, jobs.Rule{Timeout: 2 * time.Minute}, s.doHear)
	listen := jobs.Rule{Timeout: 10 * time.Minute}
	if s.listens() {
		listen.Every = r.Listen
	}
	jobs.Add(l, listen, s.doListen)
	jobs.Add(l, jobs.Rule{Timeout: 30 * time.Minute, Every: r.Reconsider}, s.doReconsider)
	jobs.Add(l, jobs.Rule{Timeout: 30 * time.Minute, Every: r.Match}, s.doRecount)
	jobs.Add(l, jobs.Rule{Timeout: time.Minute, Every: r.Escalate}, s.doEscalate)
	if s.opts.Live {
		jobs.Add(l, jobs.Rule{Timeout: 10 * time.Minute, Every: r.Deliver}, s.doDeliver)
	}
	jobs.Add(l, jobs.Rule{Timeout: 10 * time.Minute, Every: tocsin.Day}, s.doClean)
	return l
}

// syncEvery is how often feeds are synced; zero: there are none.
func syncEvery(c config.Config) time.Duration {
	if len(c.Advisories) == 0 {
		return 0
	}
	return c.Interval
}

func (r Rhythm) orDefault() Rhythm {
	def := func(d *time.Duration, to time.Duration) {
		if *d <= 0 {
			*d = to
		}
	}
	def(&r.Due, 30*time.Second)
	def(&r.Match, time.Minute)
	def(&r.Deliver, 15*time.Second)
	def(&r.Escalate, 15*time.Second)
	def(&r.Reconsider, 5*time.Minute)
	def(&r.Verify, 5*time.Minute)
	def(&r.Listen, time.Minute)
	def(&r.Look, 2*time.Second)
	return r
}

func (s *Service) doSync(ctx context.Context, _ syncJob) error {
	s.indexes.syncing.Store(true) // one index of all that comes is enough
	defer s.indexes.syncing.Store(false)
	how, list := s.feeds()
	if err := how.Fetch(ctx, list); err != nil {
		s.log.Warn("feeds not synced whole", "err", err) // their state says so on every verdict; the next sync tries again
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.engine.Ask(ctx, matchJob{})
}

func (s *Service) doMatch(ctx context.Context, _ matchJob) error {
	if _, err := s.indexes.refresh(ctx, nil); err != nil {
		return err
	}
	m, err := s.store.Matching(ctx)
	if err != nil {
		return err
	}
	var r pipeline.Result
	began := time.Now()
	err = s.indexes.with(func(x pipeline.ClassIndex) (err error) {
		if m.From == m.To && string(m.To) == x.Snapshot().Cursor {
			return nil
		}
		within, span := tracing.Start(ctx, tracing.NameMatch)
		r, err = s.portfolio(x).CatchUp(within, x, s.set().excused)
		span.Set(tracing.Projects(r.Projects))
		span.End(err)
		return err
	})
	if errors.Is(err, tocsin.ErrUnavailable) {
		return nil // before the first sync
	}
	if err != nil {
		return behind(err)
	}
	s.metrics.matched(r, s.opts.Now())
	if r.Projects+len(r.Changes) > 0 {
		s.log.Info("advisories matched", "projects", r.Projects, "incidents", len(r.Changes), "actions", len(r.Planned), "took", time.Since(began))
	}
	return s.follow(ctx, r)
}

// behind waits for the index where another process has a newer one, or there is none yet.
func behind(err error) error {
	switch {
	case errors.Is(err, store.ErrBehind):
		return &jobs.Later{After: time.Second, Err: err}
	case errors.Is(err, tocsin.ErrUnavailable):
		return &jobs.Later{After: 5 * time.Second, Err: err}
	}
	return err
}

// follow has what a result wants done soon.
func (s *Service) follow(ctx context.Context, r pipeline.Result) (err error) {
	if s.engine == nil {
		return nil
	}
	if len(r.Recount) > 0 {
		err = s.engine.Ask(ctx, recountJob{})
	}
	if len(r.Planned) > 0 && s.opts.Live {
		err = errors.Join(err, s.engine.Ask(ctx, deliverJob{}))
	}
	return err
}

func (s *Service) doEscalate(ctx context.Context, _ escalateJob) error {
	r, err := s.portfolio(nil).Tick(ctx)
	if err != nil {
		return err
	}
	if len(r.Changes) > 0 {
		s.log.Info("time brought changes", "incidents", len(r.Changes), "actions", len(r.Planned))
	}
	return errors.Join(s.follow(ctx, r), s.notice(ctx))
}

// most is how many sources are asked for at a time.
const most = 1000

func (s *Service) doDue(ctx context.Context, _ dueJob) error {
	due, err := s.store.Projects(ctx, store.ProjectQuery{DueAt: s.opts.Now(), Limit: most})
	if err != nil {
		return err
	}
	for _, w := range due {
		if w.Source.Kind == "" || w.Source.Kind == tocsin.SourceUpload {
			continue
		}
		if err := s.engine.Ask(ctx, rescanJob{w.Slug}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) doRescan(ctx context.Context, job rescanJob) error {
	w, err := s.store.Project(ctx, job.Project)
	if errors.Is(err, tocsin.ErrNotFound) || err == nil && (w.Source.Kind == "" || w.Source.Kind == tocsin.SourceUpload) {
		return nil
	}
	if err != nil {
		return err
	}
	now := s.opts.Now()
	report := tocsin.ProjectReport{At: now, Next: now.Add(s.every(w)), Fingerprint: w.Status.Fingerprint}
	src, closer := s.source(ctx, w)
	if closer != nil {
		defer closer.Close() // read only
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(src.Err, sources.ErrUnchanged):
		return s.store.Checked(ctx, w.Slug, report)
	case src.Err != nil:
		// What it was read from before stays: that it cannot be read now says nothing about what is in use.
		report.Error = src.Err.Error()
		if t := again(src.Err); t != nil && t.RetryAfter > s.every(w) {
			report.Next = now.Add(t.RetryAfter)
		}
		s.log.Warn("source not read", "project", w.Slug, "err", src.Err)
		return s.store.Checked(ctx, w.Slug, report)
	}
	inv, err := pipeline.Inventory(ctx, src, now, nil)
	if err != nil {
		return err
	}
	report.Fingerprint = src.Fingerprint
	if _, err := s.keep(ctx, src, inv, tocsin.Build{At: now, Inventory: inv.Digest, Ref: src.Ref, By: "tocsin"}); err != nil {
		return behind(err)
	}
	return s.store.Checked(ctx, w.Slug, report)
}

func (s *Service) every(w tocsin.Watched) time.Duration {
	if w.Source.Every > 0 {
		return w.Source.Every
	}
	return s.set().config.Interval
}

// keep takes an inventory to actions, by the newest advisories.
func (s *Service) keep(ctx context.Context, src pipeline.Source, inv tocsin.Inventory, b tocsin.Build) (r pipeline.Result, err error) {
	src.Inventory, src.Build = &inv, &b
	for range 2 {
		err = s.indexes.with(func(x pipeline.ClassIndex) (err error) {
			within, span := tracing.Start(ctx, tracing.NameMatch, tracing.Packages(len(inv.Packages)))
			r, err = s.portfolio(x).Run(within, []pipeline.Source{src})
			span.End(err)
			return err
		})
		if !errors.Is(err, store.ErrBehind) {
			break
		}
		if _, err := s.indexes.refresh(ctx, nil); err != nil {
			return r, err
		}
	}
	if err != nil {
		return r, fmt.Errorf("project %s: %w", src.Project.Slug, err)
	}
	return r, s.follow(ctx, r)
}

// metaReconsidered says by which policies and when everything was last decided anew.
const metaReconsidered = "reconsidered"

func (s *Service) doReconsider(ctx context.Context, _ reconsiderJob) error {
	set, now := s.set(), s.opts.Now()
	said, err := s.store.Note(ctx, metaReconsidered)
	if err != nil {
		return err
	}
	var digest, day string
	_, _ = fmt.Sscan(said, &digest, &day) // what cannot be read was another day
	today := now.Format(time.DateOnly)
	if digest == set.policies.Live.Digest() && day == today {
		return nil
	}
	err = s.indexes.with(func(x pipeline.ClassIndex) error {
		within, span := tracing.Start(ctx, tracing.NameMatch)
		r, err := s.portfolio(x).Reconsider(within, x, set.excused)
		span.Set(tracing.Projects(r.Projects))
		span.End(err)
		return errors.Join(err, s.follow(ctx, r))
	})
	if errors.Is(err, tocsin.ErrUnavailable) {
		return nil
	}
	if err != nil {
		return behind(err)
	}
	return s.store.PutNote(ctx, metaReconsidered, set.policies.Live.Digest()+" "+today)
}

func (s *Service) doRecount(ctx context.Context, _ recountJob) error {
	err := s.indexes.with(func(x pipeline.ClassIndex) error {
		r, err := s.portfolio(x).Recount(ctx, x, s.set().excused)
		if len(r.Changes) > 0 {
			s.log.Info("how far flaws reach changed", "projects", r.Projects, "incidents", len(r.Changes), "actions", len(r.Planned))
		}
		return errors.Join(err, s.follow(ctx, r))
	})
	if errors.Is(err, tocsin.ErrUnavailable) {
		return nil // before the first sync
	}
	return behind(err)
}

func (s *Service) doDeliver(ctx context.Context, _ deliverJob) error {
	r, err := s.Deliver(ctx)
	for _, d := range r.Took {
		s.metrics.delivery.Observe(d.Seconds())
	}
	if r.Done+r.Failed > 0 {
		s.log.Info("actions delivered", "done", r.Done, "delayed", r.Retry, "failed", r.Failed)
	}
	return err
}

func (s *Service) doClean(ctx context.Context, _ cleanJob) error {
	keep := s.set().config.Retention
	n, err := s.store.Prune(ctx, s.opts.Now(), store.Retention(keep))
	if n > 0 {
		s.log.Info("history forgotten", "rows", n)
	}
	if who := s.door.who.Load(); who != nil {
		err = errors.Join(err, who.DropExpired(ctx))
	}
	return err
}
