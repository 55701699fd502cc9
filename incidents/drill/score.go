package drill

import (
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// Outcome is how an expectation was met.
type Outcome string

// The outcomes.
const (
	Met    Outcome = "met"
	Late   Outcome = "late" // seen, after its time: half of the points
	Missed Outcome = "missed"
)

// A Scored expectation.
type Scored struct {
	// Expects is the kind and value of the mark, with never in front where it is not to be seen.
	Expects string    `json:"expects"`
	In      string    `json:"in,omitempty"`
	Why     string    `json:"why"`
	From    time.Time `json:"from,omitzero"`
	By      time.Time `json:"by,omitzero"`
	Outcome Outcome   `json:"outcome"`
	// At is when it was seen, Who did it; zero and empty where nothing was.
	At     time.Time `json:"at,omitzero"`
	Who    string    `json:"who,omitempty"`
	Points int       `json:"points"`
	Of     int       `json:"of"`
	// Says why the points are not all there.
	Says string `json:"says,omitempty"`
}

// Score holds what was seen against what a scenario expects, in its order. That something was never done is worth points only where
// somebody led: whoever does nothing does nothing wrong either.
func Score(s Scenario, seen []Mark) []Scored {
	led := slices.ContainsFunc(seen, func(m Mark) bool { return m.Kind == "role" && m.Value == string(tocsin.RoleCommander) })
	var out []Scored
	for _, e := range s.Expect {
		r := Scored{Expects: e.Kind + " " + e.Value, In: e.In, Why: e.Why, From: e.From, By: e.By, Of: e.Points, Outcome: Missed}
		first, early := find(e, seen)
		switch {
		case e.Never:
			r.Expects = "never " + r.Expects
			switch {
			case first != nil:
				r.At, r.Who, r.Says = first.At, first.Who, "it was done"
			case !led:
				r.Says = "nobody led"
			default:
				r.Outcome, r.Points = Met, e.Points
			}
		case first == nil && early != nil:
			r.At, r.Who, r.Says = early.At, early.Who, "it was done before its time, and not after"
		case first == nil:
			r.Says = "it was not done"
		case first.At.After(e.By):
			r.Outcome, r.Points, r.At, r.Who = Late, e.Points/2, first.At, first.Who
			r.Says = tocsin.Span(first.At.Sub(e.By)) + " late"
		default:
			r.Outcome, r.Points, r.At, r.Who = Met, e.Points, first.At, first.Who
		}
		out = append(out, r)
	}
	return out
}

// find gives the first mark that an expectation is about, and the last of those that are too early. Of what is never to be seen the time
// ends before By.
func find(e Expectation, seen []Mark) (first, early *Mark) {
	for i := range seen {
		m := &seen[i]
		if m.Kind != e.Kind || m.Value != e.Value || e.In != "" && !slices.Contains(m.IDs, e.In) {
			continue
		}
		switch {
		case m.At.Before(e.From):
			early = m
		case e.Never && !e.By.IsZero() && !m.At.Before(e.By):
		case first == nil || m.At.Before(first.At):
			first = m
		}
	}
	return first, early
}
