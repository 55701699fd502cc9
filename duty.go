package tocsin

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Responder is a person who can be called.
type Responder struct {
	// Name is what the governance calls them by, ID what the store does: [Actor].
	Name string
	ID   string
	// Login at GitHub; empty: they have none.
	Login string
	// Zone is where their clock stands. It is never nil.
	Zone     *time.Location
	Hours    Hours
	Contacts map[ContactKind]string
	// Confirmed is the day on which they last said that they are reached so; zero: nobody wrote it down.
	Confirmed time.Time
	// MostByDay and MostByNight bound the calls for help in 24 hours, those of their nights and the others; zero: no bound.
	MostByDay, MostByNight int
}

// ContactKind is a way in which somebody is reached.
type ContactKind string

// The kinds of contact.
const (
	ContactMail  ContactKind = "mail"
	ContactPhone ContactKind = "phone"
	ContactChat  ContactKind = "chat"
	ContactPager ContactKind = "pager"
)

// ContactKinds lists all of them.
func ContactKinds() []ContactKind {
	return []ContactKind{ContactMail, ContactPhone, ContactChat, ContactPager}
}

// Actor is the person as one who acts.
func (p Responder) Actor() Actor { return Actor{ID: p.ID, Name: p.Name} }

// Works says whether it is one of their working hours.
func (p Responder) Works(at time.Time) bool { return p.Hours.Cover(at.In(p.Zone)) }

// Night says whether it is between ten in the evening and seven in the morning where they are.
func (p Responder) Night(at time.Time) bool {
	h := at.In(p.Zone).Hour()
	return h >= 22 || h < 7
}

// Hours are a part of each week by the clock on the wall. The zero Hours are all of it.
type Hours struct {
	// Days on which they begin, by [time.Weekday].
	Days [7]bool
	// From and To are since midnight; with a To that is not after From they end on the next day.
	From, To time.Duration
}

var days = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// ParseHours reads hours such as "mon-fri 09:00-17:00" or "sat,sun 22:00-06:00"; false if they are none.
func ParseHours(s string) (h Hours, ok bool) {
	list, times, ok1 := strings.Cut(s, " ")
	from, to, ok2 := strings.Cut(times, "-")
	if !ok1 || !ok2 {
		return Hours{}, false
	}
	for part := range strings.SplitSeq(list, ",") {
		first, last, ok := strings.Cut(part, "-")
		if !ok {
			last = first
		}
		from, to := slices.Index(days, first), slices.Index(days, last)
		if from < 0 || to < 0 {
			return Hours{}, false
		}
		for h.Days[from] = true; from != to; {
			from = (from + 1) % len(days)
			h.Days[from] = true
		}
	}
	if h.From, ok1 = ParseClock(from); !ok1 || h.From == Day {
		return Hours{}, false
	}
	if h.To, ok2 = ParseClock(to); !ok2 {
		return Hours{}, false
	}
	return h, true
}

// String writes hours as [ParseHours] reads them.
func (h Hours) String() string { return Days(h.Days) + " " + clock(h.From) + "-" + clock(h.To) }

// Days writes days of the week as in "mon-fri,sun", from Monday on.
func Days(on [7]bool) string {
	var out []string
	for from := 1; from <= len(days); from++ {
		to := from
		for on[from%7] && to < len(days) && on[(to+1)%7] {
			to++
		}
		switch {
		case !on[from%7]:
			continue
		case to == from:
			out = append(out, days[from%7])
		default:
			out = append(out, days[from%7]+"-"+days[to%7])
		}
		from = to
	}
	return strings.Join(out, ",")
}

func clock(at time.Duration) string {
	return fmt.Sprintf("%02d:%02d", at/time.Hour, at%time.Hour/time.Minute)
}

// ParseClock reads a time of day such as 09:00, up to 24:00.
func ParseClock(s string) (time.Duration, bool) {
	hour, minute, ok := strings.Cut(s, ":")
	h, err1 := strconv.ParseUint(hour, 10, 8)
	m, err2 := strconv.ParseUint(minute, 10, 8)
	at := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	return at, ok && len(s) == 5 && len(hour) == 2 && err1 == nil && err2 == nil && m < 60 && at <= Day
}

// Always says whether they leave nothing out.
func (h Hours) Always() bool {
	return h.Days == [7]bool{} || h.Days == [7]bool{true, true, true, true, true, true, true} && h.From%Day == h.To%Day
}

