package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/advisories/feed"
	"github.com/tocsin-dev/tocsin/advisories/landmark"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/githubapp"
	"github.com/tocsin-dev/tocsin/internal/jobs"
	"github.com/tocsin-dev/tocsin/internal/netguard"
	"github.com/tocsin-dev/tocsin/internal/outbox"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/internal/tracing"
	"github.com/tocsin-dev/tocsin/notify/github"
	"github.com/tocsin-dev/tocsin/scanner"
)

var _ outbox.Store = (*store.Store)(nil)

// Options of a [Service] that do not stand in its configuration.
type Options struct {
	// Live carries actions out; otherwise they are planned and shown.
	Live bool
	// Landmarks uses the embedded advisories and syncs nothing.
	Landmarks bool
	Now       func() time.Time
	// Transport of the forge's API; nil is the ordinary one.
	Transport http.RoundTripper
	// Open opens the store; nil opens the file in the data folder.
	Open func(ctx context.Context) (*store.Store, error)
	// Listen opens where a server answers; nil: its address. Who asks for any free port must know it before.
	Listen func(address string) (net.Listener, error)
	// TempDir is where bodies of requests are kept while they are worked on; empty: the system's.
	TempDir string
	// Rhythm of what a service does by itself.
	Rhythm Rhythm
	// Jobs tune the job engine of a service.
	Jobs jobs.Options
	// Feeding is told how far a feed is, Scanning which file is read.
	Feeding  func(name, part string, done, total int)
	Scanning func(project, path string)
}

// A Service watches the portfolio of one configuration. It is safe for concurrent use.
type Service struct {
	log       *slog.Logger
	opts      Options
	store     *store.Store
	indexes   *indexes
	writer    *incidents.Writer
	github    *github.Executor
	asApp     *githubapp.App // nil: with a token
	transport http.RoundTripper
	engine    *jobs.Engine // of a service that runs
	metrics   *metrics
	tracer    *tracing.Tracer
	door      door          // of a service that answers
	running   chan struct{} // closed once there is an engine
	settings  atomic.Pointer[settings]
	settling  sync.Mutex // held by who makes settings out of those before
	bulletin  bulletin
	bench     *bench
}

