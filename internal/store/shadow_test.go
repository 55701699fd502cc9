package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

// TestShadowLedger: a row is one answer for the time that it stood; runs that say the same add none.
func TestShadowLedger(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := db.open(t)
		says := func(project, class string, shadow tocsin.Gate) tocsin.Shadowed {
			return tocsin.Shadowed{Project: project, Class: class, Package: "left", Live: tocsin.Ruling{Gate: tocsin.GatePass}, Shadow: tocsin.Ruling{Gate: shadow}}
		}
		n := 0
		run := func(whole []string, list ...tocsin.Shadowed) {
			t.Helper()
			err := s.Commit(t.Context(), Outcome{Shadows: []Shadow{{Policy: "sha256:1", Name: "strict", At: day.Add(time.Duration(n) * time.Hour), Decisions: list, Whole: whole}}})
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		all := []string{"api", "web"}
		for range 3 {
			run(all, says("api", "CVE-1", tocsin.GateFail), says("web", "CVE-1", tocsin.GatePass))
		}
		run([]string{"api"}, says("api", "CVE-1", tocsin.GateWarn))                            // another answer; web could not be read
		run(all, says("api", "CVE-1", tocsin.GateWarn))                                        // web no longer has it
		run(all, says("api", "CVE-1", tocsin.GateFail), says("web", "CVE-1", tocsin.GatePass)) // as it was
		n -= 6                                                                                 // the clock goes back
		run(all, says("api", "CVE-1", tocsin.GatePass), says("web", "CVE-1", tocsin.GatePass)) // and meets the first row
		run(all, says("api", "CVE-1", tocsin.GatePass), says("web", "CVE-1", tocsin.GatePass)) //
		type row struct {
			Project      string
			Shadow       tocsin.Gate
			Since, Until int // hours, -1 while it stands
		}
		hours := func(t time.Time) int {
			if t.IsZero() {
				return -1
			}
			return int(t.Sub(day).Hours())
		}
		list, err := s.Shadowed(t.Context(), "sha256:1", time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		var got []row
		for _, d := range list {
			got = append(got, row{d.Project, d.Shadow.Gate, hours(d.Since), hours(d.Until)})
		}
		want := []row{
			{"api", tocsin.GatePass, 0, -1}, {"web", tocsin.GatePass, 0, 4}, {"api", tocsin.GateWarn, 3, 5}, {"api", tocsin.GateFail, 5, 0}, {"web", tocsin.GatePass, 5, -1},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		if later, err := s.Shadowed(t.Context(), "sha256:1", day.Add(4*time.Hour)); err != nil || len(later) != 3 {
			t.Errorf("%+v, %v", later, err)
		}
		runs, err := s.ShadowRuns(t.Context())
		if d := cmp.Diff([]tocsin.ShadowRun{{Policy: "sha256:1", Name: "strict", First: day, Last: day.Add(time.Hour), Runs: 8}}, runs); d != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, d)
		}
	})
}

// TestInventoryBefore: it stays the same until the inventory changes, and lacks nothing that could be read.
func TestInventoryBefore(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := db.open(t)
		n, kept := 0, 0
		take := func(version string, status tocsin.FileStatus) tocsin.Inventory { // beside a file that can never be read
			t.Helper()
			inv := tocsin.Inventory{Project: "api", TakenAt: day.Add(time.Duration(n) * time.Hour), Packages: []tocsin.Package{{Ecosystem: "npm", Name: "left", Version: version}}}
			inv.Coverage.Files = []tocsin.FileCoverage{{Path: "broken/package-lock.json", Status: tocsin.FileFailed}, {Path: "package-lock.json", Status: status}}
			inv.Seal()
			n++
			return inv
		}
		for _, step := range []struct {
			version string
			status  tocsin.FileStatus
			before  string
		}{
			{"1", tocsin.FileRead, ""}, {"2", tocsin.FileRead, "1"}, {"2", tocsin.FileRead, "1"}, {"", tocsin.FileFailed, "2"},
			{"2", tocsin.FileRead, "1"}, {"3", tocsin.FileRead, "2"}, {"2", tocsin.FileRead, "3"}, {"2", tocsin.FileRead, "3"},
		} {
			inv := take(step.version, step.status)
			before, err := s.InventoryBefore(t.Context(), inv)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if before != nil {
				got = before.Packages[0].Version
			}
			if got != step.before {
				t.Errorf("inventory %d, version %q: before is %q, want %q", n, step.version, got, step.before)
			}
			last, err := s.Newest(t.Context(), "api")
			if err == nil && last.Digest == inv.Digest {
				continue // as the pipeline keeps it only where it changed
			}
			kept++
			if err := s.Commit(t.Context(), Outcome{Judged: []Judged{{Project: "api", Version: int64(kept - 1), At: inv.TakenAt, Inventory: &inv}}}); err != nil {
				t.Fatal(err)
			}
		}
	})
}
