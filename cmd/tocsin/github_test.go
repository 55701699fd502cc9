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
	none := put(t, t.TempDir(), "none.yaml", "data: data\n")
	call(t, "github", "check", "--config", none).wants(t, exitUsage, "github: token: or app:")
}
