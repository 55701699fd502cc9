package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/postgres"
)

// processes opens a database three times, as three processes would.
func (db database) processes(t *testing.T) []*Store {
	t.Helper()
	return []*Store{db.open(t), db.open(t), db.open(t)}
}

// atOnce runs a function for each of some numbers at once, and waits.
func atOnce(n int, f func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	all.Wait()
}

// TestOpenAtOnce: processes that start together on an empty database make one schema.
func TestOpenAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		atOnce(3, func(int) {
			s, err := Open(context.Background(), db.where)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := s.Incidents(context.Background()); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	})
}

// TestMetaAtOnce: what several make at once is one.
func TestMetaAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		list, got := db.processes(t), [9]string{}
		atOnce(len(got), func(i int) {
			var err error
			if got[i], err = list[i%3].Meta(t.Context(), "key", func() (string, error) { return fmt.Sprint(i), nil }); err != nil {
				t.Error(err)
			}
		})
		if got[0] == "" || len(slices.Compact(got[:])) != 1 {
			t.Errorf("made %q", got)
		}
	})
}

// TestIncidentRaces: whoever changes an incident changes what they have read. Those who were slower read again; no change is
// lost, no number is given twice, and who carries actions out meanwhile meets no error.
func TestIncidentRaces(t *testing.T) {
	const each = 8
	onEach(t, func(t *testing.T, db database) {
		list, ctx := db.processes(t), t.Context()
		first := Outcome{Incidents: []tocsin.Incident{incident(1)}, Actions: []tocsin.Action{action("a", 1, 0)}}
		if err := list[0].Commit(ctx, first); err != nil {
			t.Fatal(err)
		}
		var over atomic.Bool
		var delivered, conflicts atomic.Int64
		var courier sync.WaitGroup
		courier.Go(func() {
			for now := day; !over.Load(); now = now.Add(time.Hour) {
				rows, err := list[2].Open(ctx)
				if err != nil {
					t.Error(err)
				}
				for _, r := range rows {
					a := r.Action
					claimed, err := list[2].Begin(ctx, a.Key, a.Revision, now, now.Add(time.Minute))
					if err != nil {
						t.Error(err)
					}
					if !claimed {
						continue
					}
					event := tocsin.IncidentEvent{Incident: a.Incident, At: day, Kind: tocsin.EventDelivered}
					if err := list[2].Finish(ctx, tocsin.Delivery{Key: a.Key, Revision: a.Revision, State: tocsin.ActionDone, Event: &event}); err != nil {
						t.Error(err)
					}
					delivered.Add(1)
				}
			}
		})
		atOnce(3, func(i int) {
			s := list[i]
			for n := range each {
				for {
					newest, err := s.NewestActions(ctx)
					if err != nil {
						t.Error(err)
						return
					}
					inc, err := s.Incident(ctx, "INC-1")
					if err != nil {
						t.Error(err)
						return
					}
					inc.Version++
					err = s.Commit(ctx, Outcome{
						Incidents: []tocsin.Incident{inc}, Actions: []tocsin.Action{action("a", newest["a"].Revision+1, 0)},
						Events: []tocsin.IncidentEvent{{Incident: "INC-1", At: day, Kind: tocsin.EventGrew, Text: fmt.Sprint(i, " ", n)}},
					})
					if err == nil {
						break
					}
					if !errors.Is(err, tocsin.ErrConflict) {
						t.Error(err)
						return
					}
					conflicts.Add(1)
				}
			}
		})
		over.Store(true)
		courier.Wait()
		t.Logf("%d conflicts, %d deliveries", conflicts.Load(), delivered.Load())
		inc, err := list[0].Incident(ctx, "INC-1")
		if err != nil || inc.Version != 1+3*each {
			t.Errorf("version %d, %v", inc.Version, err)
		}
		events, err := list[0].Timeline(ctx, "INC-1")
		if err != nil || len(events) != 3*each+int(delivered.Load()) {
			t.Errorf("%d events, %v", len(events), err)
		}
		grew := map[string]bool{}
		for i, e := range events {
			if e.Seq != i+1 {
				t.Errorf("event %d has number %d", i+1, e.Seq)
			}
			if e.Kind == tocsin.EventGrew {
				grew[e.Text] = true
			}
		}
		if len(grew) != 3*each {
			t.Errorf("%d changes are told of", len(grew))
		}
		rows, err := list[0].Actions(ctx)
		if err != nil || len(rows) != 1+3*each {
			t.Errorf("%d revisions, %v", len(rows), err)
		}
		for _, r := range rows[:len(rows)-1] {
			if r.State != tocsin.ActionDone && r.State != tocsin.ActionSuperseded {
				t.Errorf("revision %d is %s", r.Action.Revision, r.State)
			}
		}
	})
}

