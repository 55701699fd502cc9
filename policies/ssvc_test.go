package policies_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/policies"
)

// came is what a name came to in the explanation of a decision, "" if it was not asked for.
func came(r tocsin.Reason, name string) string {
	if r.Text == name+"()" {
		return r.Result
	}
	for _, c := range r.Children {
		if s := came(c, name); s != "" {
			return s
		}
	}
	return ""
}

// A grid is a decision table as its authors print it: the first words of a line are the values of the first inputs, the
// letters run over all values of the others, the last one fastest.
type grid struct {
	lines   string
	columns []map[string]func(*policies.Input)
	order   [][]string
	results map[string]string
}

// each calls f with every combination and its result, and counts results.
func (g grid) each(t *testing.T, f func(in policies.Input, want, where string)) map[string]int {
	t.Helper()
	count := map[string]int{}
	for line := range strings.Lines(g.lines) {
		head, cells, ok := strings.Cut(strings.TrimSpace(line), " | ")
		if !ok {
			t.Fatalf("no grid: %q", line)
		}
		first := strings.Split(head, ", ")
		letters := strings.Fields(strings.ReplaceAll(cells, "|", " "))
		rest := [][]string{{}}
		for _, values := range g.order {
			var longer [][]string
			for _, r := range rest {
				for _, v := range values {
					longer = append(longer, append(append([]string{}, r...), v))
				}
			}
			rest = longer
		}
		if len(letters) != len(rest) {
			t.Fatalf("%q: %d letters for %d combinations", line, len(letters), len(rest))
		}
		for i, letter := range letters {
			in := policies.BaseInput()
			all := append(append([]string{}, first...), rest[i]...)
			for j, word := range all {
				set := g.columns[j][word]
				if set == nil {
					t.Fatalf("column %d has no %q", j, word)
				}
				set(&in)
			}
			count[letter]++
			f(in, g.results[letter], strings.Join(all, ", "))
		}
	}
	return count
}

type setters = map[string]func(*policies.Input)

var (
	exploitations = setters{
		"none": func(in *policies.Input) { in.Advisory.SSVC.Exploitation = "none" },
		"poc":  func(in *policies.Input) { in.Advisory.SSVC.Exploitation = "public poc" },
		"act":  func(in *policies.Input) { in.Advisory.SSVC.Exploitation = "active" },
	}
	exposures = setters{
		"small":      func(in *policies.Input) { in.Project.Exposure = "isolated" },
		"controlled": func(in *policies.Input) { in.Project.Exposure = "internal" },
		"open":       func(in *policies.Input) { in.Project.Exposure = "public" },
	}
	automatables = setters{
		"no":  func(in *policies.Input) { in.Advisory.SSVC.Automatable = "no" },
		"yes": func(in *policies.Input) { in.Advisory.SSVC.Automatable = "yes" },
	}
	technicalImpacts = setters{
		"partial": func(in *policies.Input) { in.Advisory.SSVC.TechnicalImpact = "partial" },
		"total":   func(in *policies.Input) { in.Advisory.SSVC.TechnicalImpact = "total" },
	}
	humanImpacts = setters{
		"low":       func(in *policies.Input) { in.Project.Safety, in.Project.Mission = "marginal", "crippled" },
		"medium":    func(in *policies.Input) { in.Project.Safety, in.Project.Mission = "critical", "degraded" },
		"high":      func(in *policies.Input) { in.Project.Safety, in.Project.Mission = "critical", "mef failure" },
		"very high": func(in *policies.Input) { in.Project.Safety, in.Project.Mission = "negligible", "mission failure" },
	}
	priorities = map[string]string{"D": "defer", "S": "scheduled", "O": "out-of-cycle", "I": "immediate"}
)

