package store

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

// What was kept of a drill is given back as it was, the newest first.
func TestDrillsAreKept(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := db.open(t)
		at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		var want []tocsin.DrillRun
		for i, name := range []string{"xz-2024", "log4shell-2021"} {
			one, err := s.AddDrill(t.Context(), tocsin.DrillRun{Drill: name, Title: "a title", At: at.Add(time.Duration(i) * time.Hour), By: tocsin.Actor{ID: "ADA", Name: "Ada"}, Score: i, Of: 5, Result: json.RawMessage(`{"score":1}`)})
			if err != nil || one.ID == "" {
				t.Fatal(one.ID, err)
			}
			want = append([]tocsin.DrillRun{one}, want...)
		}
		got, err := s.Drills(t.Context(), 10)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Error(diff, err)
		}
		if one, err := s.Drill(t.Context(), want[0].ID); err != nil || one.Drill != "log4shell-2021" {
			t.Error(one, err)
		}
		if _, err := s.Drill(t.Context(), "none"); !errors.Is(err, tocsin.ErrNotFound) {
			t.Error(err)
		}
	})
}
