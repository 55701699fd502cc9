package incidents

import (
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// A Price is what an hour of people's time costs, for a note to those who pay for it; the zero value says nothing of money.
type Price struct {
	Hour     float64
	Currency string
}

// RetrospectiveMarkdown writes a retrospective for people: how long things took, what was news, who gave and is thanked for what, and what is
// still open. It is for those inside.
func RetrospectiveMarkdown(r tocsin.Retrospective, price Price) string {
	var b strings.Builder
	last := r.To.Add(-1)
	fmt.Fprintf(&b, "# Emergencies from %s to %s\n\n", r.From.Format(time.DateOnly), last.Format(time.DateOnly))
	b.WriteString("Times are medians of the emergencies that were opened in the period, from the opening on; of detection, from the publication of the advisory.\n\n")
	b.WriteString("| period | alerts | news | false | detect | acknowledge | mobilise | contain | fix | over | review |\n|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, p := range r.Periods {
		m := p.Median
		fmt.Fprintf(&b, "| %s to %s | %d | %s | %d |", p.From.Format(time.DateOnly), p.To.Add(-1).Format(time.DateOnly), p.Alerts, portion(p.News, p.Alerts), p.False)
		for _, s := range []int{m.Detect, m.Acknowledge, m.Mobilise, m.Contain, m.Fix, m.Resolve, m.Review} {
			fmt.Fprintf(&b, " %s |", took(s))
		}
		b.WriteString("\n")
	}
	if len(r.All) > 0 {
		b.WriteString("\n## Each\n\n| incident | about | opened | state | acknowledge | fix | over | time given |\n|---|---|---|---|---|---|---|---|\n")
	}
	for _, one := range r.All[:min(len(r.All), maxShown)] {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", cell(one.Incident), cell(one.Title), one.OpenedAt.UTC().Format(time.DateOnly), one.State,
			took(one.Marks.Acknowledge), took(one.Marks.Fix), took(one.Marks.Resolve), given(one.Minutes))
	}
	if n := len(r.All) - maxShown; n > 0 {
		fmt.Fprintf(&b, "\n%s not shown.\n", count(n, "more incident"))
	}
	effort(&b, r, price)
	if len(r.Thanks) > 0 {
		b.WriteString("\n## Thanks to\n\n")
		for _, t := range r.Thanks {
			var what []string
			for _, one := range t.For {
				what = append(what, fmt.Sprintf("%s in %s", one.Type, one.Incident))
			}
			fmt.Fprintf(&b, "- %s: %s\n", cell(t.Who), cell(strings.Join(what, ", ")))
		}
	}
	if r.Asked > 0 || len(r.Open) > 0 {
		fmt.Fprintf(&b, "\n## What reviews asked for\n\n%d of %s done.\n", r.Done, count(r.Asked, "action"))
	}
	for _, l := range r.Late {
		fmt.Fprintf(&b, "- late since %s: %s (%s, for %s)\n", l.Action.Due.UTC().Format(time.DateOnly), cell(l.Action.Title), cell(l.Incident), cell(l.Action.Owner.Name))
	}
	for _, o := range r.Open {
		fmt.Fprintf(&b, "- no review yet: %s, %s, due %s\n", cell(o.Incident), cell(o.Title), dueText(o.Due))
	}
	return b.String()
}

func effort(b *strings.Builder, r tocsin.Retrospective, price Price) {
	if r.Minutes == 0 {
		return
	}
	fmt.Fprintf(b, "\n## Time given\n\n%s gave %s, as they say", count(len(r.People), "person"), given(r.Minutes))
	if price.Hour > 0 {
		fmt.Fprintf(b, ": %s at %s an hour", price.of(r.Minutes), price.of(60))
	}
	b.WriteString(".\n\n| who | incidents | time |\n|---|---|---|\n")
	for _, p := range r.People[:min(len(r.People), maxShown)] {
		fmt.Fprintf(b, "| %s | %d | %s |\n", cell(p.Who.Name), p.Incidents, given(p.Minutes))
	}
}

func (p Price) of(minutes int) string {
	return fmt.Sprintf("%.0f %s", p.Hour*float64(minutes)/60, prose(p.Currency))
}

func took(seconds int) string {
	if seconds < 0 {
		return "–"
	}
	return tocsin.Span(time.Duration(seconds) * time.Second)
}

func given(minutes int) string {
	if minutes == 0 {
		return "–"
	}
	return tocsin.Span(time.Duration(minutes) * time.Minute)
}

func portion(n, of int) string {
	if of == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%d %%)", n, (100*n+of/2)/of)
}
