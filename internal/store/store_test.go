package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

var day = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func revisions(list ...Revision) iter.Seq2[Revision, error] {
	return func(yield func(Revision, error) bool) {
		for _, r := range list {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func TestAdvisoriesKeepEveryRevision(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		update := func(at time.Time, gone []string, list ...Revision) {
			t.Helper()
			state := tocsin.FeedState{Name: "osv", From: "x", Status: tocsin.FeedOK, SyncedAt: at, Records: len(list)}
			err := s.UpdateFeed(ctx, FeedUpdate{
				State: state, At: at, Changed: revisions(list...),
				Finish: func() (tocsin.FeedState, []string, error) { return state, gone, nil },
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		rev := func(id, body string) Revision {
			return Revision{ID: id, Digest: "d:" + body, Modified: day, Body: []byte(body)}
		}
		update(day, nil, rev("A", "a1"), rev("B", "b1"))
		update(day.Add(time.Hour), nil, rev("A", "a2"))
		update(day.Add(2*time.Hour), []string{"B"})

		asOf := func(at time.Time) string {
			t.Helper()
			var out []string
			then, err := s.Cursor(ctx, at)
			if err != nil {
				t.Fatal(err)
			}
			for r, err := range s.Advisories(ctx, then) {
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, r.ID+"="+string(r.Body))
			}
			return strings.Join(out, " ")
		}
		for at, want := range map[time.Duration]string{-time.Second: "", 0: "A=a1 B=b1", time.Hour: "A=a2 B=b1", 2 * time.Hour: "A=a2", 99 * time.Hour: "A=a2"} {
			if got := asOf(day.Add(at)); got != want {
				t.Errorf("as of %v: %q, want %q", at, got, want)
			}
		}
		for at, want := range map[time.Duration]string{-time.Second: "A B", 0: "A B", time.Hour: "B", 2 * time.Hour: ""} {
			then, err := s.Cursor(ctx, day.Add(at))
			if err != nil {
				t.Fatal(err)
			}
			ids, ok, err := s.ChangedSince(ctx, then, 9)
			if err != nil || !ok || strings.Join(ids, " ") != want {
				t.Errorf("changed since %v: %v, %v, %v, want %q", at, ids, ok, err, want)
			}
			if _, ok, err := s.ChangedSince(ctx, then, len(ids)-1); ok && len(ids) > 0 || err != nil {
				t.Errorf("changed since %v: not more than %d: %v", at, len(ids)-1, err)
			}
			for r, err := range s.RevisionsOf(ctx, []string{"B", "absent"}, then) {
				if err != nil || string(r.Body) != "b1" || at < 0 || at > time.Hour {
					t.Errorf("B at %v: %s, %v", at, r.Body, err)
				}
			}
		}
		for _, c := range []Cursor{"", "another:1", "another"} {
			if _, ok, err := s.ChangedSince(ctx, c, 99); ok || err != nil {
				t.Errorf("cursor %q: %v, %v; want that it is not ours", c, ok, err)
			}
			for _, err := range s.Advisories(ctx, c) {
				if !errors.Is(err, tocsin.ErrInvalid) {
					t.Errorf("cursor %q: %v, want ErrInvalid", c, err)
				}
			}
		}
		known, err := s.KnownAdvisories(ctx, "osv")
		if err != nil || len(known) != 1 || known["A"].Digest != "d:a2" || !known["A"].Modified.Equal(day) {
			t.Errorf("known = %v, %v", known, err)
		}
		if r, err := s.Advisory(ctx, "A"); err != nil || string(r.Body) != "a2" {
			t.Errorf("A = %s, %v", r.Body, err)
		}
		if _, err := s.Advisory(ctx, "B"); !errors.Is(err, tocsin.ErrNotFound) {
			t.Errorf("B: %v", err)
		}
		feeds, err := s.Feeds(ctx)
		if err != nil || len(feeds) != 1 || feeds[0].Name != "osv" || !feeds[0].SyncedAt.Equal(day.Add(2*time.Hour)) {
			t.Errorf("feeds = %v, %v", feeds, err)
		}
	})
}

// TestManyAdvisories: records that do not fit into one statement are kept as one by one, and what comes again takes the place of what
// stands. One that comes twice in a sync undoes all of it, wherever it comes.
func TestManyAdvisories(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		const n = 1234
		many := func(body string, twice int) iter.Seq2[Revision, error] {
			return func(yield func(Revision, error) bool) {
				for i := range n + 1 {
					if i == n && twice < 0 {
						return
					}
					r := Revision{ID: fmt.Sprintf("A-%04d", i), Digest: body, Modified: day, Body: fmt.Append(nil, body, " ", i)}
					if i == n {
						r.ID = fmt.Sprintf("A-%04d", twice)
					}
					if !yield(r, nil) {
						return
					}
				}
			}
		}
		state := tocsin.FeedState{Name: "osv"}
		for hour, body := range []string{"one", "two", "three"} {
			at := day.Add(time.Duration(hour) * time.Hour)
			for _, twice := range []int{0, n - 1} {
				if err := s.UpdateFeed(ctx, FeedUpdate{State: state, At: at, Changed: many(body, twice)}); !errors.Is(err, tocsin.ErrConflict) {
					t.Errorf("record %d came twice: %v", twice, err)
				}
			}
			if err := s.UpdateFeed(ctx, FeedUpdate{State: state, At: at, Changed: many(body, -1)}); err != nil {
				t.Fatal(err)
			}
			now, err := s.Cursor(ctx, at)
			if err != nil {
				t.Fatal(err)
			}
			i := 0
			for r, err := range s.Advisories(ctx, now) {
				if err != nil {
					t.Fatal(err)
				}
				if want := fmt.Sprintf("A-%04d %s %d", i, body, i); fmt.Sprintf("%s %s", r.ID, r.Body) != want || r.Digest != body || !r.SeenAt.Equal(at) {
					t.Fatalf("%+v, want %s", r, want)
				}
				i++
			}
			if i != n {
				t.Errorf("%d records stand, want %d", i, n)
			}
		}
		if known, err := s.KnownAdvisories(ctx, "osv"); err != nil || len(known) != n {
			t.Errorf("%d known, %v", len(known), err)
		}
	})
}

// TestFailedUpdateLeavesNothing: a sync is kept whole or not at all.
func TestFailedUpdateLeavesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		broken := errors.New("torn")
		for name, u := range map[string]FeedUpdate{
			"while reading": {Changed: func(yield func(Revision, error) bool) {
				if yield(Revision{ID: "A", Body: []byte("a")}, nil) {
					yield(Revision{}, broken)
				}
			}},
			"at the end": {Changed: revisions(Revision{ID: "A", Body: []byte("a")}), Finish: func() (tocsin.FeedState, []string, error) {
				return tocsin.FeedState{}, nil, broken
			}},
		} {
			u.State, u.At = tocsin.FeedState{Name: "osv"}, day
			if err := s.UpdateFeed(ctx, u); !errors.Is(err, broken) {
				t.Errorf("%s: err = %v", name, err)
			}
			if known, err := s.KnownAdvisories(ctx, "osv"); err != nil || len(known) != 0 {
				t.Errorf("%s: %v, %v", name, known, err)
			}
		}
	})
}

