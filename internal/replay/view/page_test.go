package view_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin/internal/browser"
	"github.com/tocsin-dev/tocsin/internal/replay"
	"github.com/tocsin-dev/tocsin/internal/replay/view"
)

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

// full is a result with something in every list, and names that somebody chose to do harm.
func full() replay.Result {
	hostile := `<script>alert(1)</script><img src=x onerror=alert(1)> ` + strings.Repeat("long", 60)
	r := replay.Result{
		Since: day("2025-01-01"), Until: day("2026-01-01"), Policies: []string{"emergency"}, Digest: "sha256:0", Projects: []string{"api", "web"},
		Basis: replay.Basis{Records: 3, Reconstructed: 2, SyncedSince: day("2025-06-01"), Inventories: 9, FromHistory: 4, EPSSDays: 3, Exceptions: 1},
		Incidents: []replay.Incident{
			{Key: "INC-1", Class: "CVE-2025-0001", Summary: hostile, Packages: []string{"npm " + hostile}, Opened: day("2025-01-01"), Standing: true, Urgency: "emergency", OpenedAs: "emergency", Rule: "emergency/exploited", State: "detected"},
			{Key: "INC-2", Class: "MAL-2025-1", Packages: []string{"npm left"}, Opened: day("2025-03-01"), Ended: day("2025-03-02"), FixKnown: day("2025-03-03"), Urgency: "hold", OpenedAs: "hold", Rule: "emergency/malware", State: "stood down",
				Projects: []replay.Span{{Project: hostile, From: day("2025-03-01"), To: day("2025-03-02")}}},
			{Key: "INC-3", Class: "CVE-2025-0003", Packages: []string{"PyPI right"}, Opened: day("2025-09-01"), KEV: day("2025-10-01"), Urgency: "routine", OpenedAs: "routine", Rule: "emergency/grave", State: "detected", Exact: true},
		},
		Releases:  []replay.Release{{Project: "api", At: day("2025-05-01"), Gate: "fail", Because: []replay.Judgement{{Package: hostile, Class: "CVE-2025-0001", GateRule: "release-gate/malware"}}}},
		Exploited: []replay.Exploited{{Class: "CVE-2025-0009", Package: hostile, Used: day("2025-02-01"), Since: day("2025-04-01")}},
	}
	r.Measures = replay.Measures{
		Standing: 1, Incidents: 2, Holds: 1, Routine: 1, PerWeek: 0.1, CallsPerWeek: 0.05, Releases: 4, Stopped: 1, Exploited: 1,
		Weeks:      []replay.Week{{Start: day("2025-03-01"), Holds: 1}, {Start: day("2025-08-30"), Routine: 1}},
		HoldsEnded: []replay.Count{{Name: "stood down", Count: 1}}, ByGroup: []replay.Count{{Name: hostile, Count: 2}}, ByRule: []replay.RuleCount{{Rule: "emergency/grave", Incidents: 1}},
	}
	return r
}

// TestPageInABrowser: on a phone and on a desk, nothing scrolls sideways, the page's own policy refuses nothing, and nothing in
// it runs.
func TestPageInABrowser(t *testing.T) {
	var replayed, swept bytes.Buffer
	if err := view.HTML(&replayed, full()); err != nil {
		t.Fatal(err)
	}
	points := []replay.Point{{Value: 0.1, Measures: replay.Measures{CallsPerWeek: 2, Exploited: 4, Caught: 4}}, {Value: 0.9, Measures: replay.Measures{CallsPerWeek: 0.5, Exploited: 4, Caught: 2}}}
	if err := view.SweepHTML(&swept, replay.Sweep{Policy: "team", Number: "floor", Now: 0.5, Points: points}); err != nil {
		t.Fatal(err)
	}
	for name, page := range map[string][]byte{"replay": replayed.Bytes(), "sweep": swept.Bytes()} {
		if bytes.Contains(page, []byte("<script")) || bytes.Contains(page, []byte("ZgotmplZ")) {
			t.Errorf("%s: has a script, or a value that the template refused", name)
		}
		for _, width := range []int64{390, 1280} {
			seen := browser.Look(t, page, width)
			if seen.Wider > 0 || len(seen.Complaints) > 0 || !strings.Contains(seen.Title, "floor") && !strings.Contains(seen.Title, "emergency") || len(seen.Picture) < 10_000 {
				t.Errorf("%s at %d: title %q, %d pixels too wide, picture of %d bytes, console %q", name, width, seen.Title, seen.Wider, len(seen.Picture), seen.Complaints)
			}
		}
	}
}
