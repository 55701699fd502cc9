package drill

import (
	"slices"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
)

func (l *loader) moves(list []fileMove) []Move {
	var out []Move
	docs := map[tocsin.Verb]incidents.VerbDoc{}
	for _, d := range incidents.Verbs() {
		docs[d.Do] = d
	}
	for i, f := range list {
		if l.many(i, f.At, "moves") {
			break
		}
		out = append(out, l.move(f, docs))
	}
	slices.SortStableFunc(out, func(a, b Move) int { return a.At.Compare(b.At) })
	return out
}

func (l *loader) move(f fileMove, docs map[tocsin.Verb]incidents.VerbDoc) Move {
	do := tocsin.Verb(f.Do.V)
	m := Move{
		At: l.within(f.At, f.Do, "move: at"), Who: l.known(f.Who, "who", l.people), In: l.text(f.In, "in", maxShort), To: l.text(f.To, "to", maxShort), Line: f.At.Line,
		Command: tocsin.Command{
			Do: do, Role: tocsin.RoleName(f.Role.V), Right: tocsin.Right(f.Right.V), Task: f.Task.V, Point: f.Point.V, Answer: f.Answer.V, Message: f.Message.V,
			Audience: tocsin.Audience(f.Audience.V), Stage: tocsin.Stage(f.Stage.V), Section: tocsin.Section(f.Section.V), Credit: tocsin.CreditType(f.Credit.V),
			Minutes: f.Minutes.V, Severity: tocsin.Level(f.Severity.V), Projects: l.each(f.Projects, "projects", l.projects), Status: tocsin.ProjectStatus(f.Status.V),
			Into: f.Into.V, Package: f.Package.V, Version: f.Version.V, Number: f.Number.V, Until: l.when(f.Until, "until"), TLP: tocsin.TLP(f.TLP.V),
			Text: f.Text.V, Reason: f.Reason.V, BreakGlass: f.BreakGlass.V,
		},
	}
	if m.Who == "" {
		l.fault(f.At, "move: who: is missing")
	}
	if m.To != "" {
		m.To = l.known(f.To, "to", l.people)
	}
	missing := func(name string, v str) {
		if v.V == "" {
			l.fault(f.At, "%s: %s: is missing", do, name)
		}
	}
	switch do {
	case DoDeclare:
		missing("playbook", f.Playbook)
		missing("title", f.Title)
		missing("reason", f.Reason)
		missing("severity", f.Severity)
		m.Declare = &tocsin.Declaration{Playbook: f.Playbook.V, Title: f.Title.V, Reason: f.Reason.V, Severity: m.Command.Severity, Projects: m.Command.Projects, Private: f.Private.V}
	case DoPin:
		m.Pins = l.pins(f.Packages, "packages")
		if len(m.Pins) == 0 || len(m.Command.Projects) == 0 {
			l.fault(f.At, "pin: projects: and packages: are missing")
		}
	default:
		doc, ok := docs[do]
		if !ok {
			names := []tocsin.Verb{DoDeclare, DoPin}
			for _, d := range incidents.Verbs() {
				names = append(names, d.Do)
			}
			l.fault(f.Do, "do: %.40q: want one of %q", do, names)
		}
		set := m.fields(f)
		for _, need := range doc.Needs {
			if !set[need] {
				l.fault(f.At, "%s: %s: is missing", do, need)
			}
		}
	}
	return m
}

// fields says which fields of a command the file has, by their names.
func (m Move) fields(f fileMove) map[string]bool {
	c := m.Command
	return map[string]bool{
		"role": c.Role != "", "to": m.To != "", "right": c.Right != "", "until": !c.Until.IsZero(), "reason": c.Reason != "", "severity": c.Severity != "",
		"task": c.Task != "", "point": c.Point != "", "answer": c.Answer != "", "text": c.Text != "", "number": c.Number != 0, "audience": c.Audience != "",
		"stage": c.Stage != "", "message": c.Message != "", "package": c.Package != "", "version": c.Version != "", "projects": len(f.Projects) > 0,
		"status": c.Status != "", "section": c.Section != "", "credit": c.Credit != "", "minutes": c.Minutes != 0, "into": c.Into != "",
	}
}
