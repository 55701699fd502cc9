package view

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/replay"
)

// The columns of the lists.
var (
	incidentColumns = []string{"opened", "as", "severity", "class", "projects", "ended", "exposed", "against KEV", "fix known", "rule"}
	releaseColumns  = []string{"when", "project", "gate", "because", "rule"}
	missedColumns   = []string{"known since", "class", "package", "in use since", "response"}
	ruleColumns     = []string{"rule", "incidents", "releases"}
)

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
	if b.Exceptions > 0 {
		parts = append(parts, plural(b.Exceptions, "exception")+" as of today")
	}
	return strings.Join(parts, "; ")
}

func figures(r replay.Result) [][2]string {
	m := r.Measures
	out := [][2]string{
		{"incidents", fmt.Sprintf("%d: %s, %s, %s; %.1f a week", m.Incidents, plural(m.Emergencies, "emergency"), plural(m.Holds, "hold"), plural(m.Routine, "routine issue"), m.PerWeek)},
		{"standing", fmt.Sprintf("%s would have been open on the first day", plural(m.Standing, "incident"))},
		{"releases", fmt.Sprintf("%d stopped, %d undecided, of %d", m.Stopped, m.Undecided, m.Releases)},
		{"exposed", fmt.Sprintf("%.0f project days while an emergency or a hold was open", m.ExposedDays)},
		{"exploited", fmt.Sprintf("%d of %d caught%s", m.Caught, m.Exploited, ahead(m))},
	}
	if len(m.HoldsEnded) > 0 {
		out = append(out, [2]string{"holds ended", countsText(m.HoldsEnded)})
	}
	if len(m.ByGroup) > 1 {
		out = append(out, [2]string{"by group", countsText(m.ByGroup)})
	}
	return out
}

// ahead says how early the news was caught.
func ahead(m replay.Measures) string {
	if m.News == 0 {
		return ""
	}
	return fmt.Sprintf("; of %d that were news %d before it was known, median %s", m.News, m.Early, leadDays(m.MedianLead))
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
			projects(inc), ended, fmt.Sprintf("%.0f d", inc.Exposed(r.Until).Hours()/24), againstKEV(inc), fixKnown(inc), inc.Rule,
		})
	}
	return out
}

// againstKEV says how long before or after the catalogue an incident was opened; of one that was standing it cannot be said.
func againstKEV(inc replay.Incident) string {
	if inc.KEV.IsZero() || inc.Standing {
		return "-"
	}
	return leadDays(inc.KEV.Sub(inc.Opened))
}

// fixKnown says how long after the opening a fixed version was on record.
func fixKnown(inc replay.Incident) string {
	switch {
	case inc.FixKnown.IsZero():
		return "none"
	case !inc.FixKnown.After(inc.Opened):
		return "at once"
	default:
		return lead(inc.Opened.Sub(inc.FixKnown))
	}
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
	return few(names)
}

// few writes names, cut where there are many.
func few(names []string) string {
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
