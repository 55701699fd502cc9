package incidents

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// news notes that something happened of which those who answered know nothing. The clock calls again.
func (d *draft) news(now time.Time) { d.inc.Escalation.News = now }

// afresh has the call begin anew, because what it was for has changed.
func (d *draft) afresh(now time.Time) {
	e := &d.inc.Escalation
	e.NextAt, e.News = zero, now
}

// answered has the call rest: somebody is on it.
func (d *draft) answered(by tocsin.Actor, now time.Time) {
	e := &d.inc.Escalation
	e.AckBy, e.AckAt, e.NextAt, e.News, e.Until, e.Called = by, now, zero, zero, zero, nil
}

// maxCalls is how many calls an incident keeps, and maxWritten how many of them are written out; the newest are.
const (
	maxCalls   = 1000
	maxWritten = 100
)

// escalate calls for help as far as the time has come. history are the calls of all incidents, to which it adds its own.
func (a *act) escalate(history *[]tocsin.Summons) {
	e := &a.inc.Escalation
	running := !e.NextAt.IsZero()
	if a.inc.State.Over() || a.inc.Urgency == tocsin.UrgencyRoutine {
		if running {
			a.rest()
		}
		return
	}
	policy, ok := a.rules.Governance.Escalates(a.inc.Severity, a.inc.Urgency, a.inc.Group)
	switch leader := a.inc.Role(tocsin.RoleCommander); {
	case !ok:
		if running {
			a.rest()
		}
		return
	case running && e.Policy == policy.Name:
		if !e.News.IsZero() { // they are being called for it anyway
			e.News, a.changed = zero, true
		}
	case running || !e.News.IsZero():
		a.begin(policy)
	case e.Since.IsZero() && e.AckBy.ID == "" && (leader == nil || leader.Holder.ID == ""):
		a.begin(policy)
	default:
		return
	}
	for !e.NextAt.IsZero() && !a.now.Before(e.NextAt) {
		a.step(policy, history)
	}
}

func (a *act) rest() {
	e := &a.inc.Escalation
	e.NextAt, e.Called, a.changed = zero, nil, true
}

func (a *act) begin(p tocsin.EscalationPolicy) {
	e := &a.inc.Escalation
	why := "nobody is on it"
	if !e.News.IsZero() && e.AckBy.ID != "" {
		why = "there is news since " + e.AckBy.Name + " said to be on it"
	}
	first := tocsin.EscalationStep{}
	if len(p.Steps) > 0 {
		first = p.Steps[0]
	}
	*e = tocsin.Escalation{Policy: p.Name, Since: a.now, NextAt: a.now.Add(first.After), Calls: e.Calls}
	a.say(tocsin.EventEscalated, "%s: help is called for by policy %s", why, p.Name)
}

// step takes the next step, of this round or of another, or ends the call when there is none.
func (a *act) step(p tocsin.EscalationPolicy, history *[]tocsin.Summons) {
	e := &a.inc.Escalation
	if e.Step >= len(p.Steps) {
		if e.Round >= p.Repeat || len(p.Steps) == 0 {
			e.NextAt = zero
			a.say(tocsin.EventEscalated, "nobody answered: policy %s has taken all its steps %s, and calls nobody any more until there is news", p.Name, times(e.Round+1))
			return
		}
		e.Step, e.Round = 0, e.Round+1
	}
	now := p.Steps[e.Step]
	found := Summon(a.rules.Governance, now, a.inc, *history, a.now)
	passed := ""
	if len(found.Passed) > 0 {
		passed = " (" + strings.Join(found.Passed[:min(len(found.Passed), maxNamed)], "; ") + ")"
	}
	if !found.Wait.IsZero() {
		e.NextAt = found.Wait
		a.say(tocsin.EventEscalated, "step %d waits for working hours, until %s%s", e.Step+1, moment(e.NextAt), passed)
		return
	}
	var to []tocsin.Callee
	for _, one := range found.People {
		to = append(to, tocsin.Callee{Actor: one.Actor(), Login: one.Login})
	}
	if len(to) > 0 {
		*history = append(*history, a.summon(tocsin.Summons{To: to}))
		for _, one := range to {
			if !slices.ContainsFunc(e.Called, func(c tocsin.Actor) bool { return c.ID == one.ID }) {
				e.Called = append(e.Called, one.Actor)
			}
		}
		a.say(tocsin.EventEscalated, "called %s: step %d of policy %s, round %d%s", names(to), e.Step+1, p.Name, e.Round+1, passed)
	} else {
		a.say(tocsin.EventEscalated, "nobody could be called in step %d of policy %s%s", e.Step+1, p.Name, passed)
	}
	e.Step++
	switch {
	case e.Step >= len(p.Steps):
		e.NextAt = a.now.Add(max(p.Pause, time.Minute))
	case len(to) == 0: // nobody is there to be waited for
		e.NextAt = a.now
	default:
		e.NextAt = a.now.Add(p.Steps[e.Step].After)
	}
}

// summon writes down a call, with the next number.
func (a *act) summon(s tocsin.Summons) tocsin.Summons {
	e := &a.inc.Escalation
	s.Number, s.At = 1, a.now
	if n := len(e.Calls); n > 0 {
		s.Number = e.Calls[n-1].Number + 1
	}
	e.Calls = append(slices.Clip(e.Calls[max(len(e.Calls)-maxCalls+1, 0):]), s)
	return s
}

// outgoing are the calls that are to be written out: of a call for help that runs, those that it made, and each word to who offered a role
// that still waits. What was answered or is over needs nobody any more.
func outgoing(inc tocsin.Incident) []tocsin.Summons {
	if inc.State.Over() {
		return nil
	}
	var out []tocsin.Summons
	for _, c := range inc.Escalation.Calls {
		r := inc.Role(c.Offer)
		if c.Offer == "" && inc.Escalation.AckBy.ID == "" && !c.At.Before(inc.Escalation.Since) || r != nil && r.OfferLate {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b tocsin.Summons) int { return cmp.Compare(a.Number, b.Number) })
	return out[max(len(out)-maxWritten, 0):]
}