// TestActionRace: of two who plan the same revision without a change of the incident, one has to fold again.
func TestActionRace(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		list, ctx := db.processes(t), t.Context()
		if err := list[0].Commit(ctx, Outcome{Incidents: []tocsin.Incident{incident(1)}}); err != nil {
			t.Fatal(err)
		}
		var errs [3]error
		atOnce(3, func(i int) { errs[i] = list[i].Commit(ctx, Outcome{Actions: []tocsin.Action{action("a", 1, 0)}}) })
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !errors.Is(err, tocsin.ErrConflict) {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d wrote the revision", won)
		}
	})
}

// TestJudgeRaces: of many who approve at once as many count as are needed, and one veto stops an action for good.
func TestJudgeRaces(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		list, ctx := db.processes(t), t.Context()
		err := list[0].Commit(ctx, Outcome{Incidents: []tocsin.Incident{incident(1)}, Actions: []tocsin.Action{action("a", 1, 2), action("b", 1, 6)}})
		if err != nil {
			t.Fatal(err)
		}
		var counted [2]atomic.Int64
		var vetoed atomic.Bool
		atOnce(12, func(i int) {
			key, approve := []string{"a", "b"}[i%2], i != 3
			switch _, err := list[i%3].Judge(ctx, key, fmt.Sprintf("p%d", i), approve, day); {
			case err == nil && !approve:
				vetoed.Store(true)
			case err == nil:
				counted[i%2].Add(1)
			case !errors.Is(err, tocsin.ErrConflict):
				t.Error(err)
			}
		})
		want := map[string]tocsin.ActionState{"a@1": tocsin.ActionPending, "b@1": tocsin.ActionVetoed}
		if d := cmp.Diff(want, states(t, list[0])); d != "" || counted[0].Load() != 2 || !vetoed.Load() {
			t.Errorf("%d approvals counted, vetoed: %v\n%s", counted[0].Load(), vetoed.Load(), d)
		}
		rows, err := list[0].Actions(ctx)
		if err != nil || len(rows[0].Approved) != 2 || len(rows[1].Approved) != int(counted[1].Load()) {
			t.Errorf("%+v, %v", rows, err)
		}
		events, err := list[0].Timeline(ctx, "INC-1")
		if err != nil || len(events) != int(2+1+counted[1].Load()) {
			t.Errorf("%d events, %v", len(events), err)
		}
		for i, e := range events {
			if e.Seq != i+1 {
				t.Errorf("event %d has number %d", i+1, e.Seq)
			}
		}
	})
}

// TestJudgeMeetsNewRevision: a verdict counts for the revision that the person saw waiting, or not at all.
func TestJudgeMeetsNewRevision(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		list, ctx := db.processes(t), t.Context()
		if err := list[0].Commit(ctx, Outcome{Incidents: []tocsin.Incident{incident(1)}, Actions: []tocsin.Action{action("a", 1, 1)}}); err != nil {
			t.Fatal(err)
		}
		for n := 2; n < 12; n++ {
			atOnce(2, func(i int) {
				if i == 0 {
					if err := list[0].Commit(ctx, Outcome{Actions: []tocsin.Action{action("a", n, 1)}}); err != nil {
						t.Error(err)
					}
				} else if _, err := list[1].Judge(ctx, "a", "ada", true, day); err != nil && !errors.Is(err, tocsin.ErrConflict) {
					t.Error(err)
				}
			})
			got := states(t, list[2])
			if before := got[fmt.Sprintf("a@%d", n-1)]; before != tocsin.ActionSuperseded {
				t.Errorf("revision %d is %s beside a newer one", n-1, before)
			}
		}
	})
}

