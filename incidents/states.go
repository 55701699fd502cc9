package incidents

import (
	"slices"

	"github.com/tocsin-dev/tocsin"
)

// A Transition is a way from one state to another, and what takes it: a verb of people, "scan" or "clock".
type Transition struct {
	From, To tocsin.IncidentState
	By       string
}

const (
	byScan  = "scan"
	byClock = "clock"
)

// Transitions lists every way that there is; docs/states.md draws them. The empty state is that of an incident before there is one.
func Transitions() []Transition {
	var out []Transition
	add := func(by string, to tocsin.IncidentState, from ...tocsin.IncidentState) {
		for _, f := range from {
			out = append(out, Transition{f, to, by})
		}
	}
	const none = tocsin.IncidentState("")
	led := []tocsin.IncidentState{tocsin.StateMobilised, tocsin.StateContained}
	early := []tocsin.IncidentState{tocsin.StateDetected, tocsin.StateReopened}
	active := append(slices.Clone(early), led...)
	over := []tocsin.IncidentState{tocsin.StateResolved, tocsin.StateReviewed, tocsin.StateStoodDown}
	add(byScan, tocsin.StateDetected, none, tocsin.StateHold)
	add(byScan, tocsin.StateHold, none, tocsin.StateDetected, tocsin.StateReopened)
	add("declare", tocsin.StateDetected, none)
	add(string(tocsin.DoSplit), tocsin.StateDetected, none)
	add(string(tocsin.DoConfirm), tocsin.StateDetected, tocsin.StateHold)
	add(string(tocsin.DoTake), tocsin.StateMobilised, early...)
	add(string(tocsin.DoAccept), tocsin.StateMobilised, early...)
	add(string(tocsin.DoContain), tocsin.StateContained, tocsin.StateMobilised)
	add(byScan, tocsin.StateFixValidated, append([]tocsin.IncidentState{tocsin.StateHold}, active...)...)
	add(byScan, tocsin.StateReopened, append([]tocsin.IncidentState{tocsin.StateFixValidated}, over...)...)
	add(byScan, tocsin.StateResolved, tocsin.StateFixValidated)
	add(byClock, tocsin.StateResolved, tocsin.StateFixValidated)
	add(byScan, tocsin.StateStoodDown, append([]tocsin.IncidentState{tocsin.StateHold, tocsin.StateFixValidated}, active...)...) // after a split too
	add(string(tocsin.DoResolve), tocsin.StateResolved, append([]tocsin.IncidentState{tocsin.StateFixValidated, tocsin.StateReopened}, led...)...)
	add(string(tocsin.DoStandDown), tocsin.StateStoodDown, append([]tocsin.IncidentState{tocsin.StateHold, tocsin.StateFixValidated}, active...)...)
	add(string(tocsin.DoReopen), tocsin.StateReopened, over...)
	add(string(tocsin.DoMerge), tocsin.StateMerged, append([]tocsin.IncidentState{tocsin.StateHold, tocsin.StateFixValidated}, active...)...)
	add(string(tocsin.DoCloseReview), tocsin.StateReviewed, tocsin.StateResolved, tocsin.StateStoodDown)
	return out
}

// open are the states in which there is something to do.
func open(s tocsin.IncidentState) bool { return !s.Over() }

// active are the states of an emergency that is being fought.
func active(s tocsin.IncidentState) bool { return !s.Over() && s != tocsin.StateHold }

func over(s tocsin.IncidentState) bool { return s.Over() && s != tocsin.StateMerged }

// staffed are those in which people have roles: until the review is closed.
func staffed(s tocsin.IncidentState) bool {
	return s != tocsin.StateMerged && s != tocsin.StateReviewed
}

func whenever(tocsin.IncidentState) bool { return true }

func in(list ...tocsin.IncidentState) func(tocsin.IncidentState) bool {
	return func(s tocsin.IncidentState) bool { return slices.Contains(list, s) }
}
