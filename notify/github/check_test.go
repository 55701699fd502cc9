package github_test

import (
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/githubtest"
	"github.com/tocsin-dev/tocsin/notify/github"
)

// TestInspect: what is missing is named, with what to do; nothing is written.
func TestInspect(t *testing.T) {
	all := github.Need{Repository: repo, Visibility: tocsin.VisibilityPublic, Issues: true, Drafts: true, Assignees: []string{"alice", "mallory"}, Hook: "/v1/hooks/github", Events: []string{"issues", "push"}}
	for name, c := range map[string]struct {
		edit func(*githubtest.Repository)
		need func(*github.Need)
		// want begins lines "state name: text" that must be there; missing is whether anything is.
		want    []string
		missing bool
	}{
		"all is well": {nil, nil, []string{"ok advisories", "ok checks", "ok issues", "ok webhook", "ok assignee alice", "note assignee mallory: cannot be assigned", "note label: tocsin will be made", "note token"}, false},
		"archived":    {func(r *githubtest.Repository) { r.Archived = true }, nil, []string{"missing archived"}, true},
		"disabled":    {func(r *githubtest.Repository) { r.Disabled = true }, nil, []string{"missing disabled"}, true},
		"a fork":      {func(r *githubtest.Repository) { r.Fork = true }, nil, []string{"missing fork"}, true},
		"no issues":   {func(r *githubtest.Repository) { r.IssuesDisabled = true }, nil, []string{"missing issues"}, true},
		"not needed": {func(r *githubtest.Repository) { r.IssuesDisabled = true }, func(n *github.Need) { n.Issues = false },
			[]string{"note issues: issues are disabled; it is not needed"}, false},
		"renamed":       {func(r *githubtest.Repository) { r.Name = "acme/store" }, nil, []string{"missing name: it is now called acme/store"}, true},
		"gone":          {nil, func(n *github.Need) { n.Repository = "acme/none" }, []string{"missing repository: GitHub answered 404"}, true},
		"no name":       {nil, func(n *github.Need) { n.Repository = "../etc" }, []string{"missing repository"}, true},
		"public":        {nil, func(n *github.Need) { n.Visibility = tocsin.VisibilityPrivate }, []string{"missing visibility: it is public"}, true},
		"may only read": {func(r *githubtest.Repository) { r.Collaborators[bot] = githubtest.Read }, nil, []string{"missing role", "note advisories: only administrators", "note webhook: only administrators", "note commands"}, true},
		"fewer events":  {func(r *githubtest.Repository) { r.Hooks[0].Events = []string{"push"} }, nil, []string{"missing webhook: does not bring issues"}, true},
		"no hook":       {func(r *githubtest.Repository) { r.Hooks[0].Inactive = true }, nil, []string{"note webhook: the repository has none"}, false},
		"an App":        {nil, func(n *github.Need) { n.App = map[string]string{"metadata": "read", "issues": "read"} }, []string{"missing App issues", "missing App repository_advisories", "note App contents", "note App checks", "note App statuses", "ok App metadata"}, true},
		"no checks":     {func(r *githubtest.Repository) { r.ChecksHidden = true }, nil, []string{"note checks: they cannot be read, so a fix counts whether they pass or not: GitHub answered 403"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			err := w.gh.EditRepository(repo, func(r *githubtest.Repository) {
				r.Hooks = []githubtest.Hook{{URL: "https://tocsin.example/v1/hooks/github", Events: []string{"push", "issues"}}}
				if c.edit != nil {
					c.edit(r)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			need := all
			if c.need != nil {
				c.need(&need)
			}
			var lines []string
			missing := false
			for _, f := range w.ex.Inspect(t.Context(), need) {
				lines = append(lines, string(f.State)+" "+f.Name+": "+f.Text)
				missing = missing || f.State == github.FindingMissing
				if f.State == github.FindingMissing && f.Fix == "" {
					t.Errorf("%s: nothing says what to do", f.Name)
				}
			}
			got := "\n" + strings.Join(lines, "\n")
			for _, want := range c.want {
				if !strings.Contains(got, "\n"+want) {
					t.Errorf("no %q in%s", want, got)
				}
			}
			if missing != c.missing {
				t.Errorf("missing: %t, want %t, in%s", missing, c.missing, got)
			}
			for _, r := range w.gh.Log() {
				if r.Method != "GET" {
					t.Errorf("it wrote: %s %s", r.Method, r.Path)
				}
			}
		})
	}
}