func TestDocuments(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		if d, err := s.DocumentDigest(ctx, "kev", day); err != nil || d != "" {
			t.Errorf("no document: %v, %v", d, err)
		}
		if _, err := s.Document(ctx, "kev", "d"); !errors.Is(err, tocsin.ErrNotFound) {
			t.Errorf("no document: %v", err)
		}
		for i, text := range []string{"one", "two"} {
			err := s.UpdateFeed(ctx, FeedUpdate{State: tocsin.FeedState{Name: "kev"}, At: day.Add(time.Duration(i) * time.Hour), Document: []byte(text), Digest: "d" + text})
			if err != nil {
				t.Fatal(err)
			}
		}
		for at, want := range map[time.Duration]string{-time.Hour: "", 0: "one", time.Hour: "two", 24 * time.Hour: "two"} {
			digest, err := s.DocumentDigest(ctx, "kev", day.Add(at))
			if err != nil {
				t.Fatal(err)
			}
			if want == "" {
				if digest != "" {
					t.Errorf("as of %v: %s, want none", at, digest)
				}
				continue
			}
			if body, err := s.Document(ctx, "kev", digest); err != nil || string(body) != want {
				t.Errorf("as of %v: %s, %v, want %s", at, body, err, want)
			}
		}
	})
}

func incident(version int) tocsin.Incident {
	return tocsin.Incident{Key: "INC-1", Version: version, State: tocsin.StateDetected, Urgency: tocsin.UrgencyEmergency, OpenedAt: day}
}

