package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/tracing"
)

// A Store keeps rows, of several processes if need be. Every method is one transaction.
type Store interface {
	// Open gives the rows that are pending or sending.
	Open(ctx context.Context) ([]tocsin.ActionRow, error)
	// Remote gives what an action made; the zero value if nothing is known.
	Remote(ctx context.Context, key string) (tocsin.Remote, error)
	// Begin takes a row for an attempt until a time, before the attempt is made. claimed is false if the row is not due, or
	// someone else has it, or another of its key.
	Begin(ctx context.Context, key string, revision int, now, until time.Time) (claimed bool, err error)
	// Finish notes how an attempt ended, with an event on the incident's timeline where there is news, and gives the row up.
	Finish(ctx context.Context, d tocsin.Delivery) error
}

// An Executor makes the world as an action says. It must be safe to call again after any failure: it looks for what an
// earlier call made before it makes anything. Failures are [tocsin.DeliveryError] values.
type Executor interface {
	Execute(ctx context.Context, a tocsin.Action, remote, parent tocsin.Remote) (tocsin.Remote, error)
}

// A Dispatcher hands open rows to executors.
type Dispatcher struct {
	log       *slog.Logger
	store     Store
	executors map[tocsin.ActionKind]Executor
	now       func() time.Time
	rank      func(tocsin.Action) int
}

// Ranked has what ranks higher carried out before what is older.
func (d *Dispatcher) Ranked(rank func(tocsin.Action) int) *Dispatcher {
	d.rank = rank
	return d
}

// New makes a dispatcher. Kinds without an executor stay open.
func New(log *slog.Logger, store Store, executors map[tocsin.ActionKind]Executor, now func() time.Time) *Dispatcher {
	return &Dispatcher{log: log, store: store, executors: executors, now: now}
}

// A Report counts what a dispatch did.
type Report struct {
	Done, Retry, Failed int
	// Wait is the shortest time until something may be tried again; zero if nothing waits.
	Wait time.Duration
	// Took is how long each that was done had been planned.
	Took []time.Duration
}

// backoff is how long to wait after a failure that named no time.
const (
	backoffStep = 30 * time.Second
	backoffMax  = time.Hour
)

const (
	// attempt bounds one attempt. A forge that answers slowly, or asks to be called again, takes a minute or two.
	attempt = 5 * time.Minute
	// lease is how long a row belongs to the one who carries it out. Beyond an attempt it leaves room for clocks that differ
	// from machine to machine. A row of a process that died waits as long.
	lease = 2 * attempt
	// settling is how long a key rests after an attempt that may have had an effect: only then do lists show what it made, to whoever
	// looks there before trying again.
	settling = 30 * time.Second
	// farewell bounds what is still written after the end was asked for.
	farewell = 5 * time.Second
)

// Run carries out every row that is due, in order, and returns. It stops at the first error of the store or when ctx
// ends; what is open then is taken up by the next run. What another process is carrying out is left to it.
func (d *Dispatcher) Run(ctx context.Context) (Report, error) {
	var report Report
	rows, err := d.store.Open(ctx)
	if err != nil {
		return report, fmt.Errorf("reading the outbox: %w", err)
	}
	rows = due(rows, d.now())
	if d.rank != nil {
		slices.SortStableFunc(rows, func(a, b tocsin.ActionRow) int { return cmp.Compare(d.rank(b.Action), d.rank(a.Action)) })
	}
	held := map[lane]bool{}
	for _, r := range rows {
		if ctx.Err() != nil {
			return report, ctx.Err()
		}
		in := laneOf(r.Action)
		if held[in] { // there is no room for it, and to find that out once is enough
			report.Retry++
			continue
		}
		result, ok, err := d.deliver(ctx, r)
		held[in] = result.paced
		if err != nil {
			return report, fmt.Errorf("delivering %s: %w", r.Action.Key, err)
		}
		if !ok {
			report.Retry++
			continue
		}
		switch result.State {
		case tocsin.ActionDone:
			report.Done++
			report.Took = append(report.Took, d.now().Sub(r.Action.CreatedAt))
		case tocsin.ActionFailed:
			report.Failed++
		case tocsin.ActionSuperseded:
		default:
			report.Retry++
			if wait := result.RetryAt.Sub(d.now()); report.Wait == 0 || wait < report.Wait {
				report.Wait = wait
			}
		}
	}
	return report, nil
}

// A lane is what shares a budget: the things of a kind that are new, and those that are kept up to date.
type lane struct {
	kind tocsin.ActionKind
	new  bool
}

func laneOf(a tocsin.Action) lane { return lane{a.Kind, a.Revision == 1} }

// An ending is how an attempt ended.
type ending struct {
	tocsin.Delivery
	paced bool // by [tocsin.ErrPaced]
}

