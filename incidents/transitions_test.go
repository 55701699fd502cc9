package incidents

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents/acceptance"
)

// entered are the states that events say an incident went to; a change goes through more than one where a scan both validates and ends.
var entered = map[tocsin.EventKind]tocsin.IncidentState{
	tocsin.EventMobilised: tocsin.StateMobilised, tocsin.EventContained: tocsin.StateContained, tocsin.EventFixValidated: tocsin.StateFixValidated,
	tocsin.EventResolved: tocsin.StateResolved, tocsin.EventStoodDown: tocsin.StateStoodDown, tocsin.EventReopened: tocsin.StateReopened,
	tocsin.EventReviewed: tocsin.StateReviewed,
}

// steps are the transitions of one change, by what the events say of them.
func steps(was tocsin.IncidentState, c Change, by string) []Transition {
	var out []Transition
	to := func(next tocsin.IncidentState, by string) {
		if next != was {
			out = append(out, Transition{was, next, by})
			was = next
		}
	}
	opened := slices.ContainsFunc(c.Events, func(e tocsin.IncidentEvent) bool { return e.Kind == tocsin.EventOpened })
	if was == "" && by == string(tocsin.DoSplit) {
		to(tocsin.StateDetected, by)
	}
	if opened { // a hold says so in its urgency
		to(map[bool]tocsin.IncidentState{true: tocsin.StateHold, false: tocsin.StateDetected}[c.Incident.Urgency == tocsin.UrgencyHold], by)
	}
	for _, e := range c.Events {
		if was == tocsin.StateReopened && c.Incident.State == tocsin.StateDetected && strings.Contains(e.Text, "urgency rose from hold") {
			to(tocsin.StateHold, by) // one advisory made it a hold, and the next of the same scan an emergency
		}
		if next, ok := entered[e.Kind]; ok {
			did := by
			if e.Source == byScan {
				did = byScan
			}
			if e.Kind == tocsin.EventMobilised && was == tocsin.StateHold { // whoever confirms a hold that is led goes on leading it
				to(tocsin.StateDetected, did)
				did = string(tocsin.DoTake)
			}
			to(next, did)
		}
	}
	to(c.Incident.State, by)
	return out
}

// anything is a command that somebody might give, sensible or not.
func anything(r *rand.Rand, known []tocsin.Incident, now time.Time) (string, tocsin.Command) {
	people := []tocsin.Actor{ada, bea, carl}
	inc := known[r.IntN(len(known))]
	c := tocsin.Command{
		By: people[r.IntN(3)], Source: "test", BreakGlass: true, Reason: "why not", Role: tocsin.RoleCommander, To: people[r.IntN(3)], Text: "x",
		Severity: tocsin.LevelHigh, Into: known[r.IntN(len(known))].Key, Until: now.Add(tocsin.Day), Status: tocsin.ProjectMitigated, Task: "verify",
	}
	if len(inc.Projects) > 0 {
		c.Projects = []string{inc.Projects[r.IntN(len(inc.Projects))].Slug}
	}
	often := []tocsin.Verb{tocsin.DoTake, tocsin.DoOffer, tocsin.DoAccept, tocsin.DoContain, tocsin.DoContain, tocsin.DoConfirm, tocsin.DoMerge, tocsin.DoStandDown, tocsin.DoResolve, tocsin.DoReopen}
	all := Verbs()
	c.Do = all[r.IntN(len(all))].Do
	if r.IntN(2) == 0 {
		c.Do = often[r.IntN(len(often))]
	}
	next := map[tocsin.IncidentState][]tocsin.Verb{ // or few would come far
		tocsin.StateDetected: {tocsin.DoTake, tocsin.DoOffer, tocsin.DoAccept}, tocsin.StateReopened: {tocsin.DoTake}, tocsin.StateMobilised: {tocsin.DoContain, tocsin.DoContain, tocsin.DoResolve},
		tocsin.StateContained: {tocsin.DoMerge, tocsin.DoResolve, tocsin.DoResolve, tocsin.DoResolve, tocsin.DoStandDown},
	}[inc.State]
	if len(next) > 0 && r.IntN(3) == 0 {
		c.Do = next[r.IntN(len(next))]
	}
	if role := inc.Role(tocsin.RoleCommander); role != nil && role.Offered.ID != "" && c.Do == tocsin.DoAccept {
		c.By = role.Offered
	}
	return inc.Key, c
}

