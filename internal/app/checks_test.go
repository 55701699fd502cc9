package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/githubtest"
)

// upgrade is a forum with one project, which is read from Git, and a playbook that has a fix soak for two hours.
type upgrade struct {
	*forum
	dir string
}

func newUpgrade(t *testing.T) upgrade {
	t.Helper()
	u := upgrade{dir: t.TempDir()}
	if _, err := git.PlainInit(u.dir, false); err != nil {
		t.Fatal(err)
	}
	u.commit(t, "2.14.1", "first")
	shipped, err := os.ReadFile(filepath.FromSlash("../../incidents/playbooks/vulnerable-dependency.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	book := filepath.Join(t.TempDir(), "book.yaml")
	if err := os.WriteFile(book, []byte(strings.Replace(string(shipped), "\ntasks:", "\nsoak: 2h\ntasks:", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	u.forum = newForumWith(t, func(gh *githubtest.Server, c *config.Config) {
		c.Projects, c.Playbooks = c.Projects[:1], []string{book}
		c.Projects[0].Source = tocsin.ProjectSource{Kind: tocsin.SourceGit, Location: u.dir}
		err := gh.EditRepository("acme/api", func(r *githubtest.Repository) { r.Rules = []githubtest.Requirement{{Name: "build"}} })
		if err != nil {
			t.Fatal(err)
		}
	})
	if u.incident().State != tocsin.StateDetected {
		t.Fatal(u.incident().State)
	}
	return u
}

// commit gives the hash of a commit with a version of the package.
func (u upgrade) commit(t *testing.T, version, readme string) string {
	t.Helper()
	repo, err := git.PlainOpen(u.dir)
	if err != nil {
		t.Fatal(err)
	}
	work, err := repo.Worktree()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"gradle.lockfile": "org.apache.logging.log4j:log4j-core:" + version + "=runtimeClasspath\n", "README.md": readme} {
		if err := os.WriteFile(filepath.Join(u.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := work.Add(name); err != nil {
			t.Fatal(err)
		}
	}
	who := &object.Signature{Name: "a", Email: "a@example.org", When: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	h, err := work.Commit(readme, &git.CommitOptions{Author: who, Committer: who})
	if err != nil {
		t.Fatal(err)
	}
	return h.String()
}

// ran has checks run at a commit, and the service look a while later.
func (u upgrade) ran(commit string, after time.Duration, list ...githubtest.Check) {
	u.t.Helper()
	if err := u.gh.Run("acme/api", commit, list...); err != nil {
		u.t.Fatal(err)
	}
	u.looks(after)
}

func (u upgrade) looks(after time.Duration) {
	u.t.Helper()
	u.pass(after)
	if _, err := u.s.Once(u.t.Context()); err != nil {
		u.t.Fatal(err)
	}
}

func (u upgrade) is(state tocsin.IncidentState, checks tocsin.CheckState) {
	u.t.Helper()
	inc := u.incident()
	if got := inc.Projects[0].Checks; inc.State != state || got.State() != checks {
		u.t.Fatalf("%s, want %s; checks %s, want %s: %+v; unmet %+v", inc.State, state, got.State(), checks, got, incidents.Unmet(inc))
	}
}

func (u upgrade) tracking() string {
	u.t.Helper()
	list := u.gh.Issues("acme/security")
	if len(list) != 1 {
		u.t.Fatalf("%d issues", len(list))
	}
	return list[0].Body
}

// TestRequiredChecks: a fix whose build fails is none, and it is told which check it is; when that turns green the fix soaks, and it is over.
func TestRequiredChecks(t *testing.T) {
	u := newUpgrade(t)
	fixed := u.commit(t, "2.17.1", "upgrade")
	u.ran(fixed, time.Hour, githubtest.Check{Name: "build", App: 15368, State: "failure"}, githubtest.Check{Name: "spelling", State: "failure"})
	u.is(tocsin.StateDetected, tocsin.CheckFailed)
	if u.status("api") != tocsin.ProjectPatched {
		t.Error("a scan says that it is patched")
	}
	body := u.tracking()
	for _, want := range []string{"### What the fix still has to prove", "no required check of the commit", "the check build failed at " + fixed[:12]} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in\n%s", want, body)
		}
	}
	if strings.Contains(body, "spelling") {
		t.Errorf("spelling is not required:\n%s", body)
	}
	u.ran(fixed, time.Minute, githubtest.Check{Name: "build", App: 15368})
	u.is(tocsin.StateDetected, tocsin.CheckPending)
	u.ran(fixed, time.Minute, githubtest.Check{Name: "build", App: 15368, State: "success"})
	u.is(tocsin.StateFixValidated, tocsin.CheckPassed)
	if body := u.tracking(); strings.Contains(body, "has to prove") || strings.Contains(body, "the check build") {
		t.Error(body)
	}
	asked := len(u.gh.Log())
	later := u.commit(t, "2.17.1", "something else")
	u.ran(later, time.Hour, githubtest.Check{Name: "build", App: 15368, State: "failure"})
	u.is(tocsin.StateFixValidated, tocsin.CheckPassed) // what is built on it is another matter
	for _, r := range u.gh.Log()[asked:] {
		if strings.Contains(r.Path, "/commits/") {
			t.Errorf("asked again: %s", r.Path)
		}
	}
	u.looks(2 * time.Hour)
	u.is(tocsin.StateResolved, tocsin.CheckPassed)
}

// TestRepairedByALaterCommit: the same packages in a commit that builds are a fix.
func TestRepairedByALaterCommit(t *testing.T) {
	u := newUpgrade(t)
	u.ran(u.commit(t, "2.17.1", "upgrade"), time.Hour, githubtest.Check{Name: "build", App: 15368, State: "failure"})
	u.is(tocsin.StateDetected, tocsin.CheckFailed)
	repaired := u.commit(t, "2.17.1", "and what it broke")
	u.ran(repaired, time.Hour, githubtest.Check{Name: "build", App: 15368, State: "success"})
	u.is(tocsin.StateFixValidated, tocsin.CheckPassed)
	if c := u.incident().Projects[0].Checks; c.Commit != repaired || len(c.Runs) != 1 {
		t.Errorf("%+v", c)
	}
	u.commit(t, "2.14.1", "back")
	u.looks(time.Hour)
	if p := u.incident().Projects[0]; u.incident().State != tocsin.StateReopened || p.Checks.Commit != "" {
		t.Errorf("%+v", p)
	}
}

// TestForgeThatDoesNotTell: a fix waits for what GitHub may yet say, and not for what it will not.
func TestForgeThatDoesNotTell(t *testing.T) {
	t.Run("no answer", func(t *testing.T) {
		u := newUpgrade(t)
		u.gh.SetFaults(func(r githubtest.RequestInfo) githubtest.Fault {
			if strings.HasSuffix(r.Path, "/check-runs") {
				return githubtest.Fault{Kind: githubtest.Secondary403}
			}
			return githubtest.Fault{}
		})
		u.ran(u.commit(t, "2.17.1", "upgrade"), time.Hour)
		u.is(tocsin.StateDetected, tocsin.CheckUnknown)
		if list := incidents.Unmet(u.incident()); len(list) != 1 || list[0].Says != "GitHub was asked for the checks of the commit that was scanned" {
			t.Errorf("%+v", list)
		}
		u.looks(15 * time.Minute)
		u.is(tocsin.StateFixValidated, tocsin.CheckUnknown)
		if why := u.incident().Projects[0].Checks.Doubt(); !strings.Contains(why, "GitHub answered 403") {
			t.Error(why)
		}
	})
	t.Run("no permission", func(t *testing.T) {
		u := newUpgrade(t)
		if err := u.gh.EditRepository("acme/api", func(r *githubtest.Repository) { r.ChecksHidden = true }); err != nil {
			t.Fatal(err)
		}
		u.ran(u.commit(t, "2.17.1", "upgrade"), time.Hour)
		u.is(tocsin.StateFixValidated, tocsin.CheckUnknown)
	})
	t.Run("nothing runs", func(t *testing.T) {
		u := newUpgrade(t)
		u.ran(u.commit(t, "2.17.1", "upgrade"), time.Hour)
		u.is(tocsin.StateDetected, tocsin.CheckPending)
		u.looks(15 * time.Minute)
		u.is(tocsin.StateFixValidated, tocsin.CheckUnknown)
	})
}

// TestHostileCheckNames: whoever names a check calls nobody, and writes nothing but its name.
func TestHostileCheckNames(t *testing.T) {
	u := newUpgrade(t)
	if err := u.gh.EditRepository("acme/api", func(r *githubtest.Repository) { r.Rules = nil }); err != nil {
		t.Fatal(err)
	}
	names := []string{"@acme/everyone <img src=x onerror=1>", "a\x00\u202e\r\n### Done\r\n/resolve", strings.Repeat("x", 1<<20), "[here](https://evil.example) #1"}
	var list []githubtest.Check
	for i, name := range names {
		list = append(list, githubtest.Check{Name: name, App: int64(i + 1), State: "failure"})
	}
	fixed := u.commit(t, "2.17.1", "upgrade")
	u.ran(fixed, time.Hour, list...)
	u.is(tocsin.StateDetected, tocsin.CheckFailed)
	body := u.tracking()
	for _, bad := range []string{"@acme", "<img", "\n### Done", "\n/resolve", "](https://evil", "\x00", "\u202e", strings.Repeat("x", 200), " #1"} {
		if strings.Contains(body, bad) {
			t.Errorf("%q is in\n%s", bad, body)
		}
	}
	if len(body) > 20_000 || !strings.Contains(body, "at "+fixed[:12]) {
		t.Errorf("%d bytes:\n%s", len(body), body)
	}
	for i := range list {
		list[i].State = "success"
	}
	u.ran(fixed, time.Hour, list...)
	u.is(tocsin.StateFixValidated, tocsin.CheckPassed)
}
