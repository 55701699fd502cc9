package replay_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/replay"
	"github.com/tocsin-dev/tocsin/internal/replay/view"
)

// TestReportShadow: what was judged otherwise is told axis by axis, and summed up by incident, release and rule.
func TestReportShadow(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 3, n, 6, 0, 0, 0, time.UTC) }
	gate := func(g tocsin.Gate, rule string) tocsin.Ruling {
		return tocsin.Ruling{Gate: g, Response: tocsin.ResponseNone, GateRule: rule}
	}
	respond := func(r tocsin.Response, rule string) tocsin.Ruling {
		return tocsin.Ruling{Gate: tocsin.GatePass, Response: r, ResponseRule: rule}
	}
	silent := gate(tocsin.GatePass, "")
	ledger := []tocsin.Shadowed{
		{Project: "api", Class: "CVE-1", Package: "left", Live: silent, Shadow: gate(tocsin.GateFail, "new/all"), Since: day(1), Until: day(3)},
		{Project: "api", Class: "CVE-2", Package: "right", Live: silent, Shadow: silent, Since: day(1)},
		{Project: "web", Class: "CVE-1", Package: "left", Live: gate(tocsin.GateFail, "old/most"), Shadow: gate(tocsin.GateFail, "new/all"), Since: day(1)},
		{Project: "web", Class: "CVE-3", Package: "up", Live: respond(tocsin.ResponseHold, "old/odd"), Shadow: silent, Since: day(2)},
		{Project: "api", Class: "CVE-4", Package: "down", Live: respond(tocsin.ResponseWatch, ""), Shadow: respond(tocsin.ResponseEmergency, "new/kev"), Since: day(2)},
		{Project: "web", Class: "CVE-4", Package: "down", Live: respond(tocsin.ResponseWatch, ""), Shadow: respond(tocsin.ResponseIssue, "new/kev"), Since: day(2)},
		{Project: "web", Class: "CVE-5", Package: "strange", Live: respond(tocsin.ResponseEmergency, "old/kev"), Shadow: respond(tocsin.ResponseIssue, "new/kev"), Since: day(2)},
		{Project: "api", Class: "CVE-1", Package: "left", Live: silent, Shadow: silent, Since: day(3)},
	}
	r := replay.ReportShadow(tocsin.ShadowRun{Policy: "sha256:0123456789abcdef", Name: "new", First: day(1), Last: day(9), Runs: 9}, ledger, time.Time{})
	if r.Findings != 7 || r.Agreed != 2 || len(r.Differences) != 5 {
		t.Errorf("%d findings, %d agreed, %d differences", r.Findings, r.Agreed, len(r.Differences))
	}
	wantIncidents := []replay.ShadowIncident{
		{Change: replay.Lost, Class: "CVE-3", Since: day(2), Response: tocsin.ResponseHold, Projects: []string{"web"}},
		{Change: replay.Gained, Class: "CVE-4", Since: day(2), Response: tocsin.ResponseEmergency, Projects: []string{"api", "web"}},
	}
	wantReleases := []replay.ShadowRelease{{Change: replay.Gained, Project: "api", Since: day(1), Class: "CVE-1", Package: "left ", Rule: "new/all"}}
	wantRules := []replay.ShadowRule{{Rule: "new/kev", Response: 3}, {Rule: "new/all", Gate: 1}, {Rule: "old/odd", Response: 1}}
	if d := cmp.Diff(wantIncidents, r.Incidents) + cmp.Diff(wantReleases, r.Releases) + cmp.Diff(wantRules, r.ByRule); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	var table, text bytes.Buffer
	if err := view.ShadowTable(&table, []replay.ShadowReport{r}, view.Options{Rows: 3}); err != nil {
		t.Fatal(err)
	}
	if err := view.ShadowMarkdown(&text, []replay.ShadowReport{r}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"new in shadow, from 2026-03-01 06:00 to 2026-03-09 06:00", "9 runs since 2026-03-01 06:00; version sha256:0123456789ab; none of it was acted on", "2 of 7 judged alike",
		"1 gained", "1 lost, 2 louder, 1 quieter", "1 more would have been opened, 1 fewer", "1 more would have been stopped, 0 fewer", "2026-03-01 06:00 to 2026-03-03 06:00",
	} {
		if !strings.Contains(table.String(), want) || !strings.Contains(strings.ReplaceAll(text.String(), "&#8203;", ""), want) {
			t.Errorf("%q is missing in\n%s\n%s", want, table.String(), text.String())
		}
	}
	if !strings.Contains(table.String(), "… and 2 more (--all shows them)") {
		t.Errorf("the table is not cut:\n%s", table.String())
	}
}
