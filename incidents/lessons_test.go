package incidents

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

// past is an incident with a closed review.
func past(key string, days int, change func(*tocsin.Incident)) tocsin.Incident {
	inc := tocsin.Incident{
		Key: key, State: tocsin.StateReviewed, Urgency: tocsin.UrgencyEmergency, Severity: tocsin.LevelHigh, Playbook: defaultPlaybook, OpenedAt: dawn.AddDate(0, 0, days),
		Class: tocsin.Class{ID: "CVE-" + key, Summary: "A flaw"}, Projects: []tocsin.IncidentProject{{Slug: "p-" + key}},
		Review: &tocsin.Review{Summary: "what happened in " + key, Hindered: "the log of " + key + " was gone", ClosedAt: dawn.AddDate(0, 0, days+3)},
	}
	change(&inc)
	return inc
}

func uses(names ...string) func(*tocsin.Incident) {
	return func(inc *tocsin.Incident) {
		for _, n := range names {
			inc.Projects[0].Packages = append(inc.Projects[0].Packages, tocsin.IncidentPackage{Ecosystem: "npm", Name: n})
		}
	}
}

func TestLessons(t *testing.T) {
	open := past("C", 0, func(inc *tocsin.Incident) { inc.Review.ClosedAt = zero })
	known := []tocsin.Incident{past("A", 0, uses()), open, past("B", 5, uses()), {Key: "D"}}
	for words, want := range map[string]string{
		"": "B summary B hindered A summary A hindered", "LOG gone": "B hindered A hindered", "log CVE-A": "A hindered", "CVE-B": "B summary B hindered", "log absent": "",
	} {
		var got []string
		for _, l := range Lessons(known, words) {
			got = append(got, l.Incident, string(l.Section))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %s", words, got)
		}
	}
}