func TestCommitIsWhole(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		inv := tocsin.Inventory{Project: "p", Source: "s", TakenAt: day, Packages: []tocsin.Package{{Ecosystem: "npm", Name: "a", Version: "1"}}}
		inv.Seal()
		d := tocsin.Decision{Project: "p", Inventory: inv.Digest, Snapshot: "s", Policy: "x", At: day, Gate: tocsin.GateFail}
		o := Outcome{
			Judged: []Judged{{Project: "p", At: day, Inventory: &inv, Decisions: []tocsin.Decision{d, d}}}, Incidents: []tocsin.Incident{incident(1)},
			Events: []tocsin.IncidentEvent{{Incident: "INC-1", At: day, Kind: tocsin.EventOpened, Text: "a"}, {Incident: "INC-1", At: day, Kind: tocsin.EventGrew, Text: "b"}},
		}
		if err := s.Commit(ctx, o); err != nil {
			t.Fatal(err)
		}
		got, err := s.Inventories(ctx, "p")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]tocsin.Inventory{inv}, got); diff != "" {
			t.Error(diff)
		}
		if w, err := s.Project(ctx, "p"); err != nil || w.Status.Inventory != inv.Digest || !w.Status.TakenAt.Equal(day) || w.Version != 1 {
			t.Errorf("project %+v, %v", w, err)
		}
		if last, err := s.Newest(ctx, "p"); err != nil || last.Digest != inv.Digest {
			t.Errorf("newest %+v, %v", last, err)
		}
		if _, err := s.Newest(ctx, "other"); !errors.Is(err, tocsin.ErrNotFound) {
			t.Errorf("other: %v", err)
		}
		if list, err := s.Standing(ctx, "p"); err != nil || len(list) != 1 || list[0].Gate != tocsin.GateFail {
			t.Errorf("decisions: %v, %v", list, err)
		}
		events, err := s.Timeline(ctx, "INC-1")
		if err != nil || len(events) != 2 || events[0].Seq != 1 || events[1].Seq != 2 || events[1].Text != "b" {
			t.Errorf("timeline: %v, %v", events, err)
		}

		// Someone else changed the incident: nothing of the outcome is kept.
		stale := Outcome{
			Incidents: []tocsin.Incident{incident(3)}, Events: []tocsin.IncidentEvent{{Incident: "INC-1", At: day}},
			Judged: []Judged{{Project: "q", At: day, Inventory: &tocsin.Inventory{Project: "q", TakenAt: day}}},
		}
		if err := s.Commit(ctx, stale); !errors.Is(err, tocsin.ErrConflict) {
			t.Errorf("err = %v", err)
		}
		if err := s.Commit(ctx, Outcome{Incidents: []tocsin.Incident{incident(1)}}); !errors.Is(err, tocsin.ErrConflict) {
			t.Errorf("opened twice: %v", err)
		}
		if events, _ := s.Timeline(ctx, "INC-1"); len(events) != 2 {
			t.Errorf("the timeline has %d events", len(events))
		}
		if _, err := s.Project(ctx, "q"); !errors.Is(err, tocsin.ErrNotFound) {
			t.Error("an inventory of a failed commit was kept")
		}
		next := incident(2)
		next.State = tocsin.StateResolved
		if err := s.Commit(ctx, Outcome{Incidents: []tocsin.Incident{next}}); err != nil {
			t.Fatal(err)
		}
		if inc, err := s.Incident(ctx, "INC-1"); err != nil || inc.State != tocsin.StateResolved || inc.Version != 2 {
			t.Errorf("%+v, %v", inc, err)
		}
		if _, err := s.Incident(ctx, "INC-2"); !errors.Is(err, tocsin.ErrNotFound) {
			t.Errorf("err = %v", err)
		}
		// An event of an incident that is not there cannot be written.
		if err := s.Commit(ctx, Outcome{Events: []tocsin.IncidentEvent{{Incident: "INC-9", At: day}}}); err == nil {
			t.Error("an event without its incident was kept")
		}
	})
}

