package incidents

import (
	"fmt"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// The embargo follows the Vultron model: proposed, active, revised, exited. A proposal covers nothing; while another end is proposed the
// old one holds; and once it has ended there is no other. https://certcc.github.io/Vultron/topics/process_models/em/

var zero time.Time

// embargo proposes an embargo, or another end of the one there is. Who proposed it does not agree to it.
func (a *act) embargo() error {
	e := &a.inc.Embargo
	if !a.c.Until.After(a.now) || a.c.Until.After(a.now.Add(maxEmbargo)) {
		return fmt.Errorf("%w: until: an embargo ends within %d days, at an hour of UTC", tocsin.ErrInvalid, maxEmbargo/tocsin.Day)
	}
	until := a.c.Until.UTC().Truncate(time.Minute)
	switch e.State {
	case "", tocsin.EmbargoProposed:
		e.State, e.Until = tocsin.EmbargoProposed, until
		a.say(tocsin.EventEmbargo, "proposed an embargo until %s%s", moment(until), a.because())
	case tocsin.EmbargoActive, tocsin.EmbargoRevised:
		e.State, e.Proposed = tocsin.EmbargoRevised, until
		a.say(tocsin.EventEmbargo, "proposed that the embargo end at %s; until all agree it ends at %s%s", moment(until), moment(e.Until), a.because())
	default:
		return fmt.Errorf("%w: the embargo has ended, and what is known does not become unknown", tocsin.ErrConflict)
	}
	e.By, e.Reason = a.c.By, a.c.Reason
	return nil
}

const maxEmbargo = 90 * tocsin.Day

func (a *act) agree() error {
	e := &a.inc.Embargo
	if e.State != tocsin.EmbargoProposed && e.State != tocsin.EmbargoRevised {
		return fmt.Errorf("%w: no embargo is proposed", tocsin.ErrConflict)
	}
	if e.By.ID == a.c.By.ID {
		return fmt.Errorf("%w: %s proposed it: another person must agree", tocsin.ErrForbidden, a.c.By.Name)
	}
	if e.State == tocsin.EmbargoRevised {
		e.Until, e.Proposed = e.Proposed, zero
	}
	e.State = tocsin.EmbargoActive
	a.say(tocsin.EventEmbargo, "agreed: nothing goes to the public before %s", moment(e.Until))
	return nil
}

// disclose ends an embargo before its time: it must end when the flaw or an exploit is public, should when attacks are seen, and may when
// those with a fix are ready.
func (a *act) disclose() error {
	e := &a.inc.Embargo
	switch e.State {
	case tocsin.EmbargoActive, tocsin.EmbargoRevised, tocsin.EmbargoProposed:
	default:
		return fmt.Errorf("%w: there is no embargo", tocsin.ErrConflict)
	}
	e.State, e.Proposed = tocsin.EmbargoExited, zero
	a.say(tocsin.EventEmbargo, "the embargo is over%s", a.because())
	return nil
}
