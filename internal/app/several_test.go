package app_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/postgres"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// services are as many processes as told, of one configuration on one database, with one forge.
func (w *crashWorld) services(n int, database string, now func() time.Time) (list []*app.Service) {
	w.t.Helper()
	for range n {
		s, err := app.New(w.t.Context(), slog.New(slog.DiscardHandler), crashConfig(w.dir, w.url), app.Options{
			Live: true, Landmarks: true, Now: now,
			Open: func(ctx context.Context) (*store.Store, error) { return store.Open(ctx, database) },
		})
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() {
			if err := s.Close(); err != nil {
				w.t.Error(err)
			}
		})
		list = append(list, s)
	}
	return list
}

// together plays the story of the crash test in as many processes as told, each step in all at once, and says what the forge and
// the timelines look like in the end, in no order.
func (w *crashWorld) together(n int, database string, now time.Time) []string {
	w.t.Helper()
	if err := crashPortfolio(w.dir, steps[0]); err != nil {
		w.t.Fatal(err)
	}
	services := w.services(n, database, func() time.Time { return now })
	for _, step := range steps {
		if err := crashPortfolio(w.dir, step); err != nil {
			w.t.Fatal(err)
		}
		do := func(s *app.Service) error {
			if step == "approve" {
				return approve(w.t.Context(), s, now)
			}
			_, err := s.Once(w.t.Context())
			return err
		}
		var all sync.WaitGroup
		for _, s := range services {
			all.Go(func() {
				if err := do(s); err != nil {
					w.t.Errorf("%s: %v", step, err)
				}
			})
		}
		all.Wait()
		// What one left to another that was at it is done an hour later, by any of them, and then there is nothing left to do.
		now = now.Add(time.Hour)
		if err := do(services[0]); err != nil {
			w.t.Errorf("%s, an hour later: %v", step, err)
		}
		r, err := services[len(services)-1].Once(w.t.Context())
		if err != nil || len(r.Changes) != 0 || len(r.Planned) != 0 || r.Delivered.Done != 0 {
			w.t.Errorf("%s, again: %d incidents changed, %d actions planned, delivered %+v, %v", step, len(r.Changes), len(r.Planned), r.Delivered, err)
		}
	}
	out := strings.Split(w.picture(), "\n")
	list, err := services[0].Store().Incidents(w.t.Context())
	if err != nil || len(list) != 1 {
		w.t.Fatalf("%d incidents, %v", len(list), err)
	}
	events, err := services[0].Store().Timeline(w.t.Context(), list[0].Key)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range events {
		text, _, _ := strings.Cut(e.Text, ": http")
		out = append(out, strings.Join([]string{string(e.Kind), e.Actor, e.Project, text}, " "))
	}
	rows, err := services[0].Store().Actions(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range rows {
		out = append(out, r.Action.Key+" "+string(r.State))
		if r.State != tocsin.ActionDone && r.State != tocsin.ActionSuperseded {
			w.t.Errorf("%s is %s in the end", r.Action.Key, r.State)
		}
	}
	slices.Sort(out)
	return out
}

// TestSeveralProcesses: three processes that do everything at once tell people what one tells them.
func TestSeveralProcesses(t *testing.T) {
	databases := map[string]func(t *testing.T, w *crashWorld) string{
		"sqlite":   func(_ *testing.T, w *crashWorld) string { return store.Path(filepath.Join(w.dir, "data")) },
		"postgres": func(t *testing.T, _ *crashWorld) string { return postgres.Start(t).Database(t) },
	}
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			alone, several := newCrashWorld(t), newCrashWorld(t)
			now := time.Now().UTC() // the same for both, as timelines tell the minute
			want := alone.together(1, database(t, alone), now)
			if len(want) < 20 {
				t.Fatalf("the story is short: %q", want)
			}
			if d := cmp.Diff(want, several.together(3, database(t, several), now)); d != "" {
				t.Errorf("(-one +three)\n%s", d)
			}
		})
	}
}