// deliver makes one attempt. ok is false if the row must wait for another.
func (d *Dispatcher) deliver(ctx context.Context, r tocsin.ActionRow) (result ending, ok bool, err error) {
	a := r.Action
	result.Delivery = tocsin.Delivery{Key: a.Key, Revision: a.Revision}
	executor := d.executors[a.Kind]
	if executor == nil {
		return result, false, nil
	}
	if !a.TLP.Allows(a.Audience) {
		// The last gate: nothing that is not for this audience leaves, whoever wrote the row.
		result.State, result.Error = tocsin.ActionFailed, fmt.Sprintf("a text marked TLP:%s must not be shown to a %s audience", a.TLP, a.Audience)
		result.Event = event(a, tocsin.EventUndelivered, result.Error, d.now())
		return result, true, d.store.Finish(ctx, result.Delivery)
	}
	var parent tocsin.Remote
	if a.After != "" {
		if parent, err = d.store.Remote(ctx, a.After); err != nil || parent.Key == "" {
			return result, false, err
		}
		if !parent.Exists() { // it was over before it was ever made: there is nothing to follow
			result.State, result.Error = tocsin.ActionSuperseded, "what it follows was never made"
			return result, true, d.store.Finish(ctx, result.Delivery)
		}
	}
	now := d.now()
	if claimed, err := d.store.Begin(ctx, a.Key, a.Revision, now, now.Add(lease)); err != nil || !claimed {
		return result, false, err
	}
	// What it made is read once the row is ours: before, someone else may have been making it.
	remote, err := d.store.Remote(ctx, a.Key)
	if err != nil {
		return result, false, err
	}
	limited, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	limited, span := tracing.Start(limited, tracing.NameDeliver, tracing.Action(a.Kind))
	made, failure := executor.Execute(limited, a, remote, parent)
	span.End(failure)
	if ctx.Err() != nil && failure != nil {
		return result, false, errors.Join(ctx.Err(), d.giveUp(ctx, result.Delivery))
	}
	d.settle(&result.Delivery, r, made, failure)
	result.paced = errors.Is(failure, tocsin.ErrPaced)
	return result, true, d.store.Finish(ctx, result.Delivery)
}

// giveUp leaves a row in state sending, to be looked at again by whoever comes next.
func (d *Dispatcher) giveUp(ctx context.Context, result tocsin.Delivery) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	result.State, result.Quiet = tocsin.ActionSending, d.now().Add(settling)
	return d.store.Finish(ctx, result)
}

// settle says what an attempt came to.
func (d *Dispatcher) settle(result *tocsin.Delivery, r tocsin.ActionRow, made tocsin.Remote, failure error) {
	now := d.now()
	if failure == nil {
		made.Key, made.Repository, made.Revision = r.Action.Key, r.Action.Repository, r.Action.Revision
		result.State, result.Remote = tocsin.ActionDone, &made
		if r.Action.Kind == tocsin.ActionReaction { // what it answers stands there
			return
		}
		result.Event = event(r.Action, tocsin.EventDelivered, delivered(r.Action, made), now)
		d.log.Info("action delivered", "key", r.Action.Key, "revision", r.Action.Revision, "url", made.URL)
		return
	}
	result.Error = failure.Error()
	var e *tocsin.DeliveryError
	if errors.As(failure, &e) && e.Outcome == tocsin.OutcomePermanent {
		result.State = tocsin.ActionFailed
		result.Event = event(r.Action, tocsin.EventUndelivered, result.Error, now)
		d.log.Error("action failed", "key", r.Action.Key, "err", failure)
		return
	}
	wait := min(backoffStep<<min(r.Attempts, 10), backoffMax)
	if e != nil && e.RetryAfter > 0 {
		wait = e.RetryAfter
	}
	if e == nil || e.Outcome == tocsin.OutcomeUnclear {
		wait = max(wait, settling)
		result.Quiet = now.Add(settling)
	}
	result.State, result.RetryAt = tocsin.ActionPending, now.Add(wait)
	d.log.Warn("action delayed", "key", r.Action.Key, "wait", wait, "err", failure)
}

func event(a tocsin.Action, kind tocsin.EventKind, text string, now time.Time) *tocsin.IncidentEvent {
	return &tocsin.IncidentEvent{Incident: a.Incident, At: now, Kind: kind, Actor: tocsin.Self().Name, ActorID: tocsin.Self().ID, Source: "delivery", Project: a.Project, Text: text, TLP: tocsin.TLPAmber}
}

func delivered(a tocsin.Action, made tocsin.Remote) string {
	return strings.TrimSuffix(fmt.Sprintf("%s (revision %d): %s", a.Key, a.Revision, made.URL), ": ") // a notice lies nowhere
}
