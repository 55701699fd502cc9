package incidents

import (
	"time"

	"github.com/tocsin-dev/tocsin"
)

// Wake is when the clock next brings something to an incident: a [Rules.Tick] before that does nothing, but for criteria that read the
// time. It is zero for nothing, and may lie in the past for what is to be done at once.
func (r Rules) Wake(inc tocsin.Incident) time.Time {
	var out time.Time
	at := func(t time.Time) { out = earlier(out, t) }
	again := func(due, reminded time.Time) {
		if reminded.IsZero() {
			at(due)
		} else {
			at(reminded.Add(tocsin.Day))
		}
	}
	if inc.State == tocsin.StateMerged {
		return out
	}
	if inc.Review != nil {
		for _, one := range inc.Review.Actions {
			if one.DoneAt.IsZero() {
				again(one.Due, one.Reminded)
			}
		}
	}
	if e := inc.Embargo; e.State != "" && e.State != tocsin.EmbargoExited {
		at(e.Until)
	}
	for _, b := range inc.Rollbacks {
		if b.EndedAt.IsZero() {
			at(b.Until)
		}
	}
	for _, d := range inc.Delegations {
		at(d.Until)
	}
	if inc.State.Over() {
		return out
	}
	at(inc.NextUpdate)
	for _, t := range inc.Tasks {
		if !t.Done && applies(inc, t) && len(waitsFor(inc, t)) == 0 {
			again(t.Due, t.Reminded)
		}
	}
	for _, role := range inc.Roles {
		if role.Offered.ID != "" && !role.OfferLate {
			at(role.OfferedAt.Add(patience))
		}
	}
	if inc.State == tocsin.StateFixValidated {
		at(inc.ValidatedAt.Add(r.Playbooks[inc.Playbook].Soak))
	}
	if inc.Urgency != tocsin.UrgencyRoutine {
		at(inc.Escalation.NextAt)
	}
	return out
}
