package incidents

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

// onDuty is a governance by which ada and then bea are called, and at last everyone, twice.
func onDuty(t testing.TB) tocsin.Governance {
	g := shippedRules(t).Governance
	for _, a := range []tocsin.Actor{ada, bea, carl} {
		g.People = append(g.People, tocsin.Responder{Name: a.Name, ID: a.ID, Login: a.Name + "-l", Zone: time.UTC})
	}
	g.Rotations = []tocsin.Rotation{{Name: "first", People: []string{"ada", "bea"}, Start: dawn.Add(-tocsin.Day), Length: 7 * tocsin.Day}}
	g.Escalation = []tocsin.EscalationPolicy{{Name: "urgent", Repeat: 1, Pause: 20 * time.Minute, Steps: []tocsin.EscalationStep{
		{Whom: []tocsin.Target{{Kind: tocsin.TargetRotation, Name: "first"}}},
		{After: 10 * time.Minute, Whom: []tocsin.Target{{Kind: tocsin.TargetRole, Name: string(tocsin.RoleCommander)}, {Kind: tocsin.TargetPerson, Name: "bea"}}},
		{After: 15 * time.Minute, Whom: []tocsin.Target{{Kind: tocsin.TargetEveryone}}},
	}}}
	return g
}

// watched is a room with an emergency that a scan opened, in which people are called.
func watched(t testing.TB) (*room, string) {
	r := newRoom(t)
	r.rules.Governance = onDuty(t)
	r.take(r.rules.Fold(nil, []Sighting{bad("a", "1")}, r.now))
	return r, "INC-CVE-1"
}

func bad(slug, version string) Sighting {
	return sees(slug, []tocsin.Decision{says(tocsin.ResponseEmergency, class("CVE-1"), "log", version)}, "log@"+version)
}

// tick lets time pass, and wants a second tick to do nothing.
func (r *room) tick(d time.Duration) (events []tocsin.IncidentEvent) {
	r.Helper()
	r.now = r.now.Add(d)
	list := r.rules.Tick(r.known, r.now)
	r.take(list)
	for _, c := range list {
		events = append(events, c.Events...)
	}
	for _, e := range events {
		if e.Actor != "tocsin" || e.ActorID != "tocsin" || e.Source != "clock" || !e.At.Equal(r.now) {
			r.Errorf("not the clock's: %+v", e)
		}
	}
	if again := r.rules.Tick(r.known, r.now); len(again) > 0 {
		r.Errorf("the same time again: %+v", again)
	}
	return events
}

// hears wants the texts of events of a kind, each to begin as given, and nothing else of that kind.
func (r *room) hears(events []tocsin.IncidentEvent, kind tocsin.EventKind, want ...string) {
	r.Helper()
	var got []string
	for _, e := range events {
		if e.Kind == kind {
			got = append(got, e.Text)
		}
	}
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		r.Errorf("%s: said %q, want %q", moment(r.now), got, want)
	}
}

// called gives who was called, by call.
func (r *room) called(key string) string {
	var out []string
	for _, c := range r.inc(key).Escalation.Calls {
		out = append(out, fmt.Sprintf("%d:%s", c.Number, strings.ReplaceAll(names(c.To), ", ", "+")))
	}
	return strings.Join(out, " ")
}

// TestEscalation: nobody answers, and everybody is called in turn, twice; then it is said that nobody answered, and nothing more until there
// is news.
func TestEscalation(t *testing.T) {
	r, key := watched(t)
	const minute = time.Minute
	r.hears(r.tick(0), tocsin.EventEscalated, "nobody is on it: help is called for by policy urgent", "called ada: step 1 of policy urgent, round 1")
	r.hears(r.tick(9*minute), tocsin.EventEscalated)
	r.hears(r.tick(minute), tocsin.EventEscalated, "called bea: step 2 of policy urgent, round 1 (nobody is the incident commander)")
	r.hears(r.tick(14*minute), tocsin.EventEscalated)
	r.hears(r.tick(minute), tocsin.EventEscalated, "called carl, ada, bea: step 3") // who was called least comes first
	r.hears(r.tick(19*minute), tocsin.EventEscalated)
	r.hears(r.tick(minute), tocsin.EventEscalated, "called ada: step 1 of policy urgent, round 2")
	r.tick(10 * minute)
	r.tick(15 * minute)
	r.hears(r.tick(20*minute), tocsin.EventEscalated, "nobody answered: policy urgent has taken all its steps 2 times")
	r.hears(r.tick(23*time.Hour), tocsin.EventEscalated)
	if got := r.called(key); got != "1:ada 2:bea 3:carl+ada+bea 4:ada 5:bea 6:carl+ada+bea" {
		t.Error(got)
	}
	r.take(r.rules.Fold(r.known, []Sighting{bad("a", "1"), bad("b", "1")}, r.now))
	r.hears(r.tick(minute), tocsin.EventEscalated, "nobody is on it", "called ada: step 1 of policy urgent, round 1")
}

