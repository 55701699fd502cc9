package jobs

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"github.com/tocsin-dev/tocsin/internal/tracing"
)

// Args are what a job is about. Two jobs of one kind with the same args are one job until it is done.
type Args = river.JobArgs

// A List collects the kinds of job that a process can do, and when some of them are due.
type List struct {
	// Tracer is told of each attempt; nil: nobody is.
	Tracer *tracing.Tracer

	workers  *river.Workers
	periodic []*river.PeriodicJob
	due      []Args // what is asked for when a process begins
	errs     []error
}

// A Rule is how a kind of job is done.
type Rule struct {
	// Timeout ends an attempt.
	Timeout time.Duration
	// Every is how often it is due by itself, and whenever a process begins; zero: only when asked for.
	Every time.Duration
}

// Add adds a kind of job. do must be harmless to do twice, at once too. An error is tried again, later and later, up to [Attempts]
// times, and then parked; [Later] says when instead.
func Add[A Args](l *List, r Rule, do func(ctx context.Context, a A) error) {
	if l.workers == nil {
		l.workers = river.NewWorkers()
	}
	var a A
	if r.Timeout <= 0 {
		l.errs = append(l.errs, fmt.Errorf("job %s has no time limit", a.Kind()))
	}
	l.errs = append(l.errs, river.AddWorkerSafely(l.workers, &worker[A]{do: do, timeout: r.Timeout, tracer: l.Tracer}))
	if r.Every > 0 {
		l.due = append(l.due, a)
		l.periodic = append(l.periodic, periodic(a, r.Every))
	}
}

// periodic is a job that is due at once and then ever again.
func periodic(a Args, every time.Duration) *river.PeriodicJob {
	ask := func() (river.JobArgs, *river.InsertOpts) { return a, unique() }
	return river.NewPeriodicJob(river.PeriodicInterval(every), ask, &river.PeriodicJobOpts{ID: a.Kind(), RunOnStart: true})
}

// Attempts is how often a job is tried before it is parked.
const Attempts = 10

// unique makes a job that is not done yet the same as another with its args.
func unique() *river.InsertOpts {
	return &river.InsertOpts{MaxAttempts: Attempts, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStateScheduled,
	}}}
}

type worker[A Args] struct {
	river.WorkerDefaults[A]
	do      func(ctx context.Context, a A) error
	timeout time.Duration
	tracer  *tracing.Tracer
}

func (w *worker[A]) Timeout(*river.Job[A]) time.Duration { return w.timeout }

// maxWait is the longest time between two attempts.
const maxWait = 10 * time.Minute

// NextRetry doubles the wait from one second.
func (w *worker[A]) NextRetry(job *river.Job[A]) time.Time {
	return time.Now().Add(min(time.Second<<min(len(job.Errors), 20), maxWait))
}

func (w *worker[A]) Work(ctx context.Context, job *river.Job[A]) error {
	ctx, span := w.tracer.Begin(ctx, tracing.NameJob, tracing.Job(job.Kind), tracing.Attempt(job.Attempt))
	failed := errors.New("panic")
	defer func() { span.End(failed) }()
	err := w.do(ctx, job.Args)
	failed = err
	var later *Later
	if errors.As(err, &later) {
		failed = nil
		return river.JobSnooze(max(later.After, time.Second))
	}
	return err
}

// Later is the error of a job that cannot be done yet through nobody's fault. It does not count as an attempt.
type Later struct {
	After time.Duration
	Err   error
}

// Error is the error behind it, with the time.
func (l *Later) Error() string { return fmt.Sprintf("again in %s: %v", l.After, l.Err) }

// Unwrap gives the error behind it.
func (l *Later) Unwrap() error { return l.Err }

// A Database is where jobs are kept: the store's own.
type Database struct {
	DB       *sql.DB
	Postgres bool
}

func (d Database) driver() riverdriver.Driver[*sql.Tx] {
	if d.Postgres {
		return riverdatabasesql.New(d.DB)
	}
	return riversqlite.New(d.DB)
}

// Options of an [Engine].
type Options struct {
	// Workers is how many jobs a process does at once; zero: 4.
	Workers int
	// Poll is how often it looks for jobs; zero: a quarter of a second.
	Poll time.Duration
	// Beat is how often a process says that it lives; zero: 5 seconds. What it was doing is taken up by another when it has been silent
	// for three beats.
	Beat time.Duration
}

// An Engine does jobs while it runs. It is safe for concurrent use.
type Engine struct {
	log    *slog.Logger
	client *river.Client[*sql.Tx]
	// asks takes what is asked for: another client until this one has begun, since the engine's may not be asked while it begins.
	asks  atomic.Pointer[river.Client[*sql.Tx]]
	where Database
	due   []Args
	every time.Duration
	stop  time.Duration
}

