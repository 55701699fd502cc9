package acceptance_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents/acceptance"
)

func book(criteria ...tocsin.Criterion) map[string]tocsin.Playbook {
	return map[string]tocsin.Playbook{"p": {Name: "p", Criteria: criteria}}
}

func TestCompileErrors(t *testing.T) {
	for when, want := range map[string]string{
		"":                                      "Syntax error",
		"project.clear":                         "undeclared reference to 'project'", // it is asked once of the incident
		"incident.sevrity == ''":                "undefined field 'sevrity'",
		"incident.age":                          "want a condition",
		"incident.checks.state == ''":           "undefined field 'checks'", // they are a project's
		strings.Repeat("true&&", 1000) + "true": "expression code point size exceeds limit",
	} {
		_, err := acceptance.Compile(book(tocsin.Criterion{ID: "c", When: when}))
		if !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "playbook p: criterion c") {
			t.Errorf("%.40q: %v, want %q", when, err, want)
		}
	}
}

func TestChecks(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	s, err := acceptance.Compile(book(
		tocsin.Criterion{ID: "soak", Each: true, When: `project.clear && project.clear_for >= duration("12h")`, Says: "clear for half a day"},
		tocsin.Criterion{ID: "had", Each: true, When: `project.resolves.exists(r, r.registry == "exists" && r.name == "log")`, Says: "it can be had"},
		tocsin.Criterion{ID: "rotated", When: `incident.answers["secrets"] == "none" || "rotate" in incident.done`, Says: "secrets are rotated"},
		tocsin.Criterion{ID: "dear", When: `incident.done.all(a, incident.done.all(b, incident.done.all(c, a + b + c != "")))`, Says: "costs too much"},
	))
	if err != nil {
		t.Fatal(err)
	}
	inc := tocsin.Incident{Playbook: "p", OpenedAt: now.Add(-48 * time.Hour), Projects: []tocsin.IncidentProject{
		{Slug: "a", Status: tocsin.ProjectPatched, ClearedAt: now.Add(-13 * time.Hour), Resolved: []tocsin.Resolved{{Name: "log", Registry: tocsin.RegistryExists}}},
		{Slug: "b", Status: tocsin.ProjectPatched, ClearedAt: now.Add(-time.Hour), Resolved: []tocsin.Resolved{{Name: "log"}}},
		{Slug: "c", Status: tocsin.ProjectExcused, ClearedAt: now}, // nothing was fixed there
	}}
	for i := range 300 {
		inc.Tasks = append(inc.Tasks, tocsin.Task{ID: strings.Repeat("t", i%7+1), Done: true})
	}
	got := ""
	for _, c := range s.Checks(inc, now) {
		got += c.Criterion + c.Project + map[bool]string{true: "+", false: "-"}[c.OK]
		if c.Error != "" {
			got += "!"
		}
		got += " "
	}
	if want := "soaka+ soakb- hada+ hadb- rotated-! dear-! "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	inc.Answers = []tocsin.Answer{{Point: "secrets", Answer: "some"}, {Point: "secrets", Answer: "none"}}
	if c := s.Checks(inc, now)[4]; !c.OK {
		t.Errorf("%+v", c)
	}
	inc.Playbook = "other"
	if list := s.Checks(inc, now); len(list) != 0 {
		t.Errorf("%+v", list)
	}
}

