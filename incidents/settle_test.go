package incidents

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents/acceptance"
)

// withCriteria is a room whose playbook asks for more than a scan.
func withCriteria(t *testing.T, soak time.Duration, criteria ...tocsin.Criterion) *room {
	r := newRoom(t)
	book := r.rules.Playbooks[defaultPlaybook]
	book.Criteria, book.Soak = criteria, soak
	r.rules.Playbooks = map[string]tocsin.Playbook{defaultPlaybook: book}
	set, err := acceptance.Compile(r.rules.Playbooks)
	if err != nil {
		t.Fatal(err)
	}
	r.rules.Accept = set.Checks
	return r
}

func (r *room) sees(at time.Duration, seen ...Sighting) {
	r.now = r.now.Add(at)
	r.take(r.rules.Fold(r.known, seen, r.now))
}

func log4j(slug, version string, classes ...string) Sighting {
	var list []tocsin.Decision
	for _, c := range classes {
		list = append(list, says(tocsin.ResponseEmergency, class(c), "log4j-core", version))
	}
	return sees(slug, list, "log4j-core@"+version)
}

// TestAcceptance: a scan that finds nothing is not enough where the playbook asks for more; and a fix counts once it held for a while.
func TestAcceptance(t *testing.T) {
	r := withCriteria(t, 2*time.Hour,
		tocsin.Criterion{ID: "registry", Each: true, When: `project.resolves.all(r, r.registry != "missing" && r.registry != "yanked")`, Says: "the version can be had"},
		tocsin.Criterion{ID: "confirmed", When: `"confirm" in incident.done`, Says: "somebody confirmed what is deployed"},
		tocsin.Criterion{ID: "broken", When: `incident.answers["none"] == "x" || true`, Says: "never fails for want of an answer"},
	)
	const key = "INC-CVE-1"
	r.sees(0, log4j("a", "2.14.1", "CVE-1"), log4j("b", "2.14.1", "CVE-1"))
	r.does(key, ada, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleTechnical})
	r.sees(time.Hour, log4j("a", "2.15.0"), log4j("b", "2.15.0"))
	r.state(key, tocsin.StateDetected)
	if inc := r.inc(key); len(inc.Checks) != 4 || !inc.Checks[0].OK || inc.Checks[2].OK || inc.Checks[2].Says != "somebody confirmed what is deployed" {
		t.Fatalf("%+v", inc.Checks)
	}
	r.does(key, ada, tocsin.Command{Do: tocsin.DoFinish, Task: "confirm", Text: "seen"})
	r.state(key, tocsin.StateFixValidated)
	r.sees(time.Hour, log4j("a", "2.15.0"))
	r.state(key, tocsin.StateFixValidated)
	// The registry takes the fix back.
	r.learn(key, tocsin.RegistryYanked)
	r.state(key, tocsin.StateReopened)
	if list := r.events[key]; !strings.Contains(list[len(list)-1].Text, "a: the version can be had") {
		t.Errorf("%+v", list[len(list)-1])
	}
	r.learn(key, tocsin.RegistryExists)
	r.state(key, tocsin.StateFixValidated)
	r.sees(time.Hour, log4j("b", "2.14.1", "CVE-1"))
	r.state(key, tocsin.StateReopened)
	r.sees(time.Hour, log4j("b", "2.15.0"))
	r.state(key, tocsin.StateFixValidated)
	r.sees(3*time.Hour, log4j("b", "2.15.0"))
	r.state(key, tocsin.StateResolved)
}

// TestNobodyAskedYet: where a registry is asked, a fix counts when it has answered or could not, and not before.
func TestNobodyAskedYet(t *testing.T) {
	for _, asks := range []string{"npm", "PyPI"} {
		r := withCriteria(t, 0, tocsin.Criterion{ID: "registry", Each: true, When: `project.resolves.all(r, r.registry != "missing")`, Says: "the version can be had"})
		r.rules.Asks = func(ecosystem string) bool { return ecosystem == asks }
		const key = "INC-CVE-1"
		r.sees(0, log4j("a", "2.14.1", "CVE-1"))
		r.sees(time.Hour, log4j("a", "2.15.0"))
		if asks != "npm" {
			r.state(key, tocsin.StateResolved)
			continue
		}
		r.state(key, tocsin.StateDetected)
		if list := r.inc(key).Checks; len(list) != 2 || list[1].OK || list[1].Project != "a" {
			t.Errorf("%+v", list)
		}
		r.learn(key, tocsin.RegistryMissing)
		r.state(key, tocsin.StateDetected)
		r.learn(key, tocsin.RegistryUnknown)
		r.state(key, tocsin.StateResolved)
	}
}

func (r *room) learn(key string, state tocsin.RegistryState) {
	r.Helper()
	list, err := r.rules.Learn(r.known, key, func(tocsin.Resolved) tocsin.RegistryState { return state }, r.now)
	if err != nil {
		r.Fatal(err)
	}
	r.take(list)
}

