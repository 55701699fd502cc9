package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin/internal/replay"
)

// commits makes a repository with one commit for each moment, in which one file has a text.
func commits(t *testing.T, file string, texts ...[2]string) string {
	t.Helper()
	return commitsIn(t, t.TempDir(), file, texts...)
}

// commitsIn does so in a folder; what is there already is in the first commit.
func commitsIn(t *testing.T, dir, file string, texts ...[2]string) string {
	t.Helper()
	repo, err := git.PlainInit(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	work, err := repo.Worktree()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range texts {
		put(t, dir, file, c[1])
		if err := work.AddWithOptions(&git.AddOptions{All: true}); err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse("2006-01-02 15:04", c[0])
		if err != nil {
			t.Fatal(err)
		}
		who := &object.Signature{Name: "a", Email: "a@example.org", When: at}
		if _, err := work.Commit(c[0], &git.CommitOptions{Author: who, Committer: who}); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func npmLock(packages string) string {
	var b strings.Builder
	b.WriteString(`{"name":"web","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"web","version":"1.0.0"}`)
	for p := range strings.SplitSeq(packages, ", ") {
		name, version, _ := strings.Cut(p, " ")
		fmt.Fprintf(&b, `,"node_modules/%s":{"version":%q}`, name, version)
	}
	b.WriteString("}}")
	return b.String()
}

// famous are two repositories that took the bad releases of 2025 and 2026 at the hours when they were out.
func famous(t *testing.T) (web, ci string) {
	t.Helper()
	web = commits(t, "package-lock.json",
		[2]string{"2025-01-10 10:00", npmLock("debug 4.4.1, chalk 5.6.0, axios 1.13.0")},
		[2]string{"2025-09-08 13:40", npmLock("debug 4.4.2, chalk 5.6.1, axios 1.13.0")},
		[2]string{"2025-09-13 20:00", npmLock("debug 4.4.3, chalk 5.6.2, axios 1.13.0")},
		[2]string{"2026-03-31 00:40", npmLock("debug 4.4.3, chalk 5.6.2, axios 1.14.1")},
		[2]string{"2026-03-31 06:00", npmLock("debug 4.4.3, chalk 5.6.2, axios 1.14.0")},
	)
	workflow := func(version string) string {
		return "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: tj-actions/changed-files@" + version + "\n"
	}
	return web, commits(t, ".github/workflows/ci.yml", [2]string{"2024-12-01 10:00", workflow("v44")}, [2]string{"2025-03-17 10:00", workflow("v46.0.1")})
}

// TestReplayLandmarks: with nothing but the program and two repositories, the famous incidents come at the hours when their
// advisories came.
func TestReplayLandmarks(t *testing.T) {
	web, ci := famous(t)
	args := []string{"policy", "replay", "emergency", "release-gate", "--data", t.TempDir(), "--git", "web=" + web, "--git", "ci=" + ci, "--since", "2025-01-15", "--until", "2026-08-01"}
	out := call(t, append(args, "--format", "json")...)
	out.wants(t, exitPass)
	var r replay.Result
	if err := json.Unmarshal([]byte(out.stdout), &r); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, inc := range r.Incidents {
		got = append(got, fmt.Sprint(inc.Opened.Format("2006-01-02 15:04 "), inc.Class, " ", inc.OpenedAs, " in ", inc.Projects[0].Project, ", ", inc.State, inc.Ended.Format(" 2006-01-02 15:04")))
	}
	want := []string{
		"2025-03-15 00:00 CVE-2025-30066 hold in ci, resolved 2025-03-17 10:00",
		"2025-09-08 14:26 MAL-2025-46974 hold in web, resolved 2025-09-13 20:00",
		"2025-09-08 17:11 MAL-2025-46969 emergency in web, resolved 2025-09-13 20:00",
		"2026-03-31 03:15 MAL-2026-2307 emergency in web, resolved 2026-03-31 06:00",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	// The bad releases went out before anybody knew: no gate could have stopped them.
	if r.Measures.Stopped != 0 || r.Measures.Releases != 5 || r.Basis.Reconstructed != r.Basis.Records {
		t.Errorf("%+v, %+v", r.Measures, r.Basis)
	}
	call(t, args...).wants(t, exitPass, "all reconstructed", "4: 2 emergencies, 2 holds", "2026-03-31 03:15 ~", "4 of 4 caught", "only the embedded advisories")
	call(t, append(args, "--format", "markdown")...).wants(t, exitPass, "### Incidents (4)", "| 2025-09-08 14:")
	page := call(t, append(args, "--format", "html")...)
	page.wants(t, exitPass, "<svg", "MAL-2026-2307 npm axios")
	if strings.Contains(page.stdout, "<script") || strings.Contains(page.stdout, "ZgotmplZ") {
		t.Error("the page has a script or a value that was refused")
	}
}

func TestReplayComparesAndSweeps(t *testing.T) {
	web, _ := famous(t)
	policy := put(t, t.TempDir(), "team.yaml", `policy: team
let:
  - {name: reporters, be: 2}
response:
  default: none
  rules:
    - name: malware
      when: advisory.kind == "malware" && finding.match == "exact" && size(advisory.origins) >= reporters()
      then: emergency
      severity: critical
      playbook: malicious-package
      because: it is malicious
`)
	past := []string{"--data", t.TempDir(), "--git", web, "--since", "2025-01-15", "--until", "2026-08-01"}
	call(t, append([]string{"policy", "diff", "emergency", policy}, past...)...).wants(t, exitPass, "3 → 2", "1 lost", "MAL-2025-46974")
	call(t, append([]string{"policy", "diff", "emergency", "emergency", "--format", "markdown"}, past...)...).wants(t, exitPass, "3 → 3", "the same")
	out := call(t, append([]string{"policy", "sweep", policy, "--param", "reporters=1..3/3", "--format", "json"}, past...)...)
	out.wants(t, exitPass)
	var s replay.Sweep
	if err := json.Unmarshal([]byte(out.stdout), &s); err != nil {
		t.Fatal(err)
	}
	var caught []int
	for _, p := range s.Points {
		caught = append(caught, p.Measures.Caught)
	}
	if d := cmp.Diff([]int{3, 2, 0}, caught); d != "" || s.Now != 2 {
		t.Errorf("%s, now %v", d, s.Now)
	}
	call(t, append([]string{"policy", "sweep", policy, "--param", "reporters=1..3/3"}, past...)...).wants(t, exitPass, "reporters of", "3 of 3", "█")
	call(t, append([]string{"policy", "sweep", policy, "--param", "reporters=1..3/3", "--format", "html"}, past...)...).wants(t, exitPass, "<polyline")
	for _, bad := range [][]string{
		{"policy", "replay", "emergency"}, {"policy", "replay", "emergency", "--git", t.TempDir()}, {"policy", "replay", "emergency", "--git", web, "--since", "yesterday"},
		{"policy", "replay", "emergency", "--git", web, "--since", "2026-01-01", "--until", "2025-01-01"}, {"policy", "replay", "emergency", "--git", web, "--exposure", "wide"},
		{"policy", "sweep", policy, "--git", web, "--param", "reporter=1..3"}, {"policy", "sweep", policy, "--git", web, "--param", "reporters=3..1"}, {"policy", "diff", "emergency", "--git", web},
		{"policy", "replay", "emergency", "--git", web, "--format", "pdf"},
	} {
		call(t, bad...).wants(t, exitUsage)
	}
}

func TestPolicyCommands(t *testing.T) {
	dir := t.TempDir()
	policy := put(t, dir, "team.yaml", "gate:\n    rules:\n    - {name: a, because: x, then: fail, when: advisory.kev}\n    default: pass\npolicy: team\n")
	put(t, dir, "team_test.yaml", "policy: team\ncases:\n  - {name: in KEV, given: {advisory: {kev: true}}, want: {gate: warn}}\n")
	call(t, "policy", "test", policy).wants(t, exitFailed, `team_test.yaml:3: in KEV: gate: want "warn", got "fail"`, "1 of 1 rules reached")
	put(t, dir, "team_test.yaml", "policy: team\ncases:\n  - {name: quiet, want: {gate: pass}}\n")
	call(t, "policy", "test", policy).wants(t, exitPass, "not reached: gate: a")
	call(t, "policy", "test", "--strict", policy).wants(t, exitFailed)
	call(t, "policy", "test", "--format", "json", "emergency").wants(t, exitPass, `"untested_rules": []`)
	call(t, "policy", "fmt", "--check", policy).wants(t, exitFailed, "laid out otherwise")
	call(t, "policy", "fmt", policy).wants(t, exitPass, "team.yaml")
	call(t, "policy", "fmt", "--check", policy).wants(t, exitPass)
	if b, err := os.ReadFile(policy); err != nil || !strings.HasPrefix(string(b), "policy: team\n\ngate:\n  default: pass\n") {
		t.Errorf("%s (%v)", b, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*.new")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q (%v)", left, err)
	}
	call(t, "policy", "show").wants(t, exitPass, "emergency", "release-gate")
	call(t, "policy", "show", policy).wants(t, exitPass, "team (enforce, sha256:", "fail", "(no rule holds)")
	call(t, "policy", "show", "--source", "emergency").wants(t, exitPass, "policy: emergency\n")
	call(t, "policy", "schema").wants(t, exitPass, `"title": "Tocsin policy"`)
	call(t, "policy", "explain", "--policy", policy, "--given", "{}").wants(t, exitPass, "gate pass", "if advisory.kev is true: gate fail (rule team/a)")
	call(t, "policy", "explain", "--policy", policy, "--given", "{advisory: {kve: true}}").wants(t, exitUsage, "kve")
	lockfile := put(t, dir, "package-lock.json", npmLock("debug 4.4.2"))
	call(t, "policy", "explain", "--data", t.TempDir(), "--package", "debug", lockfile).wants(t, exitPass, "debug@4.4.2  MAL-2025-46974", `finding.match == "exact" → true`)
	call(t, "policy", "explain", "--data", t.TempDir(), "--package", "left", lockfile).wants(t, exitNothing, "no finding like that")
}
