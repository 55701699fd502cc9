package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

// TestHostileText: what others wrote into an inventory or an answer stops no commit, on no database.
func TestHostileText(t *testing.T) {
	long := make([]byte, 20_000) // of what does not compress: an index has room for 2704 bytes
	for i := range long {
		long[i] = byte('!' + rand.IntN(90))
	}
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		for i, text := range []string{"a\x00b", "\xff\xfe", string(long), strings.Repeat("é\x00", 300), "'; DROP TABLE actions; --", "\u202e$1"} {
			at := day.Add(time.Duration(i) * time.Hour)
			p := tocsin.Package{Ecosystem: "npm", Name: text, Version: text, Origin: tocsin.Origin{URL: text}}
			decision := tocsin.Decision{Project: "p", Inventory: "i", Snapshot: "s", Policy: "x", At: at, Finding: tocsin.Finding{Package: p}}
			inc := incident(1)
			inc.Key = fmt.Sprint("INC-", i)
			a := action(fmt.Sprint("a", i), 1, 0)
			a.Incident = inc.Key
			run := Shadow{Policy: "sha256:1", Name: "strict", At: at, Decisions: []tocsin.Shadowed{{Project: "p", Class: "c", Package: text, Version: text, Origin: text}}}
			event := tocsin.IncidentEvent{Incident: inc.Key, At: at, Actor: text, Text: text}
			inv := tocsin.Inventory{Project: "p", TakenAt: at, Packages: []tocsin.Package{p}}
			for range 2 { // the second time says the same
				w, err := s.Project(ctx, "p")
				if err != nil && !errors.Is(err, tocsin.ErrNotFound) {
					t.Fatal(err)
				}
				judged := Judged{Project: "p", Version: w.Version, At: at, Inventory: &inv, Decisions: []tocsin.Decision{decision}}
				o := Outcome{Judged: []Judged{judged}, Shadows: []Shadow{run}, Events: []tocsin.IncidentEvent{event}}
				if inc.Version == 1 {
					o.Incidents, o.Actions = []tocsin.Incident{inc}, []tocsin.Action{a}
				}
				if err := s.Commit(ctx, o); err != nil {
					t.Fatalf("%.20q: %v", text, err)
				}
				inc.Version = 2
			}
			if err := s.Finish(ctx, tocsin.Delivery{Key: a.Key, Revision: 1, State: tocsin.ActionFailed, Error: text, Event: &event}); err != nil {
				t.Errorf("%.20q: %v", text, err)
			}
			state := tocsin.FeedState{Name: "osv", Reason: text, Status: tocsin.FeedFailed}
			if err := s.UpdateFeed(ctx, FeedUpdate{State: state, At: at}); err != nil {
				t.Errorf("%.20q: %v", text, err)
			}
		}
		if list, err := s.Shadowed(ctx, "sha256:1", time.Time{}); err != nil || len(list) != 6 {
			t.Errorf("%d answers, %v", len(list), err)
		}
		if list, err := s.Decided(ctx, "p", day.Add(24*time.Hour)); err != nil || len(list) != 6 {
			t.Errorf("%d decisions, %v", len(list), err)
		}
	})
}

func TestNamesInKeys(t *testing.T) {
	long := strings.Repeat("é", 200)
	for in, want := range map[string]string{"": "", "left-pad": "left-pad", "a\x00b\xff": "a\uFFFDb\uFFFD", strings.Repeat("x", maxName): strings.Repeat("x", maxName)} {
		if d := cmp.Diff(want, name(in)); d != "" {
			t.Error(d)
		}
	}
	if one, other := name(long+"1"), name(long+"2"); one == other || len(one) > maxName || !strings.HasPrefix(one, "éé") {
		t.Errorf("%q and %q", one, other)
	}
}

// TestNoPasswordInErrors: whatever is wrong with a URL, its password is not told.
func TestNoPasswordInErrors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{
		"postgres://tocsin:hunter2@" + closed + "/tocsin?sslmode=disable",
		"postgresql://tocsin:hunter2@" + closed + "/tocsin",
		"postgres://tocsin@" + closed + "/tocsin?sslmode=disable&password=hunter2",
		"postgres://tocsin:hunter2@" + closed + "/tocsin?sslmode=hunter2",
		"postgres://tocsin:hunter2@" + closed + "/tocsin?connect_timeout=hunter2",
		"postgres://tocsin:hunter2@" + closed + "/tocsin?sslrootcert=/none/hunter2&sslmode=verify-full",
		"postgres://tocsin:hunter2#/@" + closed + "/tocsin",
		"postgres://tocsin:hunter2%ZZ@" + closed + "/tocsin",
		"postgres://tocsin:5432:hunter2/x@" + closed + "/tocsin",
		"postgres://hunter2:x:y@[::1/tocsin",
		"postgres://tocsin:5432/hunter2@" + closed + "/tocsin",
		"postgres://tocsin:5432#hunter2@" + closed + "/tocsin",
		"postgres://tocsin:5432?hunter2@" + closed + "/tocsin",
		"postgres://tocsin:a@hunter2/b@" + closed + "/tocsin",
	} {
		s, err := Open(t.Context(), where)
		if err == nil {
			_ = s.Close()
		}
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: err = %v", where, err)
		}
	}
}
