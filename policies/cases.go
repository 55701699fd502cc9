package policies

import (
	"context"
	"fmt"
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
	Tables []caseTable            `yaml:"tables"`
}

type testCase struct {
	Name  yamlfile.Value[string] `yaml:"name"`
	Given given                  `yaml:"given"`
	Want  want                   `yaml:"want"`
}

// given changes the base input; it is decoded over it.
type given struct {
	Input
	set bool
}

// UnmarshalYAML decodes over the base input, strictly.
func (g *given) UnmarshalYAML(n *yaml.Node) error {
	g.Input, g.set = BaseInput(), true
	return n.Load(&g.Input, yaml.WithKnownFields())
}

type want struct {
	Gate     yamlfile.Value[string]            `yaml:"gate"`
	Response yamlfile.Value[string]            `yaml:"response"`
	Rule     yamlfile.Value[string]            `yaml:"rule"`
	Severity yamlfile.Value[string]            `yaml:"severity"`
	Due      yamlfile.Value[yamlfile.Duration] `yaml:"due"`
	Playbook yamlfile.Value[string]            `yaml:"playbook"`
	Owners   yamlfile.Value[string]            `yaml:"owners"` // joined by ", "
	Route    yamlfile.Value[string]            `yaml:"route"`
}

// BaseInput is what every test case starts from: an affected, unscored flaw in a runtime dependency of an internal
// project of medium criticality, found by a range, without a fix, with fresh feeds.
func BaseInput() Input {
	return Input{
		Finding: Finding{Status: string(tocsin.StatusAffected), Match: string(tocsin.MatchRange)},
		Advisory: Advisory{
			ID: "CVE-2026-0001", Kind: string(tocsin.KindFlaw), Rating: "unscored", Exploit: "not known", Origins: []string{"GHSA"},
			SSVC: SSVC{Exploitation: "none"},
		},
		Package:   Package{Ecosystem: "npm", Name: "example", Version: "1.0.0", Scope: "runtime", Origin: "registry"},
		Project:   Project{Slug: "example", Criticality: "medium", Exposure: "internal", Visibility: "private"},
		Portfolio: Portfolio{Projects: 1},
		Feed:      Feed{Fresh: true},
		Now:       time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// ParseInput reads an input as a test case gives it: what differs from [BaseInput].
func ParseInput(name string, data []byte) (Input, error) {
	g := given{Input: BaseInput()}
	if err := yamlfile.Join(yamlfile.Decode(name, data, &g)); err != nil {
		return Input{}, err
	}
	return g.Input, nil
}

// A TestReport is the outcome of a policy's tests.
type TestReport struct {
	Policy   string   `json:"policy"`
	Cases    int      `json:"cases"`
	Failures []string `json:"failures"` // file:line: case: what was wanted and what came
	// Rules and Rows are how many there are; the untested are those that no case reaches, as "gate: malware" and
	// "deployer: none, small, no, low: defer".
	Rules         int      `json:"rules"`
	Rows          int      `json:"rows"`
	UntestedRules []string `json:"untested_rules"`
	UntestedRows  []string `json:"untested_rows"`
}

// Test runs the cases of a test file against a policy, whatever its mode, within the time that it is active. The error may be the context's,
// which is asked before each case.
func Test(ctx context.Context, p *Policy, file string, data []byte) (TestReport, error) {
	f := caseFile{}
	if problems := yamlfile.Decode(file, data, &f); len(problems) > 0 {
		return TestReport{}, yamlfile.Join(problems)
	}
	if f.Policy.V != p.Name {
		return TestReport{}, fmt.Errorf("%w: %s:%d: the tests are for policy %q, not %q", tocsin.ErrInvalid, file, f.Policy.Line, f.Policy.V, p.Name)
	}
	cases := f.Cases
	var problems []yamlfile.Problem
	for _, t := range f.Tables {
		more, bad := t.cases(file)
		cases, problems = append(cases, more...), append(problems, bad...)
	}
	if len(problems) > 0 {
		return TestReport{}, yamlfile.Join(problems)
	}
	report := TestReport{Policy: p.Name, Cases: len(cases), Failures: []string{}, UntestedRules: []string{}, UntestedRows: []string{}}
	reached := coverage{p, map[string]bool{}}
	set := NewSet(p)
	for _, c := range cases {
		if ctx.Err() != nil {
			return TestReport{}, ctx.Err()
		}
		if !c.Given.set { // an ordinary finding
			c.Given.Input = BaseInput()
		}
		if kind := c.Given.Advisory.Kind; !set.Judges(tocsin.Kind(kind)) {
			report.Failures = append(report.Failures, fmt.Sprintf("%s:%d: %s: it is about a %s, which the policy does not judge; say advisory: {kind: …}", file, c.Name.Line, c.Name.V, kind))
			continue
		}
		d := set.Decide(c.Given.Input)
		reached.visit(d, c.Given.Input)
		for _, bad := range c.Want.compare(d, c.Given.Now) {
			report.Failures = append(report.Failures, fmt.Sprintf("%s:%d: %s: %s", file, c.Name.Line, c.Name.V, bad))
		}
	}
	reached.report(&report)
	return report, nil
}

func (w want) compare(d tocsin.Decision, now time.Time) []string {
	var bad []string
	check := func(what string, v yamlfile.Value[string], got string) {
		if v.IsSet() && v.V != got {
			bad = append(bad, fmt.Sprintf("%s: want %q, got %q", what, v.V, got))
		}
	}
	check("gate", w.Gate, string(d.Gate))
	check("response", w.Response, string(d.Response))
	_, gateRule, _ := strings.Cut(d.GateRule, "/")
	_, responseRule, _ := strings.Cut(d.ResponseRule, "/")
	if w.Rule.V != gateRule || gateRule == "" {
		check("rule", w.Rule, responseRule)
	}
	check("severity", w.Severity, string(d.Severity))
	check("playbook", w.Playbook, d.Playbook)
	check("owners", w.Owners, strings.Join(d.Owners, ", "))
	check("route", w.Route, d.Route)
	got := d.Due.Sub(now)
	if d.Due.IsZero() { // 0s says that there is none
		got = 0
	}
	if w.Due.IsSet() && got != time.Duration(w.Due.V) {
		bad = append(bad, fmt.Sprintf("due: want %s, got %s", time.Duration(w.Due.V), got))
	}
	return bad
}
