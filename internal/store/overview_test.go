package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

// What stood at the end of each day is counted by what was asked for, and what somebody may not see is not counted.
func TestRisksAndLately(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := db.open(t)
		at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		decided := func(project, class string, r tocsin.Response, private bool) tocsin.Decision {
			return tocsin.Decision{Project: project, Gate: tocsin.GateFail, Response: r, At: at, Inventory: "sha256:" + project, Snapshot: "s", Policy: "p",
				Finding: tocsin.Finding{Package: tocsin.Package{Ecosystem: "npm", Name: "left", Version: "1"}, Class: tocsin.Class{ID: class, Private: private}, Status: tocsin.StatusAffected}}
		}
		for i, project := range []string{"pay", "web"} {
			inv := tocsin.Inventory{Project: project, Source: project, TakenAt: at, Packages: []tocsin.Package{{Ecosystem: "npm", Name: "left", Version: "1"}}}
			inv.Seal()
			ds := []tocsin.Decision{decided(project, "CVE-1", tocsin.ResponseEmergency, false), decided(project, "CVE-2", tocsin.ResponseIssue, false), decided(project, "CVE-3", tocsin.ResponseWatch, false),
				decided(project, "SECRET", tocsin.ResponseHold, true)}
			for n := range ds {
				ds[n].Inventory = inv.Digest
			}
			o := Outcome{Judged: []Judged{{Project: project, At: at, Inventory: &inv, Decisions: ds}},
				Incidents: []tocsin.Incident{{Key: "INC-" + project, Version: 1, State: tocsin.StateDetected, Urgency: tocsin.UrgencyEmergency, OpenedAt: at}},
				Events:    []tocsin.IncidentEvent{{Incident: "INC-" + project, At: at.Add(time.Duration(i) * time.Hour), Kind: tocsin.EventOpened, Actor: "tocsin", Text: "opened", TLP: tocsin.TLPAmber}}}
			if err := s.Commit(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
		later := at.AddDate(0, 0, 2)
		empty := tocsin.Inventory{Project: "web", Source: "web", TakenAt: later, Packages: []tocsin.Package{{Ecosystem: "npm", Name: "left", Version: "2"}}}
		empty.Seal()
		if err := s.Commit(t.Context(), Outcome{Judged: []Judged{{Project: "web", Version: 1, At: later, Inventory: &empty}}}); err != nil {
			t.Fatal(err)
		}
		day := func(n, issue, hold, emergency int) tocsin.RiskDay {
			return tocsin.RiskDay{Day: at.Truncate(tocsin.Day).AddDate(0, 0, n), Issue: issue, Hold: hold, Emergency: emergency}
		}
		for name, c := range map[string]struct {
			v    Sight
			want []tocsin.RiskDay
		}{
			"all":      {Sight{All: true, Embargoed: true}, []tocsin.RiskDay{day(-1, 0, 0, 0), day(0, 2, 2, 2), day(1, 2, 2, 2), day(2, 1, 1, 1)}},
			"public":   {Sight{All: true}, []tocsin.RiskDay{day(-1, 0, 0, 0), day(0, 2, 0, 2), day(1, 2, 0, 2), day(2, 1, 0, 1)}},
			"one":      {Sight{Projects: map[string]bool{"web": true}}, []tocsin.RiskDay{day(-1, 0, 0, 0), day(0, 1, 1, 1), day(1, 1, 1, 1), day(2, 0, 0, 0)}},
			"stranger": {Sight{}, []tocsin.RiskDay{day(-1, 0, 0, 0), day(0, 0, 0, 0), day(1, 0, 0, 0), day(2, 0, 0, 0)}},
		} {
			got, err := s.Risks(t.Context(), c.v, at.AddDate(0, 0, -1), 4)
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Error(name, diff, err)
			}
		}
		events, err := s.Lately(t.Context(), at, 10)
		if err != nil || len(events) != 2 || events[0].Incident != "INC-web" || events[1].Incident != "INC-pay" {
			t.Error(events, err)
		}
		if events, err = s.Lately(t.Context(), at.Add(time.Minute), 10); err != nil || len(events) != 1 {
			t.Error(events, err)
		}
	})
}