// TestMaliciousPackage: that nobody resolves it any more says nothing of the machines that ran it.
func TestMaliciousPackage(t *testing.T) {
	for _, answer := range []string{"none", "some"} {
		r := newRoom(t)
		set, err := acceptance.Compile(r.rules.Playbooks)
		if err != nil {
			t.Fatal(err)
		}
		r.rules.Accept = set.Checks
		seen := log4j("shop", "2.14.1", "CVE-1")
		seen.Decisions[0].Playbook = "malicious-package"
		const key = "INC-CVE-1"
		r.sees(0, seen)
		r.does(key, ada, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander})
		r.does(key, ada, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleTechnical})
		r.sees(0, log4j("shop", "2.15.0"))
		r.state(key, tocsin.StateMobilised)
		r.does(key, ada, tocsin.Command{Do: tocsin.DoFinish, Task: "corroborate", Text: "the registry took it down"})
		r.does(key, ada, tocsin.Command{Do: tocsin.DoFinish, Task: "hosts", Text: "by the proxy's log"})
		r.does(key, ada, tocsin.Command{Do: tocsin.DoAnswer, Point: "exposure", Answer: answer})
		if answer == "some" {
			r.state(key, tocsin.StateMobilised)
			r.refuses(key, ada, tocsin.Command{Do: tocsin.DoFinish, Task: "rotate", Text: "done"}, tocsin.ErrConflict, "waits for preserve")
			r.does(key, ada, tocsin.Command{Do: tocsin.DoFinish, Task: "preserve", Text: "three images"})
			r.does(key, ada, tocsin.Command{Do: tocsin.DoFinish, Task: "rotate", Text: "from a clean machine"})
		}
		r.state(key, tocsin.StateResolved)
	}
}

// TestLog4Shell: three times the fix is none. It is one emergency, which goes on.
func TestLog4Shell(t *testing.T) {
	r := newRoom(t)
	const key = "INC-CVE-2021-44228"
	r.sees(0, log4j("shop", "2.14.1", "CVE-2021-44228"))
	for day, next := range []struct{ fix, flaw string }{{"2.15.0", "CVE-2021-45046"}, {"2.16.0", "CVE-2021-45105"}, {"2.17.0", "CVE-2021-44832"}} {
		r.sees(tocsin.Day, log4j("shop", next.fix))
		r.state(key, tocsin.StateResolved)
		r.sees(tocsin.Day, log4j("shop", next.fix, next.flaw))
		r.state(key, tocsin.StateReopened)
		if inc := r.inc(key); len(r.known) != 1 || len(inc.Also) != day+1 || inc.Projects[0].Round != day+2 || inc.Class.ID != "CVE-2021-44228" {
			t.Fatalf("day %d: %d incidents, %+v", day, len(r.known), inc)
		}
	}
	r.sees(tocsin.Day, log4j("shop", "2.17.1"))
	r.state(key, tocsin.StateResolved)
	// A flaw of it that is found months later is another matter.
	r.sees(90*tocsin.Day, log4j("shop", "2.17.1", "CVE-2022-1"))
	r.state("INC-CVE-2022-1", tocsin.StateDetected)
	r.state(key, tocsin.StateResolved)
	if n := strings.Count(r.story(key), "which was taken as the fix"); n != 3 {
		t.Errorf("%d times\n%s", n, r.story(key))
	}
}

func (r *room) story(key string) string {
	var out strings.Builder
	for _, e := range r.events[key] {
		out.WriteString(string(e.Kind) + " " + e.Text + "\n")
	}
	return out.String()
}

// TestReopenedByPeople: what a person opened again does not end by itself because nothing was found before.
func TestReopenedByPeople(t *testing.T) {
	r := newRoom(t)
	const key = "INC-CVE-1"
	r.sees(0, log4j("a", "2.14.1", "CVE-1"))
	r.does(key, ada, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander})
	r.sees(time.Hour, log4j("a", "2.15.0"))
	r.state(key, tocsin.StateResolved)
	r.now = r.now.Add(4 * tocsin.Day)
	r.does(key, ada, tocsin.Command{Do: tocsin.DoReopen, Reason: "the image was not rebuilt"})
	if r.take(r.rules.Tick(r.known, r.now)); strings.Contains(r.story(key), "the update of") {
		t.Errorf("an update that was promised before it ended is late:\n%s", r.story(key))
	}
	r.sees(time.Hour, log4j("a", "2.15.0"))
	r.now = r.now.Add(time.Hour)
	r.take(r.rules.Tick(r.known, r.now))
	r.state(key, tocsin.StateReopened)
	r.sees(time.Hour, log4j("a", "2.14.1", "CVE-1"))
	r.sees(time.Hour, log4j("a", "2.15.0"))
	r.state(key, tocsin.StateResolved)

	r.does(key, ada, tocsin.Command{Do: tocsin.DoReopen, Reason: "again"})
	r.does(key, ada, tocsin.Command{Do: tocsin.DoStandDown, Reason: "it was nothing"})
	r.does(key, ada, tocsin.Command{Do: tocsin.DoReopen, Reason: "it was something"})
	r.does(key, ada, tocsin.Command{Do: tocsin.DoResolve, Reason: "rebuilt"})
}
