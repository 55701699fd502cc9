package incidents

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// A Step is what is to be done next in an incident: a task, a decision of its playbook that nobody made yet, or the repair of what fails on the
// commit that shows a project clear.
type Step struct {
	// Task or Decision, by id, with its title or question; "checks" for such a repair.
	ID, Title string
	// Project that a repair is about, by slug; empty for a task or decision.
	Project string
	Role    tocsin.RoleName
	Owner   tocsin.Actor
	// Due is zero for a decision and a repair.
	Due time.Time
	// Answers of a decision; a task has none.
	Answers []tocsin.PointAnswer
	// Waits are the tasks and decisions that come first, by id; with none it can be done now.
	Waits []string
	// Proof asks whoever does it for evidence.
	Proof bool
}

// Next lists what is left to do, as the answers stand: what can be done now first, then by due time. A task that an answer made needless is
// not there.
func Next(inc tocsin.Incident, book tocsin.Playbook) []Step {
	if inc.State.Over() {
		return nil
	}
	out := repairs(inc)
	for _, t := range inc.Tasks {
		if !t.Done && applies(inc, t) {
			out = append(out, Step{ID: t.ID, Title: t.Title, Role: t.Role, Owner: t.Owner, Due: t.Due, Waits: waitsFor(inc, t), Proof: t.Proof})
		}
	}
	for _, p := range book.Decisions {
		if len(inc.Tasks) > 0 && answered(inc, p.ID) == "" {
			out = append(out, Step{ID: p.ID, Title: p.Question, Role: p.Role, Answers: p.Answers, Waits: waitsFor(inc, tocsin.Task{Needs: p.Needs})})
		}
	}
	slices.SortStableFunc(out, func(a, b Step) int {
		return cmp.Or(cmp.Compare(min(len(a.Waits), 1), min(len(b.Waits), 1)), a.Due.Compare(b.Due), strings.Compare(a.ID, b.ID))
	})
	return out
}