// Migrate brings the job engine's own tables up to date.
func Migrate(ctx context.Context, log *slog.Logger, d Database) error {
	m, err := rivermigrate.New(d.driver(), &rivermigrate.Config{Logger: quiet(log)})
	if err == nil {
		_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	if err != nil {
		return fmt.Errorf("bringing the tables of the job engine up to date: %w", err)
	}
	return nil
}

// stopWithin is how long jobs may go on after a process is told to end, before their contexts end.
const stopWithin = 20 * time.Second

// New makes an engine. It does nothing before Run.
func New(log *slog.Logger, d Database, l *List, o Options) (*Engine, error) {
	c := &river.Config{
		Logger: quiet(log), Workers: l.workers, PeriodicJobs: l.periodic, ErrorHandler: teller{log},
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: cmp.Or(o.Workers, 4)}},
		FetchPollInterval: cmp.Or(o.Poll, 250*time.Millisecond), FetchCooldown: min(cmp.Or(o.Poll, 100*time.Millisecond), 100*time.Millisecond),
		// The engine's own way to find jobs of the dead is the second: see alive.go.
		RescueStuckJobsAfter: time.Minute, JobTimeout: time.Minute, PollOnly: true, MaxAttempts: Attempts,
		CompletedJobRetentionPeriod: time.Hour, DiscardedJobRetentionPeriod: 30 * 24 * time.Hour,
	}
	client, err := river.NewClient(d.driver(), c)
	if err := errors.Join(append(l.errs, err)...); err != nil {
		return nil, fmt.Errorf("starting the job engine: %w", err)
	}
	before, err := river.NewClient(d.driver(), &river.Config{Logger: quiet(log)})
	if err != nil {
		return nil, fmt.Errorf("starting the job engine: %w", err)
	}
	e := &Engine{log: log, client: client, where: d, due: l.due, every: cmp.Or(o.Beat, 5*time.Second), stop: stopWithin}
	e.asks.Store(before)
	return e, nil
}

// Idle is an engine to look at jobs with. It does none.
func Idle(log *slog.Logger, d Database) (*Engine, error) {
	client, err := river.NewClient(d.driver(), &river.Config{Logger: quiet(log)})
	if err != nil {
		return nil, fmt.Errorf("opening the job engine: %w", err)
	}
	return &Engine{log: log, client: client}, nil
}

// Run does jobs until ctx ends; then it lets those that are being done come to their end, for a while.
func (e *Engine) Run(ctx context.Context) error {
	if err := e.begin(ctx); ctx.Err() != nil {
		return nil // the end came before the beginning
	} else if err != nil {
		return err
	}
	if err := e.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("starting the job engine: %w", err)
	}
	e.asks.Store(e.client)
	pulse, still := context.WithCancel(context.WithoutCancel(ctx))
	var living sync.WaitGroup
	living.Go(func() { e.live(pulse) })
	defer living.Wait()
	defer still() // it lives while it ends
	<-ctx.Done()
	soft, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.stop)
	defer cancel()
	err := e.client.Stop(soft)
	if errors.Is(err, context.DeadlineExceeded) {
		hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.stop)
		defer cancel()
		err = e.client.StopAndCancel(hard)
	}
	if err != nil {
		return fmt.Errorf("stopping the job engine: %w", err)
	}
	return nil
}

// begin says that this process lives, and asks for what is due.
func (e *Engine) begin(ctx context.Context) error {
	if err := e.beat(ctx); err != nil {
		return err
	}
	for _, a := range e.due { // the engine's keeper of the times may be a process that died, for some seconds more
		if err := e.Ask(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// Ask has a job done soon. One that is to be done already is not done twice.
func (e *Engine) Ask(ctx context.Context, a Args) error {
	if _, err := e.asks.Load().Insert(ctx, a, unique()); err != nil {
		return fmt.Errorf("asking for job %s: %w", a.Kind(), err)
	}
	return nil
}

// Every has a job due at once, and ever again after a time, in place of what its [Rule] says; zero: only when asked for. Of several
// processes the one that keeps the times must be told.
func (e *Engine) Every(a Args, every time.Duration) error {
	e.client.PeriodicJobs().RemoveByID(a.Kind())
	if every <= 0 {
		return nil
	}
	if _, err := e.client.PeriodicJobs().AddSafely(periodic(a, every)); err != nil {
		return fmt.Errorf("having job %s done every %s: %w", a.Kind(), every, err)
	}
	return nil
}

// teller says what jobs failed of, once for each attempt.
type teller struct{ log *slog.Logger }

func (t teller) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	if job.Attempt >= job.MaxAttempts {
		t.log.ErrorContext(ctx, "job parked", "kind", job.Kind, "id", job.ID, "attempt", job.Attempt, "err", err)
	} else {
		t.log.WarnContext(ctx, "job failed", "kind", job.Kind, "id", job.ID, "attempt", job.Attempt, "err", err)
	}
	return nil
}

func (t teller) HandlePanic(ctx context.Context, job *rivertype.JobRow, value any, trace string) *river.ErrorHandlerResult {
	t.log.ErrorContext(ctx, "job panicked", "kind", job.Kind, "id", job.ID, "attempt", job.Attempt, "panic", value, "trace", trace)
	return nil
}

// quiet lets only the engine's own errors through: what becomes of jobs is told by [teller].
func quiet(log *slog.Logger) *slog.Logger { return slog.New(above{log.Handler(), slog.LevelError}) }

type above struct {
	slog.Handler
	level slog.Level
}

func (a above) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= a.level && a.Handler.Enabled(ctx, l)
}
func (a above) WithAttrs(list []slog.Attr) slog.Handler {
	return above{a.Handler.WithAttrs(list), a.level}
}
func (a above) WithGroup(name string) slog.Handler { return above{a.Handler.WithGroup(name), a.level} }
