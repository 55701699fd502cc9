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
	e.State, e.Told = tocsin.EmbargoActive, mark(e.Until.Sub(a.now)) // who agrees knows how long that is
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

// countdown are the times before the end of an embargo at which people are told of it.
var countdown = []time.Duration{time.Hour, tocsin.Day, 7 * tocsin.Day}

// mark is the time of the countdown that has come when so much is left; 0 before the first.
func mark(left time.Duration) time.Duration {
	for _, d := range countdown {
		if left <= d {
			return d
		}
	}
	return 0
}

// countDown says that an embargo comes to its end, and what is ready for it; once for each time of the countdown.
func (a *act) countDown() {
	e := &a.inc.Embargo
	left := e.Until.Sub(a.now)
	if !e.Covers() || left <= 0 {
		return
	}
	next := mark(left)
	if next == 0 || e.Told != 0 && e.Told <= next {
		return
	}
	e.Told = next
	written := 0
	for _, m := range a.inc.Messages {
		if m.Audience.Open() && m.SentAt.IsZero() && m.WithdrawnAt.IsZero() {
			written++
		}
	}
	ready := "no message to the public is written"
	if written > 0 {
		ready = fmt.Sprintf("%d to the public are written, and can be approved once it has ended", written)
	}
	a.say(tocsin.EventEmbargo, "the embargo ends in %s, at %s; %s", tocsin.Span(left), moment(e.Until), ready).Role = tocsin.RoleLiaison
}

// outrun looks whether an embargo still keeps anything, by what the class was and is now: it must end when what it keeps is public, and
// should when attacks are seen. The first needs nobody; of the second people are called to decide.
// https://certcc.github.io/Vultron/topics/process_models/em/early_termination/
func (f *folder) outrun(d *draft, was, is tocsin.Class) {
	e := &d.inc.Embargo
	if !e.Covers() {
		return
	}
	switch {
	case was.Private && !is.Private:
		e.State, e.Proposed = tocsin.EmbargoExited, zero
		d.news(f.now)
		f.event(d, tocsin.EventEmbargo, "", fmt.Sprintf("the embargo is over before its time: %s is public", is.ID))
	case was.KEV == nil && is.KEV != nil:
		d.news(f.now)
		f.event(d, tocsin.EventEmbargo, "", fmt.Sprintf("the embargo should end now: %s is known to be exploited; it holds until %s unless somebody ends it (disclose)", is.ID, moment(e.Until)))
	}
}
