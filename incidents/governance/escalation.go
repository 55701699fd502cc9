package governance

import (
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

type filePolicy struct {
	Policy str `yaml:"policy"`
	Match  struct {
		Severity []str `yaml:"severity"`
		Urgency  []str `yaml:"urgency"`
		Group    []str `yaml:"group"`
	} `yaml:"match"`
	Steps  []fileStep `yaml:"steps"`
	Repeat count      `yaml:"repeat"`
	Pause  span       `yaml:"pause"`
}

type fileStep struct {
	After   span  `yaml:"after"`
	All     []str `yaml:"all"`
	One     []str `yaml:"one"`
	Outside str   `yaml:"outside"`
}

// shortestWait is between two steps: nobody can answer faster. longestWait is how long people are left alone at most.
const (
	shortestWait = time.Minute
	longestWait  = 7 * tocsin.Day
	defaultPause = 15 * time.Minute
)

func (l *loader) escalation(list []filePolicy) {
	if len(list) > maxPolicies {
		l.fault(list[maxPolicies].Policy, "escalation: at most %d policies", maxPolicies)
		return
	}
	names := map[string]bool{}
	for _, f := range list {
		l.named("policy", f.Policy, names)
		of := "policy " + f.Policy.V
		p := tocsin.EscalationPolicy{Name: f.Policy.V, Repeat: f.Repeat.V, Pause: defaultPause}
		for _, v := range f.Match.Severity {
			if err := tocsin.Level(v.V).Validate(); err != nil {
				l.fault(v, "%s: match: %v", of, err)
			}
			p.Severities = append(p.Severities, tocsin.Level(v.V))
		}
		for _, v := range f.Match.Urgency {
			if u := tocsin.Urgency(v.V); u != tocsin.UrgencyEmergency && u != tocsin.UrgencyHold {
				l.fault(v, "%s: match: urgency: %q: want emergency or hold; nobody is called for what is routine", of, v.V)
			}
			p.Urgencies = append(p.Urgencies, tocsin.Urgency(v.V))
		}
		for _, v := range f.Match.Group {
			p.Groups = append(p.Groups, v.V)
		}
		if n := f.Repeat.V; n < 0 || n > maxRepeat {
			l.fault(f.Repeat, "%s: repeat: %d: want 0 to %d", of, n, maxRepeat)
		}
		if f.Pause.IsSet() {
			p.Pause = time.Duration(f.Pause.V)
			l.wait(of+": pause", f.Pause)
		}
		if len(f.Steps) == 0 || len(f.Steps) > maxSteps {
			l.fault(f.Policy, "%s: steps: want 1 to %d", of, maxSteps)
		}
		for i, s := range f.Steps {
			p.Steps = append(p.Steps, l.step(of, i, s, f.Policy))
		}
		l.out.Escalation = append(l.out.Escalation, p)
	}
}

func (l *loader) wait(of string, v span) {
	if d := time.Duration(v.V); d < shortestWait || d > longestWait {
		l.fault(v, "%s: %s: want a time from one minute to seven days", of, d)
	}
}

func (l *loader) step(of string, i int, f fileStep, policy str) tocsin.EscalationStep {
	s := tocsin.EscalationStep{After: time.Duration(f.After.V), One: len(f.One) > 0, Outside: tocsin.OutsideCall}
	if i > 0 || f.After.V > 0 { // the first may be at once
		if !f.After.IsSet() {
			l.fault(policy, "%s: step %d: after: is missing", of, i+1)
		} else {
			l.wait(of+": after", f.After)
		}
	}
	list := append(slices.Clone(f.All), f.One...)
	if len(f.All) > 0 == (len(f.One) > 0) || len(list) > maxTargets {
		l.fault(policy, "%s: step %d: want either all: or one:, with up to %d", of, i+1, maxTargets)
	}
	for _, v := range list {
		s.Whom = append(s.Whom, l.target(of, v))
	}
	if f.Outside.IsSet() {
		s.Outside = tocsin.Outside(f.Outside.V)
		if !slices.Contains([]tocsin.Outside{tocsin.OutsideCall, tocsin.OutsideSkip, tocsin.OutsideWait}, s.Outside) {
			l.fault(f.Outside, "%s: outside: %q: want call, skip or wait", of, f.Outside.V)
		}
	}
	return s
}

// target reads whom a step calls, such as "rotation first".
func (l *loader) target(of string, v str) tocsin.Target {
	kind, name, _ := strings.Cut(v.V, " ")
	t := tocsin.Target{Kind: tocsin.TargetKind(kind), Name: name}
	known := false
	switch t.Kind {
	case tocsin.TargetEveryone:
		known = name == ""
	case tocsin.TargetPerson:
		_, known = l.out.Person(name)
	case tocsin.TargetRotation:
		_, known = l.out.Rotation(name)
	case tocsin.TargetRole:
		known = tocsin.RoleName(name).Known()
	}
	if !known {
		l.fault(v, "%s: %q is nobody: want person NAME, rotation NAME, role NAME or everyone, with a name that is there", of, v.V)
	}
	return t
}