// decides holds a pack's table against a grid, and the rule that follows from its result.
func decides(t *testing.T, name, table string, g grid, rule func(result string, in policies.Input) string) map[string]int {
	t.Helper()
	set := policies.NewSet(pack(t, name))
	return g.each(t, func(in policies.Input, want, where string) {
		d := set.Decide(in)
		if got := came(d.Reason, table); got != want {
			t.Errorf("%s: %s: %q, want %q", name, where, got, want)
		}
		if wanted := name + "/" + rule(want, in); d.ResponseRule != wanted {
			t.Errorf("%s: %s: rule %s, want %s", name, where, d.ResponseRule, wanted)
		}
	})
}

func itself(result string, _ policies.Input) string { return result }

// TestDeployer holds all 72 rows against the published tree: human impact low, medium, high, very high for automatable no,
// then for yes.
func TestDeployer(t *testing.T) {
	got := decides(t, "ssvc-deployer", "priority", grid{
		lines: `none, small | D D S S | D S S S
			none, controlled | D S S S | S S S S
			none, open | D S S S | S S S O
			poc, small | D S S S | S S S S
			poc, controlled | D S S S | S S S O
			poc, open | S S S O | S S O O
			act, small | S S O O | S O O O
			act, controlled | S S O O | O O O O
			act, open | S O O I | O O I I`,
		columns: []map[string]func(*policies.Input){exploitations, exposures, automatables, humanImpacts},
		order:   [][]string{{"no", "yes"}, {"low", "medium", "high", "very high"}},
		results: priorities,
	}, itself)
	if d := cmp.Diff(map[string]int{"D": 7, "S": 42, "O": 20, "I": 3}, got); d != "" {
		t.Error(d)
	}
}

// TestHumanImpact holds the 16 cells against the published table: mission degraded, crippled, MEF failure, mission failure.
func TestHumanImpact(t *testing.T) {
	set := policies.NewSet(pack(t, "ssvc-deployer"))
	words := map[string]string{"L": "low", "M": "medium", "H": "high", "V": "very high"}
	for safety, cells := range map[string]string{"negligible": "LLMV", "marginal": "LLMV", "critical": "MHHV", "catastrophic": "VVVV"} {
		for i, mission := range []string{"degraded", "crippled", "mef failure", "mission failure"} {
			in := policies.BaseInput()
			in.Project.Safety, in.Project.Mission = safety, mission
			if got := came(set.Decide(in).Reason, "human_impact"); got != words[cells[i:i+1]] {
				t.Errorf("%s, %s: %q, want %s", safety, mission, got, cells[i:i+1])
			}
		}
	}
}

// TestSupplier holds all 36 rows against the published tree: partial and minimal, partial and significant, total and minimal,
// total and significant.
func TestSupplier(t *testing.T) {
	utilities := setters{
		"laborious": func(in *policies.Input) { in.Advisory.SSVC.Automatable, in.Project.ValueDensity = "no", "diffuse" },
		"efficient": func(in *policies.Input) { in.Advisory.SSVC.Automatable, in.Project.ValueDensity = "yes", "diffuse" },
		"super": func(in *policies.Input) {
			in.Advisory.SSVC.Automatable, in.Project.ValueDensity = "yes", "concentrated"
		},
	}
	safeties := setters{
		"minimal":     func(in *policies.Input) { in.Project.Safety = "negligible" },
		"significant": func(in *policies.Input) { in.Project.Safety = "marginal" },
	}
	got := decides(t, "ssvc-supplier", "priority", grid{
		lines: `none, laborious | D S S O
			none, efficient | S O S O
			none, super | S O O O
			poc, laborious | S O S I
			poc, efficient | S I O I
			poc, super | O I O I
			act, laborious | O I O I
			act, efficient | O I O I
			act, super | I I I I`,
		columns: []map[string]func(*policies.Input){exploitations, utilities, technicalImpacts, safeties},
		order:   [][]string{{"partial", "total"}, {"minimal", "significant"}},
		results: priorities,
	}, itself)
	if d := cmp.Diff(map[string]int{"D": 1, "S": 8, "O": 14, "I": 13}, got); d != "" {
		t.Error(d)
	}
}

