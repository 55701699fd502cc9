package store

import (
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// TestNewestBuild: the newest build that says what it was made of, with new packages or the same ones.
func TestNewestBuild(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		want := func(ref string, at time.Time) {
			t.Helper()
			if b, err := s.NewestBuild(ctx, "p"); err != nil || b.Ref != ref || !b.At.Equal(at) {
				t.Fatalf("%+v, %v: want %q at %s", b, err, ref, at)
			}
		}
		want("", time.Time{})
		inv := tocsin.Inventory{Project: "p", TakenAt: day}
		inv.Seal()
		j := Judged{Project: "p", At: day, Inventory: &inv, Build: &tocsin.Build{Project: "p", At: day, Inventory: inv.Digest, Ref: "a"}}
		if err := s.Commit(ctx, Outcome{Judged: []Judged{j}}); err != nil {
			t.Fatal(err)
		}
		want("a", day)
		for i, ref := range []string{"b", "", "a"} { // the last was told before
			if err := s.PutBuild(ctx, tocsin.Build{Project: "p", At: day.Add(time.Duration(i+1) * time.Hour), Inventory: inv.Digest, Ref: ref}); err != nil {
				t.Fatal(err)
			}
		}
		want("b", day.Add(time.Hour))
		if b, err := s.NewestBuild(ctx, "q"); err != nil || b != (tocsin.Build{}) {
			t.Errorf("%+v, %v", b, err)
		}
	})
}