// TestDowntime: what a process missed while it did not run is not made up for all at once.
func TestDowntime(t *testing.T) {
	r, key := watched(t)
	r.tick(0)
	r.hears(r.tick(5*time.Hour), tocsin.EventEscalated, "called bea: step 2")
	r.tick(15 * time.Minute)
	if got := r.called(key); got != "1:ada 2:bea 3:carl+ada+bea" {
		t.Error(got)
	}
}

// TestNewsAfterAnAnswer: who answered is left alone until there is something that they do not know.
func TestNewsAfterAnAnswer(t *testing.T) {
	for name, happens := range map[string]func(*room, string){
		"grew": func(r *room, _ string) {
			r.take(r.rules.Fold(r.known, []Sighting{bad("a", "1"), bad("b", "1")}, r.now))
		},
		"versions": func(r *room, _ string) { r.take(r.rules.Fold(r.known, []Sighting{bad("a", "2")}, r.now)) },
		"severity": func(r *room, key string) {
			r.does(key, bea, tocsin.Command{Do: tocsin.DoSeverity, Severity: tocsin.LevelLow, Reason: "x", BreakGlass: true})
			r.does(key, carl, tocsin.Command{Do: tocsin.DoSeverity, Severity: tocsin.LevelHigh, Reason: "x", BreakGlass: true})
		},
		"reopened": func(r *room, key string) {
			r.does(key, carl, tocsin.Command{Do: tocsin.DoStandDown, Reason: "x", BreakGlass: true})
			r.tick(0)
			r.does(key, carl, tocsin.Command{Do: tocsin.DoReopen, Reason: "x", BreakGlass: true})
		},
		"left alone": func(r *room, key string) {
			r.does(key, carl, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander})
			r.tick(0)
			r.does(key, carl, tocsin.Command{Do: tocsin.DoRenounce, Role: tocsin.RoleCommander})
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, key := watched(t)
			r.tick(0)
			r.does(key, bea, tocsin.Command{Do: tocsin.DoAck})
			r.hears(r.tick(time.Hour), tocsin.EventEscalated)
			r.hears(r.tick(tocsin.Day), tocsin.EventEscalated)
			happens(r, key)
			r.hears(r.tick(0), tocsin.EventEscalated, "there is news since bea said to be on it", "called ada: step 1")
			r.does(key, ada, tocsin.Command{Do: tocsin.DoAck})
			r.hears(r.tick(tocsin.Day), tocsin.EventEscalated)
		})
	}
}

// TestWhatCallsNobody: taking the lead is an answer, what is over or routine calls nobody, and less bad is no news.
func TestWhatCallsNobody(t *testing.T) {
	r, key := watched(t)
	r.does(key, ada, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander})
	r.does(key, ada, tocsin.Command{Do: tocsin.DoSeverity, Severity: tocsin.LevelLow, Reason: "not so bad"})
	r.hears(r.tick(time.Hour), tocsin.EventEscalated)
	r.rules.Governance.Escalation[0].Severities = []tocsin.Level{tocsin.LevelCritical}
	r.does(key, ada, tocsin.Command{Do: tocsin.DoRenounce, Role: tocsin.RoleCommander})
	r.hears(r.tick(time.Hour), tocsin.EventEscalated) // no policy is for it

	r, key = watched(t)
	r.tick(0)
	r.rules.Governance.Escalation[0].Name = "another"
	r.hears(r.tick(0), tocsin.EventEscalated, "nobody is on it: help is called for by policy another", "called ada")
	r.rules.Governance.Escalation = nil
	r.hears(r.tick(time.Hour), tocsin.EventEscalated)
	if e := r.inc(key).Escalation; !e.NextAt.IsZero() || e.Called != nil {
		t.Errorf("without a policy: %+v", e)
	}
	routine := says(tocsin.ResponseIssue, class("CVE-2"), "x", "1")
	r, _ = watched(t)
	r.known = nil
	r.take(r.rules.Fold(nil, []Sighting{sees("a", []tocsin.Decision{routine}, "x@1")}, r.now))
	if got := r.tick(100 * tocsin.Day); len(got) > 0 {
		t.Errorf("what is routine: %+v", got)
	}
}

