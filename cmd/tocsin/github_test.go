package main

import (
	"encoding/json"
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
