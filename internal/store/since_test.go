package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

// TestSinceWhen: when a class was seen and its fix known are told from the first day on, through other versions, through a time
// without a fix, and after the rows of that day are forgotten.
func TestSinceWhen(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		at := func(n int) time.Time { return day.Add(time.Duration(n) * tocsin.Day) }
		say := func(n int, version string, fixed ...string) {
			t.Helper()
			d := tocsin.Decision{Project: "p", At: at(n), Finding: tocsin.Finding{
				Class: tocsin.Class{ID: "A"}, Package: tocsin.Package{Ecosystem: "npm", Name: "left", Version: version}, Fixed: fixed,
			}}
			other := d
			other.Finding.Package.Name, other.Finding.Fixed = "right", nil
			if err := s.Commit(ctx, Outcome{Judged: []Judged{{Project: "p", Version: int64(n), At: at(n), Decisions: []tocsin.Decision{d, other}}}}); err != nil {
				t.Fatal(err)
			}
		}
		check := func(want map[Fix]time.Time) {
			t.Helper()
			got, err := s.FixKnown(ctx, "p")
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("fixes (-want +got)\n%s", d)
			}
			seen, err := s.FirstSeen(ctx, "p")
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(map[string]time.Time{"A": day}, seen); d != "" {
				t.Errorf("seen (-want +got)\n%s", d)
			}
		}
		say(0, "1")
		check(map[Fix]time.Time{})
		known := map[Fix]time.Time{{"A", "npm", "left"}: at(1)}
		say(1, "1", "3")
		check(known)
		say(2, "1", "3") // the same again
		say(3, "2", "3") // another version
		say(4, "2")      // the fix was none
		say(5, "2", "4")
		check(known)
		if n, err := s.Prune(ctx, at(9), Retention{Decisions: tocsin.Day}); err != nil || n != 5 {
			t.Errorf("forgot %d rows, %v", n, err)
		}
		check(known)
	})
}
