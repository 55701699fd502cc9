package store

import (
	"errors"
	"testing"

	"github.com/tocsin-dev/tocsin"
)

// TestHeard: a comment is taken in once as it is, and never again once it was obeyed; nothing else of the outcome is kept then.
func TestHeard(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		inc := tocsin.Incident{Key: "INC-1", Version: 1, State: tocsin.StateDetected, Urgency: tocsin.UrgencyEmergency, OpenedAt: day}
		if err := s.Commit(ctx, Outcome{Incidents: []tocsin.Incident{inc}, Heard: &Heard{Comment: 1, Digest: "a", At: day}}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			h    Heard
			want error
		}{
			{Heard{1, "a", false, day}, ErrHeard},
			{Heard{1, "b", true, day}, nil}, // it was changed, and nothing was done before
			{Heard{1, "c", true, day}, ErrHeard},
			{Heard{2, hostile, true, day}, nil},
		} {
			next := inc
			next.Version++
			err := s.Commit(ctx, Outcome{Incidents: []tocsin.Incident{next}, Heard: &c.h})
			if !errors.Is(err, c.want) {
				t.Errorf("%+v: %v, want %v", c.h, err, c.want)
			}
			if err == nil {
				inc = next
			}
		}
		if got, err := s.Incident(ctx, "INC-1"); err != nil || got.Version != inc.Version {
			t.Errorf("version %d, want %d, %v", got.Version, inc.Version, err)
		}
		for _, c := range []struct {
			comment int64
			digest  string
			want    bool
		}{{1, "z", true}, {2, "z", true}, {3, "z", false}} {
			if got, err := s.Heard(ctx, c.comment, c.digest); err != nil || got != c.want {
				t.Errorf("comment %d: %t, %v", c.comment, got, err)
			}
		}
	})
}
