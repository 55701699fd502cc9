package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

//go:embed report.html.tmpl
var pageText string

// maxPageRows bounds the findings of a page: a browser on a phone must open it.
const maxPageRows = 2000

// HTML writes the report as one page that needs nothing else: no script, no font, no picture, nothing from the network. It is
// escaped by html/template. https://html.spec.whatwg.org/
func HTML(w io.Writer, r Report) error {
	t, err := template.New("report").Parse(pageText)
	if err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	if err := t.Execute(w, pageOf(r)); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

// page is what the template shows.
type page struct {
	Outcome, At, Basis, Version string
	Gate                        tocsin.Gate
	Targets                     []pageTarget
	Rows                        []pageFinding
	Left                        int
	Unread                      []tocsin.FileCoverage
	UnreadLeft                  int
	Stale                       []string
}

type pageTarget struct {
	Source, Why, Extent string
	Gate                tocsin.Gate
}

type pageFinding struct {
	Gate                                                        tocsin.Gate
	Package, Version, ID, URL, Severity, Fix, From, Source, Eco string
}

func pageOf(r Report) page {
	out := page{Outcome: outcome(r), Gate: r.Gate, At: r.At.UTC().Format(time.RFC3339), Basis: basis(r), Version: markdown.Line(r.Tocsin, maxName), Stale: r.Snapshot.Stale(r.At)}
	for _, t := range r.Targets {
		out.Targets = append(out.Targets, pageTarget{Source: markdown.Line(t.Source, maxName), Gate: t.Gate, Why: why(t), Extent: extent(t)})
	}
	rows, left := pageRows(r, maxPageRows)
	for _, l := range rows {
		out.Rows = append(out.Rows, pageFinding{
			Gate: l.gate, Package: markdown.Line(l.pkg, maxName), Version: markdown.Line(l.version, maxName), ID: markdown.Line(l.id, maxName), URL: l.url,
			Severity: l.severity, Fix: markdown.Line(l.fix, maxName), From: markdown.Line(l.reaches, maxName), Source: markdown.Line(l.Source, maxName),
			Eco: markdown.Line(l.ecosystem, maxName),
		})
	}
	if len(r.Targets) == 1 { // it stands above; each card would say it again
		for i := range out.Rows {
			out.Rows[i].Source = ""
		}
	}
	out.Left = left
	out.Unread, out.UnreadLeft = unreadFiles(r, maxPageRows)
	for i := range out.Unread {
		out.Unread[i].Path, out.Unread[i].Reason = markdown.Line(out.Unread[i].Path, maxName), unread(out.Unread[i])
	}
	for i, why := range out.Stale {
		out.Stale[i] = markdown.Line(why, maxSentence)
	}
	return out
}
