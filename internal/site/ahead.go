package site

import (
	"fmt"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// ahead says what happens next in an incident, and why, in sentences.
func ahead(inc tocsin.Incident, o tocsin.Outlook) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	left := 0
	for _, p := range inc.Projects {
		if p.Status.Harmed() {
			left++
		}
	}
	switch inc.State {
	case tocsin.StateHold:
		say("A person decides whether it is an emergency: confirm it, or stand it down. Until then nobody outside is told.")
	case tocsin.StateDetected, tocsin.StateReopened:
		if r := inc.Role(tocsin.RoleCommander); r != nil && r.Holder.ID == "" {
			say("Nobody leads it. Once somebody takes the role of incident commander, it is mobilised.")
		}
	case tocsin.StateMobilised:
		say("It is being contained. The incident commander or the technical lead says when it does not grow any more.")
	case tocsin.StateContained:
		say("It does not grow any more. What is left is to fix it, and to prove that.")
	case tocsin.StateFixValidated:
		say("The fix is proved. The incident ends when it has held for long enough, or when somebody with the right says that it is over.")
	case tocsin.StateResolved, tocsin.StateStoodDown:
		if inc.Review != nil && inc.Review.ClosedAt.IsZero() {
			say("What is left is to learn from it: write the review, give what it asks for to people, and close it.")
		}
	}
	if !inc.State.Over() && inc.State != tocsin.StateHold {
		if left > 0 && inc.Declared() {
			say("%d of %s not clear yet. No scan can see that here: the technical lead says what became of them.", left, count(len(inc.Projects), "project is", "projects are"))
		} else if left > 0 {
			say("%d of %s not clear yet. A project becomes clear by itself, when a scan sees it without the flaw.", left, count(len(inc.Projects), "project is", "projects are"))
		} else if len(inc.Projects) > 0 && inc.State != tocsin.StateFixValidated {
			for _, c := range inc.Checks {
				if !c.OK {
					say("Every project is clear, and the fix does not count as proved: %s%s.", strings.TrimSuffix(c.Says, "."), of(c.Project))
				}
			}
		}
	}
	if e := inc.Escalation; !e.NextAt.IsZero() {
		say("Nobody has acknowledged it since there was news; the next people are called at %s UTC.", e.NextAt.UTC().Format("15:04 on 2 January"))
	}
	now := 0
	for _, s := range o.Next {
		if len(s.Waits) == 0 {
			now++
		}
	}
	if now > 0 {
		say("%s can be done now.", count(now, "step of the playbook", "steps of the playbook"))
	}
	return out
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func of(project string) string {
	if project == "" {
		return ""
	}
	return " (" + project + ")"
}
