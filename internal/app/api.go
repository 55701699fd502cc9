package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/auth"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/site"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/internal/web"
	"github.com/tocsin-dev/tocsin/policies"
	"github.com/tocsin-dev/tocsin/scanner/report"
)

var (
	_ web.Engine  = engine{}
	_ web.Auditor = auditor{}
	_ auth.Store  = (*store.Store)(nil)
)

// API makes what answers requests, and who proves who asks.
func (s *Service) API(ctx context.Context) (*http.Server, *auth.Authenticator, error) {
	c := s.set().config
	who, err := auth.New(s.log, s.store, s.access(c))
	if err != nil {
		return nil, nil, fmt.Errorf("access: %w", err)
	}
	key, err := s.store.Meta(ctx, "cursor-key", func() (string, error) { return rand.Text(), nil })
	if err != nil {
		return nil, nil, err
	}
	s.door.who.Store(who)
	parts := web.Parts{Auth: &s.door, Engine: engine{s}, Audit: auditor{s}, Keys: &s.door, Work: work{s}, Desk: s, Drills: rehearser{s}, Lab: lab{s}, Bench: s.bench, Changes: s.PolicyDesk(), Outreach: outreach{s}}
	api, err := web.New(s.log, parts, s.store, web.Options{
		HookSecret: c.GitHub.WebhookSecret,
		Now:        s.opts.Now, CursorKey: []byte(key), Tracer: s.tracer, Limits: web.Limits{TempDir: s.opts.TempDir},
		Ready: func(ctx context.Context) error { return errors.Join(s.Ready(ctx), s.door.who.Load().Ready(ctx)) },
	})
	if err != nil {
		return nil, nil, err
	}
	pages, err := site.Mount(api, site.Options{Now: s.opts.Now, SignIn: s.vouches, URL: func() string { return strings.TrimSuffix(s.access(s.set().config).URL, "/") }})
	if err != nil {
		return nil, nil, err
	}
	s.door.pages = pages
	mux := http.NewServeMux()
	mux.Handle("/auth/", &s.door)
	mux.Handle("/", api)
	server := web.Server(s.log, mux)
	server.Addr = c.Service.Listen
	server.RegisterOnShutdown(pages.Close)
	return server, who, nil
}

// vouches is the host of who vouches for people; empty: nobody does.
func (s *Service) vouches() string {
	p := s.set().config.Access.OIDC
	if p == nil {
		return ""
	}
	u, err := url.Parse(p.Issuer)
	if err != nil {
		return p.Issuer
	}
	return u.Host
}

// access is what a configuration says of who may, in the terms of auth.
func (s *Service) access(c config.Config) auth.Options {
	o := auth.Options{
		URL: c.Service.URL, Audience: c.Access.Audience, Now: s.opts.Now, Show: s.door.show,
		Client: &http.Client{Transport: s.transport, Timeout: 30 * time.Second},
	}
	if o.URL == "" {
		o.URL = "http://" + c.Service.Listen // right on the loopback, and refused elsewhere
	}
	if p := c.Access.OIDC; p != nil {
		o.OIDC = &auth.OIDC{Issuer: p.Issuer, ClientID: p.ClientID, ClientSecret: p.ClientSecret, GroupsClaim: p.GroupsClaim}
		for _, g := range p.Grants {
			o.OIDC.Grants = append(o.OIDC.Grants, auth.GroupGrant(g))
		}
	}
	for _, p := range c.Access.Pipelines {
		o.Pipelines = append(o.Pipelines, auth.Pipeline{
			Issuer: p.Issuer, Repository: p.Repository, RepositoryID: p.RepositoryID, OwnerID: p.OwnerID, Environment: p.Environment,
			Refs: p.Refs, Events: p.Events, Protected: p.Protected, Grants: p.Grants,
		})
	}
	return o
}

// engine is the service as the API asks it.
type engine struct{ *Service }

// Take keeps an inventory that was sent.
func (e engine) Take(ctx context.Context, project string, inv tocsin.Inventory, b tocsin.Build) (web.Receipt, error) {
	fresh, err := e.Service.Take(ctx, project, inv, b)
	if err != nil {
		return web.Receipt{}, err
	}
	w, err := e.store.Project(ctx, project)
	if err != nil {
		return web.Receipt{}, err
	}
	r := web.Receipt{Project: project, Inventory: inv.Digest, TakenAt: w.Status.TakenAt, Packages: len(inv.Packages), Coverage: inv.Coverage, New: fresh}
	if w.Status.Inventory != inv.Digest { // another came since
		r.TakenAt = inv.TakenAt
	}
	return r, nil
}

