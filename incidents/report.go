package incidents

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// Measure reads from a timeline how long an emergency took from one thing to the next: by what happened first, so that one that came back
// counts as it did the first time.
func Measure(inc tocsin.Incident, events []tocsin.IncidentEvent) tocsin.Measures {
	first := func(kinds ...tocsin.EventKind) time.Duration {
		for _, e := range events {
			for _, k := range kinds {
				if e.Kind == k {
					return max(e.At.Sub(inc.OpenedAt), 0)
				}
			}
		}
		return -1
	}
	m := tocsin.Measures{
		Detect: -1, Acknowledge: first(tocsin.EventAcknowledged, tocsin.EventRole), Mobilise: first(tocsin.EventMobilised), Contain: first(tocsin.EventContained),
		Fix: first(tocsin.EventFixValidated), Resolve: first(tocsin.EventResolved, tocsin.EventStoodDown), Review: first(tocsin.EventReviewed),
	}
	if p := inc.Class.Published; !p.IsZero() {
		m.Detect = max(inc.OpenedAt.Sub(p), 0)
	}
	if inc.Review != nil {
		for _, e := range inc.Review.Effort {
			m.Minutes += e.Minutes
		}
	}
	return m
}

// prompts are what a section asks where nobody has written yet.
var prompts = map[tocsin.Section]string{
	tocsin.SectionSummary:  "What happened, in three sentences that somebody who was not there understands.",
	tocsin.SectionImpact:   "Who was affected, how, and for how long. What was not affected, and how that is known.",
	tocsin.SectionCauses:   "What made it possible, and what made it worse. Ask of each answer what made that likely; no answer is a person.",
	tocsin.SectionHelped:   "What went well and should stay so.",
	tocsin.SectionHindered: "What was slow, missing or misleading.",
	tocsin.SectionLucky:    "What could have gone worse and did not, through nobody's doing.",
	tocsin.SectionChanges:  "What changes in the threat model, the policies and the playbook.",
}

// ReviewMarkdown writes the review of an emergency as far as it has come: what people wrote, what the timeline says, and what is still
// asked. It is for those who work on the incident.
func ReviewMarkdown(inc tocsin.Incident, events []tocsin.IncidentEvent) string {
	r := inc.Review
	if r == nil {
		r = &tocsin.Review{}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Review of %s\n\n", prose(cmp.Or(inc.Class.ID, inc.Class.Summary, inc.Key)))
	fmt.Fprintf(&b, "%s, severity %s, opened %s; the review is due %s.\n\n", prose(inc.Key), cmp.Or(inc.Severity, "not set"), moment(inc.OpenedAt), dueText(r.Due))
	m := Measure(inc, events)
	b.WriteString("| from | to | took |\n|---|---|---|\n")
	for _, row := range []struct {
		from, to string
		took     time.Duration
	}{
		{"advisory published", "opened", m.Detect}, {"opened", "acknowledged", m.Acknowledge}, {"opened", "mobilised", m.Mobilise}, {"opened", "contained", m.Contain},
		{"opened", "fix validated", m.Fix}, {"opened", "over", m.Resolve}, {"opened", "reviewed", m.Review},
	} {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", row.from, row.to, tocsin.Span(row.took))
	}
	if m.Minutes > 0 {
		fmt.Fprintf(&b, "\nPeople gave %s.\n", tocsin.Span(time.Duration(m.Minutes)*time.Minute))
	}
	for _, s := range tocsin.Sections() {
		fmt.Fprintf(&b, "\n## %s\n\n", strings.ToUpper(string(s[:1]))+string(s[1:]))
		if text := strings.TrimSpace(*r.Section(s)); text != "" {
			fmt.Fprintf(&b, "%s\n", text)
		} else {
			fmt.Fprintf(&b, "*Nobody has written this yet. %s*\n", prompts[s])
		}
		if s == tocsin.SectionImpact {
			impact(&b, inc)
		}
	}
	if len(r.Actions) > 0 {
		b.WriteString("\n## Actions\n\n| id | what | who | until | done |\n|---|---|---|---|---|\n")
		for _, a := range r.Actions {
			done := "no"
			if !a.DoneAt.IsZero() {
				done = moment(a.DoneAt)
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", a.ID, cell(a.Title), cell(a.Owner.Name), moment(a.Due), done)
		}
	}
	if len(r.Credits) > 0 {
		b.WriteString("\n## Thanks\n\n")
		for _, c := range r.Credits {
			fmt.Fprintf(&b, "- %s (%s)\n", prose(c.Who), c.Type)
		}
	}
	b.WriteString("\n## Timeline\n\n| # | when | who | what | source |\n|---|---|---|---|---|\n")
	for _, e := range events {
		fmt.Fprintf(&b, "| %d | %s | %s | %s | %s |\n", e.Seq, moment(e.At), cell(e.Actor), cell(strings.TrimSpace(e.Project+" "+e.Text)), cmp.Or(e.Source, "not known"))
	}
	return b.String()
}

func impact(b *strings.Builder, inc tocsin.Incident) {
	if len(inc.Projects) == 0 {
		return
	}
	b.WriteString("\n| project | status | since | clear |\n|---|---|---|---|\n")
	for _, p := range inc.Projects[:min(len(inc.Projects), maxShown)] {
		clear := "no"
		if !p.ClearedAt.IsZero() {
			clear = moment(p.ClearedAt)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", cell(p.Slug), p.Status, moment(p.Since), clear)
	}
	if n := len(inc.Projects) - maxShown; n > 0 {
		fmt.Fprintf(b, "\n%s not shown.\n", count(n, "more project"))
	}
}

// maxCell bounds a cell of a table.
const maxCell = 300

func cell(s string) string { return prose(markdown.Line(s, maxCell)) }

func dueText(t time.Time) string {
	if t.IsZero() {
		return "when somebody says so"
	}
	return moment(t)
}
