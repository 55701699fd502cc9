package main

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin/internal/githubtest"
)

func TestGitHubCheck(t *testing.T) {
	s := newStand(t)
	call(t, "github", "check", "--config", s.config).wants(t, exitPass, "acme/security\n", "acme/shop\n", "ok       issues", "ok       assignee ada")
	if err := s.forge.EditRepository("acme/shop", func(r *githubtest.Repository) { r.Archived = true }); err != nil {
		t.Fatal(err)
	}
	r := call(t, "github", "check", "--config", s.config, "--format", "json").wants(t, exitFailed, `"archived"`, `"missing"`)
	var list []struct{ Repository string }
	if err := json.Unmarshal([]byte(r.stdout), &list); err != nil || len(list) != 2 {
		t.Errorf("%v, %+v", err, list)
	}
	none := put(t, t.TempDir(), "none.yaml", "data: data\nprojects:\n  - {slug: a, path: .}\n")
	call(t, "github", "check", "--config", none).wants(t, exitUsage, "github: token: or app:")
}

func TestStopWriting(t *testing.T) {
	s := newStand(t)
	call(t, "actions", "stop", "--config", s.config, "--as", "ada").wants(t, exitUsage, "--reason is missing")
	call(t, "actions", "stop", "--config", s.config, "--as", "ada", "--reason", "wrong texts").wants(t, exitPass, "nothing is written")
	call(t, "run", "--config", s.config, "--once", "--live")
	if n := len(s.forge.Issues("acme/shop")); n != 0 {
		t.Errorf("%d issues though it is stopped", n)
	}
	call(t, "actions", "list", "--config", s.config).wants(t, exitPass, "0 of 2 issues written", "stopped by ada", "wrong texts")
	call(t, "actions", "go", "--config", s.config, "--as", "ada").wants(t, exitPass, "goes on")
}

// TestGitHubTell: the verdict of a report is the newest commit status, and a log is uploaded as it is; what is missing is said before anything is sent.
func TestGitHubTell(t *testing.T) {
	s := newStand(t)
	dir, commit := t.TempDir(), strings.Repeat("c0ffee42", 5)
	api := strings.TrimSuffix(regexp.MustCompile(`api: "[^"]+`).FindString(read(t, s.config)), `"`)[len(`api: "`):]
	verdict, sarif := filepath.Join(dir, "gate.json"), filepath.Join(dir, "gate.sarif")
	call(t, "scan", "--report", "json="+verdict, "--report", "sarif="+sarif, filepath.Dir(s.project)).wants(t, exitUndecided)
	tell := []string{"github", "tell", verdict, "--api", api, "--repository", "acme/shop", "--commit", commit}
	t.Setenv("GITHUB_TOKEN", "")
	call(t, tell...).wants(t, exitUsage, "GITHUB_TOKEN is empty")
	t.Setenv("GITHUB_TOKEN", "s3cret")
	call(t, tell...).wants(t, exitPass, "told acme/shop", "undecided")
	got := s.forge.Statuses("acme/shop")
	if len(got) != 1 || got[0].State != "error" || got[0].Context != "tocsin" || got[0].Commit != commit || !strings.HasPrefix(got[0].Description, "undecided: ") {
		t.Errorf("%+v", got)
	}
	call(t, append(tell, "--sarif", sarif)...).wants(t, exitUsage, "refs/heads/NAME")
	call(t, append(tell, "--sarif", sarif, "--ref", "refs/heads/main", "--url", "https://ci.example/7")...).wants(t, exitPass)
	logs := s.forge.Logs("acme/shop")
	if len(logs) != 1 || string(logs[0].SARIF) != read(t, sarif) || logs[0].Ref != "refs/heads/main" || logs[0].Tool != "tocsin" {
		t.Errorf("%d logs", len(logs))
	}
	if got := s.forge.Statuses("acme/shop"); len(got) != 2 || got[1].URL != "https://ci.example/7" {
		t.Errorf("%+v", got)
	}
	call(t, "github", "tell", sarif, "--api", api, "--repository", "acme/shop", "--commit", commit).wants(t, exitUsage, "no report of this program")
	call(t, "github", "tell", verdict, "--api", api, "--repository", "acme/shop", "--commit", "main").wants(t, exitUsage, "full hash")
	call(t, "github", "tell", verdict, "--api", api, "--repository", "acme/none", "--commit", commit).wants(t, exitUndecided, "statuses:write")
	if n := len(s.forge.Statuses("acme/shop")); n != 2 {
		t.Errorf("%d statuses", n)
	}
}
