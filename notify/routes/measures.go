package routes

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// Measures say whether people are told too much.
type Measures struct {
	From      time.Time          `json:"from"`
	To        time.Time          `json:"to"`
	Receivers []ReceiverMeasures `json:"receivers"`
	Rules     []RuleMeasures     `json:"rules"`
	// Suggest is what may be done about it.
	Suggest []string `json:"suggest"`
}

// ReceiverMeasures are those of one receiver.
type ReceiverMeasures struct {
	Receiver string `json:"receiver"`
	// Notices that were sent, and how many that is in a week; Passed is what it was spared.
	Notices int     `json:"notices"`
	PerWeek float64 `json:"per_week"`
	Passed  int     `json:"passed"`
	// Incidents that it was told of, and of these those that somebody acknowledged, and that led to work.
	Incidents    int `json:"incidents"`
	Acknowledged int `json:"acknowledged"`
	Worked       int `json:"worked"`
}

// RuleMeasures are those of one rule of a policy, by name, or of one urgency where no rule is known.
type RuleMeasures struct {
	Rule      string `json:"rule"`
	Notices   int    `json:"notices"`
	Incidents int    `json:"incidents"`
	Worked    int    `json:"worked"`
}

// tired is how many urgent notices in a week are too many for a person to take each seriously, and enough how many incidents of a rule say
// something about it.
const (
	tired  = 14
	enough = 3
)

// Measure counts what receivers were told in a time, and what came of it.
func Measure(log []tocsin.NoticeRecord, told []Told, from, to time.Time) Measures {
	m := Measures{From: from, To: to, Receivers: []ReceiverMeasures{}, Rules: []RuleMeasures{}, Suggest: []string{}}
	of := map[string]Told{}
	for _, t := range told {
		of[t.Incident.Key] = t
	}
	type tally struct {
		notices, incidents map[string]bool
		passed             int
	}
	receivers, rules := map[string]*tally{}, map[string]*tally{}
	get := func(m map[string]*tally, key string) *tally {
		if m[key] == nil {
			m[key] = &tally{notices: map[string]bool{}, incidents: map[string]bool{}}
		}
		return m[key]
	}
	for _, r := range log {
		if r.At.Before(from) || !r.At.Before(to) {
			continue
		}
		one := get(receivers, r.Receiver)
		if r.Notice == "" {
			one.passed++
			continue
		}
		rule := get(rules, ruleOf(of[r.Incident].Incident))
		for _, t := range []*tally{one, rule} {
			t.notices[r.Notice], t.incidents[r.Incident] = true, true
		}
	}
	weeks := max(to.Sub(from).Hours()/(7*24), 1.0/7)
	for _, name := range sorted(receivers) {
		t := receivers[name]
		r := ReceiverMeasures{Receiver: name, Notices: len(t.notices), PerWeek: float64(int(10*float64(len(t.notices))/weeks+0.5)) / 10, Passed: t.passed, Incidents: len(t.incidents)}
		for key := range t.incidents {
			r.Acknowledged += count1(acknowledged(of[key]))
			r.Worked += count1(worked(of[key]))
		}
		if r.PerWeek > tired {
			m.Suggest = append(m.Suggest, fmt.Sprintf("receiver %s: %.1f notices a week: give its routes a digest:, every: or a narrower match:", name, r.PerWeek))
		}
		m.Receivers = append(m.Receivers, r)
	}
	for _, name := range sorted(rules) {
		t := rules[name]
		r := RuleMeasures{Rule: name, Notices: len(t.notices), Incidents: len(t.incidents)}
		for key := range t.incidents {
			r.Worked += count1(worked(of[key]))
		}
		m.Rules = append(m.Rules, r)
	}
	slices.SortStableFunc(m.Rules, func(a, b RuleMeasures) int {
		return cmp.Or(cmp.Compare(b.Notices, a.Notices), strings.Compare(a.Rule, b.Rule))
	})
	for _, r := range m.Rules {
		if r.Incidents >= enough && r.Worked*5 < r.Incidents {
			m.Suggest = append(m.Suggest, fmt.Sprintf("rule %s: %s of %s, and %d led to work: narrow it (tocsin policy sweep), or gather it in a digest", r.Rule,
				several(r.Notices, "notice"), several(r.Incidents, "incident"), r.Worked))
		}
	}
	return m
}

func count1(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func ruleOf(inc tocsin.Incident) string {
	for _, p := range inc.Projects {
		if p.Rule != "" {
			return line(p.Rule, 100)
		}
	}
	return "(" + cmp.Or(string(inc.Urgency), "not known") + ")"
}

func acknowledged(t Told) bool {
	return slices.ContainsFunc(t.Events, func(e tocsin.IncidentEvent) bool {
		return e.Kind == tocsin.EventAcknowledged || e.Kind == tocsin.EventRole && e.ActorID != tocsin.Self().ID
	})
}

// worked says whether somebody did something: a task or an answer, or a project is patched or mitigated.
func worked(t Told) bool {
	return slices.ContainsFunc(t.Incident.Tasks, func(one tocsin.Task) bool { return one.Done }) || len(t.Incident.Answers) > 0 ||
		slices.ContainsFunc(t.Incident.Projects, func(p tocsin.IncidentProject) bool {
			return p.Status == tocsin.ProjectPatched || p.Status == tocsin.ProjectMitigated
		})
}
