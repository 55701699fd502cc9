package incidents

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// Next lists what is left to do, as the answers stand: what can be done now first, then by due time. A task that an answer made needless is
// not there.
func Next(inc tocsin.Incident, book tocsin.Playbook) []tocsin.Step {
	if inc.State.Over() {
		return nil
	}
	out := repairs(inc)
	for _, t := range inc.Tasks {
		if !t.Done && applies(inc, t) {
			out = append(out, tocsin.Step{ID: t.ID, Title: t.Title, Role: t.Role, Owner: t.Owner, Due: t.Due, Waits: waitsFor(inc, t), Proof: t.Proof})
		}
	}
	for _, p := range book.Decisions {
		if len(inc.Tasks) > 0 && answered(inc, p.ID) == "" {
			out = append(out, tocsin.Step{ID: p.ID, Title: p.Question, Role: p.Role, Answers: p.Answers, Waits: waitsFor(inc, tocsin.Task{Needs: p.Needs})})
		}
	}
	slices.SortStableFunc(out, func(a, b tocsin.Step) int {
		return cmp.Or(cmp.Compare(min(len(a.Waits), 1), min(len(b.Waits), 1)), a.Due.Compare(b.Due), strings.Compare(a.ID, b.ID))
	})
	return out
}

// Outlook says what an incident comes to for somebody, who may be nobody.
func (r Rules) Outlook(inc tocsin.Incident, who tocsin.Actor, now time.Time) tocsin.Outlook {
	book := r.Playbooks[inc.Playbook]
	out := tocsin.Outlook{
		Playbook: cmp.Or(book.Title, inc.Playbook), About: book.About, Next: append([]tocsin.Step{}, Next(inc, book)...),
		Acceptance: book.Acceptance, Criteria: book.Criteria, Soak: int(book.Soak / time.Second), Can: []tocsin.Able{},
	}
	all := verbs()
	for _, name := range sorted(all) {
		v := all[name]
		if v.in(inc.State) {
			out.Can = append(out.Can, tocsin.Able{
				Do: name, About: v.about, Needs: strings.Fields(v.needs), Takes: strings.Fields(v.takes), Right: v.right,
				Glass: v.right != "" && !r.may(inc, who, v.right, now),
			})
		}
	}
	return out
}