// Cover says whether a time, in its own zone, is within the hours.
func (h Hours) Cover(at time.Time) bool {
	if h.Always() {
		return true
	}
	hour, minute, second := at.Clock()
	since := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
	today, yesterday := h.Days[at.Weekday()], h.Days[(at.Weekday()+6)%7]
	if h.From < h.To {
		return today && since >= h.From && since < h.To
	}
	return today && since >= h.From || yesterday && since < h.To
}

// Next is when the hours next begin after a time, in its own zone.
func (h Hours) Next(at time.Time) time.Time {
	year, month, day := at.Date()
	for n := range 9 {
		begin := time.Date(year, month, day+n, 0, int(h.From/time.Minute), 0, 0, at.Location())
		if begin.After(at) && h.Cover(begin) {
			return begin
		}
	}
	return at.Add(Day) // hours that a change of clocks swallows come back
}

// A Rotation is a list of people who are on call one after the other.
type Rotation struct {
	Name string
	// People by name, in their order.
	People []string
	// Start is the first handover, in the zone by whose clock all are. Shifts are Length long: whole days, or hours that a day is divided by.
	Start  time.Time
	Length time.Duration
	// Hours are those in which somebody is on call.
	Hours     Hours
	Overrides []Override
}

// An Override has another person on call for a while.
type Override struct {
	From, To time.Time
	Person   string
}

// OnCall gives the name of who is on call, and when their shift or override ends; an empty name: nobody, until then.
func (r Rotation) OnCall(now time.Time) (name string, until time.Time) {
	var next time.Time // override
	for _, o := range r.Overrides {
		if !now.Before(o.From) && now.Before(o.To) {
			return o.Person, o.To
		}
		if now.Before(o.From) && (next.IsZero() || o.From.Before(next)) {
			next = o.From
		}
	}
	local := now.In(r.Start.Location())
	switch {
	case len(r.People) == 0 || r.Length <= 0:
	case now.Before(r.Start):
		until = r.Start
	case !r.Hours.Cover(local):
		until = r.Hours.Next(local)
	default:
		var n int
		n, until = r.shift(local)
		name = r.People[n%len(r.People)]
	}
	if !next.IsZero() && (until.IsZero() || next.Before(until)) {
		until = next
	}
	return name, until
}

// shift counts the shifts since the start, and gives when the one of now ends. Handovers are by the clock on the wall, so that a day may
// have 23 or 25 hours.
func (r Rotation) shift(now time.Time) (n int, end time.Time) {
	year, month, day := r.Start.Date()
	hour, minute, _ := r.Start.Clock()
	at := func(n int) time.Time {
		if r.Length < Day {
			perDay := int(Day / r.Length)
			return time.Date(year, month, day+n/perDay, hour, minute+n%perDay*int(r.Length/time.Minute), 0, 0, r.Start.Location())
		}
		return time.Date(year, month, day+n*int(r.Length/Day), hour, minute, 0, 0, r.Start.Location())
	}
	n = max(int(now.Sub(r.Start)/r.Length)-2, 0) // a change of clocks moves it by less than a shift
	for !at(n + 1).After(now) {
		n++
	}
	return n, at(n + 1)
}

// Person gives a person by name; false if there is none.
func (g Governance) Person(name string) (Responder, bool) {
	i := slices.IndexFunc(g.People, func(p Responder) bool { return p.Name == name })
	if i < 0 {
		return Responder{}, false
	}
	return g.People[i], true
}

// WithLogin gives the person with a login at GitHub, in any case; false if there is none.
func (g Governance) WithLogin(login string) (Responder, bool) {
	i := slices.IndexFunc(g.People, func(p Responder) bool { return p.Login != "" && strings.EqualFold(p.Login, login) })
	if i < 0 {
		return Responder{}, false
	}
	return g.People[i], true
}

// Known gives the person that an actor is. Of one whom the governance does not have only id and name are known.
func (g Governance) Known(who Actor) Responder {
	i := slices.IndexFunc(g.People, func(p Responder) bool { return p.ID == who.ID })
	if i < 0 {
		return Responder{ID: who.ID, Name: who.Name, Zone: time.UTC}
	}
	return g.People[i]
}

// Rotation gives a rotation by name; false if there is none.
func (g Governance) Rotation(name string) (Rotation, bool) {
	i := slices.IndexFunc(g.Rotations, func(r Rotation) bool { return r.Name == name })
	if i < 0 {
		return Rotation{}, false
	}
	return g.Rotations[i], true
}

// Stale is how long what somebody said about how they are reached is believed.
const Stale = 180 * Day

// Reachable says whether there is any way to reach the person.
func (p Responder) Reachable() bool { return p.Login != "" || len(p.Contacts) > 0 }
