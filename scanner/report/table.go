package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// TableOptions say how much a table shows.
type TableOptions struct {
	// Rows bounds the findings shown per target; 0 shows all.
	Rows int
	// Width of the terminal in columns; 0 does not wrap.
	Width int
}

// Table writes the report for people: the gravest findings first, nothing twice, then what was read and what was not.
// Colours are left out where the writer is no terminal or NO_COLOR is set.
func Table(w io.Writer, r Report, o TableOptions) error {
	var b strings.Builder
	for _, t := range r.Targets {
		fmt.Fprintf(&b, "%s\n", bold.Render(markdown.Line(t.Source, 200)))
		rows := collapse(sortedDecisions(t))
		shown := rows
		if o.Rows > 0 && len(rows) > o.Rows {
			shown = rows[:o.Rows]
		}
		if len(shown) > 0 {
			b.WriteString(render(shown, o.Width) + "\n")
		}
		if n := len(rows) - len(shown); n > 0 {
			fmt.Fprintf(&b, "… and %d more, less grave (--all shows them)\n", n)
		}
		coverage(&b, t)
		fmt.Fprintf(&b, "%s %s\n\n", verdict(t.Gate), strings.Join(t.Why, "; "))
	}
	feet(&b, r)
	if _, err := lipgloss.Fprint(w, b.String()); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}

var (
	bold  = lipgloss.NewStyle().Bold(true)
	faint = lipgloss.NewStyle().Faint(true)
	tones = map[tocsin.Gate]lipgloss.Style{
		tocsin.GateFail:      lipgloss.NewStyle().Foreground(lipgloss.Red).Bold(true),
		tocsin.GateUndecided: lipgloss.NewStyle().Foreground(lipgloss.Magenta).Bold(true),
		tocsin.GateWarn:      lipgloss.NewStyle().Foreground(lipgloss.Yellow),
		tocsin.GatePass:      lipgloss.NewStyle().Foreground(lipgloss.Green),
	}
)

func verdict(g tocsin.Gate) string { return tones[g].Render(strings.ToUpper(string(g))) }

// line is one row of the table.
type line struct {
	gate                                     tocsin.Gate
	pkg, version, id, severity, fix, reaches string
	classes                                  int
}

// collapse makes rows of decisions. Classes that are unknown for one package for the same reason are one row: an
// unpinned package is one fact, not forty.
func collapse(decisions []tocsin.Decision) []line {
	var out []line
	unknown := map[string]int{}
	for _, d := range decisions {
		f := d.Finding
		l := line{gate: d.Gate, pkg: f.Package.Name, version: f.Package.Version, id: f.Class.ID, severity: rating(f), reaches: reach(f), classes: 1}
		if len(f.Fixed) > 0 {
			l.fix = f.Fixed[0]
		}
		if f.Status == tocsin.StatusUnknown {
			l.fix, l.reaches = "", "unknown: "+f.Reason
			key := strings.Join([]string{f.Package.Ecosystem, f.Package.Name, f.Package.Version, string(d.Gate), f.Reason}, "\x00")
			if at, ok := unknown[key]; ok {
				out[at].classes++
				out[at].id, out[at].severity = fmt.Sprintf("%d advisories", out[at].classes), ""
				continue
			}
			unknown[key] = len(out)
		}
		out = append(out, l)
	}
	return out
}

func rating(f tocsin.Finding) string {
	var out string
	switch {
	case f.Class.Kind == tocsin.KindMalware:
		out = "malware"
	case f.Class.CVSS != nil:
		out = fmt.Sprintf("%s %.1f", f.Class.CVSS.Rating(), f.Class.CVSS.Score)
	default:
		out = "unscored"
	}
	if f.Class.KEV != nil {
		out += ", exploited"
	}
	return out
}

// reach is how the package comes in: the shortest path, or the file.
func reach(f tocsin.Finding) string {
	if len(f.Paths) > 0 && len(f.Paths[0]) > 1 {
		return strings.Join(f.Paths[0][:len(f.Paths[0])-1], " > ")
	}
	if len(f.Package.Location) == 0 {
		return ""
	}
	l := f.Package.Location[0]
	if l.Line > 0 {
		return fmt.Sprintf("%s:%d", l.Path, l.Line)
	}
	return l.Path
}

func render(rows []line, width int) string {
	t := table.New().Border(lipgloss.HiddenBorder()).BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).
		BorderColumn(false).BorderHeader(false).
		Headers("VERDICT", "PACKAGE", "VERSION", "ID", "SEVERITY", "FIXED IN", "FROM").
		StyleFunc(func(row, col int) lipgloss.Style {
			style := lipgloss.NewStyle().PaddingRight(2)
			switch {
			case row == table.HeaderRow:
				return style.Faint(true)
			case col == 0 && row >= 0 && row < len(rows):
				return tones[rows[row].gate].PaddingRight(2)
			}
			return style
		})
	if width > 0 {
		t = t.Width(width)
	}
	for _, l := range rows {
		cells := []string{string(l.gate), l.pkg, l.version, l.id, l.severity, l.fix, l.reaches}
		for i := range cells {
			cells[i] = markdown.Line(cells[i], 80)
		}
		t = t.Row(cells...)
	}
	return t.String()
}

// coverage says what was read, and names what was not.
func coverage(b *strings.Builder, t Target) {
	counts := map[tocsin.FileStatus]int{}
	for _, f := range t.Coverage.Files {
		counts[f.Status]++
	}
	files := counts[tocsin.FileRead] + counts[tocsin.FilePartial]
	fmt.Fprintf(b, "%s %s from %s", faint.Render("read"), plural(t.Packages, "package"), plural(files, "file"))
	gaps := map[tocsin.GapReason]int{}
	for _, g := range t.Coverage.Gaps {
		gaps[g.Reason] += g.Count
	}
	for _, reason := range []tocsin.GapReason{tocsin.GapNoVersion, tocsin.GapNoEcosystem, tocsin.GapNoName, tocsin.GapMinimum} {
		if gaps[reason] > 0 {
			fmt.Fprintf(b, "; %d with %s", gaps[reason], reason)
		}
	}
	b.WriteString("\n")
	incomplete := t.Coverage.Incomplete()
	for _, f := range incomplete[:min(len(incomplete), 20)] {
		fmt.Fprintf(b, "%s %s: %s\n", tones[tocsin.GateUndecided].Render(string(f.Status)), markdown.Line(f.Path, 200), markdown.Line(f.Reason, 300))
	}
	if n := len(incomplete) - 20; n > 0 {
		fmt.Fprintf(b, "… and %d more files that could not be read whole\n", n)
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// feet names what the verdict was made of.
func feet(b *strings.Builder, r Report) {
	if r.Snapshot.Landmarks {
		fmt.Fprintf(b, "Only the %d embedded advisories of famous incidents were used. Fetch the rest with: tocsin db update\n", r.Snapshot.Records)
	}
	var feeds []string
	for _, f := range r.Snapshot.Feeds {
		feeds = append(feeds, fmt.Sprintf("%s %s", f.Name, f.SyncedAt.UTC().Format("2006-01-02 15:04")))
	}
	slices.Sort(feeds)
	fmt.Fprintf(b, "%s\n", faint.Render(fmt.Sprintf("advisories %s (%d records%s) · policies %s %.19s",
		r.Snapshot.ID, r.Snapshot.Records, strings.Join(append([]string{""}, feeds...), ", "), strings.Join(r.Policies, ", "), r.PolicyDigest)))
}
