package github_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/githubtest"
	"github.com/tocsin-dev/tocsin/notify/github"
)

const (
	commit  = "0123456789abcdef0123456789abcdef01234567"
	actions = 15368
)

// short is checks as a test reads them: what counts has a star.
func short(c tocsin.CommitChecks) []string {
	var out []string
	for _, r := range c.Runs {
		star := ""
		if r.Required {
			star = "*"
		}
		out = append(out, r.Name+star+" "+string(r.State))
	}
	return out
}

// TestChecks: check runs and statuses are one list, and what counts is what the branch requires, where that is known.
func TestChecks(t *testing.T) {
	ran := []githubtest.Check{
		{Name: "build", App: actions, State: "success"}, {Name: "flaky", App: actions, State: "timed_out"}, {Name: "docs", App: actions, State: "skipped"},
		{Name: "slow", App: actions}, {Name: "ci/x", State: "error"}, {Name: "ci/y", State: "success"},
	}
	rules := func(list ...githubtest.Requirement) func(*githubtest.Repository) {
		return func(r *githubtest.Repository) { r.Rules = list }
	}
	for name, tt := range map[string]struct {
		edit    func(*githubtest.Repository)
		branch  string
		want    []string
		state   tocsin.CheckState
		unknown string
	}{
		"nothing is required": {func(*githubtest.Repository) {}, "", []string{"ci/x* failed", "flaky* failed", "slow* pending", "build* passed", "ci/y* passed", "docs* skipped"}, tocsin.CheckFailed, ""},
		"by a ruleset": {rules(githubtest.Requirement{Name: "build"}, githubtest.Requirement{Name: "docs"}), "",
			[]string{"build* passed", "docs* skipped", "ci/x failed", "flaky failed", "slow pending", "ci/y passed"}, tocsin.CheckPassed, ""},
		"by protection": {func(r *githubtest.Repository) { r.Protected = []githubtest.Requirement{{Name: "ci/x", App: 7}} }, "main",
			[]string{"ci/x* failed", "flaky failed", "slow pending", "build passed", "ci/y passed", "docs skipped"}, tocsin.CheckFailed, ""},
		"still runs": {rules(githubtest.Requirement{Name: "slow", App: actions}), "",
			[]string{"slow* pending", "ci/x failed", "flaky failed", "build passed", "ci/y passed", "docs skipped"}, tocsin.CheckPending, ""},
		"did not begin": {rules(githubtest.Requirement{Name: "e2e"}), "",
			[]string{"e2e* missing", "ci/x failed", "flaky failed", "slow pending", "build passed", "ci/y passed", "docs skipped"}, tocsin.CheckPending, ""},
		"of another App": {rules(githubtest.Requirement{Name: "build", App: 7}), "",
			[]string{"build* missing", "ci/x failed", "flaky failed", "slow pending", "ci/y passed", "docs skipped"}, tocsin.CheckPending, ""},
		"a branch that is not there": {rules(githubtest.Requirement{Name: "build"}), "v1",
			[]string{"ci/x* failed", "flaky* failed", "slow* pending", "build* passed", "ci/y* passed", "docs* skipped"}, tocsin.CheckFailed, ""},
		"no permission": {func(r *githubtest.Repository) { r.ChecksHidden = true }, "", nil, tocsin.CheckUnknown,
			"GitHub does not show the check runs: GitHub answered 403"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.must(w.gh.Run(repo, commit, ran...))
			w.must(w.gh.EditRepository(repo, tt.edit))
			got, err := w.ex.Checks(t.Context(), repo, tt.branch, commit, w.clock.Now())
			w.must(err)
			if diff := cmp.Diff(tt.want, short(got)); diff != "" {
				t.Error(diff)
			}
			if state := got.State(); state != tt.state || !strings.HasPrefix(got.Unknown, tt.unknown) || (got.Unknown == "") != (tt.unknown == "") {
				t.Errorf("%s, %q", state, got.Unknown)
			}
			if n := len(w.writes(0)); n > 0 {
				t.Errorf("%d requests write", n)
			}
		})
	}
}

