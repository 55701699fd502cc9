package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents/drill"
)

// Table writes a result as plain text, Markdown as what its name says.
func Table(w io.Writer, r drill.Result) error { return report(&page{w: w}, r) }

// Markdown writes a result as Markdown.
func Markdown(w io.Writer, r drill.Result) error { return report(&page{w: w, markdown: true}, r) }

func report(p *page, r drill.Result) error {
	p.title("EXERCISE: " + r.Title)
	held := ""
	if r.Held != "" {
		held = ", held " + r.Held
	}
	p.paragraph("Score: %d of %d (%d %%), %s%s. Scenario %s, version %d; its clock ran from %s to %s UTC.", r.Score, r.Of, r.Percent(), r.Played, held, r.Drill, r.Version,
		moment(r.Start), moment(r.End))
	var rows [][]string
	for _, i := range r.Incidents {
		rows = append(rows, []string{code(i.Key), string(i.Urgency), string(i.Severity), string(i.State), moment(i.Opened), i.Playbook})
	}
	p.heading("Incidents")
	p.table([]string{"key", "urgency", "severity", "ended as", "opened", "playbook"}, rows)
	if len(rows) == 0 {
		p.paragraph("None was opened.")
	}
	expected(p, r)
	measured(p, r)
	readiness(p, r)
	if len(r.Refused) > 0 {
		p.heading("Moves that were refused")
		for _, l := range r.Refused {
			p.item("%s %s wanted to %s", moment(l.At), l.Who, l.What)
		}
	}
	course(p, r)
	p.heading("What would have been sent")
	total := 0
	rows = nil
	for _, s := range r.Sent {
		total += s.Times
		rows = append(rows, []string{moment(s.At), fmt.Sprint(s.Times), s.Kind, code(s.To), s.Line})
	}
	p.paragraph("%d texts, revisions among them. They went nowhere; each has EXERCISE at its front, and --out DIR writes them to files.", total)
	p.table([]string{"first", "times", "kind", "to", "first words"}, rows)
	return p.err
}

func expected(p *page, r drill.Result) {
	p.heading("What was expected")
	var rows [][]string
	for _, s := range r.Scored {
		by, at := moment(s.By), moment(s.At)
		if s.Who != "" && at != "" {
			at += " " + s.Who
		}
		what := s.Expects
		if s.In != "" {
			what += " (" + s.In + ")"
		}
		why := s.Why
		if s.Says != "" {
			why = s.Says + "; " + why
		}
		rows = append(rows, []string{string(s.Outcome), fmt.Sprintf("%d/%d", s.Points, s.Of), code(what), by, at, why})
	}
	p.table([]string{"outcome", "points", "expected", "by", "seen", "why"}, rows)
}

func measured(p *page, r drill.Result) {
	p.heading("How long it took")
	var rows [][]string
	if r.Kind == drill.KindTabletop {
		p.paragraph("Since the clock began.")
		for _, m := range r.Measures {
			rows = append(rows, []string{m.Name, span(m.Here, "never")})
		}
		p.table([]string{"until", "took"}, rows)
		return
	}
	p.paragraph("Since it began in the scenario. Beside it the real incident, where that is known: for all the world, and not for one team.")
	for _, m := range r.Measures {
		rows = append(rows, []string{m.Name, span(m.Here, "never"), span(m.Then, "")})
	}
	p.table([]string{"until", "took", "then"}, rows)
}

func span(seconds int, none string) string {
	if seconds < 0 {
		return none
	}
	return tocsin.Span(time.Duration(seconds) * time.Second)
}

func readiness(p *page, r drill.Result) {
	p.heading("Readiness")
	d := r.Readiness
	calm := true
	for _, t := range d.Late {
		calm = false
		done, whose := "not done", t.Owner
		if !t.Done.IsZero() {
			done = "done " + tocsin.Span(t.Done.Sub(t.Due)) + " after"
		}
		if whose == "" {
			whose = "nobody: no " + t.Role
		}
		p.item("late: task %s of %s, due %s, %s (%s): %s", t.Task, t.Incident, moment(t.Due), done, whose, t.Title)
	}
	for _, e := range d.Empty {
		calm = false
		p.item("empty: nobody was the %s of %s", e.Role, e.Incident)
	}
	for _, u := range d.Unreachable {
		calm = false
		p.item("unreachable: %s, called %s from %s on", u.Person, times(u.Calls), moment(u.First))
	}
	if d.Updates > 0 {
		calm = false
		p.item("updates: promised and not sent %s", times(d.Updates))
	}
	if calm {
		p.paragraph("Nothing was late, unowned or unreachable.")
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// maxSays is how much of a line of the course is shown.
const maxSays = 150

// maxCourse bounds the course on the page. All of it is in the JSON.
const maxCourse = 400

func course(p *page, r drill.Result) {
	p.heading("What happened")
	day := ""
	for i, l := range r.Course {
		if i == maxCourse {
			p.item("%d more lines are in the JSON", len(r.Course)-i)
			break
		}
		if d := l.At.UTC().Format("Monday, 2 January 2006"); d != day {
			day = d
			if i > 0 || !p.markdown {
				p.printf("\n")
			}
			p.paragraph("%s", day)
		}
		who := l.Who + ": "
		if l.Inject {
			who = "INJECT: "
		}
		what := strings.TrimSpace(l.What)
		if text := []rune(what); len(text) > maxSays && !l.Inject {
			what = string(text[:maxSays]) + "…"
		}
		first := l.At.UTC().Format("15:04") + "  "
		if p.markdown {
			first = "- " + first
		}
		p.wrap(first, "       ", who+what)
	}
}