// TestHoursAndLimits of people hold for all steps but the last resort.
func TestHoursAndLimits(t *testing.T) {
	work := tocsin.Hours{Days: [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}, From: 9 * time.Hour, To: 17 * time.Hour}
	person := func(name string) tocsin.Target { return tocsin.Target{Kind: tocsin.TargetPerson, Name: name} }
	night := time.Date(2021, 12, 10, 23, 0, 0, 0, time.UTC) // a Friday
	calls := func(at time.Time, to ...tocsin.Actor) (out []tocsin.Summons) {
		for _, a := range to {
			out = append(out, tocsin.Summons{At: at, To: []tocsin.Callee{{Actor: a}}})
		}
		return out
	}
	for _, tt := range []struct {
		name    string
		step    tocsin.EscalationStep
		change  func(*tocsin.Governance)
		history []tocsin.Summons
		want    string
		passed  string
		wait    time.Time
	}{
		{"all, least called first", tocsin.EscalationStep{Whom: []tocsin.Target{person("ada"), person("bea"), person("ada")}}, nil, calls(night, ada), "bea ada", "", zero},
		{"one, least called", tocsin.EscalationStep{One: true, Whom: []tocsin.Target{person("ada"), person("bea"), person("carl")}}, nil,
			calls(night.Add(-6*tocsin.Day), ada, bea, carl, ada), "bea", "", zero},
		{"calls of another week", tocsin.EscalationStep{One: true, Whom: []tocsin.Target{person("ada"), person("bea")}}, nil, calls(night.Add(-7*tocsin.Day), ada), "ada", "", zero},
		{"calls in any hours", tocsin.EscalationStep{Outside: tocsin.OutsideCall, Whom: []tocsin.Target{person("ada")}}, func(g *tocsin.Governance) { g.People[0].Hours = work }, nil, "ada", "", zero},
		{"skips", tocsin.EscalationStep{Outside: tocsin.OutsideSkip, Whom: []tocsin.Target{person("ada"), person("bea")}},
			func(g *tocsin.Governance) { g.People[0].Hours = work }, nil, "bea", "ada does not work now", zero},
		{"skips all", tocsin.EscalationStep{Outside: tocsin.OutsideSkip, Whom: []tocsin.Target{person("ada")}},
			func(g *tocsin.Governance) { g.People[0].Hours = work }, nil, "", "ada does not work now", zero},
		{"waits", tocsin.EscalationStep{Outside: tocsin.OutsideWait, Whom: []tocsin.Target{person("ada"), person("bea")}}, func(g *tocsin.Governance) {
			g.People[0].Hours, g.People[1].Hours = work, work
			g.People[1].Zone = time.FixedZone("east", 3600)
		}, nil, "", "ada does not work now|bea does not work now", time.Date(2021, 12, 13, 8, 0, 0, 0, time.UTC)},
		{"waits for nobody who works", tocsin.EscalationStep{Outside: tocsin.OutsideWait, Whom: []tocsin.Target{person("ada"), person("bea")}},
			func(g *tocsin.Governance) { g.People[0].Hours = work }, nil, "bea", "ada does not work now", zero},
		{"limit of the night", tocsin.EscalationStep{Whom: []tocsin.Target{person("ada"), person("bea")}}, func(g *tocsin.Governance) { g.People[0].MostByNight = 1 },
			calls(night.Add(-time.Minute), ada), "bea", "ada was called once by night in 24 hours", zero},
		{"calls by day do not count by night", tocsin.EscalationStep{Whom: []tocsin.Target{person("ada")}}, func(g *tocsin.Governance) { g.People[0].MostByNight, g.People[0].MostByDay = 1, 1 },
			calls(night.Add(-8*time.Hour), ada), "ada", "", zero},
		{"the last resort", tocsin.EscalationStep{Outside: tocsin.OutsideSkip, Whom: []tocsin.Target{{Kind: tocsin.TargetEveryone}}},
			func(g *tocsin.Governance) { g.People[0].MostByNight, g.People[0].Hours = 1, work }, calls(night, ada), "bea carl ada", "", zero},
		{"an offer is no call", tocsin.EscalationStep{Whom: []tocsin.Target{person("ada")}}, func(g *tocsin.Governance) { g.People[0].MostByNight = 1 },
			[]tocsin.Summons{{At: night, Offer: tocsin.RoleScribe, To: []tocsin.Callee{{Actor: ada}}}}, "ada", "", zero},
		{"a rotation with nobody", tocsin.EscalationStep{Whom: []tocsin.Target{{Kind: tocsin.TargetRotation, Name: "first"}}},
			func(g *tocsin.Governance) { g.Rotations[0].Hours = work }, nil, "", "nobody is on call in rotation first", zero},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := onDuty(t)
			if tt.change != nil {
				tt.change(&g)
			}
			got := Summon(g, tt.step, tocsin.Incident{}, tt.history, night)
			var who []string
			for _, p := range got.People {
				who = append(who, p.Name)
			}
			if strings.Join(who, " ") != tt.want || strings.Join(got.Passed, "|") != tt.passed || !got.Wait.Equal(tt.wait) {
				t.Errorf("%q, passed %q, wait %s", who, got.Passed, got.Wait)
			}
		})
	}
	// In an incident, a step that waits is taken when the hours begin, and one that calls nobody makes room for the next at once.
	r, _ := watched(t)
	r.now = night
	g := &r.rules.Governance
	g.People[0].Hours = work
	g.Escalation[0].Steps[0].Outside = tocsin.OutsideWait
	r.hears(r.tick(0), tocsin.EventEscalated, "nobody is on it", "step 1 waits for working hours, until 2021-12-13 09:00 UTC (ada does not work now)")
	r.hears(r.tick(tocsin.Day), tocsin.EventEscalated)
	r.hears(r.tick(34*time.Hour), tocsin.EventEscalated, "called ada: step 1")
	r, key := watched(t)
	r.now, r.rules.Governance.People[0].Hours, r.rules.Governance.Escalation[0].Steps[0].Outside = night, work, tocsin.OutsideSkip
	r.hears(r.tick(0), tocsin.EventEscalated, "nobody is on it", "nobody could be called in step 1 of policy urgent (ada does not work now)", "called bea: step 2")
	if e := r.inc(key).Escalation; e.Step != 2 || !e.NextAt.Equal(night.Add(15*time.Minute)) {
		t.Errorf("%+v", e)
	}
}

