package web

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/secret"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/internal/tracing"
	"github.com/tocsin-dev/tocsin/policies"
	"github.com/tocsin-dev/tocsin/scanner/report"
)

// An Authenticator proves who asks. It is safe for concurrent use.
type Authenticator interface {
	// Authenticate gives who sent a request. Who did not prove it is an [tocsin.ErrUnauthenticated]; any other error is ours.
	Authenticate(r *http.Request) (tocsin.Principal, error)
}

// An Engine does what is asked. It is safe for concurrent use.
type Engine interface {
	// Gate judges an inventory and keeps nothing.
	Gate(ctx context.Context, g GateRequest) (report.Report, error)
	// Take keeps an inventory of a project with what is decided about it; it is there when Take returns. The same packages again, told
	// by the digest, are kept as another build only. The build's time, inventory and project are set.
	Take(ctx context.Context, project string, inv tocsin.Inventory, b tocsin.Build) (Receipt, error)
	// Look asks for a new look at the source of a project soon.
	Look(ctx context.Context, project string) error
	// Sync has the feeds read soon.
	Sync(ctx context.Context) error
	// Class gives the class that an advisory belongs to, or [tocsin.ErrNotFound].
	Class(ctx context.Context, id string) (tocsin.Class, error)
	// Revisions gives what became of the records of a class, the newest first.
	Revisions(ctx context.Context, c tocsin.Class) ([]tocsin.AdvisoryRevision, error)
	// Snapshot is the one that verdicts are made with now.
	Snapshot() tocsin.Snapshot
	// Policies are all that are loaded, in the order of their names.
	Policies() []Policy
}

// A GateRequest is an inventory to be judged.
type GateRequest struct {
	// Project whose facts and exceptions count; nil for none.
	Project   *tocsin.Project
	Inventory tocsin.Inventory
	// Embargoed says that the asker may know of classes under embargo. Without it the verdict is made as if there were none, and no
	// decision of the report is about one.
	Embargoed bool
	// Base is what the inventory is a change of; nil: all that is found counts.
	Base *GateBase
}

// A GateBase is what a change is compared with: what it had already does not count, nor what was published since.
type GateBase struct {
	// Name is how people call it, such as a commit.
	Name string
	At   time.Time
	// Inventory is judged like that of the change.
	Inventory tocsin.Inventory
}

// A Receipt says what became of an inventory that was sent.
type Receipt struct {
	Project string `json:"project"`
	// Inventory is its digest, TakenAt when it was first kept.
	Inventory string    `json:"inventory"`
	TakenAt   time.Time `json:"taken_at"`
	Packages  int       `json:"packages"`
	// Coverage says what could not be read.
	Coverage tocsin.Coverage `json:"coverage"`
	// New says that the project's newest inventory was another one.
	New bool `json:"-"`
}

// A Policy is one that was loaded.
type Policy struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
	// Mode is enforce, shadow or off.
	Mode string `json:"mode"`
	// Change is the id of the change by which it is in force; empty: it stands in the configuration.
	Change string `json:"change,omitempty"`
	// Description is the policy as "tocsin policy show" tells it.
	Description policies.Summary `json:"description"`
}

// An Auditor keeps who changed what. It is safe for concurrent use.
type Auditor interface {
	// Audit keeps an entry. If it cannot, the change is not made.
	Audit(ctx context.Context, e Entry) error
}

// An Entry of the audit log is kept before the change that it tells of is made; one whose change then failed stays.
type Entry struct {
	At time.Time `json:"at"`
	// Kind and Name are the principal's.
	Kind tocsin.PrincipalKind `json:"kind"`
	Name string               `json:"name"`
	// What is the route's name, such as "putProject"; On what it was done to, such as a slug or an action's key.
	What string `json:"what"`
	On   string `json:"on"`
	// Project is the slug of the one that it was about; empty if it was about none.
	Project string `json:"project,omitempty"`
	// Detail is JSON of what was asked, without secrets; empty if the route says it all.
	Detail json.RawMessage `json:"detail,omitempty"`
	// Request is the id under which the log has it.
	Request string `json:"request"`
}