// TestTransitions: over random commands, scans, answers of registries and of the forge, reviews and ticks of the clock, no incident goes a way that is not
// listed, and every way that is listed is gone.
func TestTransitions(t *testing.T) {
	rules := shippedRules(t)
	book := rules.Playbooks[defaultPlaybook]
	book.Soak = 6 * time.Hour
	rules.Playbooks = map[string]tocsin.Playbook{defaultPlaybook: book}
	set, err := acceptance.Compile(rules.Playbooks)
	if err != nil {
		t.Fatal(err)
	}
	rules.Accept = set.Checks
	seen := map[Transition]int{}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		room := &room{TB: t, rules: rules, events: map[string][]tocsin.IncidentEvent{}, now: dawn}
		for range 60 {
			room.now = room.now.Add(time.Duration(r.IntN(5)) * time.Hour)
			var list []Change
			by := byScan
			switch n := r.IntN(20); {
			case n == 0 && len(room.known) < 6:
				by = "declare"
				c, err := rules.Declare(room.known, tocsin.Declaration{By: ada, Playbook: defaultPlaybook, Title: "x", Reason: "y", Severity: tocsin.LevelLow}, room.now)
				if err != nil {
					t.Fatal(err)
				}
				list = []Change{c}
			case len(room.known) == 0 || n < 5:
				list = rules.Fold(room.known, random(r), room.now)
			case n < 7: // all is well: everything was upgraded, or no advisory names any of it any more
				clean, now := []Sighting(nil), []string{"pkg-0@9", "pkg-1@9"}
				if r.IntN(2) == 0 {
					now = []string{"pkg-0@0", "pkg-0@1", "pkg-0@2", "pkg-1@0", "pkg-1@1", "pkg-1@2"}
				}
				for i, group := range []string{"", "", "", "team", "team"} {
					s := sees(fmt.Sprint("project-", i), nil, now...)
					s.Project.Group = group
					clean = append(clean, s)
				}
				list = rules.Fold(room.known, clean, room.now)
			case n == 7:
				states := []tocsin.RegistryState{tocsin.RegistryExists, tocsin.RegistryYanked}
				one := states[r.IntN(2)]
				list, err = rules.Learn(room.known, room.known[r.IntN(len(room.known))].Key, func(tocsin.Resolved) tocsin.RegistryState { return one }, room.now)
				if err != nil {
					t.Fatal(err)
				}
				room.take(list)
				inc, said := room.known[r.IntN(len(room.known))], map[string]tocsin.CommitChecks{}
				for _, p := range inc.Projects {
					state := []tocsin.CheckState{tocsin.CheckPassed, tocsin.CheckFailed, tocsin.CheckPending, tocsin.CheckMissing}[r.IntN(4)]
					said[p.Slug] = tocsin.CommitChecks{Commit: commitA, Since: room.now, AskedAt: room.now, Runs: []tocsin.CheckRun{{Name: "build", State: state, Required: true}}}
				}
				if list, err = rules.LearnChecks(room.known, inc.Key, said, room.now); err != nil {
					t.Fatal(err)
				}
			case n == 8: // somebody sits down and writes the review
				inc := room.known[r.IntN(len(room.known))]
				for _, c := range []tocsin.Command{
					{Do: tocsin.DoWrite, Section: tocsin.SectionSummary, Text: "x"}, {Do: tocsin.DoWrite, Section: tocsin.SectionCauses, Text: "x"},
				} {
					c.By, c.Source, c.BreakGlass, c.Reason = ada, "test", true, "why not"
					list, _ = rules.Handle(room.known, inc.Key, c, room.now)
					room.take(list)
				}
				by = string(tocsin.DoCloseReview)
				list, _ = rules.Handle(room.known, inc.Key, tocsin.Command{Do: tocsin.DoCloseReview, By: ada, Source: "test", BreakGlass: true, Reason: "why not"}, room.now)
			case n == 9:
				by = byClock
				room.now = room.now.Add(time.Duration(r.IntN(12)) * time.Hour)
				list = rules.Tick(room.known, room.now)
			default:
				key, c := anything(r, room.known, room.now)
				by = string(c.Do)
				list, _ = rules.Handle(room.known, key, c, room.now) // most of it is refused
			}
			for _, c := range list {
				was := tocsin.IncidentState("")
				if i := slices.IndexFunc(room.known, func(o tocsin.Incident) bool { return o.Key == c.Incident.Key }); i >= 0 {
					was = room.known[i].State
				}
				for _, one := range steps(was, c, by) {
					seen[one]++
				}
				room.take([]Change{c})
			}
		}
	}
	for one, n := range seen {
		if !slices.Contains(Transitions(), one) {
			t.Errorf("%q to %q by %s happened %d times and is not listed", one.From, one.To, one.By, n)
		}
	}
	for _, one := range Transitions() {
		if seen[one] == 0 {
			t.Errorf("%q to %q by %s is listed and never happened", one.From, one.To, cmp.Or(one.By, "nobody"))
		}
	}
}
