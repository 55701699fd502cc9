package incidents

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents/acceptance"
)

const (
	commitA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	commitB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// readAt is a sighting of a commit.
func readAt(s Sighting, commit string) Sighting {
	s.Commit = commit
	return s
}

// forge has the forge say how a required check of a commit ended, a while after it was scanned.
func (r *room) forge(key, slug, commit string, since time.Time, state tocsin.CheckState) {
	r.Helper()
	said := tocsin.CommitChecks{Commit: commit, Since: since, AskedAt: r.now, Runs: []tocsin.CheckRun{{Name: "build", State: state, Required: true}}}
	list, err := r.rules.LearnChecks(r.known, key, map[string]tocsin.CommitChecks{slug: said}, r.now)
	if err != nil {
		r.Fatal(err)
	}
	r.take(list)
}

// TestChecksOfTheCommit: a fix counts when the checks of the commit that was scanned do, or when there is no telling.
func TestChecksOfTheCommit(t *testing.T) {
	r := withCriteria(t, 2*time.Hour, shippedPlaybooks(t)[defaultPlaybook].Criteria...)
	r.rules.AsksChecks = true
	const key = "INC-CVE-1"
	r.sees(0, readAt(log4j("a", "2.14.1", "CVE-1"), commitA), log4j("b", "2.14.1", "CVE-1"))
	if c := r.inc(key).Projects[0].Checks; c.Commit != "" {
		t.Errorf("it is not clear: %+v", c)
	}
	r.sees(time.Hour, readAt(log4j("a", "2.17.1"), commitA), log4j("b", "2.17.1")) // of b nobody knows the commit
	cleared := r.now
	r.state(key, tocsin.StateDetected)
	if list := Unmet(r.inc(key)); len(list) != 1 || list[0].Project != "a" || !strings.Contains(list[0].Says, "GitHub was asked") {
		t.Errorf("%+v", list)
	}
	r.forge(key, "a", commitA, cleared, tocsin.CheckPending)
	r.state(key, tocsin.StateDetected)
	r.forge(key, "a", commitA, cleared, tocsin.CheckFailed)
	r.state(key, tocsin.StateDetected)
	if list := Next(r.inc(key), r.rules.Playbooks[defaultPlaybook]); list[0].Project != "a" || list[0].ID != "checks" ||
		list[0].Title != "a: the check build failed at aaaaaaaaaaaa, the commit that shows it clear: repair it" {
		t.Errorf("%+v", list[0])
	}
	// A later commit has the same packages.
	r.now = r.now.Add(time.Hour)
	built := r.now
	r.forge(key, "a", commitB, built, tocsin.CheckPassed)
	r.state(key, tocsin.StateFixValidated)
	// What was asked of the earlier one comes too late.
	r.forge(key, "a", commitA, cleared, tocsin.CheckFailed)
	r.state(key, tocsin.StateFixValidated)
	// The check is run again.
	r.forge(key, "a", commitB, built, tocsin.CheckFailed)
	r.state(key, tocsin.StateReopened)
	r.forge(key, "a", commitB, built, tocsin.CheckMissing) // it may yet begin
	r.state(key, tocsin.StateReopened)
	// What passed says nothing of the next fix.
	r.forge(key, "a", commitB, built, tocsin.CheckPassed)
	r.sees(time.Minute, log4j("a", "2.14.1", "CVE-1"))
	r.state(key, tocsin.StateReopened)
	if c := r.inc(key).Projects[0].Checks; c.Commit != "" || len(c.Runs) > 0 {
		t.Errorf("%+v", c)
	}
	r.forge(key, "a", commitB, r.now.Add(time.Second), tocsin.CheckPassed)
	if c := r.inc(key).Projects[0].Checks; c.Commit != "" {
		t.Errorf("an answer about a project that is affected: %+v", c)
	}
	r.sees(time.Minute, log4j("a", "2.17.1"))
	r.state(key, tocsin.StateFixValidated)
	r.sees(2*time.Hour, log4j("a", "2.17.1"))
	r.state(key, tocsin.StateResolved)
}

// TestNobodyAsksForges: where nobody asks, a commit is no reason to wait.
func TestNobodyAsksForges(t *testing.T) {
	r := withCriteria(t, 0, shippedPlaybooks(t)[defaultPlaybook].Criteria...)
	r.sees(0, log4j("a", "2.14.1", "CVE-1"))
	r.sees(time.Hour, readAt(log4j("a", "2.17.1"), commitA))
	r.state("INC-CVE-1", tocsin.StateResolved)
	if _, err := r.rules.LearnChecks(r.known, "INC-2", nil, r.now); err == nil {
		t.Error("there is no such incident")
	}
}

// TestTheSameAnswerIsNoNews: it is written down once an hour that it is still so.
func TestTheSameAnswerIsNoNews(t *testing.T) {
	r := withCriteria(t, 0, shippedPlaybooks(t)[defaultPlaybook].Criteria...)
	r.rules.AsksChecks = true
	const key = "INC-CVE-1"
	r.sees(0, log4j("a", "2.14.1", "CVE-1"))
	r.sees(0, readAt(log4j("a", "2.17.1"), commitA))
	cleared, changed := r.now, 0
	for range 24 {
		r.now = r.now.Add(5 * time.Minute)
		before := r.inc(key).Version
		r.forge(key, "a", commitA, cleared, tocsin.CheckFailed)
		changed += r.inc(key).Version - before
	}
	if changed != 2 {
		t.Errorf("written %d times in two hours", changed)
	}
}

// TestChecksStayInside: what runs in a repository is told where only responders read, and not where the public does, embargo or not.
func TestChecksStayInside(t *testing.T) {
	w, err := NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	set, err := acceptance.Compile(shippedPlaybooks(t))
	if err != nil {
		t.Fatal(err)
	}
	inc := tocsin.Incident{Key: "INC-CVE-1", Class: class("CVE-1"), State: tocsin.StateMobilised, Urgency: tocsin.UrgencyEmergency, Playbook: defaultPlaybook, OpenedAt: dawn}
	for i := range 3 {
		p := tocsin.IncidentProject{Slug: fmt.Sprint("shop-", i), Status: tocsin.ProjectPatched, ClearedAt: dawn, Packages: []tocsin.IncidentPackage{{Name: "x"}},
			Checks: tocsin.CommitChecks{Commit: commitA, Since: dawn, AskedAt: dawn}}
		for n := range 7 {
			p.Checks.Runs = append(p.Checks.Runs, tocsin.CheckRun{Name: fmt.Sprint("SECRET-", n), State: tocsin.CheckFailed, Required: true})
		}
		inc.Projects = append(inc.Projects, p)
	}
	inc.Checks = set.Checks(inc, dawn)
	open := tocsin.Project{Repository: "acme/shop", Visibility: tocsin.VisibilityPublic, OptIn: tocsin.OptIn{Issues: true, PublicExposure: true}}
	closed := open
	closed.Visibility = tocsin.VisibilityPrivate
	for _, tt := range []struct {
		where tocsin.Visibility
		told  bool
	}{{tocsin.VisibilityPrivate, true}, {tocsin.VisibilityPublic, false}} {
		list, err := w.Actions(inc, map[string]tocsin.Project{"shop-0": open, "shop-1": closed}, shippedPlaybooks(t), Coordination{"acme/security", tt.where})
		if err != nil {
			t.Fatal(err)
		}
		tracked := 0
		for _, a := range list {
			text := string(a.Payload)
			if a.Repository != "acme/security" {
				if strings.Contains(text, "SECRET") {
					t.Errorf("%s: %s", a.Key, text)
				}
				continue
			}
			tracked++
			if told := strings.Contains(text, "SECRET-0, SECRET-1, SECRET-2, SECRET-3, SECRET-4 and 2 more failed") && strings.Contains(text, "has to prove"); told != tt.told {
				t.Errorf("told %t, want %t: %s", told, tt.told, text)
			}
			if !tt.told && (strings.Contains(text, "SECRET") || strings.Contains(text, "required check")) {
				t.Error(text)
			}
		}
		if tracked == 0 {
			t.Errorf("%s: nothing was tracked", tt.where)
		}
	}
}