// Options of an [API]. What is zero is as in production.
type Options struct {
	Now func() time.Time
	// Ready says why requests should go elsewhere; nil: never.
	Ready func(ctx context.Context) error
	// CursorKey signs cursors; processes that share it take each other's. Zero: one of this process.
	CursorKey []byte
	// Rate is how many requests a second one principal may make for long, Burst how many at once.
	Rate, Burst int
	// Work is how many inventories are read and judged at once, Queue how many wait for it, and Receiving how many bodies are on
	// their way.
	Work, Queue, Receiving int
	// Wait is how long one waits.
	Wait   time.Duration
	Limits Limits
	// HookSecret is what GitHub signs webhooks with; none: they are not taken.
	HookSecret secret.Value
	// Address is who sent a request, for the limit on webhooks; nil: the other end of the connection, which behind a proxy is the proxy
	// for all.
	Address func(r *http.Request) netip.Addr
	// Tracer is told of each request; nil: nobody is.
	Tracer *tracing.Tracer
}

// Limits bound what a request may bring.
type Limits struct {
	// Body is bytes as sent, Unpacked bytes after that, Files how many files in an archive.
	Body, Unpacked int64
	Files          int
	// Grace is how long a body may take however slow it is; after that it must have come at Pace bytes a second.
	Grace time.Duration
	Pace  int64
	// TempDir is where bodies are kept while they are worked on; empty for the system's.
	TempDir string
}

func (o *Options) fill() {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def64 := func(v *int64, d int64) {
		if *v == 0 {
			*v = d
		}
	}
	if o.Now == nil {
		o.Now = func() time.Time { return time.Now().UTC() }
	}
	if o.Ready == nil {
		o.Ready = func(context.Context) error { return nil }
	}
	if len(o.CursorKey) == 0 {
		o.CursorKey = []byte(rand.Text())
	}
	if o.Address == nil {
		o.Address = remote
	}
	if o.Wait == 0 {
		o.Wait = 10 * time.Second
	}
	if o.Limits.Grace == 0 {
		o.Limits.Grace = 30 * time.Second
	}
	def(&o.Rate, 500)
	def(&o.Burst, 1000)
	def(&o.Work, runtime.GOMAXPROCS(0))
	def(&o.Queue, 64*o.Work)
	def(&o.Receiving, 512)
	def(&o.Limits.Files, 50_000)
	def64(&o.Limits.Body, 256<<20)
	def64(&o.Limits.Unpacked, 1<<30)
	def64(&o.Limits.Pace, 16<<10)
}

// An API answers requests. It is safe for concurrent use.
type API struct {
	log   *slog.Logger
	parts Parts
	store *store.Store
	opts  Options
	mux   *http.ServeMux
	// routes is the table; lost answers for what is not in it, outside of /v1/.
	routes []route
	lost   http.Handler
	// rates are those of principals, hooks of addresses that send webhooks.
	rates, hooks *rates
	// work, receive and arriving bound what is judged, and how many bodies and webhooks are on their way.
	work, receive, arriving *slots
	handler                 http.Handler
}

// New makes an API. The table of routes is checked: a line that does not say who may is a fault of the program.
func New(log *slog.Logger, p Parts, s *store.Store, o Options) (*API, error) {
	o.fill()
	a := &API{
		log: log, parts: p, store: s, opts: o, mux: http.NewServeMux(), routes: routes(), rates: newRates(o.Rate, o.Burst, o.Now), hooks: newRates(hookRate, hookBurst, o.Now),
		work: newSlots(o.Work, o.Queue, o.Wait), receive: newSlots(o.Receiving, 0, 0), arriving: newSlots(maxHooks, maxHooks, o.Wait),
	}
	var errs []error
	for _, r := range a.routes {
		errs = append(errs, a.register(r))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	// A browser that carries a person's cookie here from another site changes nothing.
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.refuse(w, r, fault(tocsin.ErrForbidden, "", "send it from a page of this service, or without a browser", "the request comes from another site"))
	}))
	a.handler = a.outermost(origin.Handler(http.HandlerFunc(a.dispatch)))
	return a, nil
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }
