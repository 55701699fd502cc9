package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/scanner/report"
)

// explain writes the reason of every decision: the rule that won on each axis, its conditions and the values they saw.
func explain(w io.Writer, r report.Report) {
	for _, t := range r.Targets {
		for _, d := range t.Decisions {
			f := d.Finding
			fmt.Fprintf(w, "\n%s  %s  %s\n", markdown.Line(f.Package.String(), 200), f.Class.ID, markdown.Line(t.Source, 200))
			for _, e := range f.Evidence {
				fmt.Fprintf(w, "  %s names %s\n", markdown.Line(e.Advisory, 100), markdown.Line(e.Version+e.Range, 200))
			}
			reached(w, f.Reachability)
			tree(w, d.Reason, "  ")
		}
	}
}

// reached writes how far the code gets to the flaw, with the chain of calls.
func reached(w io.Writer, r *tocsin.Reachability) {
	if r == nil {
		return
	}
	fmt.Fprintf(w, "  reachability: %s\n", markdown.Line(strings.TrimSpace(string(r.Reach)+" "+r.Reason), 600))
	for _, c := range r.Trace {
		at := ""
		if c.At.Path != "" {
			at = fmt.Sprintf(" (%s:%d)", c.At.Path, c.At.Line)
		}
		fmt.Fprintf(w, "    %s\n", markdown.Line(c.Function+at, 300))
	}
}

// tree writes a reason, indented by depth.
func tree(w io.Writer, r tocsin.Reason, indent string) {
	fmt.Fprintf(w, "%s%s → %s\n", indent, markdown.Line(r.Text, 300), markdown.Line(r.Result, 300))
	for _, c := range r.Children {
		tree(w, c, indent+"  ")
	}
}
