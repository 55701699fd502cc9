package app

import (
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/incidents/governance"
)

// Governance loads a governance by path; without one it is the shipped one.
func Governance(path string) (tocsin.Governance, error) {
	if path == "" {
		return governance.Shipped()
	}
	text, err := readRules("governance", path)
	if err != nil {
		return tocsin.Governance{}, err
	}
	return governance.Load(path, text)
}

// CheckGovernance lists what a governance allows that may leave an emergency with nobody.
func CheckGovernance(g tocsin.Governance, now time.Time) []string { return governance.Check(g, now) }

// OnCall is who is on call in a rotation, and until when at the latest.
type OnCall struct {
	Rotation string `json:"rotation"`
	// Person by name; empty: nobody.
	Person string    `json:"person,omitempty"`
	Login  string    `json:"login,omitempty"`
	Until  time.Time `json:"until,omitzero"`
}

// A Step is whom a step of an escalation policy would call in an incident that nobody leads, if nobody had been called before.
type Step struct {
	Policy string `json:"policy"`
	Step   int    `json:"step"`
	// After is since the step before, in seconds.
	After  int       `json:"after_seconds"`
	Calls  []string  `json:"calls"`
	Passed []string  `json:"passed,omitempty"`
	Waits  time.Time `json:"waits_until,omitzero"`
}

// A Duty is who is on call at a time, and whom each step of each policy would call then.
type Duty struct {
	At     time.Time `json:"at"`
	OnCall []OnCall  `json:"on_call"`
	Steps  []Step    `json:"steps"`
}

// DutyAt says who is on call.
func DutyAt(g tocsin.Governance, at time.Time) Duty {
	d := Duty{At: at, OnCall: []OnCall{}, Steps: []Step{}}
	for _, r := range g.Rotations {
		name, until := r.OnCall(at)
		p, _ := g.Person(name)
		d.OnCall = append(d.OnCall, OnCall{Rotation: r.Name, Person: name, Login: p.Login, Until: until.UTC()})
	}
	for _, p := range g.Escalation {
		for i, s := range p.Steps {
			found := incidents.Summon(g, s, tocsin.Incident{}, nil, at)
			one := Step{Policy: p.Name, Step: i + 1, After: int(s.After / time.Second), Calls: []string{}, Passed: found.Passed, Waits: found.Wait.UTC()}
			for _, who := range found.People {
				one.Calls = append(one.Calls, who.Name)
			}
			d.Steps = append(d.Steps, one)
		}
	}
	return d
}
