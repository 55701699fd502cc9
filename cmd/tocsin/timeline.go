package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// timeline writes an incident and what happened to it.
func timeline(w io.Writer, inc tocsin.Incident, events []tocsin.IncidentEvent) {
	fmt.Fprintf(w, "%s  %s\n  %s, %s, severity %s, playbook %s\n  %s\n", inc.Key, markdown.Line(inc.Class.Summary, 200),
		inc.State, inc.Urgency, cmp.Or(inc.Severity, "not set"), inc.Playbook, markdown.Line(inc.Cause, 300))
	for _, p := range inc.Projects {
		fmt.Fprintf(w, "  project %s: %s", p.Slug, p.Status)
		for _, pkg := range p.Packages {
			fmt.Fprintf(w, ", %s", markdown.Line(pkg.Name+"@"+pkg.Version, 120))
		}
		fmt.Fprintln(w)
	}
	for _, r := range inc.Roles {
		fmt.Fprintf(w, "  %s: %s\n", r.Name, markdown.Line(cmp.Or(r.Holder.Name, "not filled"), 80))
	}
	for _, e := range events {
		fmt.Fprintf(w, "  %3d %s %-13s %-8s %s\n", e.Seq, e.At.Format("2006-01-02 15:04:05"), e.Kind, markdown.Line(e.Actor, 40),
			markdown.Line(strings.TrimSpace(e.Project+" "+e.Text), 300))
	}
}
