package incidents

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// Summoned is whom a step of an escalation calls.
type Summoned struct {
	// People to call, who was called least first.
	People []tocsin.Responder
	// Passed says of each who is not called, and why.
	Passed []string
	// Wait is when to ask again, where the step waits for working hours; then People is empty.
	Wait time.Time
}

// balance is how far back calls count when the least called is looked for.
const balance = 7 * tocsin.Day

// Summon says whom a step calls now in an incident. history are calls of all incidents, in any order; those for which nobody was called for
// help do not count.
func Summon(g tocsin.Governance, step tocsin.EscalationStep, inc tocsin.Incident, history []tocsin.Summons, now time.Time) Summoned {
	var out Summoned
	var waits []tocsin.Responder
	seen := map[string]bool{}
	for _, t := range step.Whom {
		found, none := people(g, t, inc, now)
		if none != "" {
			out.Passed = append(out.Passed, none)
		}
		for _, p := range found {
			if seen[p.ID] {
				continue
			}
			last := t.Kind == tocsin.TargetEveryone // nothing is left but to call them
			full := spent(p, history, now)
			switch {
			case last:
			case full != "":
				out.Passed = append(out.Passed, p.Name+" "+full)
				continue
			case step.Outside != tocsin.OutsideCall && !p.Works(now):
				if step.Outside == tocsin.OutsideWait {
					waits = append(waits, p)
				}
				out.Passed = append(out.Passed, p.Name+" does not work now")
				continue
			}
			seen[p.ID] = true
			out.People = append(out.People, p)
		}
	}
	if len(out.People) == 0 {
		for _, p := range waits {
			out.Wait = earlier(out.Wait, p.Hours.Next(now.In(p.Zone)))
		}
		return out
	}
	often := map[string]int{}
	for _, c := range history {
		if c.Offer == "" && now.Sub(c.At) < balance {
			for _, who := range c.To {
				often[who.ID]++
			}
		}
	}
	slices.SortStableFunc(out.People, func(a, b tocsin.Responder) int { return cmp.Compare(often[a.ID], often[b.ID]) })
	if step.One {
		out.People = out.People[:1]
	}
	return out
}

// people are those that a target is now, or why it is nobody.
func people(g tocsin.Governance, t tocsin.Target, inc tocsin.Incident, now time.Time) (found []tocsin.Responder, none string) {
	name := t.Name
	switch t.Kind {
	case tocsin.TargetEveryone:
		return g.People, ""
	case tocsin.TargetRole:
		r := inc.Role(tocsin.RoleName(t.Name))
		if r == nil || r.Holder.ID == "" {
			return nil, "nobody is the " + t.Name
		}
		return []tocsin.Responder{g.Known(r.Holder)}, ""
	case tocsin.TargetRotation:
		r, _ := g.Rotation(t.Name)
		if name, _ = r.OnCall(now); name == "" {
			return nil, "nobody is on call in rotation " + t.Name
		}
	}
	if p, ok := g.Person(name); ok {
		return []tocsin.Responder{p}, ""
	}
	return nil, t.String() + " is nobody"
}

// spent says that a limit of calls is reached; empty if not. Calls of the last 24 hours count, those of their nights apart.
func spent(p tocsin.Responder, history []tocsin.Summons, now time.Time) string {
	night := p.Night(now)
	most, when := p.MostByDay, "day"
	if night {
		most, when = p.MostByNight, "night"
	}
	if most == 0 {
		return ""
	}
	calls := 0
	for _, c := range history {
		if c.Offer == "" && now.Sub(c.At) < tocsin.Day && p.Night(c.At) == night &&
			slices.ContainsFunc(c.To, func(who tocsin.Callee) bool { return who.ID == p.ID }) {
			calls++
		}
	}
	if calls < most {
		return ""
	}
	return fmt.Sprintf("was called %s by %s in 24 hours", times(calls), when)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// names of people, as they stand in a sentence; bounded.
func names(list []tocsin.Callee) string {
	var out []string
	for _, p := range list[:min(len(list), maxNamed)] {
		out = append(out, p.Name)
	}
	if n := len(list) - maxNamed; n > 0 {
		out = append(out, fmt.Sprintf("%d more", n))
	}
	return strings.Join(out, ", ")
}
