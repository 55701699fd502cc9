package governance

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// horizon is how far ahead gaps are looked for: two rounds of most rotations, and every day of a week several times.
const horizon = 28 * tocsin.Day

// Check lists, in the order of the file, what is allowed and may still leave an emergency with nobody: people whom nothing reaches, times
// in which nobody is on call, policies that may call nobody, and incidents that no policy is for.
func Check(g tocsin.Governance, now time.Time) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, p := range g.People {
		if !p.Reachable() {
			say("person %s: has neither a login nor a contact: nothing reaches them", p.Name)
		}
		if !p.Confirmed.IsZero() && now.Sub(p.Confirmed) > tocsin.Stale {
			say("person %s: said on %s how they are reached: ask them again, and set confirmed:", p.Name, p.Confirmed.Format(time.DateOnly))
		}
	}
	for _, r := range g.Rotations {
		if from, to, ok := gap(r, now); ok {
			say("rotation %s: nobody is on call from %s to %s", r.Name, from.UTC().Format(layout), to.UTC().Format(layout))
		}
	}
	for _, p := range g.Escalation {
		if !slices.ContainsFunc(p.Steps, func(s tocsin.EscalationStep) bool { return certain(g, s, now) }) {
			say("policy %s: may end with nobody called: no step calls everyone, or somebody who is always there", p.Name)
		}
	}
	for _, urgency := range []tocsin.Urgency{tocsin.UrgencyEmergency, tocsin.UrgencyHold} {
		var missed []string
		for _, level := range []tocsin.Level{tocsin.LevelCritical, tocsin.LevelHigh, tocsin.LevelMedium, tocsin.LevelLow} {
			if _, ok := g.Escalates(level, urgency, ""); !ok {
				missed = append(missed, string(level))
			}
		}
		if len(missed) > 0 {
			say("escalation: outside the groups that policies name, nobody is called for urgency %s with severity %s", urgency, strings.Join(missed, ", "))
		}
	}
	return out
}

const layout = "2006-01-02 15:04 UTC"

// gap is the first time in which nobody is on call.
func gap(r tocsin.Rotation, now time.Time) (from, to time.Time, found bool) {
	for at := now; at.Before(now.Add(horizon)); at = at.Add(15 * time.Minute) {
		name, until := r.OnCall(at)
		if name == "" {
			return at, until, true
		}
	}
	return from, to, false
}

// certain says whether a step calls somebody whenever it is taken. Who holds a role is not certain: nobody may.
func certain(g tocsin.Governance, s tocsin.EscalationStep, now time.Time) bool {
	free := func(p tocsin.Responder) bool {
		return p.Reachable() && p.MostByDay == 0 && p.MostByNight == 0 && (s.Outside != tocsin.OutsideSkip || p.Hours.Always())
	}
	return slices.ContainsFunc(s.Whom, func(t tocsin.Target) bool {
		switch t.Kind {
		case tocsin.TargetEveryone:
			return slices.ContainsFunc(g.People, tocsin.Responder.Reachable)
		case tocsin.TargetPerson:
			p, _ := g.Person(t.Name)
			return free(p)
		case tocsin.TargetRotation:
			r, _ := g.Rotation(t.Name)
			_, _, gaps := gap(r, now)
			return !gaps && !slices.ContainsFunc(r.People, func(name string) bool {
				p, _ := g.Person(name)
				return !free(p)
			})
		}
		return false
	})
}
