package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/tocsin-dev/tocsin/scanner/report"
)

// branch is a repository with a commit on main and a work tree on a branch of it.
func branch(t *testing.T, before map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	repo, err := git.PlainInitWithOptions(dir, &git.PlainInitOptions{InitOptions: git.InitOptions{DefaultBranch: plumbing.Main}})
	if err != nil {
		t.Fatal(err)
	}
	work, err := repo.Worktree()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range before {
		put(t, dir, name, text)
		if _, err := work.Add(name); err != nil {
			t.Fatal(err)
		}
	}
	who := &object.Signature{Name: "a", Email: "a@example.org", When: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)}
	if _, err := work.Commit("x", &git.CommitOptions{Author: who, Committer: who, AllowEmptyCommits: true}); err != nil {
		t.Fatal(err)
	}
	if err := work.Checkout(&git.CheckoutOptions{Branch: "refs/heads/feature", Create: true}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// gateChange is what a file was and became, and what a gate says of it.
type gateChange struct {
	before, after string
	code          int
	want          string
}

// gateChanges are those that a gate must tell apart, whatever it compares with; left is affected before 2.0.0.
func gateChanges() map[string]gateChange {
	return map[string]gateChange{
		"introduced":             {lock("right", "1.0.0"), lock("left", "1.0.0"), exitFailed, "1 introduced, 0 made worse, 0 newly disclosed, 0 pre-existing, 0 fixed"},
		"pre-existing":           {lock("left", "1.0.0"), lock("left", "1.0.0"), exitPass, "0 introduced, 0 made worse, 0 newly disclosed, 1 pre-existing, 0 fixed"},
		"a bump keeps the flaw":  {lock("left", "1.0.0"), lock("left", "1.9.0"), exitPass, "1 pre-existing"},
		"a downgrade":            {lock("left", "2.0.0"), lock("left", "1.0.0"), exitFailed, "1 introduced"},
		"fixed":                  {lock("left", "1.0.0"), lock("left", "2.0.0"), exitPass, "0 pre-existing, 1 fixed"},
		"what cannot be read":    {lock("left", "2.0.0"), "{", exitUndecided, "could not be read whole"},
		"what could not be read": {"{", lock("left", "1.0.0"), exitFailed, "1 introduced"},
	}
}

func TestGateJudgesTheChange(t *testing.T) {
	data := database(t) // left is affected before 2.0.0
	for name, c := range gateChanges() {
		t.Run(name, func(t *testing.T) {
			dir := branch(t, map[string]string{"app/package-lock.json": c.before})
			put(t, dir, "app/package-lock.json", c.after)
			r := call(t, "gate", "--data", data, "--base", "main", filepath.Join(dir, "app")).wants(t, c.code, c.want)
			if t.Failed() {
				t.Log(r.stdout)
			}
		})
	}
}

func TestGateReportsEveryChange(t *testing.T) {
	data, dir := database(t), branch(t, map[string]string{"package-lock.json": lock("left", "1.0.0")})
	r := call(t, "gate", "--data", data, "--base", "main", "--format", "json", dir).wants(t, exitPass, `"change": "pre-existing"`)
	if !json.Valid([]byte(r.stdout)) {
		t.Error("not JSON")
	}
}

// A change cannot excuse itself: what the base excuses counts, what the change adds does not.
func TestGateExceptionsComeFromTheBase(t *testing.T) {
	data := database(t)
	until := time.Now().AddDate(0, 1, 0).Format(time.DateOnly)
	accepted := "exceptions:\n  - {kind: accepted-risk, class: GHSA-1, package: pkg:npm/left, reason: known, owner: ada, expires: " + until + "}\n"
	excused := branch(t, map[string]string{".tocsin/exceptions.yaml": accepted})
	put(t, excused, "package-lock.json", lock("left", "1.0.0"))
	call(t, "gate", "--data", data, "--base", "main", "--explain", excused).wants(t, exitPass, "its risk is accepted for a time")
	itself := branch(t, map[string]string{"README": "x"})
	put(t, itself, "package-lock.json", lock("left", "1.0.0"))
	put(t, itself, ".tocsin/exceptions.yaml", accepted)
	call(t, "gate", "--data", data, "--base", "main", itself).wants(t, exitFailed, "1 introduced")
	call(t, "scan", "--data", data, itself).wants(t, exitFailed)
	call(t, "scan", "--data", data, "--exceptions", put(t, t.TempDir(), "e.yaml", accepted), itself).wants(t, exitPass)
	call(t, "scan", "--data", data, "--exceptions", put(t, t.TempDir(), "bad.yaml", "exceptions: [{kind: x}]"), itself).wants(t, exitUsage, "bad.yaml:1:")
	broken := branch(t, map[string]string{".tocsin/exceptions.yaml": "exceptions: [{kind: x}]"})
	call(t, "gate", "--data", data, "--base", "main", broken).wants(t, exitUsage, "main:.tocsin/exceptions.yaml:1:")
}

func TestGateUsage(t *testing.T) {
	call(t, "gate").wants(t, exitUsage, "--base is missing")
	call(t, "gate", "--base", "main", t.TempDir()).wants(t, exitUsage, "no Git repository")
	dir := branch(t, nil)
	call(t, "gate", "--base", "nowhere", dir).wants(t, exitUsage, "fetch it first")
	call(t, "gate", "--base", "main", "--format", "x", dir).wants(t, exitUsage, "--format")
	call(t, "gate", "--base", "main", filepath.Join(dir, "none")).wants(t, exitUsage, "none")
	call(t, "gate", "--data", database(t), "--base", "main", dir).wants(t, exitNothing, "nothing to scan")
}

// Single files are judged as well, each against itself in the base: what a hook does with the files of a commit.
func TestGateOfFiles(t *testing.T) {
	data := database(t)
	dir := branch(t, map[string]string{"package-lock.json": lock("left", "1.0.0"), "web/package-lock.json": lock("right", "1.0.0")})
	put(t, dir, "package-lock.json", lock("left", "1.9.0"))
	put(t, dir, "web/package-lock.json", lock("left", "1.0.0"))
	put(t, dir, "new/package-lock.json", lock("left", "1.0.0"))
	t.Chdir(dir)
	call(t, "gate", "--data", data, "--base", "HEAD", "package-lock.json").wants(t, exitPass, "0 introduced, 0 made worse, 0 newly disclosed, 1 pre-existing")
	call(t, "gate", "--data", data, "--base", "HEAD", "web/package-lock.json").wants(t, exitFailed, "1 introduced")
	call(t, "gate", "--data", data, "--base", "HEAD", "new/package-lock.json").wants(t, exitFailed, "1 introduced")
	call(t, "gate", "--data", data, "--base", "HEAD", "package-lock.json", "web").wants(t, exitFailed, "1 pre-existing", "1 introduced")
	call(t, "gate", "--data", data, "--base", "HEAD", "package-lock.json", "none").wants(t, exitUsage, "none")
}

// Nobody is given something to do for what was there before: formats for people leave it out, those for programs mark it.
func TestGateFormats(t *testing.T) {
	data, out := database(t), t.TempDir()
	dir := branch(t, map[string]string{"package-lock.json": lock("left", "1.0.0")})
	args := []string{"gate", "--data", data, "--base", "main", dir}
	for _, format := range report.Formats() {
		args = append(args, "--report", format+"="+filepath.Join(out, format))
	}
	call(t, args...).wants(t, exitPass, "1 pre-existing")
	for _, format := range report.Formats() {
		text, err := os.ReadFile(filepath.Join(out, format))
		if err != nil {
			t.Fatal(err)
		}
		if told := strings.Contains(string(text), "GHSA-1"); told == slices.Contains(answering, format) {
			t.Errorf("%s: the pre-existing finding is told: %v", format, told)
		}
		want := map[string]string{"json": `"change": "pre-existing"`, "sarif": `"baselineState": "unchanged"`}[format]
		if !strings.Contains(string(text), want) {
			t.Errorf("%s has no %s", format, want)
		}
	}
}
