package view

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
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
	section(&b, o, "Incidents", []string{"opened", "as", "severity", "class", "projects", "ended", "against KEV", "rule"}, incidentRows(r))
	section(&b, o, "Releases stopped", []string{"when", "project", "gate", "because", "rule"}, releaseRows(r))
	section(&b, o, "Exploited or malicious, and not caught", []string{"known since", "class", "package", "in use since", "response"}, missedRows(r))
	section(&b, o, "Noisiest rules", []string{"rule", "incidents", "releases"}, ruleRows(r))
	if _, err := lipgloss.Fprint(w, b.String()); err != nil {
		return fmt.Errorf("writing the replay: %w", err)
	}
	return nil
}

func title(r replay.Result) string {
	return fmt.Sprintf("%s, replayed from %s to %s over %s", strings.Join(r.Policies, " and "), day(r.Since), day(r.Until), plural(len(r.Projects), "project"))
}

// basis says what is exact and what is reconstructed.
func basis(b replay.Basis) string {
	parts := []string{fmt.Sprintf("%s of %s", plural(b.Records, "revision"), "advisories")}
	switch {
	case b.Reconstructed == b.Records && b.Records > 0:
		parts[0] += ", all reconstructed: today's words at the dates that the records name"
	case b.Reconstructed > 0:
		parts[0] += fmt.Sprintf(", %d of them reconstructed (from before %s)", b.Reconstructed, day(b.SyncedSince))
	default:
		parts[0] += ", all as they were seen"
	}
	parts = append(parts, fmt.Sprintf("%s, %d of them read out of Git", plural(b.Inventories, "inventory"), b.FromHistory))
	switch b.EPSSDays {
	case 0:
		parts = append(parts, "no EPSS")
	case 1:
		parts = append(parts, "EPSS of one day for all times")
	default:
		parts = append(parts, fmt.Sprintf("EPSS of %d days, the nearest at each time", b.EPSSDays))
	}
	return strings.Join(parts, "; ")
}

func figures(r replay.Result) [][2]string {
	m := r.Measures
	out := [][2]string{
		{"incidents", fmt.Sprintf("%d: %s, %s, %s; %.1f a week", m.Incidents, plural(m.Emergencies, "emergency"), plural(m.Holds, "hold"), plural(m.Routine, "routine issue"), m.PerWeek)},
		{"standing", fmt.Sprintf("%s would have been open on the first day", plural(m.Standing, "incident"))},
		{"releases", fmt.Sprintf("%d stopped, %d undecided, of %d", m.Stopped, m.Undecided, m.Releases)},
		{"exposed", fmt.Sprintf("%.0f project days while an incident was open", m.ExposedDays)},
		{"exploited", fmt.Sprintf("%d of %d caught, %d before it was known; median lead %s", m.Caught, m.Exploited, m.Early, lead(m.MedianLead))},
	}
	if len(m.HoldsEnded) > 0 {
		out = append(out, [2]string{"holds ended", countsText(m.HoldsEnded)})
	}
	if len(m.ByGroup) > 1 {
		out = append(out, [2]string{"by group", countsText(m.ByGroup)})
	}
	return out
}

func countsText(list []replay.Count) string {
	var out []string
	for _, c := range list {
		out = append(out, fmt.Sprintf("%s %d", markdown.Line(c.Name, 60), c.Count))
	}
	return strings.Join(out, ", ")
}

func incidentRows(r replay.Result) [][]string {
	var out [][]string
	for _, inc := range r.Incidents {
		ended := "open"
		if !inc.Ended.IsZero() {
			ended = day(inc.Ended) + " " + string(inc.State)
		}
		out = append(out, []string{
			opened(inc), string(inc.OpenedAs), cmp.Or(string(inc.Severity), "-"), markdown.Line(inc.Class+" "+strings.Join(inc.Packages, ", "), 60),
			projects(inc), ended, against(inc.Opened, inc.KEV), inc.Rule,
		})
	}
	return out
}

func opened(inc replay.Incident) string {
	if inc.Standing {
		return "before"
	}
	return moment(inc.Opened) + reconstructed(inc.Exact)
}

// reconstructed marks what did not happen before our eyes.
func reconstructed(exact bool) string {
	if exact {
		return ""
	}
	return " ~"
}

func projects(inc replay.Incident) string {
	var names []string
	for _, s := range inc.Projects {
		if len(names) == 0 || names[len(names)-1] != s.Project {
			names = append(names, s.Project)
		}
	}
	if len(names) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:2], ", "), len(names)-2)
	}
	return strings.Join(names, ", ")
}

func releaseRows(r replay.Result) [][]string {
	var out [][]string
	for _, one := range r.Releases {
		if one.Gate != tocsin.GateFail {
			continue
		}
		because, rule := "", ""
		if len(one.Because) > 0 {
			because, rule = one.Because[0].Package+" "+one.Because[0].Class, one.Because[0].GateRule
			if n := len(one.Because) - 1; n > 0 {
				because += fmt.Sprintf(" and %d more", n)
			}
		}
		out = append(out, []string{moment(one.At), one.Project, string(one.Gate), markdown.Line(because, 70), rule})
	}
	return out
}

func missedRows(r replay.Result) [][]string {
	var out [][]string
	for _, e := range r.Exploited {
		if e.As == tocsin.UrgencyEmergency || e.As == tocsin.UrgencyHold {
			continue
		}
		out = append(out, []string{day(e.Since), e.Class, markdown.Line(e.Package, 50), day(e.Used), cmp.Or(string(e.As), "none")})
	}
	return out
}

func ruleRows(r replay.Result) [][]string {
	var out [][]string
	for _, c := range r.Measures.ByRule {
		out = append(out, []string{cmp.Or(c.Rule, "(default)"), fmt.Sprint(c.Incidents), fmt.Sprint(c.Releases)})
	}
	return out
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

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	if stem, ok := strings.CutSuffix(one, "y"); ok {
		one = stem + "ie"
	}
	return fmt.Sprintf("%d %ss", n, one)
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// against says how long before or after a date something was; "-" without one.
func against(t, date time.Time) string {
	if date.IsZero() {
		return "-"
	}
	return lead(date.Sub(t))
}

// lead writes a time before (or, if it is negative, after) in days or hours.
func lead(d time.Duration) string {
	word := "before"
	if d < 0 {
		word, d = "after", -d
	}
	if d < 2*24*time.Hour {
		return fmt.Sprintf("%.0f h %s", math.Round(d.Hours()), word)
	}
	return fmt.Sprintf("%.0f d %s", math.Round(d.Hours()/24), word)
}
