package view

import (
	"fmt"
	"io"
	"strings"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"

	"github.com/tocsin-dev/tocsin/internal/replay"
)

// Options say how much a table shows.
type Options struct {
	// Rows bounds each list; 0 shows all.
	Rows int
	// Width of the terminal in columns; 0 does not cut.
	Width int
}

var (
	bold  = lipgloss.NewStyle().Bold(true)
	faint = lipgloss.NewStyle().Faint(true)
)

// Table writes a replay for the terminal: the figures first, then what was opened, what was stopped and what was missed.
// Colours are left out where the writer is no terminal or NO_COLOR is set.
func Table(w io.Writer, r replay.Result, o Options) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n\n", bold.Render(title(r)), faint.Render(basis(r.Basis)))
	for _, line := range figures(r) {
		fmt.Fprintf(&b, "%-12s %s\n", line[0], line[1])
	}
	section(&b, o, "Incidents", incidentColumns, incidentRows(r))
	section(&b, o, "Releases stopped", releaseColumns, releaseRows(r))
	section(&b, o, "Exploited or malicious, and not caught", missedColumns, missedRows(r))
	section(&b, o, "Noisiest rules", ruleColumns, ruleRows(r))
	if _, err := lipgloss.Fprint(w, b.String()); err != nil {
		return fmt.Errorf("writing the replay: %w", err)
	}
	return nil
}

// section writes a list with a heading, cut with a count. An empty list is left out.
func section(b *strings.Builder, o Options, heading string, columns []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s (%d)\n", bold.Render(heading), len(rows))
	left := 0
	if o.Rows > 0 && len(rows) > o.Rows {
		rows, left = rows[:o.Rows], len(rows)-o.Rows
	}
	t := table.New().Border(lipgloss.HiddenBorder()).BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).BorderHeader(false).
		Headers(columns...).Rows(rows...).StyleFunc(func(row, _ int) lipgloss.Style {
		s := lipgloss.NewStyle().PaddingRight(1)
		if row == table.HeaderRow {
			return s.Faint(true)
		}
		return s
	})
	if o.Width > 0 {
		t = t.Width(o.Width)
	}
	b.WriteString(t.Render() + "\n")
	if left > 0 {
		fmt.Fprintf(b, "… and %d more (--all shows them)\n", left)
	}
}
