package main

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// TestShowSaysWhatHoldsAFixUp: who looks at an incident sees which check of which commit keeps the fix from counting.
func TestShowSaysWhatHoldsAFixUp(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	inc := tocsin.Incident{
		Key: "INC-1", State: tocsin.StateMobilised, Urgency: tocsin.UrgencyEmergency, Checks: []tocsin.Check{{Criterion: "c", Project: "shop", Says: "no check failed"}, {OK: true, Says: "this holds"}},
		Projects: []tocsin.IncidentProject{{Slug: "shop", Status: tocsin.ProjectPatched, Checks: tocsin.CommitChecks{Commit: strings.Repeat("a", 40), Since: now.Add(-time.Hour), AskedAt: now}}},
	}
	for _, tt := range []struct {
		runs []tocsin.CheckRun
		want []string
	}{
		{[]tocsin.CheckRun{{Name: "a\nbuild", State: tocsin.CheckFailed, Required: true}, {Name: "lint", State: tocsin.CheckFailed}},
			[]string{"    checks of aaaaaaaaaaaa: failed: a build\n", "  the fix does not count before:\n    shop           no check failed\n  to do:\n    checks         shop: the check a build failed"}},
		{[]tocsin.CheckRun{{Name: "build", State: tocsin.CheckPending, Required: true}}, []string{"aaaaaaaaaaaa: pending: build\n"}},
		{[]tocsin.CheckRun{{Name: "build", State: tocsin.CheckPassed, Required: true}}, []string{"aaaaaaaaaaaa: passed\n"}},
		{[]tocsin.CheckRun{{Name: "build", State: tocsin.CheckMissing, Required: true}}, []string{"aaaaaaaaaaaa: pending\n"}},
		{nil, []string{"aaaaaaaaaaaa: unknown: nothing ran that counts\n"}},
	} {
		inc.Projects[0].Checks.Runs, inc.Projects[0].Checks.Unknown = tt.runs, ""
		if tt.runs == nil {
			inc.Projects[0].Checks.Unknown = "nothing ran that counts"
		}
		var out strings.Builder
		timeline(&out, inc, tocsin.Playbook{}, nil, nil)
		for _, want := range tt.want {
			if !strings.Contains(out.String(), want) || strings.Contains(out.String(), "lint") || strings.Contains(out.String(), "this holds") {
				t.Errorf("no %q in\n%s", want, out.String())
			}
		}
	}
}
