package policies

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

// caseFile is the form of tests that lie beside a policy.
type caseFile struct {
	Policy yamlfile.Value[string] `yaml:"policy"`
	Cases  []testCase             `yaml:"cases"`
}

type testCase struct {
	Name  yamlfile.Value[string] `yaml:"name"`
	Given given                  `yaml:"given"`
	Want  want                   `yaml:"want"`
}

// given changes the base input; it is decoded over it.
type given struct{ Input }

// UnmarshalYAML decodes over the base input, strictly.
func (g *given) UnmarshalYAML(n *yaml.Node) error {
	g.Input = BaseInput()
	return n.Load(&g.Input, yaml.WithKnownFields())
}

type want struct {
	Gate     yamlfile.Value[string]            `yaml:"gate"`
	Response yamlfile.Value[string]            `yaml:"response"`
	Rule     yamlfile.Value[string]            `yaml:"rule"`
	Severity yamlfile.Value[string]            `yaml:"severity"`
	Due      yamlfile.Value[yamlfile.Duration] `yaml:"due"`
	Playbook yamlfile.Value[string]            `yaml:"playbook"`
}

// BaseInput is what every test case starts from: an affected, unscored flaw in a runtime dependency of an internal
// project of medium criticality, found by a range, without a fix, with fresh feeds.
func BaseInput() Input {
	return Input{
		Finding:   Finding{Status: string(tocsin.StatusAffected), Match: string(tocsin.MatchRange)},
		Advisory:  Advisory{ID: "CVE-2026-0001", Kind: string(tocsin.KindFlaw), Rating: "unscored", Origins: []string{"GHSA"}},
		Package:   Package{Ecosystem: "npm", Name: "example", Version: "1.0.0", Scope: "runtime", Origin: "registry"},
		Project:   Project{Slug: "example", Criticality: "medium", Exposure: "internal", Visibility: "private"},
		Portfolio: Portfolio{Projects: 1},
		Feed:      Feed{Fresh: true},
		Now:       time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// A TestReport is the outcome of a policy's tests.
type TestReport struct {
	Cases    int
	Failures []string // file:line: case: what was wanted and what came
	// Untested are the rules that no case reaches.
	Untested []string
}

// Test runs the cases of a test file against a policy.
func Test(p *Policy, file string, data []byte) (TestReport, error) {
	f := caseFile{}
	if problems := yamlfile.Decode(file, data, &f); len(problems) > 0 {
		return TestReport{}, yamlfile.Join(problems)
	}
	if f.Policy.V != p.Name {
		return TestReport{}, fmt.Errorf("%w: %s:%d: the tests are for policy %q, not %q", tocsin.ErrInvalid, file, f.Policy.Line, f.Policy.V, p.Name)
	}
	report := TestReport{Cases: len(f.Cases)}
	set := NewSet(p)
	reached := map[string]bool{}
	for _, c := range f.Cases {
		if kind := c.Given.Advisory.Kind; !set.Judges(tocsin.Kind(kind)) {
			report.Failures = append(report.Failures, fmt.Sprintf("%s:%d: %s: it is about a %s, which the policy does not judge; say advisory: {kind: …}", file, c.Name.Line, c.Name.V, kind))
			continue
		}
		d := set.Decide(c.Given.Input)
		rule := winner(d.Reason)
		reached[rule] = true
		for _, bad := range c.Want.compare(d, rule, c.Given.Now) {
			report.Failures = append(report.Failures, fmt.Sprintf("%s:%d: %s: %s", file, c.Name.Line, c.Name.V, bad))
		}
	}
	for _, a := range []*axis{p.gate, p.response} {
		if a == nil {
			continue
		}
		for _, r := range a.rules {
			if !reached[r.name] {
				report.Untested = append(report.Untested, a.name+": "+r.name)
			}
		}
	}
	slices.Sort(report.Untested)
	return report, nil
}

// winner is the name of the rule that decided, "" for the default.
func winner(r tocsin.Reason) string {
	for _, axis := range r.Children {
		for _, rule := range axis.Children {
			if name, _, ok := strings.Cut(rule.Text, ":"); ok && rule.Result == "holds" {
				return name
			}
		}
	}
	return ""
}

func (w want) compare(d tocsin.Decision, rule string, now time.Time) []string {
	var bad []string
	check := func(what string, v yamlfile.Value[string], got string) {
		if v.IsSet() && v.V != got {
			bad = append(bad, fmt.Sprintf("%s: want %q, got %q", what, v.V, got))
		}
	}
	check("gate", w.Gate, string(d.Gate))
	check("response", w.Response, string(d.Response))
	check("rule", w.Rule, rule)
	check("severity", w.Severity, string(d.Severity))
	check("playbook", w.Playbook, d.Playbook)
	if got := d.Due.Sub(now); w.Due.IsSet() && got != time.Duration(w.Due.V) {
		bad = append(bad, fmt.Sprintf("due: want %s, got %s", time.Duration(w.Due.V), got))
	}
	return bad
}