func action(key string, revision, approvals int) tocsin.Action {
	return tocsin.Action{Key: key, Revision: revision, Kind: tocsin.ActionIssue, Incident: "INC-1", Approvals: approvals, Payload: []byte(`{}`), CreatedAt: day}
}

func states(t *testing.T, s *Store) map[string]tocsin.ActionState {
	t.Helper()
	rows, err := s.Actions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]tocsin.ActionState{}
	for _, r := range rows {
		out[fmt.Sprintf("%s@%d", r.Action.Key, r.Action.Revision)] = r.State
	}
	return out
}

func TestActionsLive(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		err := s.Commit(ctx, Outcome{Incidents: []tocsin.Incident{incident(1)}, Actions: []tocsin.Action{action("a", 1, 0), action("b", 1, 2)}})
		if err != nil {
			t.Fatal(err)
		}
		if rows, err := s.Open(ctx); err != nil || len(rows) != 1 || rows[0].Action.Key != "a" {
			t.Fatalf("open: %v, %v", rows, err)
		}
		if claimed, err := s.Begin(ctx, "a", 1, day, day.Add(time.Hour)); err != nil || !claimed {
			t.Fatal(claimed, err)
		}
		rows, err := s.Open(ctx)
		if err != nil || rows[0].State != tocsin.ActionSending || rows[0].Attempts != 1 {
			t.Errorf("after Begin: %+v, %v", rows, err)
		}
		event := &tocsin.IncidentEvent{Incident: "INC-1", At: day, Kind: tocsin.EventDelivered, Text: "done"}
		remote := &tocsin.Remote{Key: "a", Repository: "o/r", Number: 7, Revision: 1}
		if err := s.Finish(ctx, tocsin.Delivery{Key: "a", Revision: 1, State: tocsin.ActionDone, Remote: remote, Event: event}); err != nil {
			t.Fatal(err)
		}
		if r, err := s.Remote(ctx, "a"); err != nil || r != *remote {
			t.Errorf("remote %+v, %v", r, err)
		}
		if r, err := s.Remote(ctx, "none"); err != nil || r.Exists() {
			t.Errorf("remote %+v, %v", r, err)
		}
		if events, _ := s.Timeline(ctx, "INC-1"); len(events) != 1 {
			t.Errorf("timeline %v", events)
		}
		// A newer revision takes the place of one that was not carried out, and leaves alone what was.
		err = s.Commit(ctx, Outcome{Actions: []tocsin.Action{action("a", 2, 0), action("b", 2, 2)}})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]tocsin.ActionState{
			"a@1": tocsin.ActionDone, "a@2": tocsin.ActionPending, "b@1": tocsin.ActionSuperseded, "b@2": tocsin.ActionWaiting,
		}
		if diff := cmp.Diff(want, states(t, s)); diff != "" {
			t.Error(diff)
		}
		newest, err := s.NewestActions(ctx)
		if err != nil || newest["a"].Revision != 2 || newest["b"].Revision != 2 {
			t.Errorf("newest: %v, %v", newest, err)
		}
		// The result of a superseded revision is remembered, but does not bring it back.
		if err := s.Finish(ctx, tocsin.Delivery{Key: "b", Revision: 1, State: tocsin.ActionDone, Remote: &tocsin.Remote{Key: "b", Number: 9}}); err != nil {
			t.Fatal(err)
		}
		if got := states(t, s)["b@1"]; got != tocsin.ActionSuperseded {
			t.Errorf("b@1 is %s", got)
		}
		if r, _ := s.Remote(ctx, "b"); r.Number != 9 {
			t.Error("what a superseded revision made is forgotten")
		}
	})
}