// New opens everything that can fail before the first run. Close it.
func New(ctx context.Context, log *slog.Logger, c config.Config, o Options) (*Service, error) {
	s := &Service{log: log, opts: o, running: make(chan struct{})}
	s.transport = netguard.Transport(netguard.Allow{Prefixes: c.Fetch.Prefixes, Hosts: c.Fetch.Hosts})
	var err error
	s.writer, err = incidents.NewWriter()
	if err := errors.Join(err, s.Configure(c)); err != nil {
		return nil, err
	}
	if o.Live && !c.GitHub.SignsIn() && c.Notify == "" {
		return nil, fmt.Errorf("%w: --live needs github: token: or app:, or notify:, in the configuration", tocsin.ErrInvalid)
	}
	open := o.Open
	if open == nil {
		open = func(ctx context.Context) (*store.Store, error) { return OpenStore(ctx, c) }
	}
	if s.store, err = open(ctx); err != nil {
		return nil, err
	}
	if err = s.signIn(c.GitHub); err == nil {
		s.github, err = s.executor(ctx)
	}
	if err == nil {
		err = s.meet(ctx)
	}
	if err == nil {
		_, err = s.heed(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	if t := c.Service.Traces; t.URL != "" {
		s.tracer = tracing.New(log, tracing.Options{URL: t.URL, Header: t.Header, Value: t.Value, Version: Version(), Every: o.Rhythm.Traces})
	}
	s.indexes = &indexes{log: log, dir: c.Data, store: s.store, now: o.Now, tracer: s.tracer}
	s.metrics, s.bench = newMetrics(s), newBench(s)
	return s, nil
}

// Database is where a configuration keeps everything: a path, or the URL of a server, which may have a password.
func Database(c config.Config) string {
	if c.Database.IsSet() {
		return c.Database.Reveal()
	}
	return store.Path(c.Data)
}

// OpenStore opens the database of a configuration.
func OpenStore(ctx context.Context, c config.Config) (*store.Store, error) {
	return store.Open(ctx, Database(c))
}

// Store gives the store, for reading.
func (s *Service) Store() *store.Store { return s.store }

// Close tells what is left to tell, and closes the store.
func (s *Service) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if err := s.tracer.Close(ctx); err != nil {
		s.log.Warn("last traces not sent", "err", err)
	}
	return errors.Join(s.indexes.Close(), s.store.Close())
}

// farewell bounds how long a collector of traces may hold up the end.
const farewell = 2 * time.Second

// A Report is what one run came to.
type Report struct {
	pipeline.Result
	Snapshot tocsin.Snapshot
	// Feeds are the failures of feeds; the run went on with what was known.
	Feeds error
	// Delivered counts what was carried out; it is empty in a dry run.
	Delivered outbox.Report
	// Requests are what a dry run would send, in order.
	Requests []Planned
}

// Planned is an action of a dry run and the requests it would make, or why it would make none.
type Planned struct {
	Action   tocsin.Action
	State    tocsin.ActionState
	Requests []github.Request
	Refused  error
}

// Once does the main job: sync the feeds, scan the portfolio, decide, fold into incidents, commit, and carry out what
// follows, or show it in a dry run.
func (s *Service) Once(ctx context.Context) (Report, error) {
	var r Report
	if !s.opts.Landmarks && len(s.set().config.Advisories) > 0 {
		how, list := s.feeds()
		if _, r.Feeds = how.Run(ctx, list); ctx.Err() != nil {
			return r, ctx.Err()
		}
	}
	if err := errors.Join(s.concede(ctx), s.register(ctx)); err != nil {
		return r, err
	}
	list, done := s.sources(ctx)
	defer done()
	err := s.withIndex(func(x *advisories.Index) (err error) {
		r.Snapshot = x.Snapshot()
		if r.Result, err = s.portfolio(x).Run(ctx, list); err != nil {
			return err
		}
		others, err := s.portfolio(x).Recount(ctx, x, s.set().excused)
		r.Changes, r.Planned = append(r.Changes, others.Changes...), append(r.Planned, others.Planned...)
		return err
	})
	if err != nil {
		return r, err
	}
	if err := s.doVerify(ctx, verifyJob{}); err != nil {
		return r, err
	}
	if _, err := s.portfolio(nil).Tick(ctx); err != nil {
		return r, err
	}
	if err := s.notice(ctx); err != nil {
		return r, err
	}
	if s.opts.Live {
		r.Delivered, err = s.Deliver(ctx)
	} else {
		r.Requests, err = s.plan(ctx)
	}
	return r, err
}

// portfolio judges by an index as the configuration says.
func (s *Service) portfolio(x pipeline.Index) pipeline.Portfolio {
	set := s.set()
	return pipeline.Portfolio{
		Log: s.log, Store: s.store, Index: x, Policies: set.policies.Live, Shadow: set.policies.Shadow, Rules: set.law, Writer: s.writer,
		Coordination: incidents.Coordination(set.config.Coordination), Now: s.opts.Now, Progress: s.opts.Scanning,
	}
}

// register keeps the projects of the configuration, and ends the watch over those that it no longer has.
func (s *Service) register(ctx context.Context) error {
	now := s.opts.Now()
	named := map[string]bool{}
	for _, p := range s.set().config.Projects {
		named[p.Slug] = true
		if err := s.store.PutProject(ctx, tocsin.Watched{Project: p.Project, Source: p.Source, Managed: tocsin.ManagedFile}, now); err != nil {
			return err
		}
	}
	known, err := s.store.Projects(ctx, store.ProjectQuery{})
	if err != nil {
		return err
	}
	for _, w := range known {
		if w.Managed == tocsin.ManagedFile && !named[w.Slug] {
			if err := s.store.RemoveProject(ctx, w.Slug, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// Deliver carries out what is open in the outbox and nothing else.
func (s *Service) Deliver(ctx context.Context) (outbox.Report, error) {
	rank, err := s.ranking(ctx)
	if err != nil {
		return outbox.Report{}, err
	}
	return s.dispatcher().Ranked(rank).Run(ctx)
}

func (s *Service) dispatcher() *outbox.Dispatcher {
	by := map[tocsin.ActionKind]outbox.Executor{tocsin.ActionNotice: courier{s}}
	if s.set().config.GitHub.SignsIn() { // else what is for GitHub stays open until it does
		for _, kind := range []tocsin.ActionKind{tocsin.ActionIssue, tocsin.ActionComment, tocsin.ActionDraft, tocsin.ActionRequest, tocsin.ActionReport, tocsin.ActionReaction} {
			by[kind] = s.github
		}
	}
	return outbox.New(s.log, s.store, by, s.opts.Now)
}

// withIndex runs f as [WithIndex] does. Outside a demo the landmarks are not enough to watch a portfolio by: what is missing
// from them would look clean.
func (s *Service) withIndex(f func(*advisories.Index) error) error {
	if s.opts.Landmarks {
		x, err := landmark.Index()
		if err != nil {
			return err
		}
		return f(x)
	}
	return WithIndex(s.log, s.set().config.Data, func(x *advisories.Index) error {
		if x.Snapshot().Landmarks {
			return fmt.Errorf("%w: there are no advisories in %s yet: set advisories: in the configuration, or run tocsin db update --data %[2]s",
				tocsin.ErrInvalid, s.set().config.Data)
		}
		return f(x)
	})
}

// feeds gives how feeds are synced, and which.
func (s *Service) feeds() (pipeline.Sync, []pipeline.FeedSource) {
	var list []pipeline.FeedSource
	for _, f := range s.set().config.Advisories {
		list = append(list, pipeline.FeedSource(f))
	}
	return pipeline.Sync{Store: s.store, Client: feed.NewClient(), Dir: s.set().config.Data, Now: s.opts.Now, Progress: s.opts.Feeding}, list
}

// sources opens what the configuration's projects are read from. One that cannot be opened is passed on with its error, so that it is shown.
func (s *Service) sources(ctx context.Context) (list []pipeline.Source, done func()) {
	var closers []io.Closer
	for _, p := range s.set().config.Projects {
		src, c := s.source(ctx, tocsin.Watched{Project: p.Project, Source: p.Source, Managed: tocsin.ManagedFile})
		list = append(list, src)
		if c != nil {
			closers = append(closers, c)
		}
	}
	return list, func() {
		for _, c := range closers {
			_ = c.Close() // read only
		}
	}
}

// Source opens a path for scanning: a folder, or one file in its folder. The closer may be nil.
func Source(path string) (pipeline.Source, io.Closer) {
	src := pipeline.Source{Origin: path}
	info, err := os.Stat(path)
	if err != nil {
		src.Err = fmt.Errorf("%w: %v", tocsin.ErrNotFound, err)
		return src, nil
	}
	dir := path
	if !info.IsDir() {
		dir = filepath.Dir(path)
		src.Paths = []string{filepath.Base(path)}
	}
	root, closer, err := scanner.Dir(dir)
	if err != nil {
		src.Err = err
		return src, nil
	}
	src.FS, src.Dir = root, dir
	return src, closer
}

// plan says what the open actions would send.
func (s *Service) plan(ctx context.Context) ([]Planned, error) {
	rows, err := s.store.Actions(ctx)
	if err != nil {
		return nil, err
	}
	var out []Planned
	for _, r := range outbox.Undone(rows) {
		remote, err := s.store.Remote(ctx, r.Action.Key)
		if err != nil {
			return nil, err
		}
		parent, err := s.store.Remote(ctx, r.Action.After)
		if err != nil {
			return nil, err
		}
		p := Planned{Action: r.Action, State: r.State}
		if r.Action.Kind == tocsin.ActionNotice { // what a live run left; it makes one request, of its channel
			out = append(out, p)
			continue
		}
		p.Requests, p.Refused = s.github.Plan(r.Action, remote, parent)
		out = append(out, p)
	}
	return out, nil
}
