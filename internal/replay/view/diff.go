package view

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/replay"
)

var (
	diffColumns        = []string{"", "class", "projects", "old", "new", "rule"}
	releaseDiffColumns = []string{"when", "project", "old", "new", "rule"}
	sweepColumns       = []string{"value", "incidents", "emergencies", "holds", "calls a week", "stopped", "caught", "early", ""}
)

// DiffTable writes two policies side by side for the terminal.
func DiffTable(w io.Writer, d replay.Diff, o Options) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n\n", bold.Render(diffTitle(d)), faint.Render(basis(d.New.Basis)))
	for _, line := range diffFigures(d) {
		fmt.Fprintf(&b, "%-12s %s\n", line[0], line[1])
	}
	section(&b, o, "Incidents that differ", diffColumns, diffRows(d))
	section(&b, o, "Releases that are judged differently", releaseDiffColumns, releaseDiffRows(d))
	if len(d.Incidents)+len(d.Releases) == 0 {
		b.WriteString("\nNothing would have been different.\n")
	}
	if _, err := lipgloss.Fprint(w, b.String()); err != nil {
		return fmt.Errorf("writing the comparison: %w", err)
	}
	return nil
}

// DiffMarkdown writes two policies side by side for a pull request.
func DiffMarkdown(w io.Writer, d replay.Diff) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n%s\n\n", markdown.Text(diffTitle(d)), markdown.Text(basis(d.New.Basis)))
	for _, f := range diffFigures(d) {
		fmt.Fprintf(&b, "- **%s**: %s\n", f[0], markdown.Text(f[1]))
	}
	markdownTable(&b, "Incidents that differ", diffColumns, diffRows(d))
	markdownTable(&b, "Releases that are judged differently", releaseDiffColumns, releaseDiffRows(d))
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the comparison: %w", err)
	}
	return nil
}

func diffTitle(d replay.Diff) string {
	return fmt.Sprintf("%s against %s, %s to %s over %s", names(d.New), names(d.Old), day(d.New.Since), day(d.New.Until), plural(len(d.New.Projects), "project"))
}

func names(r replay.Result) string { return strings.Join(r.Policies, " and ") }

func diffFigures(d replay.Diff) [][2]string {
	count := map[replay.IncidentChange]int{}
	for _, one := range d.Incidents {
		count[one.Change]++
	}
	var parts []string
	for _, c := range []replay.IncidentChange{replay.Gained, replay.Lost, replay.Louder, replay.Quieter, replay.Earlier, replay.Later} {
		if count[c] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[c], c))
		}
	}
	a, b := d.Old.Measures, d.New.Measures
	return [][2]string{
		{"incidents", fmt.Sprintf("%d → %d (%.1f → %.1f a week): %s", a.Incidents, b.Incidents, a.PerWeek, b.PerWeek, cmp.Or(strings.Join(parts, ", "), "the same"))},
		{"emergencies", fmt.Sprintf("%d → %d, holds %d → %d", a.Emergencies, b.Emergencies, a.Holds, b.Holds)},
		{"releases", fmt.Sprintf("%d → %d stopped of %d", a.Stopped, b.Stopped, b.Releases)},
		{"exploited", fmt.Sprintf("%d → %d caught of %d", a.Caught, b.Caught, b.Exploited)},
	}
}

func diffRows(d replay.Diff) [][]string {
	var out [][]string
	for _, one := range d.Incidents {
		inc := one.New
		if inc == nil {
			inc = one.Old
		}
		out = append(out, []string{
			string(one.Change), markdown.Line(inc.Class+" "+strings.Join(inc.Packages, ", "), 60), projects(*inc), side(one.Old), side(one.New), inc.Rule,
		})
	}
	return out
}

func side(inc *replay.Incident) string {
	if inc == nil {
		return "-"
	}
	return opened(*inc) + " " + string(inc.Urgency)
}

func releaseDiffRows(d replay.Diff) [][]string {
	var out [][]string
	for _, one := range d.Releases {
		rule := ""
		for _, j := range append(one.New.Because, one.Old.Because...) {
			rule = cmp.Or(rule, j.GateRule)
		}
		out = append(out, []string{moment(one.New.At), one.New.Project, string(one.Old.Gate), string(one.New.Gate), rule})
	}
	return out
}

// SweepTable writes what each value of a number brings, for the terminal.
func SweepTable(w io.Writer, s replay.Sweep, o Options) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", bold.Render(fmt.Sprintf("%s of %s, now %v", s.Number, s.Policy, s.Now)), faint.Render(basis(s.Basis)))
	section(&b, o, "Values", sweepColumns, sweepRows(s))
	if _, err := lipgloss.Fprint(w, b.String()); err != nil {
		return fmt.Errorf("writing the sweep: %w", err)
	}
	return nil
}

// barWidth is that of the longest bar, in characters.
const barWidth = 24

func sweepRows(s replay.Sweep) [][]string {
	most := 0.0
	for _, p := range s.Points {
		most = max(most, p.Measures.CallsPerWeek)
	}
	var out [][]string
	for _, p := range s.Points {
		m := p.Measures
		bar := ""
		if most > 0 {
			bar = strings.Repeat("█", int(m.CallsPerWeek/most*barWidth+0.5))
		}
		out = append(out, []string{
			fmt.Sprint(p.Value), fmt.Sprint(m.Incidents), fmt.Sprint(m.Emergencies), fmt.Sprint(m.Holds), fmt.Sprintf("%.2f", m.CallsPerWeek),
			fmt.Sprintf("%d of %d", m.Stopped, m.Releases), fmt.Sprintf("%d of %d", m.Caught, m.Exploited), fmt.Sprint(m.Early), bar,
		})
	}
	return out
}