func TestApprovals(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		err := s.Commit(ctx, Outcome{Incidents: []tocsin.Incident{incident(1)}, Actions: []tocsin.Action{action("a", 1, 2), action("b", 1, 2), action("c", 1, 0)}})
		if err != nil {
			t.Fatal(err)
		}
		judge := func(key, person string, approve bool) error {
			_, err := s.Judge(ctx, key, person, approve, day)
			return err
		}
		if err := judge("a", "ada", true); err != nil {
			t.Fatal(err)
		}
		if err := judge("a", "ada", true); !errors.Is(err, tocsin.ErrConflict) {
			t.Errorf("one person counted twice: %v", err)
		}
		if got := states(t, s)["a@1"]; got != tocsin.ActionWaiting {
			t.Fatalf("after one approval: %s", got)
		}
		if err := judge("a", "grace", true); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(judge("b", "ada", true), judge("b", "grace", false)); err != nil {
			t.Fatal(err)
		}
		want := map[string]tocsin.ActionState{"a@1": tocsin.ActionPending, "b@1": tocsin.ActionVetoed, "c@1": tocsin.ActionPending}
		if diff := cmp.Diff(want, states(t, s)); diff != "" {
			t.Error(diff)
		}
		if err := judge("b", "edsger", true); !errors.Is(err, tocsin.ErrConflict) {
			t.Errorf("a veto was overruled: %v", err)
		}
		if err := judge("none", "ada", true); !errors.Is(err, tocsin.ErrNotFound) {
			t.Errorf("err = %v", err)
		}
		rows, _ := s.Actions(ctx)
		if !slices.Equal(rows[0].Approved, []string{"ada", "grace"}) {
			t.Errorf("approved by %v", rows[0].Approved)
		}
		events, _ := s.Timeline(ctx, "INC-1")
		if len(events) != 4 || events[0].Actor != "ada" || events[3].Kind != tocsin.EventVetoed {
			t.Errorf("timeline %v", events)
		}
	})
}

func TestMetaIsMadeOnce(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, n := db.open(t), 0
		for range 3 {
			v, err := s.Meta(t.Context(), "key", func() (string, error) { n++; return fmt.Sprint(n), nil })
			if err != nil || v != "1" {
				t.Errorf("%q, %v", v, err)
			}
		}
	})
}

// TestNewerSchemaIsRefused: a database from a newer program is left alone.
func TestNewerSchemaIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := db.open(t)
		if _, err := s.writer.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), db.where); !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), "newer tocsin") {
			t.Errorf("err = %v", err)
		}
	})
}

func TestOpenRefusesWhatIsNoDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(t.Context(), path); err == nil {
		s.Close()
		t.Error("opened")
	}
}

// TestPragmas: the settings that durability rests on are in force, and who reads cannot write.
func TestPragmas(t *testing.T) {
	s := database{Path(t.TempDir())}.open(t)
	for pragma, want := range map[string][2]string{
		"journal_mode": {"wal", "wal"}, "foreign_keys": {"1", "0"}, "busy_timeout": {"10000", "10000"}, "synchronous": {"2", "2"}, "query_only": {"0", "1"},
	} {
		for i, db := range []*sql.DB{s.writer, s.db} {
			var got string
			if err := db.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want[i] {
				t.Errorf("%s = %s, %v; want %s", pragma, got, err, want[i])
			}
		}
	}
}

// TestTwoProcesses: a second process waits for the writer instead of failing.
func TestTwoProcesses(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		a, b := db.open(t), db.open(t)
		done := make(chan error, 2)
		for i, s := range []*Store{a, b} {
			go func() {
				done <- func() error {
					for n := range 25 {
						if err := s.UpdateFeed(context.Background(), FeedUpdate{
							State: tocsin.FeedState{Name: fmt.Sprint(i)}, At: day.Add(time.Duration(n) * time.Second), Document: []byte("x"), Digest: "x",
						}); err != nil {
							return err
						}
					}
					return nil
				}()
			}()
		}
		if err := errors.Join(<-done, <-done); err != nil {
			t.Fatal(err)
		}
		var n int
		if err := a.db.QueryRow(`SELECT COUNT(*) FROM feed_documents`).Scan(&n); err != nil || n != 50 {
			t.Errorf("%d documents, %v", n, err)
		}
	})
}
