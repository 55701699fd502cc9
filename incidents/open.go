package incidents

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// defaultPlaybook is used where a rule names none, or one that is not there.
const defaultPlaybook = "vulnerable-dependency"

func (f *folder) open(c *call) tocsin.Incident {
	inc := tocsin.Incident{
		Key: unused(f.drafts, f.key(c)), State: tocsin.StateDetected, Urgency: urgency(c.worst.Response), Severity: c.worst.Severity,
		Class: c.class, Group: c.group, Due: c.worst.Due, OpenedAt: f.now, Cause: cause(c.worst.Reason),
	}
	p, ok := f.rules.Playbooks[c.worst.Playbook]
	if !ok {
		p = f.rules.Playbooks[defaultPlaybook]
	}
	inc.Playbook, inc.PlaybookVersion = p.Name, p.Version
	equip(&inc, f.rules, f.now)
	return inc
}

// equip gives an emergency its roles and first tasks. A hold gets them too: the decision is the first of them.
func equip(inc *tocsin.Incident, r Rules, now time.Time) {
	if inc.Urgency == tocsin.UrgencyRoutine || len(inc.Roles) > 0 {
		return
	}
	if inc.Urgency == tocsin.UrgencyHold {
		inc.State = tocsin.StateHold
	}
	for _, r := range tocsin.Roles() {
		inc.Roles = append(inc.Roles, tocsin.Role{Name: r})
	}
	for _, t := range r.Playbooks[inc.Playbook].Tasks {
		inc.Tasks = append(inc.Tasks, tocsin.Task{
			ID: t.ID, Title: t.Title, Role: t.Role, Due: now.Add(t.Due), Needs: slices.Clone(t.Needs), Only: t.Only, Proof: t.Proof,
		})
	}
	if every := r.Governance.Updates[inc.Severity]; every > 0 {
		inc.NextUpdate = now.Add(every)
	}
}

func urgency(r tocsin.Response) tocsin.Urgency {
	switch r {
	case tocsin.ResponseEmergency:
		return tocsin.UrgencyEmergency
	case tocsin.ResponseHold:
		return tocsin.UrgencyHold
	default:
		return tocsin.UrgencyRoutine
	}
}

var urgencies = []tocsin.Urgency{tocsin.UrgencyRoutine, tocsin.UrgencyHold, tocsin.UrgencyEmergency}

// maxNamed bounds the projects that one line names.
const maxNamed = 10

func opening(inc tocsin.Incident, projects []string) string {
	in := strings.Join(projects[:min(len(projects), maxNamed)], ", ")
	if n := len(projects) - maxNamed; n > 0 {
		in += fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("opened as %s, severity %s, for %s: %s", inc.Urgency, cmp.Or(inc.Severity, "not set"), in, inc.Cause)
}

// cause is the sentence of the rule that decided the response.
func cause(r tocsin.Reason) string {
	for _, axis := range r.Children {
		if !strings.HasSuffix(axis.Text, ": response") || len(axis.Children) == 0 || !strings.HasSuffix(r.Result, "response "+axis.Result) {
			continue
		}
		policy := strings.TrimSuffix(axis.Text, ": response")
		rule, why, ok := strings.Cut(axis.Children[0].Text, ": ")
		if !ok {
			continue
		}
		return fmt.Sprintf("%s (rule %s of policy %s)", why, rule, policy)
	}
	return "decided by policy"
}

// raise takes over what is graver than before, and the class as it is now.
func (f *folder) raise(d *draft, c *call) {
	if d.inc.State.Over() {
		was := d.inc.State
		d.inc.State, d.inc.Due = tocsin.StateReopened, c.worst.Due
		d.inc.ValidatedAt, d.inc.ResolvedAt = zero, zero
		d.promise(f.rules, f.now)
		d.afresh(f.now)
		f.event(d, tocsin.EventReopened, "", "was "+string(was)+"; affected again")
	}
	if due := earlier(d.inc.Due, c.worst.Due); !due.Equal(d.inc.Due) {
		d.inc.Due, d.changed = due, true
	}
	if u := urgency(c.worst.Response); slices.Index(urgencies, u) > slices.Index(urgencies, d.inc.Urgency) {
		d.news(f.now)
		f.event(d, tocsin.EventSeverity, "", fmt.Sprintf("urgency rose from %s to %s: %s", d.inc.Urgency, u, cause(c.worst.Reason)))
		if d.inc.State == tocsin.StateHold {
			d.inc.State = tocsin.StateDetected
		}
		d.inc.Urgency, d.inc.Cause = u, cause(c.worst.Reason)
		if p, ok := f.rules.Playbooks[c.worst.Playbook]; ok && len(d.inc.Tasks) == 0 {
			d.inc.Playbook, d.inc.PlaybookVersion = p.Name, p.Version
		}
		equip(&d.inc, f.rules, f.now)
	}
	if tocsin.CompareLevels(c.worst.Severity, d.inc.Severity) > 0 {
		d.news(f.now)
		f.event(d, tocsin.EventSeverity, "", fmt.Sprintf("severity rose from %s to %s", cmp.Or(d.inc.Severity, "not set"), c.worst.Severity))
		d.inc.Severity = c.worst.Severity
	}
	kept := &d.inc.Class
	if i := slices.IndexFunc(d.inc.Also, func(o tocsin.Class) bool { return overlap(o.Aliases, c.class.Aliases) }); i >= 0 && !overlap(kept.Aliases, c.class.Aliases) {
		d.inc.Also = slices.Clone(d.inc.Also)
		kept = &d.inc.Also[i]
	}
	if !equalClass(*kept, c.class) {
		f.outrun(d, *kept, c.class)
		*kept, d.changed = c.class, true
	}
}

// promise has people hear of it again within its cadence, from now on: what was promised before it ended counts no more.
func (d *draft) promise(r Rules, now time.Time) {
	if every := r.Governance.Updates[d.inc.Severity]; every > 0 && d.inc.Urgency != tocsin.UrgencyRoutine {
		d.inc.NextUpdate = now.Add(every)
	}
}

// equalClass ignores what changes every day and changes nothing: dates of records and small moves of EPSS.
func equalClass(a, b tocsin.Class) bool {
	return a.ID == b.ID && a.Private == b.Private && a.Kind == b.Kind && slices.Equal(a.Aliases, b.Aliases) && a.Summary == b.Summary &&
		(a.KEV == nil) == (b.KEV == nil) && a.CVSS.Rating() == b.CVSS.Rating()
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