// TestRaces: whatever the order of an answer, an end, news and the clock, an answer is the end of the calls until there is news that came
// after it, what is over calls nobody and stays over, and no number of a call stands twice.
func TestRaces(t *testing.T) {
	ack := func(r *room, key string) {
		r.now = r.now.Add(-time.Hour) // whoever tries takes an hour, and this is at the same time as the rest
		_ = r.tries(key, bea, tocsin.Command{Do: tocsin.DoAck})
	}
	moves := map[string]func(*room, string){
		"ack":  ack,
		"tick": func(r *room, _ string) { r.tick(0) },
		"late": func(r *room, _ string) { r.tick(10 * time.Minute) },
		"over": func(r *room, _ string) {
			r.take(r.rules.Fold(r.known, []Sighting{sees("a", nil, "log@9"), sees("b", nil, "log@9")}, r.now))
		},
		"news": func(r *room, key string) {
			if !r.inc(key).State.Over() {
				r.take(r.rules.Fold(r.known, []Sighting{bad("b", fmt.Sprint(len(r.events[key])))}, r.now))
			}
		},
	}
	all := sorted(moves)
	began, key := watched(t)
	began.tick(0)
	var try func(path []string)
	n := 0
	try = func(path []string) {
		if len(path) < 5 {
			for _, m := range all {
				try(append(slices.Clip(path), m))
			}
			return
		}
		n++
		r := &room{TB: t, rules: began.rules, known: slices.Clone(began.known), events: map[string][]tocsin.IncidentEvent{}, now: began.now}
		heard, over, calls := false, false, 1 // what people know: they answered all there is
		for i, m := range path {
			moves[m](r, key)
			inc := r.inc(key)
			switch m {
			case "ack":
				heard = heard || !over
			case "news":
				heard = heard && over
			case "over":
				over = true
			}
			if now := len(inc.Escalation.Calls); (heard || over) && now > calls || inc.State.Over() != over {
				t.Fatalf("%q: after %d it is %s with %d calls, before it %d", path, i+1, inc.State, now, calls)
			} else {
				calls = now
			}
		}
		r.tick(20 * time.Minute)
		inc := r.inc(key)
		for i, c := range inc.Escalation.Calls {
			if c.Number != i+1 {
				t.Fatalf("%q: call %d has number %d", path, i+1, c.Number)
			}
		}
		if more := len(inc.Escalation.Calls) > calls; more == (heard || over) {
			t.Fatalf("%q: at the end %d calls, before it %d; answered %v, over %v", path, len(inc.Escalation.Calls), calls, heard, over)
		}
		if told := outgoing(inc); (over || heard) && len(told) > 0 {
			t.Fatalf("%q: %d calls still go out", path, len(told))
		}
	}
	try(nil)
	if n != 5*5*5*5*5 {
		t.Errorf("%d orders", n)
	}
}

