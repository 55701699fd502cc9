package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/githubtest"
)

// TestLifecycle: whatever becomes of an issue or its repository, nothing is written there again without a word, and the timeline says what a
// person has to do.
func TestLifecycle(t *testing.T) {
	repo := func(edit func(*githubtest.Repository)) func(*forum) error {
		return func(f *forum) error { return f.gh.EditRepository("acme/api", edit) }
	}
	for name, c := range map[string]struct {
		happens func(*forum) error
		// says is on the timeline; empty: all goes well.
		says   string
		issues int // in acme/api in the end
	}{
		"nothing":      {func(*forum) error { return nil }, "", 1},
		"deleted":      {func(f *forum) error { return f.gh.HumanDelete("acme/api", 1) }, "was deleted or moved out of sight: find out by whom and why", 0},
		"transferred":  {func(f *forum) error { _, err := f.gh.HumanTransfer("acme/api", 1, "acme/worker"); return err }, "was transferred to acme/worker#2", 0},
		"archived":     {repo(func(r *githubtest.Repository) { r.Archived = true }), "archived and read-only: unarchive it", 1},
		"disabled":     {repo(func(r *githubtest.Repository) { r.Disabled = true }), "disabled by GitHub", 1},
		"forked":       {repo(func(r *githubtest.Repository) { r.Fork = true }), "is a fork, which we never write to", 1},
		"no issues":    {repo(func(r *githubtest.Repository) { r.IssuesDisabled = true }), "has issues disabled", 1},
		"public":       {repo(func(r *githubtest.Repository) { r.Private = false }), "is public, but the text is for a private audience", 1},
		"renamed":      {repo(func(r *githubtest.Repository) { r.Name = "acme/api2" }), "is now called \"acme/api2\": change the project's repository", 0},
		"out of sight": {repo(func(r *githubtest.Repository) { delete(r.Collaborators, "tocsin-bot") }), "does not exist or is hidden from the token", 1},
		"locked": {func(f *forum) error {
			err := f.gh.EditRepository("acme/api", func(r *githubtest.Repository) { r.Collaborators["tocsin-bot"] = githubtest.Read })
			if err != nil {
				return err
			}
			return f.gh.HumanEdit("acme/api", 1, func(i *githubtest.Issue) { i.Locked = true })
		}, "may not write issues in acme/api", 1},
		"closed as not planned": {func(f *forum) error { return f.gh.HumanClose("acme/api", 1, "dora", "not_planned") }, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := newForum(t)
			if err := c.happens(f); err != nil {
				t.Fatal(err)
			}
			f.pass(time.Hour)
			status := tocsin.Command{Do: tocsin.DoStatus, Projects: []string{"api"}, Status: tocsin.ProjectAccepted, Reason: "x", BreakGlass: true, By: tocsin.Actor{ID: "p-ada", Name: "ada"}, Source: "test"}
			if _, err := f.s.Handle(t.Context(), forumKey, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander, By: status.By, Source: "test"}); err != nil {
				t.Fatal(err)
			}
			if _, err := f.s.Handle(t.Context(), forumKey, status); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				f.pass(2 * time.Hour)
				if _, err := f.s.Deliver(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			events, err := f.s.Store().Timeline(t.Context(), forumKey)
			if err != nil {
				t.Fatal(err)
			}
			var said []string
			for _, e := range events {
				if e.Kind == tocsin.EventUndelivered {
					said = append(said, e.Text)
				}
			}
			if got := strings.Join(said, "\n"); c.says == "" && got != "" || !strings.Contains(got, c.says) {
				t.Errorf("the timeline says %q, want %q", got, c.says)
			}
			if n := len(f.gh.Issues("acme/api")); n != c.issues {
				t.Errorf("%d issues, want %d", n, c.issues)
			}
		})
	}
}
