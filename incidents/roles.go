package incidents

import (
	"fmt"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// role gives the role that the command names. A scribe is added when there is one.
func (a *act) role() (*tocsin.Role, error) {
	if !a.c.Role.Known() {
		return nil, fmt.Errorf("%w: role: %q: want one of %q", tocsin.ErrInvalid, a.c.Role, append(tocsin.Roles(), tocsin.RoleScribe))
	}
	if a.inc.Role(a.c.Role) == nil {
		a.inc.Roles = append(a.inc.Roles, tocsin.Role{Name: a.c.Role})
	}
	return a.inc.Role(a.c.Role), nil
}

// hold gives a role to somebody, and mobilises where an incident commander was missing.
func (a *act) hold(r *tocsin.Role, who tocsin.Actor) {
	if r.Holder.ID != "" {
		r.Before = append(r.Before, tocsin.Tenure{Holder: r.Holder, From: r.Since, To: a.now})
	}
	r.Holder, r.Since = who, time.Time{}
	unoffer(r)
	if who.ID != "" {
		r.Since = a.now
	}
	if r.Name == tocsin.RoleCommander { // who leads it is on it
		switch e := a.inc.Escalation; {
		case who.ID == "":
			a.news(a.now)
		case e.AckBy.ID == "" || !e.News.IsZero():
			a.answered(who, a.now)
		}
	}
	if r.Name == tocsin.RoleCommander && who.ID != "" && in(tocsin.StateDetected, tocsin.StateReopened)(a.inc.State) {
		a.inc.State = tocsin.StateMobilised
		a.say(tocsin.EventMobilised, "leads it")
	}
}

// unoffer forgets that a role was offered.
func unoffer(r *tocsin.Role) {
	r.Offered, r.OfferedAt, r.OfferedBy, r.OfferLate = tocsin.Actor{}, time.Time{}, tocsin.Actor{}, false
}

func (a *act) roleSays(r *tocsin.Role, format string, args ...any) {
	a.say(tocsin.EventRole, format, args...).Role = r.Name
}

func (a *act) take() error {
	r, err := a.role()
	if err != nil {
		return err
	}
	if r.Holder.ID != "" {
		return fmt.Errorf("%w: %s is the %s: have it offered to you", tocsin.ErrConflict, r.Holder.Name, r.Name)
	}
	a.roleSays(r, "took the role of %s", r.Name)
	a.hold(r, a.c.By)
	return nil
}

// offer hands a role over, which is done only when the other accepts. The holder may, and who may give roles to people.
func (a *act) offer() error {
	r, err := a.role()
	if err != nil {
		return err
	}
	if r.Holder.ID != a.c.By.ID {
		if err := a.must(tocsin.RightAssign); err != nil {
			return err
		}
	}
	if r.Holder.ID == a.c.To.ID {
		return fmt.Errorf("%w: %s is the %s already", tocsin.ErrConflict, a.c.To.Name, r.Name)
	}
	r.Offered, r.OfferedAt, r.OfferedBy, r.OfferLate = a.c.To, a.now, a.c.By, false
	a.roleSays(r, "offered the role of %s to %s%s", r.Name, a.c.To.Name, a.because())
	return nil
}

func (a *act) accept() error {
	r, err := a.role()
	if err != nil {
		return err
	}
	if r.Offered.ID != a.c.By.ID {
		return fmt.Errorf("%w: the role of %s was not offered to %s", tocsin.ErrForbidden, r.Name, a.c.By.Name)
	}
	a.roleSays(r, "accepted the role of %s", r.Name)
	a.hold(r, a.c.By)
	return nil
}

// decline says no to an offer; who offered a role may take the offer back by it too.
func (a *act) decline() error {
	r, err := a.role()
	if err != nil {
		return err
	}
	if r.Offered.ID == "" || r.Offered.ID != a.c.By.ID && r.Holder.ID != a.c.By.ID {
		return fmt.Errorf("%w: the role of %s was not offered to %s", tocsin.ErrForbidden, r.Name, a.c.By.Name)
	}
	a.roleSays(r, "the role of %s does not go to %s%s", r.Name, r.Offered.Name, a.because())
	unoffer(r)
	return nil
}

func (a *act) renounce() error {
	r, err := a.role()
	if err != nil {
		return err
	}
	if r.Holder.ID != a.c.By.ID {
		return fmt.Errorf("%w: %s does not hold the role of %s", tocsin.ErrForbidden, a.c.By.Name, r.Name)
	}
	was := *r
	a.hold(r, tocsin.Actor{})
	r.Offered, r.OfferedAt, r.OfferedBy, r.OfferLate = was.Offered, was.OfferedAt, was.OfferedBy, was.OfferLate // whoever was asked may still accept
	a.roleSays(r, "gave up the role of %s%s; nobody holds it now", r.Name, a.because())
	return nil
}

// delegate lends a right that somebody has by a role. What was lent is not lent on.
func (a *act) delegate() error {
	if !a.rules.Governance.May(a.c.Right, roles(a.inc, a.c.By)) {
		return fmt.Errorf("%w: only who has the right to %s by a role can delegate it", tocsin.ErrForbidden, a.c.Right)
	}
	if !a.c.Until.After(a.now) || a.c.Until.After(a.now.Add(maxDelegation)) {
		return fmt.Errorf("%w: until: a delegation ends within %d days", tocsin.ErrInvalid, maxDelegation/tocsin.Day)
	}
	if len(a.inc.Delegations) >= maxMany {
		return fmt.Errorf("%w: there are %d delegations", tocsin.ErrConflict, maxMany)
	}
	a.inc.Delegations = append(a.inc.Delegations, tocsin.Delegation{Right: a.c.Right, By: a.c.By, To: a.c.To, At: a.now, Until: a.c.Until})
	a.say(tocsin.EventDelegated, "lets %s %s until %s%s", a.c.To.Name, a.c.Right, moment(a.c.Until), a.because())
	return nil
}

const maxDelegation = 7 * tocsin.Day

// moment is a time as people read it.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func (a *act) acknowledge() error {
	if a.c.Outside { // for their project; that somebody leads it all they cannot promise
		a.say(tocsin.EventAcknowledged, "is on it in %s%s", a.c.Owns, a.because()).Project = a.c.Owns
		return nil
	}
	e := &a.inc.Escalation
	if e.AckBy.ID != "" && e.News.IsZero() {
		return fmt.Errorf("%w: %s is on it since %s", tocsin.ErrConflict, e.AckBy.Name, moment(e.AckAt))
	}
	a.answered(a.c.By, a.now)
	a.say(tocsin.EventAcknowledged, "is on it%s", a.because())
	return nil
}

