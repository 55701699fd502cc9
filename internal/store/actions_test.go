package store

import (
	"errors"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// TestRetry: what failed is due again, once, and its timeline says who had it tried; nothing else is.
func TestRetry(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		o := Outcome{Incidents: []tocsin.Incident{incident(1)}, Actions: []tocsin.Action{action("a", 1, 0)}}
		if err := s.Commit(ctx, o); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Retry(ctx, "a", "ada", false, day); !errors.Is(err, tocsin.ErrConflict) {
			t.Errorf("one that is pending: %v", err)
		}
		if ok, err := s.Begin(ctx, "a", 1, day, day.Add(time.Hour)); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if err := s.Finish(ctx, tocsin.Delivery{Key: "a", Revision: 1, State: tocsin.ActionFailed, Error: "no such repository", Remote: &tocsin.Remote{Key: "a", Number: 7}}); err != nil {
			t.Fatal(err)
		}
		if ok, err := s.Begin(ctx, "a", 1, day, day.Add(time.Hour)); ok || err != nil {
			t.Fatal("what failed is tried by itself", err)
		}
		row, err := s.Retry(ctx, "a", "ada", false, day)
		if err != nil || row.State != tocsin.ActionPending || row.Attempts != 1 {
			t.Fatal(row, err)
		}
		if _, err := s.Retry(ctx, "a", "ada", false, day); !errors.Is(err, tocsin.ErrConflict) {
			t.Errorf("twice: %v", err)
		}
		if ok, err := s.Begin(ctx, "a", 1, day, day.Add(time.Hour)); !ok || err != nil {
			t.Error("it is not due", err)
		}
		if r, err := s.Remote(ctx, "a"); err != nil || r.Number != 7 {
			t.Errorf("what is there is forgotten: %+v, %v", r, err)
		}
		if err := s.Finish(ctx, tocsin.Delivery{Key: "a", Revision: 1, State: tocsin.ActionFailed, Error: "it was deleted"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Retry(ctx, "a", "ada", true, day); err != nil {
			t.Fatal(err)
		}
		if r, err := s.Remote(ctx, "a"); err != nil || r.Exists() {
			t.Errorf("anew: %+v, %v", r, err)
		}
		if _, err := s.Retry(ctx, "none", "ada", false, day); !errors.Is(err, tocsin.ErrNotFound) {
			t.Error(err)
		}
		events, err := s.Timeline(ctx, "INC-1")
		if err != nil || len(events) == 0 || events[len(events)-1].Kind != tocsin.EventRetried || events[len(events)-1].Actor != "ada" {
			t.Errorf("%+v, %v", events, err)
		}
	})
}
