package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// TestPages: page by page, all incidents come newest first and all actions by key, each once, in its newest revision.
func TestPages(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		var o Outcome
		for i, minute := range []int{1, 0, 1, 2, 1} { // three at once
			inc := incident(1)
			inc.Key, inc.OpenedAt = fmt.Sprint("INC-", i), day.Add(time.Duration(minute)*time.Minute)
			if i == 3 {
				inc.Urgency = tocsin.UrgencyHold
			}
			o.Incidents = append(o.Incidents, inc)
			for revision := 1; revision <= 1+i%2; revision++ {
				o.Actions = append(o.Actions, tocsin.Action{Key: fmt.Sprint("a", i), Revision: revision, Incident: inc.Key})
			}
		}
		if err := s.Commit(ctx, o); err != nil {
			t.Fatal(err)
		}
		for q, want := range map[IncidentQuery]string{
			{}:                                 "INC-3 INC-4 INC-2 INC-0 INC-1",
			{Urgency: tocsin.UrgencyEmergency}: "INC-4 INC-2 INC-0 INC-1",
			{Urgency: tocsin.UrgencyHold, State: tocsin.StateDetected}: "INC-3",
			{State: tocsin.StateResolved}:                              "",
			{Urgency: "no\x00"}:                                        "",
			{After: "INC-2"}:                                           "INC-0 INC-1",
		} {
			for q.Limit = 1; q.Limit < 7; q.Limit++ {
				var got []string
				for each := q; ; {
					page, err := s.IncidentPage(ctx, each)
					if err != nil {
						t.Fatal(err)
					}
					for _, inc := range page {
						got = append(got, inc.Key)
						each.After = inc.Key
					}
					if len(page) < q.Limit {
						break
					}
				}
				if g := strings.Join(got, " "); g != want {
					t.Errorf("%+v: %s, want %s", q, g, want)
				}
			}
		}
		for q, want := range map[ActionQuery]string{
			{}:                                "a0/1 a1/2 a2/1 a3/2 a4/1",
			{Incident: "INC-1"}:               "a1/2",
			{Key: "a3"}:                       "a3/2",
			{Key: "a9"}:                       "",
			{State: tocsin.ActionSuperseded}:  "",
			{State: tocsin.ActionPending}:     "a0/1 a1/2 a2/1 a3/2 a4/1",
			{After: "a3", Key: "", State: ""}: "a4/1",
		} {
			for q.Limit = 1; q.Limit < 7; q.Limit++ {
				var got []string
				for each := q; ; {
					page, err := s.ActionPage(ctx, each)
					if err != nil {
						t.Fatal(err)
					}
					for _, r := range page {
						got = append(got, fmt.Sprintf("%s/%d", r.Action.Key, r.Action.Revision))
						each.After = r.Action.Key
					}
					if len(page) < q.Limit {
						break
					}
				}
				if g := strings.Join(got, " "); g != want {
					t.Errorf("%+v: %s, want %s", q, g, want)
				}
			}
		}
	})
}

// TestWhoInPages: page by page, each resolution that is seen comes once, with its builds, be the package there from two sources.
func TestWhoInPages(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		for _, slug := range []string{"a", "b", "c"} {
			for n := range 2 {
				at := day.AddDate(0, 0, n)
				inv := tocsin.Inventory{Project: slug, TakenAt: at, Packages: []tocsin.Package{npm("left", fmt.Sprint(n)), npm("left", "9")}}
				inv.Packages[0].SourceName = "src"
				inv.Packages = append(inv.Packages, npm("left", fmt.Sprint(n)))
				inv.Seal()
				j := Judged{Project: slug, Version: int64(n), At: at, Inventory: &inv, Build: &tocsin.Build{Project: slug, At: at, Inventory: inv.Digest}}
				if err := s.Commit(ctx, Outcome{Judged: []Judged{j}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		for name, c := range map[string]struct {
			sight Sight
			want  string
		}{
			"all":  {Sight{All: true}, "a 0 1; a 1 1; a 9 2; b 0 1; b 1 1; b 9 2; c 0 1; c 1 1; c 9 2"},
			"some": {Sight{Projects: map[string]bool{"b": false}}, "b 0 1; b 1 1; b 9 2"},
			"none": {Sight{}, ""},
		} {
			for limit := range 11 {
				var got []string
				for q := (WhoQuery{Sight: c.sight, Ecosystem: "npm", Name: "left", To: farAhead, Limit: limit}); ; {
					page, err := s.Who(ctx, q)
					if err != nil {
						t.Fatal(err)
					}
					for _, r := range page {
						if r.Total != len(r.Builds) || r.Version == "0" == r.Until.IsZero() {
							t.Errorf("%+v", r)
						}
						got = append(got, fmt.Sprint(r.Project, " ", r.Version, " ", r.Total))
						q.After = ResolutionPlace(r)
					}
					if limit == 0 || len(page) < limit {
						break
					}
				}
				if g := strings.Join(got, "; "); g != c.want {
					t.Errorf("%s by %d: %s, want %s", name, limit, g, c.want)
				}
			}
		}
		for _, after := range []string{"x", `["a"]`, `["a","b","c","d","e"]`} {
			if _, err := s.Who(ctx, WhoQuery{After: after}); !errors.Is(err, tocsin.ErrInvalid) {
				t.Errorf("after %q: %v", after, err)
			}
		}
	})
}

// What is open for the store is what is not over for everybody else.
func TestOpenIsNotOver(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := db.open(t)
		for i, state := range []tocsin.IncidentState{tocsin.StateHold, tocsin.StateDetected, tocsin.StateMobilised, tocsin.StateContained, tocsin.StateFixValidated, tocsin.StateReopened,
			tocsin.StateResolved, tocsin.StateReviewed, tocsin.StateStoodDown, tocsin.StateMerged} {
			inc := tocsin.Incident{Key: fmt.Sprintf("INC-%d", i), Version: 1, State: state, Urgency: tocsin.UrgencyEmergency, OpenedAt: day}
			if err := s.Commit(t.Context(), Outcome{Incidents: []tocsin.Incident{inc}}); err != nil {
				t.Fatal(err)
			}
		}
		seen := 0
		for _, open := range []bool{true, false} {
			got, err := s.IncidentPage(t.Context(), IncidentQuery{Open: &open, Limit: 100})
			if err != nil {
				t.Fatal(err)
			}
			seen += len(got)
			for _, inc := range got {
				if inc.State.Over() == open {
					t.Errorf("open %v: %s", open, inc.State)
				}
			}
		}
		if seen != 10 {
			t.Errorf("%d of 10 are open or over", seen)
		}
	})
}