// maxSnooze is how long nobody is called because somebody wants to be asked again.
const maxSnooze = 30 * tocsin.Day

// snooze is an acknowledgement with an end.
func (a *act) snooze() error {
	if !a.c.Until.After(a.now) || a.c.Until.After(a.now.Add(maxSnooze)) {
		return fmt.Errorf("%w: until: want a time within %d days", tocsin.ErrInvalid, maxSnooze/tocsin.Day)
	}
	a.answered(a.c.By, a.now)
	a.inc.Escalation.Until = a.c.Until
	a.say(tocsin.EventAcknowledged, "is on it, and is to be asked again at %s%s", moment(a.c.Until), a.because())
	return nil
}

// breath is how long those who were called are left to answer, whoever is in a hurry.
const breath = 5 * time.Minute

// hurry has the clock take the next step of the call for help, of a new call where none runs.
func (a *act) hurry() error {
	policy, ok := a.rules.Governance.Escalates(a.inc.Severity, a.inc.Urgency, a.inc.Group)
	if !ok || len(policy.Steps) == 0 {
		return fmt.Errorf("%w: the governance has no escalation policy for it: there is nobody to call", tocsin.ErrConflict)
	}
	e := &a.inc.Escalation
	if n := len(e.Calls); n > 0 && a.now.Sub(e.Calls[n-1].At) < breath {
		return fmt.Errorf("%w: people were called at %s: leave them %d minutes to answer", tocsin.ErrConflict, moment(e.Calls[n-1].At), breath/time.Minute)
	}
	a.say(tocsin.EventEscalated, "wants help to be called for now%s", a.because())
	if e.NextAt.IsZero() || e.Policy != policy.Name {
		a.afresh(a.now)
		a.begin(policy)
	}
	e.NextAt = a.now
	return nil
}
