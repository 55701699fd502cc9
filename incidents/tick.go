package incidents

import (
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
)

const (
	// remindEvery is how often a task that is late is told of.
	remindEvery = tocsin.Day
	// offerHolds is how long a role that was offered waits for an answer.
	offerHolds = 30 * time.Minute
)

// Tick does what time alone brings about: fixes that held long enough, updates and tasks that are late, and what was to end now. It gives
// the incidents that changed, sorted by key; the same time again changes nothing more. The order of known does not matter.
func (r Rules) Tick(known []tocsin.Incident, now time.Time) []Change {
	var list []*draft
	for _, inc := range known {
		t := ticker{draft: &draft{inc: clone(inc)}, rules: r, now: now}
		list = append(list, t.draft)
		if inc.State == tocsin.StateMerged {
			continue
		}
		t.endings()
		t.actions()
		if inc.State.Over() {
			continue
		}
		r.settle(t.draft, now, byClock)
		if t.inc.State.Over() {
			continue
		}
		t.offers()
		t.tasks()
		t.update()
	}
	return changes(list)
}

type ticker struct {
	*draft
	rules Rules
	now   time.Time
}

func (t *ticker) say(kind tocsin.EventKind, format string, args ...any) *tocsin.IncidentEvent {
	t.changed = true
	t.events = append(t.events, tocsin.IncidentEvent{
		Incident: t.inc.Key, At: t.now, Kind: kind, Actor: tocsin.Self().Name, ActorID: tocsin.Self().ID, Source: byClock, Text: fmt.Sprintf(format, args...), TLP: tocsin.TLPAmber,
	})
	return &t.events[len(t.events)-1]
}

// endings ends what was to end now.
func (t *ticker) endings() {
	if e := &t.inc.Embargo; (e.Covers() || e.State == tocsin.EmbargoProposed) && !t.now.Before(e.Until) {
		t.say(tocsin.EventEmbargo, "the embargo ended as agreed at %s", moment(e.Until))
		e.State, e.Proposed = tocsin.EmbargoExited, zero
	}
	for i := range t.inc.Rollbacks {
		if b := &t.inc.Rollbacks[i]; b.EndedAt.IsZero() && !t.now.Before(b.Until) {
			b.EndedAt = t.now
			t.say(tocsin.EventRollback, "rollback %d (%s to %s) came to its end", i+1, b.Package, b.Version)
		}
	}
	kept := slices.DeleteFunc(slices.Clone(t.inc.Delegations), func(d tocsin.Delegation) bool { return !t.now.Before(d.Until) })
	if len(kept) < len(t.inc.Delegations) {
		t.inc.Delegations, t.changed = kept, true
	}
}

// late says whether something is to be told of: it is over its time, and was not told of for a while.
func (t *ticker) late(due, reminded time.Time) bool {
	return !due.IsZero() && !t.now.Before(due) && (reminded.IsZero() || !t.now.Before(reminded.Add(remindEvery)))
}

func (t *ticker) tasks() {
	for i := range t.inc.Tasks {
		one := &t.inc.Tasks[i]
		if one.Done || !t.late(one.Due, one.Reminded) || !applies(t.inc, *one) || len(waitsFor(t.inc, *one)) > 0 {
			continue
		}
		one.Reminded = t.now
		who := string(one.Role)
		if one.Owner.ID != "" {
			who = one.Owner.Name
		} else if r := t.inc.Role(one.Role); r != nil && r.Holder.ID != "" {
			who = r.Holder.Name
		} else {
			who += ", whom nobody is"
		}
		t.say(tocsin.EventTask, "task %s (%s) was due at %s: %s", one.ID, one.Title, moment(one.Due), who).Role = one.Role
	}
}

// actions reminds of what reviews asked for, for as long as it takes.
func (t *ticker) actions() {
	if t.inc.Review == nil {
		return
	}
	for i := range t.inc.Review.Actions {
		if a := &t.inc.Review.Actions[i]; a.DoneAt.IsZero() && t.late(a.Due, a.Reminded) {
			a.Reminded = t.now
			t.say(tocsin.EventTask, "what the review asked for, %s (%s), was due at %s: %s", a.ID, a.Title, moment(a.Due), a.Owner.Name)
		}
	}
}

// offers takes back what nobody answered: the role is to be offered to somebody who is there.
func (t *ticker) offers() {
	for i := range t.inc.Roles {
		r := &t.inc.Roles[i]
		if r.Offered.ID == "" || t.now.Before(r.OfferedAt.Add(offerHolds)) {
			continue
		}
		t.say(tocsin.EventRole, "%s did not answer whether they take the role of %s", r.Offered.Name, r.Name).Role = r.Name
		r.Offered, r.OfferedAt = tocsin.Actor{}, zero
	}
}

// update says that people were to hear by now, once for each time that they were.
func (t *ticker) update() {
	every := t.rules.Governance.Updates[t.inc.Severity]
	if t.inc.NextUpdate.IsZero() || t.now.Before(t.inc.NextUpdate) || every <= 0 {
		return
	}
	t.say(tocsin.EventTask, "people were to hear of this by %s", moment(t.inc.NextUpdate)).Role = tocsin.RoleLiaison
	t.inc.NextUpdate = t.inc.NextUpdate.Add(every * (1 + t.now.Sub(t.inc.NextUpdate)/every))
}