// TestBOD2604 holds all 16 rows against the directive: partial without and with automation, total without and with.
func TestBOD2604(t *testing.T) {
	kev := setters{
		"unlisted": func(in *policies.Input) { in.Advisory.KEV = false },
		"listed":   func(in *policies.Input) { in.Advisory.KEV = true },
	}
	results := map[string]string{"U": "upgrade", "60": "60 days", "14": "14 days", "3": "3 days", "3F": "3 days and forensics"}
	rules := map[string]string{"upgrade": "upgrade", "60 days": "sixty-days", "14 days": "fourteen-days", "3 days": "three-days", "3 days and forensics": "forensics"}
	got := decides(t, "bod-26-04", "deadline", grid{
		lines: `unlisted, controlled | U 60 | U 60
			unlisted, open | 60 14 | 14 3
			listed, controlled | 14 14 | 14 3F
			listed, open | 14 3 | 3F 3F`,
		columns: []map[string]func(*policies.Input){kev, exposures, technicalImpacts, automatables},
		order:   [][]string{{"partial", "total"}, {"no", "yes"}},
		results: results,
	}, func(result string, in policies.Input) string {
		if result == "3 days" && in.Advisory.KEV {
			return "three-days-exploited"
		}
		return rules[result]
	})
	if d := cmp.Diff(map[string]int{"U": 2, "60": 3, "14": 6, "3": 2, "3F": 3}, got); d != "" {
		t.Error(d)
	}
}

// TestPacksDecideOrdinaryFindings: nothing that a scan or a portfolio gives is an error, however little is known.
func TestPacksDecideOrdinaryFindings(t *testing.T) {
	set := policies.NewSet(pack(t, "bod-26-04"), pack(t, "ssvc-deployer"), pack(t, "ssvc-supplier"), pack(t, "malware"), pack(t, "pin-hygiene"))
	projects := map[string]tocsin.Project{"nothing known": {}}
	for _, c := range []tocsin.Criticality{tocsin.CriticalityLow, tocsin.CriticalityMedium, tocsin.CriticalityHigh} {
		for _, e := range []tocsin.Exposure{tocsin.ExposureIsolated, tocsin.ExposureInternal, tocsin.ExposurePublic} {
			projects[fmt.Sprint(c, " ", e)] = tocsin.Project{Slug: "x", Criticality: c, Exposure: e}
		}
	}
	vectors := map[string]*tocsin.CVSS{"none": nil, "empty": {}}
	for _, v := range []string{
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:A", "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:L/I:N/A:N/E:P",
		"AV:N/AC:L/Au:N/C:P/I:P/A:P", "CVSS:3.1/AV:X",
	} {
		vectors[v] = &tocsin.CVSS{Vector: v, Score: 7, Source: "GHSA-1"}
	}
	seen := map[tocsin.Response]int{}
	for where, p := range projects {
		for vector, cvss := range vectors {
			for _, status := range []tocsin.Status{tocsin.StatusAffected, tocsin.StatusUnknown, tocsin.StatusNotAffected} {
				for _, kind := range []tocsin.Kind{tocsin.KindFlaw, tocsin.KindMalware, tocsin.KindPin} {
					d := set.Decide(policies.NewInput(tocsin.Finding{Status: status, Class: tocsin.Class{Kind: kind, CVSS: cvss}}, policies.Context{Project: p}))
					if d.Response == tocsin.ResponseHold && kind != tocsin.KindMalware || strings.Contains(fmt.Sprint(d.Reason), "cannot be evaluated") {
						t.Errorf("%s, %s, %s, %s: %s\n%+v", where, vector, status, kind, d.Response, d.Reason)
					}
					seen[d.Response]++
				}
			}
		}
	}
	if n := len(seen); n < 4 {
		t.Errorf("responses: %v", seen)
	}
}
