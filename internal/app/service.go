package app

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/advisories/feed"
	"github.com/tocsin-dev/tocsin/advisories/landmark"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/incidents/playbooks"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/outbox"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/secret"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/notify/github"
	"github.com/tocsin-dev/tocsin/policies/exceptions"
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
	// Feeding is told how far a feed is, Scanning which file is read.
	Feeding  func(name, part string, done, total int)
	Scanning func(project, path string)
}

// A Service watches the portfolio of one configuration. It is not safe for concurrent use: its runs follow each other.
type Service struct {
	log       *slog.Logger
	config    config.Config
	opts      Options
	store     *store.Store
	policies  Modes
	excused   []tocsin.Exception
	playbooks map[string]tocsin.Playbook
	writer    *incidents.Writer
	github    *github.Executor
}

// New opens everything that can fail before the first run. Close it.
func New(ctx context.Context, log *slog.Logger, c config.Config, o Options) (*Service, error) {
	s := &Service{log: log, config: c, opts: o}
	var errs [3]error
	s.policies, errs[0] = PoliciesByMode(c.Policies)
	s.playbooks, errs[1] = playbooks.Shipped()
	s.writer, errs[2] = incidents.NewWriter()
	excused, err := Exceptions(c.Exceptions, o.Now())
	if err := errors.Join(errors.Join(errs[:]...), err); err != nil {
		return nil, err
	}
	s.excused = s.usable(excused)
	if o.Live && !c.GitHub.Token.IsSet() {
		return nil, fmt.Errorf("%w: --live needs github: token: in the configuration, as file: or env", tocsin.ErrInvalid)
	}
	open := o.Open
	if open == nil {
		open = func(ctx context.Context) (*store.Store, error) { return store.Open(ctx, store.Path(c.Data)) }
	}
	if s.store, err = open(ctx); err != nil {
		return nil, err
	}
	if s.github, err = s.executor(ctx); err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	return s, nil
}

// usable says what of the exceptions is left unused, and gives the rest. A statement about a component of a product needs
// a project that publishes it.
func (s *Service) usable(f exceptions.File) []tocsin.Exception {
	for _, p := range f.Unused {
		s.log.Warn("leave exception unused", "err", p)
	}
	if f.MoreUnused > 0 {
		s.log.Warn("leave more exceptions unused", "count", f.MoreUnused)
	}
	return slices.DeleteFunc(f.Exceptions, func(x tocsin.Exception) bool {
		if x.Product == "" || slices.ContainsFunc(s.config.Projects, func(p config.Project) bool { return exceptions.Publishes(p.Project, x.Product) }) {
			return false
		}
		s.log.Warn("leave exception unused", "source", x.Source, "err", "no project publishes "+x.Product)
		return true
	})
}

// executor signs markers with a key that is made once and kept in the store.
func (s *Service) executor(ctx context.Context) (*github.Executor, error) {
	key, err := s.store.Meta(ctx, "marker-key", func() (string, error) {
		b := make([]byte, 32)
		_, err := rand.Read(b)
		return base64.StdEncoding.EncodeToString(b), err
	})
	if err != nil {
		return nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return nil, fmt.Errorf("reading the marker key: %w", err)
	}
	token := s.config.GitHub.Token
	return github.New(s.log, github.Options{
		BaseURL: s.config.GitHub.API, MarkerKey: raw, HTTP: s.opts.Transport, Now: s.opts.Now,
		Token: func() (string, error) { return reveal(token) },
	})
}

func reveal(token secret.Value) (string, error) {
	if !token.IsSet() {
		return "", fmt.Errorf("no token is configured: %w", tocsin.ErrForbidden)
	}
	return token.Reveal(), nil
}

// Store gives the store, for reading.
func (s *Service) Store() *store.Store { return s.store }

// Close closes the store.
func (s *Service) Close() error { return s.store.Close() }

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
	if !s.opts.Landmarks && len(s.config.Advisories) > 0 {
		if _, r.Feeds = s.sync(ctx); ctx.Err() != nil {
			return r, ctx.Err()
		}
	}
	sources, done := s.sources()
	defer done()
	err := s.withIndex(func(x *advisories.Index) (err error) {
		r.Snapshot = x.Snapshot()
		portfolio := pipeline.Portfolio{
			Log: s.log, Store: s.store, Index: x, Policies: s.policies.Live, Shadow: s.policies.Shadow, Playbooks: s.playbooks, Writer: s.writer,
			Coordination: incidents.Coordination(s.config.Coordination), Now: s.opts.Now, Progress: s.opts.Scanning,
		}
		r.Result, err = portfolio.Run(ctx, sources)
		return err
	})
	if err != nil {
		return r, err
	}
	if s.opts.Live {
		r.Delivered, err = s.dispatcher().Run(ctx)
	} else {
		r.Requests, err = s.plan(ctx)
	}
	return r, err
}

// Deliver carries out what is open in the outbox and nothing else.
func (s *Service) Deliver(ctx context.Context) (outbox.Report, error) { return s.dispatcher().Run(ctx) }

func (s *Service) dispatcher() *outbox.Dispatcher {
	return outbox.New(s.log, s.store, map[tocsin.ActionKind]outbox.Executor{
		tocsin.ActionIssue: s.github, tocsin.ActionComment: s.github, tocsin.ActionDraft: s.github,
	}, s.opts.Now)
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
	return WithIndex(s.log, s.config.Data, func(x *advisories.Index) error {
		if x.Snapshot().Landmarks {
			return fmt.Errorf("%w: there are no advisories in %s yet: set advisories: in the configuration, or run tocsin db update --data %[2]s",
				tocsin.ErrInvalid, s.config.Data)
		}
		return f(x)
	})
}

func (s *Service) sync(ctx context.Context) (tocsin.Snapshot, error) {
	var list []pipeline.FeedSource
	for _, f := range s.config.Advisories {
		list = append(list, pipeline.FeedSource(f))
	}
	return pipeline.Sync{Store: s.store, Client: feed.NewClient(), Dir: s.config.Data, Now: s.opts.Now, Progress: s.opts.Feeding}.Run(ctx, list)
}

// sources opens the projects' folders. One that cannot be opened is passed on with its error, so that it is shown.
func (s *Service) sources() (list []pipeline.Source, done func()) {
	var closers []io.Closer
	for _, p := range s.config.Projects {
		src, c := Source(p.Path)
		src.Project, src.Exceptions = p.Project, s.excused
		if p.Reachability {
			src.Reach = Reach(&Records{landmarks: s.opts.Landmarks, store: s.store}, src.Dir)
		}
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
		p.Requests, p.Refused = s.github.Plan(r.Action, remote, parent)
		out = append(out, p)
	}
	return out, nil
}