// TestReach: a criterion can ask for more where the code got to the flaw, and unknown is neither.
func TestReach(t *testing.T) {
	s, err := acceptance.Compile(book(tocsin.Criterion{ID: "c", Each: true, Says: "who called it looked at its log", When: `project.had.all(p, p.reach in ["imported", "present"]) || "log" in incident.done`}))
	if err != nil {
		t.Fatal(err)
	}
	for reach, want := range map[tocsin.Reach]bool{tocsin.ReachCalled: false, tocsin.ReachImported: true, tocsin.ReachPresent: true, tocsin.ReachUnknown: false, "": false} {
		inc := tocsin.Incident{Playbook: "p", Projects: []tocsin.IncidentProject{{Status: tocsin.ProjectPatched, Packages: []tocsin.IncidentPackage{{Reach: tocsin.ReachPresent}, {Reach: reach}}}}}
		if got := s.Checks(inc, time.Time{}); got[0].OK != want || got[0].Error != "" {
			t.Errorf("%q: %+v", reach, got)
		}
		inc.Tasks = []tocsin.Task{{ID: "log", Done: true}}
		if got := s.Checks(inc, time.Time{}); !got[0].OK {
			t.Errorf("%q, done: %+v", reach, got)
		}
	}
}

// TestRequiredChecks: a criterion sees what came of the checks that count, and of each; where nobody asked there is no telling.
func TestRequiredChecks(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	s, err := acceptance.Compile(book(
		tocsin.Criterion{ID: "c", Each: true, When: `project.checks.state != "failed" && project.checks.state != "pending"`},
		tocsin.Criterion{ID: "strict", Each: true, When: `project.checks.state == "passed" && project.checks.commit != "" && project.checks.runs.all(r, r.state in ["passed", "skipped"] || !r.required)`},
		tocsin.Criterion{ID: "e2e", Each: true, When: `project.checks.runs.exists(r, r.name == "e2e" && r.state == "passed")`},
	))
	if err != nil {
		t.Fatal(err)
	}
	commit := strings.Repeat("a", 40)
	run := func(name string, state tocsin.CheckState, required bool) tocsin.CheckRun {
		return tocsin.CheckRun{Name: name, State: state, Required: required}
	}
	asked := func(unknown string, runs ...tocsin.CheckRun) tocsin.CommitChecks {
		return tocsin.CommitChecks{Commit: commit, Since: now.Add(-time.Hour), AskedAt: now, Unknown: unknown, Runs: runs}
	}
	for name, tt := range map[string]struct {
		checks tocsin.CommitChecks
		want   string
	}{
		"no commit":           {tocsin.CommitChecks{}, "+--"},
		"not asked":           {tocsin.CommitChecks{Commit: commit, Since: now}, "+--"},
		"passed":              {asked("", run("build", tocsin.CheckPassed, true), run("e2e", tocsin.CheckPassed, false)), "+++"},
		"skipped":             {asked("", run("build", tocsin.CheckSkipped, true)), "++-"},
		"an optional failed":  {asked("", run("build", tocsin.CheckPassed, true), run("lint", tocsin.CheckFailed, false)), "++-"},
		"a required failed":   {asked("", run("build", tocsin.CheckPassed, true), run("lint", tocsin.CheckFailed, true)), "---"},
		"it still runs":       {asked("", run("build", tocsin.CheckPassed, true), run("e2e", tocsin.CheckPending, true)), "---"},
		"it never began":      {asked("nobody waits", run("build", tocsin.CheckMissing, true)), "+--"},
		"it may yet begin":    {asked("", run("build", tocsin.CheckMissing, true)), "---"},
		"nothing counts":      {asked("nobody waits", run("lint", tocsin.CheckPassed, false)), "+--"},
		"not all is shown":    {asked("no permission", run("build", tocsin.CheckPassed, true)), "+--"},
		"failed all the same": {asked("no permission", run("build", tocsin.CheckFailed, true)), "---"},
	} {
		inc := tocsin.Incident{Playbook: "p", Projects: []tocsin.IncidentProject{{Slug: "a", Status: tocsin.ProjectPatched, Checks: tt.checks}}}
		got := ""
		for _, c := range s.Checks(inc, now) {
			got += map[bool]string{true: "+", false: "-"}[c.OK]
			if c.Error != "" {
				got += "!"
			}
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
		if unknown := tt.checks.State() == tocsin.CheckUnknown; unknown && tt.checks.Doubt() == "" {
			t.Errorf("%s: nobody says why", name)
		}
	}
}
