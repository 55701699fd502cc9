package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/jobs"
	"github.com/tocsin-dev/tocsin/internal/postgres"
	"github.com/tocsin-dev/tocsin/internal/store"
)

func onEach(t *testing.T, test func(t *testing.T, d jobs.Database)) {
	for name, where := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return store.Path(t.TempDir()) },
		"postgres": func(t *testing.T) string { return postgres.Start(t).Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			s, err := store.Open(t.Context(), where(t))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			db, pg := s.Jobs()
			d := jobs.Database{DB: db, Postgres: pg}
			for range 2 { // the second time there is nothing to do
				if err := jobs.Migrate(t.Context(), slog.New(slog.DiscardHandler), d); err != nil {
					t.Fatal(err)
				}
			}
			test(t, d)
		})
	}
}

type ring struct{}
type visit struct {
	Project string `json:"project"`
}

func (ring) Kind() string  { return "ring" }
func (visit) Kind() string { return "visit" }

// run starts an engine that ends with the test.
func run(t *testing.T, d jobs.Database, l *jobs.List) *jobs.Engine {
	t.Helper()
	e, err := jobs.New(slog.New(slog.DiscardHandler), d, l, jobs.Options{Poll: 20 * time.Millisecond, Beat: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return e
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// TestEachOnce: what is asked for again while it waits or runs is done once, by one of two engines; what is due by itself is done.
func TestEachOnce(t *testing.T) {
	onEach(t, func(t *testing.T, d jobs.Database) {
		var mu sync.Mutex
		visits, rings := map[string]int{}, 0
		hold := make(chan struct{})
		list := func() *jobs.List {
			l := &jobs.List{}
			jobs.Add(l, jobs.Rule{Timeout: time.Minute}, func(ctx context.Context, v visit) error {
				mu.Lock()
				visits[v.Project]++
				mu.Unlock()
				<-hold
				return nil
			})
			jobs.Add(l, jobs.Rule{Timeout: time.Minute, Every: time.Hour}, func(context.Context, ring) error {
				mu.Lock()
				defer mu.Unlock()
				rings++
				return nil
			})
			return l
		}
		one, two := run(t, d, list()), run(t, d, list())
		for range 5 {
			for _, e := range []*jobs.Engine{one, two} {
				for _, p := range []string{"a", "b"} {
					if err := e.Ask(t.Context(), visit{p}); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		seen := func() (a, b, r int) {
			mu.Lock()
			defer mu.Unlock()
			return visits["a"], visits["b"], rings
		}
		eventually(t, "both are visited", func() bool { a, b, r := seen(); return a == 1 && b == 1 && r >= 1 })
		undone, err := one.Undone(t.Context())
		undone = slices.DeleteFunc(undone, func(j jobs.Job) bool { return j.Kind == "ring" }) // that it is done is noted a little later
		if err != nil || len(undone) != 2 || undone[0].State != jobs.Running || undone[0].Args != `{"project": "a"}` && undone[0].Args != `{"project":"a"}` {
			t.Errorf("%+v, %v", undone, err)
		}
		close(hold)
		eventually(t, "they end", func() bool { list, _ := two.Undone(t.Context()); return len(list) == 0 })
		if a, b, r := seen(); a != 1 || b != 1 || r < 1 || r > 3 { // a ring for each process that begins, and one of the times
			t.Errorf("a %d times, b %d, ring %d", a, b, r)
		}
		if err := two.Ask(t.Context(), visit{"a"}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "what is done can be asked for again", func() bool { a, _, _ := seen(); return a == 2 })
	})
}

// TestTheEndBeforeTheBeginning: who is told to end before it began has nothing to complain of.
func TestTheEndBeforeTheBeginning(t *testing.T) {
	onEach(t, func(t *testing.T, d jobs.Database) {
		l := &jobs.List{}
		jobs.Add(l, jobs.Rule{Timeout: time.Minute, Every: time.Hour}, func(context.Context, ring) error { return nil })
		e, err := jobs.New(slog.New(slog.DiscardHandler), d, l, jobs.Options{Poll: 20 * time.Millisecond, Beat: 100 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := e.Run(ctx); err != nil {
			t.Error(err)
		}
	})
}

// TestFailures: an error is tried again, a job that must wait waits, a panic is an error.
func TestFailures(t *testing.T) {
	onEach(t, func(t *testing.T, d jobs.Database) {
		var tries, waits atomic.Int32
		l := &jobs.List{}
		jobs.Add(l, jobs.Rule{Timeout: time.Minute}, func(_ context.Context, v visit) error {
			switch n := tries.Add(1); {
			case v.Project == "later":
				tries.Add(-1)
				if waits.Add(1) == 1 {
					return &jobs.Later{After: time.Second, Err: errors.New("not yet")}
				}
			case n == 1:
				return errors.New("it rains")
			case n == 2:
				panic("it pours")
			}
			return nil
		})
		e := run(t, d, l)
		for _, p := range []string{"later", "often"} {
			if err := e.Ask(t.Context(), visit{p}); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, "it fails once", func() bool {
			list, _ := e.Undone(t.Context())
			for _, j := range list {
				if j.State == jobs.Planned && j.Error == "it rains" && j.Attempts == 1 {
					return true
				}
			}
			return false
		})
		eventually(t, "both are done", func() bool { list, _ := e.Undone(t.Context()); return len(list) == 0 })
		if tries.Load() != 3 || waits.Load() != 2 {
			t.Errorf("%d tries, %d waits", tries.Load(), waits.Load())
		}
		idle, err := jobs.Idle(slog.New(slog.DiscardHandler), d)
		if err != nil {
			t.Fatal(err)
		}
		if err := idle.Retry(t.Context(), 1<<40); !errors.Is(err, tocsin.ErrNotFound) {
			t.Errorf("err = %v", err)
		}
	})
}

// TestDeath: what a process was doing when it died is done by another soon, long before its time is over; what kills each process that
// does it is parked. A process that lives keeps what it does.
func TestDeath(t *testing.T) {
	onEach(t, func(t *testing.T, d jobs.Database) {
		hold := make(chan struct{})
		defer close(hold)
		var mu sync.Mutex
		visits := map[string]int{}
		l := func() *jobs.List {
			l := &jobs.List{}
			jobs.Add(l, jobs.Rule{Timeout: time.Hour}, func(ctx context.Context, v visit) error {
				mu.Lock()
				visits[v.Project]++
				mu.Unlock()
				select {
				case <-ctx.Done():
				case <-hold:
				}
				return nil
			})
			return l
		}
		e := run(t, d, l())
		for _, p := range []string{"alive", "dead", "deadly"} {
			if err := e.Ask(t.Context(), visit{p}); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, "all are begun", func() bool { mu.Lock(); defer mu.Unlock(); return len(visits) == 3 })
		// Two of them were begun by a process that has said nothing for a minute.
		gone, by, attempts := "INSERT INTO river_client (id, updated_at) VALUES ('gone', datetime('now', '-1 minute'))",
			`UPDATE river_job SET attempted_by = '["gone"]' WHERE json(args) LIKE '%dead%'`, `UPDATE river_job SET attempt = max_attempts WHERE json(args) LIKE '%deadly%'`
		if d.Postgres {
			gone, by = "INSERT INTO river_client (id, updated_at) VALUES ('gone', now() - interval '1 minute')",
				`UPDATE river_job SET attempted_by = '{gone}' WHERE args::text LIKE '%dead%'`
			attempts = `UPDATE river_job SET attempt = max_attempts WHERE args::text LIKE '%deadly%'`
		}
		for _, text := range []string{gone, attempts, by} {
			if _, err := d.DB.ExecContext(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, "the dead one's is done again", func() bool { mu.Lock(); defer mu.Unlock(); return visits["dead"] == 2 })
		list, err := e.Undone(t.Context())
		if err != nil || len(list) != 3 {
			t.Fatalf("%+v, %v", list, err)
		}
		for _, j := range list {
			deadly, dead := strings.Contains(j.Args, "deadly"), strings.Contains(j.Args, "dead")
			if deadly != (j.State == jobs.Parked) || dead != strings.Contains(j.Error, "ended in the midst") {
				t.Errorf("%+v", j)
			}
		}
		if mu.Lock(); visits["alive"] != 1 || visits["deadly"] != 1 {
			t.Error(visits)
		}
		mu.Unlock()
	})
}

func TestBadLists(t *testing.T) {
	l := &jobs.List{}
	jobs.Add(l, jobs.Rule{}, func(context.Context, ring) error { return nil })
	s, err := store.Open(t.Context(), store.Path(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	db, _ := s.Jobs()
	if _, err := jobs.New(slog.New(slog.DiscardHandler), jobs.Database{DB: db}, l, jobs.Options{}); err == nil {
		t.Error("a job without time limit was taken")
	}
}
