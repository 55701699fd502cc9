package incidents

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// Tick does what time brings: calls for help, reminders, and the end of what was given an end. It gives the incidents that changed, sorted
// by key. The same time again gives nothing more, and the order of known does not matter.
func (r Rules) Tick(known []tocsin.Incident, now time.Time) []Change {
	var all []*draft
	var history []tocsin.Summons
	for _, inc := range known {
		if r.theirs(inc.Key) != nil {
			continue
		}
		all = append(all, &draft{inc: clone(inc)})
		for _, c := range slices.Backward(inc.Escalation.Calls) {
			if now.Sub(c.At) >= balance { // they are in the order of time
				break
			}
			history = append(history, c)
		}
	}
	slices.SortFunc(all, func(a, b *draft) int { // who was called for the older counts for the younger
		return cmp.Or(a.inc.OpenedAt.Compare(b.inc.OpenedAt), strings.Compare(a.inc.Key, b.inc.Key))
	})
	for _, d := range all {
		a := act{draft: d, rules: r, now: now, c: tocsin.Command{By: tocsin.Self(), Source: byClock}}
		if d.inc.State == tocsin.StateMerged {
			continue
		}
		a.endings()
		a.countDown()
		if !d.inc.State.Over() {
			r.settle(d, now, byClock)
		}
		if !d.inc.State.Over() {
			a.reminders()
			a.late()
		}
		a.lessons()
		a.escalate(&history)
	}
	return changes(all)
}

// endings ends what was given an end that has come.
func (a *act) endings() {
	if e := &a.inc.Embargo; !e.Until.IsZero() && !a.now.Before(e.Until) {
		switch e.State {
		case tocsin.EmbargoActive, tocsin.EmbargoRevised:
			e.State, e.Proposed = tocsin.EmbargoExited, zero
			a.say(tocsin.EventEmbargo, "the embargo is over: it was to hold until %s", moment(e.Until))
		case tocsin.EmbargoProposed: // it never held, so that there may be another
			a.say(tocsin.EventEmbargo, "nobody agreed to an embargo until %s, which %s proposed; there is none", moment(e.Until), e.By.Name)
			*e = tocsin.Embargo{}
		}
	}
	for i := range a.inc.Projects {
		p := &a.inc.Projects[i]
		if p.Until.IsZero() || a.now.Before(p.Until) || !p.Status.Stated() || a.inc.State.Over() {
			continue
		}
		a.news(a.now)
		a.say(tocsin.EventRegressed, "counts as affected again: that it is %s was stated until %s", p.Status, moment(p.Until)).Project = p.Slug
		p.Status, p.Until, p.Evidence = tocsin.ProjectAffected, zero, ""
	}
	if e := &a.inc.Escalation; !e.Until.IsZero() && !a.now.Before(e.Until) {
		e.Until, a.changed = zero, true
		if !a.inc.State.Over() {
			a.news(a.now)
			a.say(tocsin.EventEscalated, "%s wanted to be asked again now", e.AckBy.Name)
		}
	}
	for i := range a.inc.Rollbacks {
		r := &a.inc.Rollbacks[i]
		if !r.EndedAt.IsZero() || a.now.Before(r.Until) {
			continue
		}
		r.EndedAt = a.now
		if r.ApprovedAt.IsZero() {
			a.say(tocsin.EventRollback, "rollback %d ended: nobody agreed to it until %s", i+1, moment(r.Until))
		} else {
			a.say(tocsin.EventRollback, "rollback %d ended: %s was to stay at %s until %s", i+1, r.Package, r.Version, moment(r.Until))
		}
	}
	var left []tocsin.Delegation
	for _, d := range a.inc.Delegations {
		if a.now.Before(d.Until) {
			left = append(left, d)
			continue
		}
		a.say(tocsin.EventDelegated, "%s may not %s for %s any more: it was until %s", d.To.Name, d.Right, d.By.Name, moment(d.Until))
	}
	a.inc.Delegations = left
}

// patience is how long who was offered a role has to answer.
const patience = 30 * time.Minute

// reminders reminds of tasks that are late, each once a day, and tells who offered a role that nobody answered.
func (a *act) reminders() {
	for i := range a.inc.Tasks {
		t := &a.inc.Tasks[i]
		late := !t.Done && !a.now.Before(t.Due) && applies(a.inc, *t) && len(waitsFor(a.inc, *t)) == 0
		if !late || !t.Reminded.IsZero() && a.now.Before(t.Reminded.Add(tocsin.Day)) {
			continue
		}
		t.Reminded = a.now
		whose := "nobody is the " + string(t.Role)
		if r := a.inc.Role(t.Role); t.Owner.ID != "" {
			whose = "it is for " + t.Owner.Name
		} else if r != nil && r.Holder.ID != "" {
			whose = "it is for " + r.Holder.Name + ", the " + string(t.Role)
		}
		a.say(tocsin.EventTask, "task %s (%s) is late, it was due %s: %s", t.ID, t.Title, moment(t.Due), whose).Role = t.Role
	}
	for i := range a.inc.Roles {
		r := &a.inc.Roles[i]
		if r.Offered.ID == "" || r.OfferLate || a.now.Before(r.OfferedAt.Add(patience)) {
			continue
		}
		r.OfferLate = true
		by := a.rules.Governance.Known(r.OfferedBy)
		if by.ID != "" {
			a.summon(tocsin.Summons{Offer: r.Name, To: []tocsin.Callee{{Actor: by.Actor(), Login: by.Login}}})
		}
		a.roleSays(r, "%s has not accepted the role of %s since %s; %s offered it, and should ask somebody else or keep it",
			r.Offered.Name, r.Name, moment(r.OfferedAt), cmp.Or(by.Name, "whoever"))
	}
}

// lessons reminds of what reviews asked for, once a day for as long as it takes.
func (a *act) lessons() {
	if a.inc.Review == nil {
		return
	}
	for i := range a.inc.Review.Actions {
		one := &a.inc.Review.Actions[i]
		if !one.DoneAt.IsZero() || a.now.Before(one.Due) || !one.Reminded.IsZero() && a.now.Before(one.Reminded.Add(tocsin.Day)) {
			continue
		}
		one.Reminded = a.now
		a.say(tocsin.EventTask, "what the review asked for, %s (%s), was due at %s: %s", one.ID, one.Title, moment(one.Due), one.Owner.Name)
	}
}

// late says once in each period that people were promised an update and got none.
func (a *act) late() {
	due := a.inc.NextUpdate
	if due.IsZero() || a.now.Before(due) {
		return
	}
	every := a.rules.Governance.Updates[a.inc.Severity]
	if every <= 0 {
		a.inc.NextUpdate = zero
		a.say(tocsin.EventMessage, "the update of %s is late", moment(due)).Role = tocsin.RoleLiaison
		return
	}
	a.inc.NextUpdate = due.Add((a.now.Sub(due)/every + 1) * every)
	a.say(tocsin.EventMessage, "the update of %s is late: nobody sent one; the next is due %s", moment(due), moment(a.inc.NextUpdate)).Role = tocsin.RoleLiaison
}
