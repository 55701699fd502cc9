package incidents

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// A Told is an incident with its timeline.
type Told struct {
	Incident tocsin.Incident
	Events   []tocsin.IncidentEvent
}

// Every is how long the periods of a retrospective are.
type Every string

// The lengths.
const (
	EveryMonth   Every = "month"
	EveryQuarter Every = "quarter"
	EveryYear    Every = "year"
)

// maxPeriods bounds the periods of one retrospective.
const maxPeriods = 240

// Retrospect looks back at the emergencies and holds that were opened from one time to another. Routine findings are none of them, and neither is what
// was merged into another. Periods are those of the calendar, in UTC; the first and last may be cut.
func Retrospect(list []Told, from, to time.Time, every Every, now time.Time) (tocsin.Retrospective, error) {
	r := tocsin.Retrospective{From: from.UTC(), To: to.UTC()}
	months := map[Every]int{EveryMonth: 1, EveryQuarter: 3, EveryYear: 12}[every]
	if months == 0 {
		return r, fmt.Errorf("%w: every: %q: want month, quarter or year", tocsin.ErrInvalid, every)
	}
	if !from.Before(to) {
		return r, fmt.Errorf("%w: from: it is not before to", tocsin.ErrInvalid)
	}
	if to.Sub(from) > time.Duration(maxPeriods*months)*28*tocsin.Day {
		return r, fmt.Errorf("%w: from: there are more than %d periods of a %s", tocsin.ErrInvalid, maxPeriods, every)
	}
	list = slices.DeleteFunc(slices.Clone(list), func(t Told) bool {
		at := t.Incident.OpenedAt
		return t.Incident.Urgency == tocsin.UrgencyRoutine || t.Incident.State == tocsin.StateMerged || at.Before(from) || !at.Before(to)
	})
	slices.SortFunc(list, func(a, b Told) int {
		return cmp.Or(a.Incident.OpenedAt.Compare(b.Incident.OpenedAt), strings.Compare(a.Incident.Key, b.Incident.Key))
	})
	for begin := r.From; begin.Before(r.To); {
		month := (int(begin.Month())-1)/months*months + 1
		end := time.Date(begin.Year(), time.Month(month), 1, 0, 0, 0, 0, time.UTC).AddDate(0, months, 0)
		if end.After(r.To) {
			end = r.To
		}
		r.Periods = append(r.Periods, period(list, begin, end))
		begin = end
	}
	for _, t := range list {
		r.All = append(r.All, tocsin.IncidentMarks{
			Incident: t.Incident.Key, Title: titleOf(t.Incident), OpenedAt: t.Incident.OpenedAt, State: t.Incident.State,
			Marks: marks(Measure(t.Incident, t.Events)), Minutes: Measure(t.Incident, t.Events).Minutes,
		})
	}
	gave(&r, list)
	asked(&r, list, now)
	return r, nil
}

func period(list []Told, from, to time.Time) tocsin.Period {
	p := tocsin.Period{From: from, To: to}
	var took []tocsin.MarksInSeconds
	for _, t := range list {
		inc := t.Incident
		if inc.OpenedAt.Before(from) || !inc.OpenedAt.Before(to) {
			continue
		}
		p.Alerts++
		switch {
		case wasFalse(t):
			p.False++
		case inc.Urgency == tocsin.UrgencyEmergency:
			p.News++
		}
		if inc.Urgency == tocsin.UrgencyEmergency {
			took = append(took, marks(Measure(inc, t.Events)))
		}
	}
	p.Median = medians(took)
	return p
}

// wasFalse says whether it was none after all, reviewed or not.
func wasFalse(t Told) bool {
	out := false
	for _, e := range t.Events {
		switch e.Kind {
		case tocsin.EventStoodDown:
			out = true
		case tocsin.EventReopened:
			out = false
		}
	}
	return out
}

func marks(m tocsin.Measures) tocsin.MarksInSeconds {
	s := func(d time.Duration) int {
		if d < 0 {
			return -1
		}
		return int(d / time.Second)
	}
	return tocsin.MarksInSeconds{
		Detect: s(m.Detect), Acknowledge: s(m.Acknowledge), Mobilise: s(m.Mobilise), Contain: s(m.Contain), Fix: s(m.Fix), Resolve: s(m.Resolve), Review: s(m.Review),
	}
}

func medians(list []tocsin.MarksInSeconds) tocsin.MarksInSeconds {
	middle := func(of func(tocsin.MarksInSeconds) int) int {
		var all []int
		for _, m := range list {
			if v := of(m); v >= 0 {
				all = append(all, v)
			}
		}
		if len(all) == 0 {
			return -1
		}
		slices.Sort(all)
		return all[(len(all)-1)/2]
	}
	return tocsin.MarksInSeconds{
		Detect:      middle(func(m tocsin.MarksInSeconds) int { return m.Detect }),
		Acknowledge: middle(func(m tocsin.MarksInSeconds) int { return m.Acknowledge }),
		Mobilise:    middle(func(m tocsin.MarksInSeconds) int { return m.Mobilise }),
		Contain:     middle(func(m tocsin.MarksInSeconds) int { return m.Contain }),
		Fix:         middle(func(m tocsin.MarksInSeconds) int { return m.Fix }),
		Resolve:     middle(func(m tocsin.MarksInSeconds) int { return m.Resolve }),
		Review:      middle(func(m tocsin.MarksInSeconds) int { return m.Review }),
	}
}

// gave sums up who gave time, and who is thanked for what.
func gave(r *tocsin.Retrospective, list []Told) {
	people := map[string]*tocsin.Share{}
	for _, t := range list {
		if t.Incident.Review == nil {
			continue
		}
		once := map[string]bool{}
		for _, e := range t.Incident.Review.Effort {
			p := people[e.Who.ID]
			if p == nil {
				p = &tocsin.Share{Who: e.Who}
				people[e.Who.ID] = p
			}
			if p.Minutes += e.Minutes; !once[e.Who.ID] {
				p.Incidents++
				once[e.Who.ID] = true
			}
			r.Minutes += e.Minutes
		}
	}
	var all []tocsin.Incident
	for _, t := range list {
		all = append(all, t.Incident)
	}
	r.Thanks = recognition(all)
	for _, id := range sorted(people) {
		r.People = append(r.People, *people[id])
	}
	slices.SortStableFunc(r.People, func(a, b tocsin.Share) int { return cmp.Compare(b.Minutes, a.Minutes) })
}

// asked sums up what reviews asked for, and which there are none of.
func asked(r *tocsin.Retrospective, list []Told, now time.Time) {
	for _, t := range list {
		review := t.Incident.Review
		if t.Incident.State.Over() && t.Incident.Urgency == tocsin.UrgencyEmergency && (review == nil || review.ClosedAt.IsZero()) {
			open := tocsin.OpenIncident{Incident: t.Incident.Key, Title: titleOf(t.Incident)}
			if review != nil {
				open.Due = review.Due
			}
			r.Open = append(r.Open, open)
		}
		if review == nil {
			continue
		}
		for _, one := range review.Actions {
			r.Asked++
			switch {
			case !one.DoneAt.IsZero():
				r.Done++
			case !now.Before(one.Due):
				r.Late = append(r.Late, tocsin.LateAction{Incident: t.Incident.Key, Action: one})
			}
		}
	}
}
