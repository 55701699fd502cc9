package main

import (
	"fmt"
	"io"

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
			tree(w, d.Reason, "  ")
		}
	}
}

// tree writes a reason, indented by depth.
func tree(w io.Writer, r tocsin.Reason, indent string) {
	fmt.Fprintf(w, "%s%s → %s\n", indent, markdown.Line(r.Text, 300), markdown.Line(r.Result, 300))
	for _, c := range r.Children {
		tree(w, c, indent+"  ")
	}
}