// TestBeginIsAClaim: a row has one who carries it out, and a key has one revision that is carried out.
func TestBeginIsAClaim(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		list, ctx := db.processes(t), t.Context()
		if err := list[0].Commit(ctx, Outcome{Incidents: []tocsin.Incident{incident(1)}, Actions: []tocsin.Action{action("a", 1, 0)}}); err != nil {
			t.Fatal(err)
		}
		// claims is how many of nine, in three processes, get a row at a time, for an hour.
		claims := func(revision int, at time.Duration) int {
			t.Helper()
			var n atomic.Int64
			atOnce(9, func(i int) {
				claimed, err := list[i%3].Begin(ctx, "a", revision, day.Add(at), day.Add(at+time.Hour))
				if err != nil {
					t.Error(err)
				}
				if claimed {
					n.Add(1)
				}
			})
			return int(n.Load())
		}
		finish := func(revision int, state tocsin.ActionState, retry time.Duration) {
			t.Helper()
			if err := list[0].Finish(ctx, tocsin.Delivery{Key: "a", Revision: revision, State: state, RetryAt: day.Add(retry)}); err != nil {
				t.Fatal(err)
			}
		}
		check := func(what string, got, want int) {
			t.Helper()
			if got != want {
				t.Errorf("%s: %d claims, want %d", what, got, want)
			}
		}
		check("pending", claims(1, 0), 1)
		check("leased", claims(1, time.Hour-time.Second), 0)
		check("the lease ran out", claims(1, time.Hour), 1)
		finish(1, tocsin.ActionPending, 3*time.Hour)
		check("not due", claims(1, 2*time.Hour), 0)
		check("due", claims(1, 3*time.Hour), 1)
		finish(1, tocsin.ActionSending, 0)
		check("given up", claims(1, 3*time.Hour), 1)
		if err := list[0].Commit(ctx, Outcome{Actions: []tocsin.Action{action("a", 2, 0)}}); err != nil {
			t.Fatal(err)
		}
		check("superseded", claims(1, 9*time.Hour), 0)
		check("the one before is carried out still", claims(2, 3*time.Hour+time.Minute), 0)
		finish(1, tocsin.ActionDone, 0)
		check("the one before is over", claims(2, 3*time.Hour+time.Minute), 1)
		finish(2, tocsin.ActionDone, 0)
		check("done", claims(2, 99*time.Hour), 0)
		check("absent", claims(3, 0), 0)
		if rows, err := list[0].Actions(ctx); err != nil || rows[0].Attempts != 4 || rows[1].Attempts != 1 || rows[0].State != tocsin.ActionSuperseded {
			t.Errorf("%+v, %v", rows, err)
		}
	})
}

// TestLateResult: whose lease ran out may come back after another has told of the end.
func TestLateResult(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		if err := s.Commit(ctx, Outcome{Incidents: []tocsin.Incident{incident(1)}, Actions: []tocsin.Action{action("a", 1, 0)}}); err != nil {
			t.Fatal(err)
		}
		for i, state := range []tocsin.ActionState{tocsin.ActionDone, tocsin.ActionFailed} {
			event := tocsin.IncidentEvent{Incident: "INC-1", At: day, Text: string(state)}
			if err := s.Finish(ctx, tocsin.Delivery{Key: "a", Revision: 1, State: state, Error: strings.Repeat("late", i), Event: &event}); err != nil {
				t.Fatal(err)
			}
		}
		rows, err := s.Actions(ctx)
		if err != nil || rows[0].State != tocsin.ActionDone || rows[0].Error != "" {
			t.Errorf("%+v, %v", rows, err)
		}
		if events, err := s.Timeline(ctx, "INC-1"); err != nil || len(events) != 1 || events[0].Text != "done" {
			t.Errorf("%+v, %v", events, err)
		}
		if err := s.Finish(ctx, tocsin.Delivery{Key: "none", Revision: 1, State: tocsin.ActionDone}); !errors.Is(err, tocsin.ErrNotFound) {
			t.Errorf("no such action: %v", err)
		}
	})
}

