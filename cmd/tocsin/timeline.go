package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// timeline writes an incident, what is to be done next by its playbook, what was learned from others like it, and what happened to it.
func timeline(w io.Writer, inc tocsin.Incident, book tocsin.Playbook, like []tocsin.Likeness, events []tocsin.IncidentEvent) {
	fmt.Fprintf(w, "%s  %s\n  %s, %s, severity %s, playbook %s\n  %s\n", inc.Key, markdown.Line(inc.Class.Summary, 200),
		inc.State, inc.Urgency, cmp.Or(inc.Severity, "not set"), inc.Playbook, markdown.Line(inc.Cause, 300))
	for _, p := range inc.Projects {
		fmt.Fprintf(w, "  project %s: %s", p.Slug, p.Status)
		for _, pkg := range p.Packages {
			fmt.Fprintf(w, ", %s", markdown.Line(pkg.Name+"@"+pkg.Version, 120))
		}
		fmt.Fprintln(w)
		checks(w, p)
	}
	for _, r := range inc.Roles {
		fmt.Fprintf(w, "  %s: %s\n", r.Name, markdown.Line(cmp.Or(r.Holder.Name, "not filled"), 80))
	}
	if by := inc.Escalation.AckBy.Name; by != "" && !inc.State.Over() {
		fmt.Fprintf(w, "  on it: %s\n", markdown.Line(by, 80))
	}
	for _, one := range []struct {
		what string
		at   time.Time
	}{{"act by", inc.Due}, {"next update by", inc.NextUpdate}, {"embargo until", inc.Embargo.Until}} {
		if !one.at.IsZero() && !inc.State.Over() && (one.what != "embargo until" || inc.Embargo.Covers()) {
			fmt.Fprintf(w, "  %s %s\n", one.what, one.at.Format("2006-01-02 15:04 UTC"))
		}
	}
	if list := incidents.Unmet(inc); len(list) > 0 {
		fmt.Fprintln(w, "  the fix does not count before:")
		for _, c := range list {
			fmt.Fprintf(w, "    %-14s %s\n", cmp.Or(c.Project, c.Criterion), markdown.Line(c.Says, 300))
		}
	}
	steps(w, incidents.Next(inc, book))
	for _, l := range like {
		fmt.Fprintf(w, "  a similar incident: %s (%s)\n    %s: %s\n", l.Incident, markdown.Line(strings.Join(l.Why, "; "), 200), l.Lesson.Section, markdown.Line(l.Lesson.Text, 300))
	}
	for _, e := range events {
		fmt.Fprintf(w, "  %3d %s %-13s %-8s %s\n", e.Seq, e.At.Format("2006-01-02 15:04:05"), e.Kind, markdown.Line(e.Actor, 40),
			markdown.Line(strings.TrimSpace(e.Project+" "+e.Text), 300))
	}
}

// checks writes what came of the checks of the commit that shows a project clear.
func checks(w io.Writer, p tocsin.IncidentProject) {
	c := p.Checks
	if p.Status != tocsin.ProjectPatched || c.Commit == "" {
		return
	}
	state := c.State()
	why := strings.Join(c.Named(state), ", ")
	if state == tocsin.CheckUnknown {
		why = c.Doubt()
	}
	line := fmt.Sprintf("checks of %.12s: %s", c.Commit, state)
	if why != "" && state != tocsin.CheckPassed {
		line += ": " + why
	}
	fmt.Fprintf(w, "    %s\n", markdown.Line(line, 300))
}

// steps writes what is to be done next. Decisions say how they can be answered.
func steps(w io.Writer, list []tocsin.Step) {
	if len(list) > 0 {
		fmt.Fprintln(w, "  to do:")
	}
	for _, s := range list {
		who := cmp.Or(s.Owner.Name, string(s.Role))
		line := fmt.Sprintf("%s (%s", s.Title, who)
		if !s.Due.IsZero() {
			line += ", by " + s.Due.Format("2006-01-02 15:04")
		}
		if len(s.Waits) > 0 {
			line += "; after " + strings.Join(s.Waits, ", ")
		}
		var answers []string
		for _, a := range s.Answers {
			answers = append(answers, a.Name)
		}
		if line += ")"; len(answers) > 0 {
			line += ": " + strings.Join(answers, ", ")
		}
		fmt.Fprintf(w, "    %-14s %s\n", s.ID, markdown.Line(line, 300))
	}
}
