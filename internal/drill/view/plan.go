package view

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents/drill"
)

// Plan writes what a facilitator needs to hold a drill, as Markdown.
func Plan(w io.Writer, s drill.Scenario, books map[string]tocsin.Playbook) error {
	p := &page{w: w, markdown: true}
	p.title("EXERCISE: " + s.Title)
	p.paragraph("%s", s.Story)
	p.paragraph("Scenario %s, version %d, a %s. Its clock runs from %s to %s UTC. Say at the beginning, and in every message, that it is an exercise.",
		s.Name, s.Version, s.Kind, moment(s.Start), moment(s.End))
	if len(s.Sources) > 0 {
		p.paragraph("The facts: %s.", strings.Join(s.Sources, ", "))
	}
	p.heading("What is rehearsed")
	for _, g := range s.Goals {
		p.item("%s", g)
	}
	p.heading("Who is needed")
	for _, role := range tocsin.Roles() {
		p.item("%s", role)
	}
	p.item("a facilitator, who reads out and writes down, and plays nobody")
	p.paragraph("")
	p.paragraph("The scenario's own people are called in this order. Give each of yours one of their names, or use your own.")
	var rows [][]string
	for _, one := range s.People {
		rows = append(rows, []string{one.Name, one.About})
	}
	p.table([]string{"who", "what they do"}, rows)
	p.heading("What the team has")
	rows = nil
	for _, one := range s.Projects {
		var pins []string
		for _, pin := range one.Packages {
			text := pin.String()
			if pin.Via != "" {
				text += " via " + pin.Via
			}
			pins = append(pins, text)
		}
		rows = append(rows, []string{one.Slug, string(one.Criticality), string(one.Exposure), code(strings.Join(pins, ", "))})
	}
	p.table([]string{"project", "criticality", "exposure", "packages"}, rows)
	p.heading("What to read out")
	p.paragraph("At each of these times, word for word. What stands in the last column happens by itself; do not read it out.")
	rows = nil
	for _, i := range s.Injects {
		rows = append(rows, []string{moment(i.At), since(s.Start, i.At), i.Says, code(effects(i))})
	}
	p.table([]string{"clock", "after", "read out", "happens"}, rows)
	p.heading("What is expected (for the facilitator only)")
	rows = nil
	for _, e := range s.Expect {
		what := e.Kind + " " + e.Value
		if e.Never {
			what = "never " + what
		}
		if e.In != "" {
			what += " (" + e.In + ")"
		}
		rows = append(rows, []string{code(what), window(e), fmt.Sprint(e.Points), e.Why})
	}
	p.table([]string{"expected", "when", "points", "why"}, rows)
	p.heading("Decisions and tasks that may come up")
	for _, name := range used(s, books) {
		p.paragraph("Playbook %s: %s", name, books[name].Title)
		for _, t := range books[name].Tasks {
			p.item("task %s (%s, within %s): %s", t.ID, t.Role, tocsin.Span(t.Due), t.Title)
		}
		for _, d := range books[name].Decisions {
			var answers []string
			for _, a := range d.Answers {
				answers = append(answers, a.Name)
			}
			p.item("decide %s (%s): %s One of %s.", d.ID, d.Role, d.Question, strings.Join(answers, ", "))
		}
		p.printf("\n")
	}
	p.paragraph("Other kinds of emergency have theirs: a team may open one that the scenario does not.")
	p.heading("How to write down what the team does")
	p.paragraph("One line for each move, with the scenario's clock: a verb of tocsin incidents with its fields, or pin for a version that is merged, or declare; docs/responders.md lists the verbs. In a file of your own, then: tocsin drill run %s --moves FILE.", s.Name)
	p.printf("```yaml\n%s```\n", example(s))
	return p.err
}

// effects of an inject, in words.
func effects(i drill.Inject) string {
	var out []string
	if i.Advisory != nil {
		out = append(out, "advisory "+i.Advisory.Key())
	}
	if i.Withdraw != "" {
		out = append(out, "withdrawn: "+i.Withdraw)
	}
	if i.KEV != "" {
		out = append(out, "KEV has "+i.KEV)
	}
	for slug, pins := range i.Pins {
		for _, pin := range pins {
			out = append(out, slug+" has "+pin.String())
		}
	}
	for what, state := range i.Registry {
		out = append(out, fmt.Sprintf("registry: %s %s", what, state))
	}
	for _, who := range i.Leaves {
		out = append(out, who+" cannot be reached")
	}
	for _, who := range i.Returns {
		out = append(out, who+" is back")
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

func window(e drill.Expectation) string {
	switch {
	case e.From.IsZero() && e.By.IsZero():
		return "at any time"
	case e.From.IsZero():
		return "by " + moment(e.By)
	case e.By.IsZero():
		return "from " + moment(e.From)
	}
	return moment(e.From) + " to " + moment(e.By)
}

// used are the playbooks that the scenario's own moves and rules lead to: those it declares, and those whose tasks or points it names.
func used(s drill.Scenario, books map[string]tocsin.Playbook) []string {
	var out []string
	for name, book := range books {
		fits := func(m drill.Move) bool {
			return m.Declare != nil && m.Declare.Playbook == name ||
				m.Command.Do == tocsin.DoAnswer && slices.ContainsFunc(book.Decisions, func(d tocsin.DecisionPoint) bool { return d.ID == m.Command.Point })
		}
		if slices.ContainsFunc(s.Moves, fits) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// example is the beginning of a file of moves.
func example(s drill.Scenario) string {
	at := s.Start
	if len(s.Injects) > 0 {
		at = s.Injects[0].At
	}
	clock := at.UTC().Format("2006-01-02T15:04Z")
	who, project := s.People[0].Name, "PROJECT"
	if len(s.Projects) > 0 {
		project = s.Projects[0].Slug
	}
	return fmt.Sprintf(`drill: %s
held: 2026-01-31          # the day on which you hold it
team: platform
moves:
  - {at: %s, who: %s, do: acknowledge}
  - {at: %s, who: %s, do: take, role: incident commander}
  - {at: +2h, who: %s, do: finish, task: TASK, text: the evidence}
  - {at: +2h, who: %s, do: answer, point: POINT, answer: ANSWER, reason: why}
  - {at: +3h, who: %s, do: draft, audience: public, stage: first}     # and approve by another, message: m1
  - {at: +4h, who: %s, do: pin, projects: [%s], packages: [ECOSYSTEM/NAME@VERSION]}
`, s.Name, clock, who, clock, who, who, who, who, who, project)
}