// TestTickOrderDoesNotMatter: of several incidents, however they come; who was called for one counts for the next.
func TestTickOrderDoesNotMatter(t *testing.T) {
	r := newRoom(t)
	r.rules.Governance = onDuty(t)
	p := &r.rules.Governance.Escalation[0]
	p.Steps[0].One, p.Steps[0].Whom = true, []tocsin.Target{{Kind: tocsin.TargetPerson, Name: "ada"}, {Kind: tocsin.TargetPerson, Name: "bea"}, {Kind: tocsin.TargetPerson, Name: "carl"}}
	var seen []Sighting
	for n := range 6 {
		seen = append(seen, sees(fmt.Sprint("p", n), []tocsin.Decision{says(tocsin.ResponseEmergency, class(fmt.Sprint("CVE-", n)), "log", "1")}, "log@1"))
	}
	r.take(r.rules.Fold(nil, seen, r.now))
	want := r.rules.Tick(r.known, r.now)
	for seed := range uint64(20) {
		rand.New(rand.NewPCG(seed, 3)).Shuffle(len(r.known), func(a, b int) { r.known[a], r.known[b] = r.known[b], r.known[a] })
		if diff := cmp.Diff(want, r.rules.Tick(r.known, r.now)); diff != "" {
			t.Fatal(diff)
		}
	}
	often := map[string]int{}
	for _, c := range want {
		often[c.Incident.Escalation.Calls[0].To[0].Name]++
	}
	if diff := cmp.Diff(map[string]int{"ada": 2, "bea": 2, "carl": 2}, often); diff != "" {
		t.Error(diff)
	}
}

// TestTimeRunsOut: what was given an end ends, once.
func TestTimeRunsOut(t *testing.T) {
	r, key := declared(t)
	r.does(key, ada, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander})
	day := r.now.Add(tocsin.Day)
	r.does(key, ada, tocsin.Command{Do: tocsin.DoEmbargo, Until: day, Reason: "x"})
	r.hears(r.tick(2*tocsin.Day), tocsin.EventEmbargo, "nobody agreed to an embargo until")
	day = r.now.Add(tocsin.Day)
	r.does(key, ada, tocsin.Command{Do: tocsin.DoEmbargo, Until: day, Reason: "x"})
	r.does(key, ada, tocsin.Command{Do: tocsin.DoDelegate, Right: tocsin.RightEmbargo, To: bea, Until: day, Reason: "x"})
	r.does(key, bea, tocsin.Command{Do: tocsin.DoAgree})
	r.does(key, ada, tocsin.Command{Do: tocsin.DoEmbargo, Until: day.Add(tocsin.Day), Reason: "longer"})
	r.does(key, ada, tocsin.Command{Do: tocsin.DoRollBack, Package: "npm/a", Version: "1", Until: day, Reason: "x"})
	r.does(key, ada, tocsin.Command{Do: tocsin.DoRollBack, Package: "npm/b", Version: "1", Until: day, Reason: "x"})
	r.does(key, ada, tocsin.Command{Do: tocsin.DoDelegate, Right: tocsin.RightRollBack, To: bea, Until: day, Reason: "x"})
	r.does(key, bea, tocsin.Command{Do: tocsin.DoApproveRollback, Number: 2})
	if got := r.tick(0); len(got) > 0 {
		for _, e := range got {
			if e.Kind != tocsin.EventTask && e.Kind != tocsin.EventMessage {
				t.Errorf("before its time: %+v", e)
			}
		}
	}
	r.now = day.Add(-time.Hour)
	got := r.tick(time.Hour)
	r.hears(got, tocsin.EventEmbargo, "the embargo is over: it was to hold until")
	r.hears(got, tocsin.EventRollback, "rollback 1 ended: nobody agreed", "rollback 2 ended: npm/b was to stay at 1")
	r.hears(got, tocsin.EventDelegated, "bea may not embargo for ada any more", "bea may not roll back for ada any more")
	inc := r.inc(key)
	if inc.Private() || inc.Embargo.State != tocsin.EmbargoExited || len(inc.Delegations) != 0 || inc.Rollbacks[0].EndedAt.IsZero() {
		t.Errorf("%+v", inc)
	}
}