// TestManyChecks: lists are read page by page to a limit, what failed is kept, and what was not seen to its end passed nothing.
func TestManyChecks(t *testing.T) {
	for n, want := range map[int]tocsin.CheckState{450: tocsin.CheckPassed, 700: tocsin.CheckUnknown} {
		w := newWorld(t)
		for i := range n {
			w.must(w.gh.Run(repo, commit, githubtest.Check{Name: fmt.Sprint("job ", i), App: actions, State: "success"}))
		}
		got, err := w.ex.Checks(t.Context(), repo, "", commit, w.clock.Now())
		w.must(err)
		if state := got.State(); state != want || len(got.Runs) != 100 || got.More != min(n, 500)-100 {
			t.Errorf("%d: %s, %d and %d more, %q", n, state, len(got.Runs), got.More, got.Unknown)
		}
		w.must(w.gh.Run(repo, commit, githubtest.Check{Name: "zzz", State: "failure"}))
		if got, err = w.ex.Checks(t.Context(), repo, "", commit, w.clock.Now()); err != nil || got.State() != tocsin.CheckFailed || got.Runs[0].Name != "zzz" {
			t.Errorf("%d: %v, %+v", n, err, got.Runs[0])
		}
	}
}

// TestHostileChecks: the name of a check is kept as one short line that can be read.
func TestHostileChecks(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"a\x00b\r\n\u202e# c", strings.Repeat("é", 1<<19), ""} {
		w.must(w.gh.Run(repo, commit, githubtest.Check{Name: name, App: actions, State: "failure"}))
	}
	got, err := w.ex.Checks(t.Context(), repo, "", commit, w.clock.Now())
	w.must(err)
	if len(got.Runs) != 3 {
		t.Fatalf("%+v", got)
	}
	for _, r := range got.Runs {
		if len([]rune(r.Name)) > 100 || r.Name == "" || strings.ContainsAny(r.Name, "\x00\r\n\u202e") || r.State != tocsin.CheckFailed {
			t.Errorf("%q", r.Name)
		}
	}
}

// TestChecksThatCannotBeAsked: what may be otherwise in a minute is an error, and no answer.
func TestChecksThatCannotBeAsked(t *testing.T) {
	for _, kind := range []githubtest.FaultKind{githubtest.Unavailable, githubtest.TornBody, githubtest.Secondary403, githubtest.CloseBefore} {
		for _, path := range []string{"/check-runs", "/status", "/rules/", "/branches/main"} {
			w := newWorld(t)
			w.must(w.gh.Run(repo, commit, githubtest.Check{Name: "build", App: actions, State: "success"}))
			w.gh.SetFaults(func(r githubtest.RequestInfo) githubtest.Fault {
				if strings.Contains(r.Path, path) {
					return githubtest.Fault{Kind: kind}
				}
				return githubtest.Fault{}
			})
			_, err := w.ex.Checks(t.Context(), repo, "", commit, w.clock.Now())
			w.check(err)
			var de *tocsin.DeliveryError
			if !errors.As(err, &de) || de.Outcome != tocsin.OutcomeTransient {
				t.Errorf("%s of %s: %v", kind, path, err)
			}
		}
	}
	w := newWorld(t)
	for _, bad := range []string{"main", commit[:12], commit + "?", ""} {
		if _, err := w.ex.Checks(t.Context(), repo, "", bad, w.clock.Now()); !errors.Is(err, tocsin.ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if got, err := w.ex.Checks(t.Context(), repo, "", commit, w.clock.Now()); err != nil || !strings.Contains(got.Unknown, "No commit found") {
		t.Errorf("%v, %+v", err, got)
	}
	if _, err := w.executor(func(o *github.Options) {}).Checks(t.Context(), "acme/none/x", "", commit, w.clock.Now()); err == nil {
		t.Error("not a repository")
	}
}
