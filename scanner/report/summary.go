package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// maxRows and maxList bound a page that is read by people: a job summary may have one megabyte.
const (
	maxRows = 50
	maxList = 20
)

// Markdown writes the report as a job summary: the verdict, the gravest findings, what was read, and what it was made of.
// Nothing that others wrote acts in it. https://github.github.com/gfm/
func Markdown(w io.Writer, r Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## Tocsin: %s\n\n", strings.ToUpper(outcome(r)))
	for i, t := range r.Targets {
		if i == maxList {
			fmt.Fprintf(&b, "- … and %s\n", plural(len(r.Targets)-i, "more target"))
			break
		}
		fmt.Fprintf(&b, "- %s **%s**", markdown.Code(t.Source, maxName), t.Gate)
		for j, why := range t.Why {
			b.WriteString([]string{": ", "; "}[min(j, 1)] + markdown.Text(why))
		}
		b.WriteString("\n")
	}
	markdownFindings(&b, r)
	markdownCoverage(&b, r)
	fmt.Fprintf(&b, "\n<sub>Advisories %s (%d records) · policies %s %s · Tocsin %s</sub>\n", markdown.Code(r.Snapshot.ID, maxName), r.Snapshot.Records,
		markdown.Code(strings.Join(r.Policies, ", "), maxName), markdown.Code(r.PolicyDigest, maxName), markdown.Code(r.Tocsin, maxName))
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the Markdown summary: %w", err)
	}
	return nil
}

// A pageRow is one row of a page: a row of the table, and where it is.
type pageRow struct {
	line
	Source string
}

// pageRows are the rows of all targets, gravest first within each gate, and how many there are beyond the limit.
func pageRows(r Report, limit int) (rows []pageRow, left int) {
	for _, t := range r.Targets {
		for _, l := range collapse(sortedDecisions(t)) {
			rows = append(rows, pageRow{l, t.Source})
		}
	}
	slices.SortStableFunc(rows, func(a, b pageRow) int {
		return cmp.Or(tocsin.CompareGates(b.gate, a.gate), cmp.Compare(b.score, a.score))
	})
	kept := min(len(rows), limit)
	return rows[:kept], len(rows) - kept
}

func markdownFindings(b *strings.Builder, r Report) {
	rows, left := pageRows(r, maxRows)
	if len(rows) == 0 {
		return
	}
	head, rule := "\n| Verdict | Package | Version | Advisory | Severity | Fixed in | From |", "\n|---|---|---|---|---|---|---|"
	if len(r.Targets) > 1 {
		head, rule = head+" Target |", rule+"---|"
	}
	b.WriteString(head + rule + "\n")
	for _, l := range rows {
		id := cell(l.id)
		if l.url != "" {
			id = "[" + id + "](" + l.url + ")"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s |", l.gate, markdown.Code(l.pkg, maxCell), cell(l.version), id, cell(l.severity), cell(l.fix), cell(l.reaches))
		if len(r.Targets) > 1 {
			b.WriteString(" " + cell(l.Source) + " |")
		}
		b.WriteString("\n")
	}
	if left > 0 {
		fmt.Fprintf(b, "\n… and %d more, less grave.\n", left)
	}
}

// cell is a text in a table, which may be empty.
func cell(s string) string { return markdown.Text(markdown.Line(s, maxCell)) }

func markdownCoverage(b *strings.Builder, r Report) {
	b.WriteString("\n### What was read\n\n")
	for i, t := range r.Targets {
		if i == maxList {
			break
		}
		fmt.Fprintf(b, "- %s: %s\n", markdown.Code(t.Source, maxName), extent(t))
	}
	list, left := unreadFiles(r, maxList)
	for _, f := range list {
		fmt.Fprintf(b, "- **%s** %s: %s\n", f.Status, markdown.Code(f.Path, maxName), markdown.Text(f.Reason))
	}
	if left > 0 {
		fmt.Fprintf(b, "- … and %s that could not be read whole\n", plural(left, "more file"))
	}
	for _, why := range r.Snapshot.Stale(r.At) {
		fmt.Fprintf(b, "- %s\n", markdown.Text(why))
	}
}

// unreadFiles are the files of all targets that were not read whole, with their paths in the repository, and how many there
// are beyond the limit.
func unreadFiles(r Report, limit int) (list []tocsin.FileCoverage, left int) {
	for _, t := range r.Targets {
		for _, f := range t.Coverage.Incomplete() {
			f.Path = repoPath(t, f.Path)
			list = append(list, f)
		}
	}
	kept := min(len(list), limit)
	return list[:kept], len(list) - kept
}

// extent says how much of a target was read, in plain words.
func extent(t Target) string {
	files := 0
	for _, f := range t.Coverage.Files {
		if f.Status != tocsin.FileFailed {
			files++
		}
	}
	out := plural(t.Packages, "package") + " from " + plural(files, "file")
	gaps := map[tocsin.GapReason]int{}
	for _, g := range t.Coverage.Gaps {
		gaps[g.Reason] += g.Count
	}
	for _, reason := range []tocsin.GapReason{tocsin.GapNoVersion, tocsin.GapNoEcosystem, tocsin.GapNoName, tocsin.GapMinimum} {
		if gaps[reason] > 0 {
			out += fmt.Sprintf("; %d with %s", gaps[reason], reason)
		}
	}
	return out + excused(t)
}

// excused counts the findings that people decided about: those that are stated as not affected are in no row.
func excused(t Target) string {
	count := map[tocsin.ExceptionKind]int{}
	for _, d := range t.Decisions {
		if x := d.Finding.Exception; x != nil {
			count[x.Kind]++
		}
	}
	out := ""
	if n := count[tocsin.ExceptionNotAffected]; n > 0 {
		out += "; " + plural(n, "finding") + " stated as not affected"
	}
	if n := count[tocsin.ExceptionAccepted]; n > 0 {
		out += "; " + plural(n, "risk") + " accepted"
	}
	return out
}
