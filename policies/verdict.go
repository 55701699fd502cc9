package policies

import (
	"fmt"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// Gate is the verdict over one inventory: the gravest of its decisions, and undecided where what was read or what it was
// compared with is not whole. Stale data and unreadable files never look clean.
func Gate(decisions []tocsin.Decision, c tocsin.Coverage, s tocsin.Snapshot, now time.Time) (tocsin.Gate, []string) {
	gate := tocsin.GatePass
	count := map[tocsin.Gate]int{}
	for _, d := range decisions {
		gate = gate.Worse(d.Gate)
		count[d.Gate]++
	}
	var why []string
	for _, g := range []tocsin.Gate{tocsin.GateFail, tocsin.GateUndecided, tocsin.GateWarn} {
		if count[g] > 0 {
			why = append(why, fmt.Sprintf("%d %s", count[g], phrases[g]))
		}
	}
	if incomplete := c.Incomplete(); len(incomplete) > 0 {
		gate = gate.Worse(tocsin.GateUndecided)
		why = append(why, fmt.Sprintf("%d of %d files could not be read whole", len(incomplete), len(c.Files)))
	}
	if stale := s.Stale(now); len(stale) > 0 {
		gate = gate.Worse(tocsin.GateUndecided)
		why = append(why, stale...)
	}
	return gate, why
}

// phrases say what a number of findings does to the gate.
var phrases = map[tocsin.Gate]string{
	tocsin.GateFail: "must not be released", tocsin.GateUndecided: "cannot be decided", tocsin.GateWarn: "to be warned of",
}