// TestReminders: what is late is said once a day, an update that did not come once in its time, and an offer once.
func TestReminders(t *testing.T) {
	r, key := declared(t)
	r.rules.Governance.People = onDuty(t).People
	r.hears(r.tick(59*time.Minute), tocsin.EventTask)
	r.hears(r.tick(time.Minute), tocsin.EventTask, "task lead (")
	r.hears(r.tick(30*time.Minute), tocsin.EventTask) // the others wait for it
	r.does(key, ada, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander})
	r.does(key, ada, tocsin.Command{Do: tocsin.DoAddTask, Role: tocsin.RoleLiaison, Text: "Call the bank", Until: r.now.Add(2 * time.Hour)})
	added := r.inc(key).Tasks[len(r.inc(key).Tasks)-1].ID
	first := len(r.tick(time.Hour))
	r.does(key, ada, tocsin.Command{Do: tocsin.DoAssign, Task: added, To: carl})
	late := func(id string) (n int) {
		for _, e := range r.events[key] {
			if e.Kind == tocsin.EventTask && e.Source == byClock && strings.HasPrefix(e.Text, "task "+id+" ") {
				n++
			}
		}
		return n
	}
	before := late(added)
	for range 25 * 4 {
		r.tick(15 * time.Minute)
	}
	if n := late(added) - before; n != 1 || first == 0 {
		t.Errorf("task %s is said to be late %d times in a day", added, n)
	}
	r.does(key, carl, tocsin.Command{Do: tocsin.DoFinish, Task: added, Text: "they know"})
	before = late(added)
	r.tick(3 * tocsin.Day)
	if n := late(added); n != before {
		t.Error("a reminder of what is done")
	}

	r, key = declared(t)
	r.rules.Governance.People = onDuty(t).People
	r.hears(r.tick(8*time.Hour), tocsin.EventMessage, "the update of "+moment(dawn.Add(8*time.Hour))+" is late: nobody sent one; the next is due "+moment(dawn.Add(16*time.Hour)))
	r.hears(r.tick(8*time.Hour-time.Second), tocsin.EventMessage)
	r.hears(r.tick(25*time.Hour), tocsin.EventMessage, "the update of")
	if next := r.inc(key).NextUpdate; !next.Equal(dawn.Add(48 * time.Hour)) {
		t.Errorf("next update %s", next)
	}

	r.does(key, ada, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander})
	r.does(key, ada, tocsin.Command{Do: tocsin.DoOffer, Role: tocsin.RoleCommander, To: bea})
	r.hears(r.tick(29*time.Minute), tocsin.EventRole)
	r.hears(r.tick(time.Minute), tocsin.EventRole, "bea has not accepted the role of incident commander since")
	r.hears(r.tick(time.Hour), tocsin.EventRole)
	if c := r.inc(key).Escalation.Calls; len(c) != 1 || c[0].Offer != tocsin.RoleCommander || c[0].To[0].Login != "ada-l" {
		t.Errorf("%+v", c)
	}
	r.does(key, bea, tocsin.Command{Do: tocsin.DoAccept, Role: tocsin.RoleCommander}) // late, and still good
}
