package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/replay"
)

// maxMarkdown bounds the rows of each list: a comment on a pull request holds 65,536 characters.
const maxMarkdown = 50

// Markdown writes a replay for a pull request or a wiki.
func Markdown(w io.Writer, r replay.Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n%s\n\n", markdown.Text(title(r)), markdown.Text(basis(r.Basis)))
	for _, f := range figures(r) {
		fmt.Fprintf(&b, "- **%s**: %s\n", f[0], markdown.Text(f[1]))
	}
	markdownTable(&b, "Incidents", incidentColumns, incidentRows(r))
	markdownTable(&b, "Releases stopped", releaseColumns, releaseRows(r))
	markdownTable(&b, "Exploited or malicious, and not caught", missedColumns, missedRows(r))
	markdownTable(&b, "Noisiest rules", ruleColumns, ruleRows(r))
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the replay: %w", err)
	}
	return nil
}

func markdownTable(b *strings.Builder, heading string, columns []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### %s (%d)\n\n| %s |\n|%s\n", heading, len(rows), strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	for _, row := range rows[:min(len(rows), maxMarkdown)] {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = markdown.Text(c)
		}
		fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
	}
	if n := len(rows) - maxMarkdown; n > 0 {
		fmt.Fprintf(b, "\n… and %d more\n", n)
	}
}