// TestFeedRaces: processes that sync at once, even the same feed, leave one standing revision of each record, and who follows the
// history by cursor misses nothing.
func TestFeedRaces(t *testing.T) {
	const each = 12
	onEach(t, func(t *testing.T, db database) {
		list, reader, ctx := db.processes(t), db.open(t), t.Context()
		at, err := reader.Cursor(ctx, farAhead)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		follow := func() {
			next, err := reader.Cursor(ctx, farAhead)
			if err != nil {
				t.Error(err)
			}
			ids, ok, err := reader.ChangedSince(ctx, at, 1000)
			if err != nil || !ok {
				t.Error(ok, err)
			}
			for _, id := range ids {
				seen[id] = true
			}
			at = next
		}
		var over atomic.Bool
		var follower sync.WaitGroup
		follower.Go(func() {
			for !over.Load() {
				follow()
			}
		})
		atOnce(3, func(i int) {
			for n := range each {
				own := Revision{ID: fmt.Sprintf("P%d-%02d", i, n), Digest: "d", Body: []byte("x")}
				shared := Revision{ID: "shared", Digest: fmt.Sprint(i, n), Body: []byte("x")}
				now := day.Add(time.Duration(n*3+i) * time.Second)
				u := FeedUpdate{State: tocsin.FeedState{Name: "osv", Status: tocsin.FeedOK}, At: now, Changed: revisions(own, shared)}
				if err := list[i].UpdateFeed(ctx, u); err != nil {
					t.Error(err)
				}
			}
		})
		over.Store(true)
		follower.Wait()
		follow()
		if len(seen) != 3*each+1 {
			t.Errorf("the reader saw %d records, want %d", len(seen), 3*each+1)
		}
		known, err := reader.KnownAdvisories(ctx, "osv")
		if err != nil || len(known) != 3*each+1 {
			t.Errorf("%d records, %v", len(known), err)
		}
		var order []string
		for r, err := range reader.Advisories(ctx, at) {
			if err != nil {
				t.Fatal(err)
			}
			order = append(order, r.ID)
		}
		if len(order) != 3*each+1 || !slices.IsSorted(order) {
			t.Errorf("standing, in order: %v", order)
		}
	})
}

// TestShadowRace: runs that end at once leave one standing answer.
func TestShadowRace(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		list, ctx := db.processes(t), t.Context()
		atOnce(9, func(i int) {
			d := tocsin.Shadowed{Project: "api", Class: "CVE-1", Package: "left"}
			run := Shadow{Policy: "sha256:1", Name: "strict", At: day.Add(time.Duration(i) * time.Second), Decisions: []tocsin.Shadowed{d}, Whole: []string{"api"}}
			if err := list[i%3].Commit(ctx, Outcome{Shadows: []Shadow{run}}); err != nil {
				t.Error(err)
			}
		})
		ledger, err := list[0].Shadowed(ctx, "sha256:1", time.Time{})
		if err != nil || len(ledger) != 1 {
			t.Errorf("%d answers, %v", len(ledger), err)
		}
		if runs, err := list[0].ShadowRuns(ctx); err != nil || len(runs) != 1 || runs[0].Runs != 9 {
			t.Errorf("%+v, %v", runs, err)
		}
	})
}

// TestReadingStopsNobody: while advisories are read, others are read and written, and the reading does not change.
func TestReadingStopsNobody(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		update := func(n int) {
			t.Helper()
			u := FeedUpdate{State: tocsin.FeedState{Name: "osv"}, At: day.Add(time.Duration(n) * time.Hour)}
			u.Changed = revisions(Revision{ID: "A", Body: fmt.Append(nil, n)}, Revision{ID: "B", Body: fmt.Append(nil, n)}, Revision{ID: fmt.Sprint("C", n), Body: []byte("x")})
			if err := s.UpdateFeed(ctx, u); err != nil {
				t.Fatal(err)
			}
		}
		update(0)
		at, err := s.Cursor(ctx, farAhead)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for r, err := range s.Advisories(ctx, at) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, r.ID+"="+string(r.Body))
			update(len(got))
			if _, err := s.Advisory(ctx, r.ID); err != nil {
				t.Error(err)
			}
		}
		if d := cmp.Diff([]string{"A=0", "B=0", "C0=x"}, got); d != "" {
			t.Error(d)
		}
	})
}

// TestServerRestarts: connections that a restart of the server ended are made anew, and nothing of what was committed is lost.
func TestServerRestarts(t *testing.T) {
	server := postgres.Start(t)
	s, ctx := database{server.Database(t)}.open(t), t.Context()
	for version := 1; version < 4; version++ {
		if err := s.Commit(ctx, Outcome{Incidents: []tocsin.Incident{incident(version)}}); err != nil {
			t.Fatal(err)
		}
		server.Restart(t)
		if inc, err := s.Incident(ctx, "INC-1"); err != nil || inc.Version != version {
			t.Errorf("after restart %d: version %d, %v", version, inc.Version, err)
		}
		server.Restart(t)
	}
}
