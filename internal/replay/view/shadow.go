package view

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/replay"
)

var (
	shadowIncidentColumns = []string{"", "class", "as", "projects", "since"}
	shadowReleaseColumns  = []string{"", "project", "because", "since", "rule"}
	shadowColumns         = []string{"gate", "response", "class", "project", "package", "in force", "shadow", "time"}
	shadowRuleColumns     = []string{"rule", "gates", "responses"}
)

// ShadowTable writes for the terminal how shadow policies differ from those in force.
func ShadowTable(w io.Writer, reports []replay.ShadowReport, o Options) error {
	var b strings.Builder
	for i, r := range reports {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s\n%s\n\n", bold.Render(shadowTitle(r)), faint.Render(shadowBasis(r)))
		for _, line := range shadowFigures(r) {
			fmt.Fprintf(&b, "%-12s %s\n", line[0], line[1])
		}
		section(&b, o, "Incidents that differ", shadowIncidentColumns, shadowIncidentRows(r))
		section(&b, o, "Releases that are judged differently", shadowReleaseColumns, shadowReleaseRows(r))
		section(&b, o, "Findings that are judged differently", shadowColumns, shadowRows(r))
		section(&b, o, "Rules", shadowRuleColumns, shadowRuleRows(r))
	}
	if _, err := lipgloss.Fprint(w, b.String()); err != nil {
		return fmt.Errorf("writing the shadow report: %w", err)
	}
	return nil
}

// ShadowMarkdown writes the same for a pull request that switches a policy on.
func ShadowMarkdown(w io.Writer, reports []replay.ShadowReport) error {
	var b strings.Builder
	for i, r := range reports {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "## %s\n\n%s\n\n", markdown.Text(shadowTitle(r)), markdown.Text(shadowBasis(r)))
		for _, f := range shadowFigures(r) {
			fmt.Fprintf(&b, "- **%s**: %s\n", f[0], markdown.Text(f[1]))
		}
		markdownTable(&b, "Incidents that differ", shadowIncidentColumns, shadowIncidentRows(r))
		markdownTable(&b, "Releases that are judged differently", shadowReleaseColumns, shadowReleaseRows(r))
		markdownTable(&b, "Findings that are judged differently", shadowColumns, shadowRows(r))
		markdownTable(&b, "Rules", shadowRuleColumns, shadowRuleRows(r))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the shadow report: %w", err)
	}
	return nil
}

func shadowTitle(r replay.ShadowReport) string {
	return fmt.Sprintf("%s in shadow, from %s to %s", r.Name, moment(r.Since), moment(r.Until))
}

func shadowBasis(r replay.ShadowReport) string {
	return fmt.Sprintf("%s since %s; version %s; none of it was acted on", plural(r.Runs, "run"), moment(r.First), short(r.Policy))
}

// short is enough of a digest to tell versions of a policy apart.
func short(digest string) string {
	name, hex, _ := strings.Cut(digest, ":")
	return name + ":" + hex[:min(len(hex), 12)]
}

func shadowFigures(r replay.ShadowReport) [][2]string {
	gates, responses := map[replay.IncidentChange]int{}, map[replay.IncidentChange]int{}
	for _, d := range r.Differences {
		gates[d.Gate]++
		responses[d.Response]++
	}
	opened, stopped := map[replay.IncidentChange]int{}, map[replay.IncidentChange]int{}
	for _, inc := range r.Incidents {
		opened[inc.Change]++
	}
	for _, one := range r.Releases {
		stopped[one.Change]++
	}
	return [][2]string{
		{"findings", fmt.Sprintf("%d of %d judged alike", r.Agreed, r.Findings)},
		{"gate", cmp.Or(changesText(gates), "the same")},
		{"response", cmp.Or(changesText(responses), "the same")},
		{"incidents", fmt.Sprintf("%d more would have been opened, %d fewer", opened[replay.Gained], opened[replay.Lost])},
		{"releases", fmt.Sprintf("%d more would have been stopped, %d fewer", stopped[replay.Gained], stopped[replay.Lost])},
	}
}

func changesText(count map[replay.IncidentChange]int) string {
	var parts []string
	for _, c := range []replay.IncidentChange{replay.Gained, replay.Lost, replay.Louder, replay.Quieter} {
		if count[c] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[c], c))
		}
	}
	return strings.Join(parts, ", ")
}

func shadowIncidentRows(r replay.ShadowReport) [][]string {
	var out [][]string
	for _, inc := range r.Incidents {
		out = append(out, []string{string(inc.Change), markdown.Line(inc.Class, 60), string(inc.Response), few(inc.Projects), moment(inc.Since)})
	}
	return out
}

func shadowReleaseRows(r replay.ShadowReport) [][]string {
	var out [][]string
	for _, one := range r.Releases {
		out = append(out, []string{string(one.Change), one.Project, markdown.Line(one.Package+" "+one.Class, 70), moment(one.Since), one.Rule})
	}
	return out
}

func shadowRows(r replay.ShadowReport) [][]string {
	var out [][]string
	for _, d := range r.Differences {
		time := "since " + moment(d.Since)
		if !d.Until.IsZero() {
			time = moment(d.Since) + " to " + moment(d.Until)
		}
		out = append(out, []string{
			cmp.Or(string(d.Gate), "-"), cmp.Or(string(d.Response), "-"), markdown.Line(d.Class, 60), d.Project, markdown.Line(d.Package+" "+d.Version, 50),
			ruling(d, d.Live), ruling(d, d.Shadow), time,
		})
	}
	return out
}

// ruling tells what one side said on the axes on which they differ, with the rule.
func ruling(d replay.ShadowDiff, r tocsin.Ruling) string {
	var parts []string
	if d.Gate != "" {
		parts = append(parts, strings.TrimSpace(string(r.Gate)+" "+r.GateRule))
	}
	if d.Response != "" {
		parts = append(parts, strings.TrimSpace(string(r.Response)+" "+r.ResponseRule))
	}
	return strings.Join(parts, ", ")
}

func shadowRuleRows(r replay.ShadowReport) [][]string {
	var out [][]string
	for _, one := range r.ByRule {
		out = append(out, []string{cmp.Or(one.Rule, "(default)"), fmt.Sprint(one.Gate), fmt.Sprint(one.Response)})
	}
	return out
}