// Look asks for a look at a project's source.
func (e engine) Look(ctx context.Context, project string) error {
	if e.engine == nil {
		return fmt.Errorf("%w: the service is starting", tocsin.ErrUnavailable)
	}
	return e.engine.Ask(ctx, rescanJob{project})
}

// Sync has the feeds read soon.
func (e engine) Sync(ctx context.Context) error {
	if e.engine == nil {
		return fmt.Errorf("%w: the service is starting", tocsin.ErrUnavailable)
	}
	return e.engine.Ask(ctx, syncJob{})
}

// Class gives the class that an advisory belongs to.
func (e engine) Class(_ context.Context, id string) (c tocsin.Class, err error) {
	err = e.indexes.with(func(x pipeline.ClassIndex) error {
		c, err = x.ClassOf(id)
		return err
	})
	return c, err
}

// Revisions gives what became of the records of a class, the newest first.
func (e engine) Revisions(ctx context.Context, c tocsin.Class) ([]tocsin.AdvisoryRevision, error) {
	return revisions(e.store.Past(ctx, records(c)))
}

// Snapshot is the one that verdicts are made with; the zero value before the first sync.
func (e engine) Snapshot() tocsin.Snapshot {
	x, err := e.indexes.snapshot()
	if err != nil && !errors.Is(err, tocsin.ErrUnavailable) {
		e.log.Error("advisory index not read", "err", err)
	}
	return x
}

// Policies are those of the configuration.
func (e engine) Policies() []web.Policy {
	modes := e.set().policies
	var out []web.Policy
	for _, list := range [][]*policies.Policy{modes.Live.Policies(), modes.Shadow, modes.Off} {
		for _, p := range list {
			out = append(out, web.Policy{Name: p.Name, Digest: p.Digest, Mode: string(p.Mode), Change: modes.texts[p.Digest].change, Description: p.Describe()})
		}
	}
	return out
}

// auditor keeps what the API tells in the audit log of the store.
type auditor struct{ *Service }

// Audit keeps an entry.
func (a auditor) Audit(ctx context.Context, e web.Entry) error {
	entry := tocsin.AuditEntry{At: e.At, Kind: e.Kind, Who: e.Name, What: e.What, Target: e.On, Project: e.Project, Request: e.Request}
	if len(e.Detail) > 0 {
		entry.Detail = map[string]string{"asked": string(e.Detail)}
	}
	return a.store.Audit(ctx, entry)
}

// work is what the service has to do, as the API shows it.
type work struct{ *Service }

// Undone lists the jobs that are not done.
func (w work) Undone(ctx context.Context) ([]web.Job, error) {
	if w.engine == nil {
		return nil, fmt.Errorf("%w: the service is starting", tocsin.ErrUnavailable)
	}
	list, err := w.engine.Undone(ctx)
	var out []web.Job
	for _, j := range list {
		out = append(out, web.Job{ID: j.ID, Kind: j.Kind, Args: json.RawMessage(j.Args), State: string(j.State), Attempts: j.Attempts, At: j.At, Error: j.Error})
	}
	return out, err
}

// Retry has a parked job done again.
func (w work) Retry(ctx context.Context, id int64) error {
	if w.engine == nil {
		return fmt.Errorf("%w: the service is starting", tocsin.ErrUnavailable)
	}
	return w.engine.Retry(ctx, id)
}

// ReportOf puts what was scanned together.
func ReportOf(scanned []pipeline.Scanned, snapshot tocsin.Snapshot, set policies.Set, now time.Time) report.Report {
	r := report.Report{Tocsin: Version(), At: now, Gate: tocsin.GatePass, Snapshot: snapshot, Policies: set.Names(), PolicyDigest: set.Digest()}
	for _, s := range scanned {
		r.Gate = r.Gate.Worse(s.Gate)
		r.Targets = append(r.Targets, report.Target{
			Source: s.Inventory.Source, Inventory: s.Inventory.Digest, Packages: len(s.Inventory.Packages), Gate: s.Gate, Why: s.Why,
			Coverage: s.Inventory.Coverage, Decisions: s.Decisions, Contents: report.Contents{Packages: s.Inventory.Packages, Edges: s.Inventory.Edges},
		})
	}
	return r
}