func TestSimilar(t *testing.T) {
	kind := func(book string) func(*tocsin.Incident) { return func(inc *tocsin.Incident) { inc.Playbook = book } }
	weak := func(list ...string) func(*tocsin.Incident) {
		return func(inc *tocsin.Incident) { inc.Class.CWEs = list }
	}
	now := past("NOW", 50, func(inc *tocsin.Incident) {
		uses("left", "right")(inc)
		inc.Class.CWEs, inc.Playbook, inc.Review, inc.State = []string{"CWE-502"}, "malicious-package", nil, tocsin.StateDetected
	})
	hidden := past("HIDDEN", 0, uses("left"))
	hidden.Class.Private = true
	known := []tocsin.Incident{
		now, past("KIND", 1, kind("malicious-package")), past("WEAK", 2, weak("CWE-79", "CWE-502")), past("PACKAGE", 3, uses("right")), past("NOTHING", 4, weak("CWE-79")),
		past("OLDER", 0, kind("malicious-package")), hidden, past("OPEN", 0, func(inc *tocsin.Incident) { uses("left")(inc); inc.Review.ClosedAt = zero }),
		past("PLACE", 0, func(inc *tocsin.Incident) { inc.Projects[0].Slug = "p-NOW" }),
	}
	var got []string
	for _, l := range Similar(now, known) {
		got = append(got, l.Incident+": "+strings.Join(l.Why, "; ")+": "+l.Lesson.Text)
	}
	want := []string{
		"PACKAGE: the same package: npm/right: the log of PACKAGE was gone",
		"WEAK: the same weakness: CWE-502: the log of WEAK was gone",
		"KIND: the same kind: malicious-package: the log of KIND was gone",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	now.Class.Private = true
	if list := Similar(now, known); len(list) > 0 {
		t.Errorf("an incident under embargo is compared with others: %+v", list)
	}
}

// TestRetrospect: two quarters with an emergency that was one, one that was none, a hold, and what does not count.
func TestRetrospect(t *testing.T) {
	at := func(month, day int) time.Time { return time.Date(2026, time.Month(month), day, 12, 0, 0, 0, time.UTC) }
	one := func(key string, opened time.Time, change func(*Told)) Told {
		told := Told{Incident: tocsin.Incident{
			Key: key, State: tocsin.StateResolved, Urgency: tocsin.UrgencyEmergency, OpenedAt: opened,
			Class: tocsin.Class{ID: "CVE-" + key, Published: opened.Add(-time.Hour)}, Review: &tocsin.Review{Due: opened.Add(14 * tocsin.Day)},
		}}
		for after, kind := range map[time.Duration]tocsin.EventKind{10 * time.Minute: tocsin.EventAcknowledged} {
			told.Events = append(told.Events, tocsin.IncidentEvent{At: opened.Add(after), Kind: kind})
		}
		change(&told)
		return told
	}
	then := func(told *Told, after time.Duration, kind tocsin.EventKind) {
		told.Events = append(told.Events, tocsin.IncidentEvent{At: told.Incident.OpenedAt.Add(after), Kind: kind})
	}
	list := []Told{
		one("TRUE", at(2, 1), func(told *Told) {
			then(told, 4*time.Hour, tocsin.EventFixValidated)
			r := told.Incident.Review
			r.ClosedAt = at(2, 10)
			r.Effort = []tocsin.Effort{{Who: ada, Minutes: 90}, {Who: bea, Minutes: 30}, {Who: bea, Minutes: 15}}
			r.Credits = []tocsin.Credit{{Who: "Zoe", Type: tocsin.CreditReporter}, {Who: "Zoe", Type: tocsin.CreditAnalyst}}
			r.Actions = []tocsin.ReviewAction{{ID: "a1", Title: "send SBOMs", Due: at(3, 1), Owner: carl}, {ID: "a2", Due: at(3, 1), DoneAt: at(2, 20)}, {ID: "a3", Due: at(12, 1)}}
		}),
		one("FALSE", at(5, 2), func(told *Told) { then(told, time.Hour, tocsin.EventStoodDown) }),
		one("FALSE-AT-FIRST", at(4, 2), func(told *Told) {
			then(told, time.Hour, tocsin.EventStoodDown)
			then(told, 2*time.Hour, tocsin.EventReopened)
		}),
		one("HOLD", at(1, 2), func(told *Told) { told.Incident.Urgency, told.Incident.State = tocsin.UrgencyHold, tocsin.StateHold }),
		one("ROUTINE", at(1, 2), func(told *Told) { told.Incident.Urgency = tocsin.UrgencyRoutine }),
		one("MERGED", at(1, 2), func(told *Told) { told.Incident.State = tocsin.StateMerged }),
		one("BEFORE", at(1, 2).AddDate(-1, 0, 0), func(*Told) {}),
		one("AFTER", at(7, 1), func(*Told) {}),
	}
	r, err := Retrospect(list, at(1, 1).Add(-12*time.Hour), at(7, 1).Add(-12*time.Hour), EveryQuarter, at(8, 1))
	if err != nil {
		t.Fatal(err)
	}
	none := tocsin.MarksInSeconds{Detect: 3600, Acknowledge: 600, Mobilise: -1, Contain: -1, Fix: -1, Resolve: -1, Review: -1}
	first, second := none, none
	first.Fix, second.Resolve = 4*3600, 3600
	want := []tocsin.Period{
		{From: at(1, 1).Add(-12 * time.Hour), To: at(4, 1).Add(-12 * time.Hour), Alerts: 2, News: 1, Median: first},
		{From: at(4, 1).Add(-12 * time.Hour), To: at(7, 1).Add(-12 * time.Hour), Alerts: 2, News: 1, False: 1, Median: second},
	}
	if diff := cmp.Diff(want, r.Periods); diff != "" {
		t.Error(diff)
	}
	if r.Minutes != 135 || r.Asked != 3 || r.Done != 1 || len(r.Late) != 1 || r.Late[0].Action.ID != "a1" || len(r.All) != 4 || len(r.Open) != 2 || r.Open[0].Incident != "FALSE-AT-FIRST" {
		t.Errorf("%+v", r)
	}
	text := RetrospectiveMarkdown(r, Price{Hour: 100, Currency: "EUR"})
	for _, want := range []string{
		"# Emergencies from 2026-01-01 to 2026-06-30\n", "| 2026-01-01 to 2026-03-31 | 2 | 1 (50 %) | 0 | 60 min | 10 min | – | – | 4 h | – | – |\n",
		"| TRUE | CVE-TRUE | 2026-02-01 | resolved | 10 min | 4 h | – | 2 h 15 min |\n", "2 persons gave 2 h 15 min, as they say: 225 EUR at 100 EUR an hour.\n", "| ada | 1 | 90 min |\n| bea | 1 | 45 min |\n",
		"- Zoe: analyst in TRUE, reporter in TRUE\n", "1 of 3 actions done.\n- late since 2026-03-01: send SBOMs (TRUE, for carl)\n- no review yet: FALSE-AT-FIRST, CVE-FALSE-AT-FIRST, due 2026-04-16 12:00 UTC\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for name, bad := range map[string]func() error{
		"every": func() error { _, err := Retrospect(nil, at(1, 1), at(2, 1), "week", at(8, 1)); return err },
		"from":  func() error { _, err := Retrospect(nil, at(2, 1), at(2, 1), EveryYear, at(8, 1)); return err },
		"from: there are more": func() error {
			_, err := Retrospect(nil, at(1, 1).AddDate(-30, 0, 0), at(2, 1), EveryMonth, at(8, 1))
			return err
		},
	} {
		if err := bad(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
