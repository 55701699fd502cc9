package report

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/pattern"
)

// TableOptions say how much a table shows.
type TableOptions struct {
	// Rows bounds the findings shown per target; 0 shows all.
	Rows int
	// Width of the terminal in columns, to which the last column is cut; 0 does not cut.
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
		shown = group(shown)
		if len(shown) > 0 {
			b.WriteString(render(shown, o.Width) + "\n")
		}
		if n := len(rows) - len(shown); n > 0 {
			fmt.Fprintf(&b, "… and %d more, less grave (--all shows them)\n", n)
		}
		coverage(&b, t)
		fmt.Fprintf(&b, "%s\n\n", strings.TrimSpace(verdict(t.Gate)+" "+why(t)))
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

// why gives a target's reasons on one line.
func why(t Target) string {
	var out []string
	for _, w := range t.Why {
		out = append(out, markdown.Line(w, 300))
	}
	return strings.Join(out, "; ")
}

func verdict(g tocsin.Gate) string { return tones[g].Render(strings.ToUpper(string(g))) }

// line is one row of the table.
type line struct {
	gate                                     tocsin.Gate
	ecosystem                                string
	pkg, version, id, severity, fix, reaches string
	classes                                  int
	score                                    float64
	url                                      string // a page that is safe to link, or empty
}

// collapse makes rows of decisions. Classes that are unknown for one package for the same reason are one row: an
// unpinned package is one fact, not forty.
func collapse(decisions []tocsin.Decision) []line {
	var out []line
	unknown := map[string]int{}
	for _, d := range decisions {
		f := d.Finding
		if f.Status == tocsin.StatusNotAffected {
			continue
		}
		l := line{gate: d.Gate, ecosystem: f.Package.Ecosystem, pkg: f.Package.Name, version: f.Package.Version, id: f.Class.ID, severity: rating(f), reaches: reach(f), classes: 1,
			score: score(d), url: webPage(f.Class.URL)}
		l.fix = "none known"
		if len(f.Fixed) > 0 {
			l.fix = f.Fixed[0]
		}
		if f.Upgrade != "" && f.Upgrade != l.fix { // what ends this flaw alone is of little use
			l.fix = strings.TrimPrefix(l.fix+", all: "+f.Upgrade, "none known, all: ")
		}
		if f.Class.Kind == tocsin.KindPin {
			l.fix, l.reaches = "", strings.TrimPrefix(f.Reason+", "+l.reaches, ", ")
		}
		if f.Status == tocsin.StatusUnknown {
			l.fix, l.reaches = "", "unknown: "+f.Reason
			key := strings.Join([]string{f.Package.Ecosystem, f.Package.Name, f.Package.Version, string(d.Gate), f.Reason}, "\x00")
			if at, ok := unknown[key]; ok {
				out[at].classes++
				out[at].id, out[at].severity, out[at].url = fmt.Sprintf("%d advisories", out[at].classes), "", ""
				continue
			}
			unknown[key] = len(out)
		}
		out = append(out, l)
	}
	return out
}

// group puts the rows of one package together, where its gravest stands, and says what they share only once.
func group(rows []line) []line {
	name := func(l line) string { return strings.Join([]string{l.ecosystem, l.pkg, l.version}, "\x00") }
	of := map[string][]line{}
	var order []string
	for _, l := range rows {
		if of[name(l)] == nil {
			order = append(order, name(l))
		}
		of[name(l)] = append(of[name(l)], l)
	}
	var out []line
	for _, n := range order {
		list := of[n]
		for i := len(list) - 1; i > 0; i-- {
			list[i].pkg, list[i].version = "", ""
			if list[i].reaches == list[i-1].reaches {
				list[i].reaches = ""
			}
		}
		out = append(out, list...)
	}
	return out
}

func rating(f tocsin.Finding) string {
	var out string
	switch {
	case slices.Contains([]tocsin.Kind{tocsin.KindMalware, tocsin.KindUnmaintained, tocsin.KindPin}, f.Class.Kind):
		out = string(f.Class.Kind)
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

// reach is how the package comes in, and how far the code gets to the flaw where that was looked at.
func reach(f tocsin.Finding) string {
	r := f.Reachability
	if r == nil {
		return entry(f)
	}
	out := entry(f) + ", "
	if r.Reach == tocsin.ReachUnknown {
		return out + "reachability unknown"
	}
	out += string(r.Reach)
	if n := len(r.Trace); n > 0 {
		out += ": " + path.Base(r.Trace[0].Function) + " > " + path.Base(r.Trace[n-1].Function)
	}
	return out
}

// entry is how the package comes in: the shortest path, or the file.
func entry(f tocsin.Finding) string {
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
		Headers(headers...).
		StyleFunc(func(row, col int) lipgloss.Style {
			style := lipgloss.NewStyle()
			if col < len(headers)-1 {
				style = style.PaddingRight(2)
			}
			switch {
			case row == table.HeaderRow:
				return style.Faint(true)
			case col == 0 && row >= 0 && row < len(rows):
				return tones[rows[row].gate].PaddingRight(2)
			}
			return style
		})
	for _, cells := range fit(rows, width) {
		t = t.Row(cells...)
	}
	return padding().ReplaceAllString(t.String(), "$1")
}

var headers = []string{"VERDICT", "PACKAGE", "VERSION", "ID", "SEVERITY", "FIXED IN", "FROM"}

// maxCell bounds a cell, minFrom is the narrowest that is worth reading; both in columns.
const (
	maxCell = 80
	minFrom = 8
)

// fit gives the cells of the rows. Where the terminal is narrow the last column is cut: a row that is broken over lines
// cannot be read.
func fit(rows []line, width int) [][]string {
	var out [][]string
	widths := make([]int, len(headers))
	for i, h := range headers {
		widths[i] = len(h)
	}
	for _, l := range rows {
		cells := []string{string(l.gate), l.pkg, l.version, l.id, l.severity, l.fix, l.reaches}
		for i := range cells {
			cells[i] = markdown.Line(cells[i], maxCell)
			widths[i] = max(widths[i], lipgloss.Width(cells[i]))
		}
		out = append(out, cells)
	}
	last := len(headers) - 1
	room := width
	for _, w := range widths[:last] {
		room -= w + 2
	}
	if width > 0 && room < widths[last] {
		for _, cells := range out {
			cells[last] = markdown.Line(cells[last], max(room, minFrom))
		}
	}
	return out
}

// padding is white space at the end of a line, before the end of its style.
var padding = pattern.Lazy(`(?m) +(\x1b\[0?m)?$`)

// coverage says what was read, and names what was not.
func coverage(b *strings.Builder, t Target) {
	fmt.Fprintf(b, "%s %s", faint.Render("read"), extent(t))
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
		feeds = append(feeds, markdown.Line(f.Name, 60)+" "+synced(f))
	}
	slices.Sort(feeds)
	fmt.Fprintf(b, "%s\n", faint.Render(fmt.Sprintf("advisories %s (%d records%s) · policies %s %.19s",
		markdown.Line(r.Snapshot.ID, 60), r.Snapshot.Records, strings.Join(append([]string{""}, feeds...), ", "), markdown.Line(strings.Join(r.Policies, ", "), 200), markdown.Line(r.PolicyDigest, 100))))
}

func synced(f tocsin.FeedState) string {
	if f.SyncedAt.IsZero() {
		return "never synced"
	}
	return f.SyncedAt.UTC().Format("2006-01-02 15:04")
}
