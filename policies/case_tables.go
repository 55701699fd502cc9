package policies

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

// caseTable is many cases that differ in few inputs: one row is one case.
type caseTable struct {
	Name  yamlfile.Value[string] `yaml:"name"`
	Given given                  `yaml:"given"`
	// Columns are inputs ("advisory.epss") and what is wanted ("want.response").
	Columns []yamlfile.Value[string] `yaml:"columns"`
	Rows    [][]yaml.Node            `yaml:"rows"`
}

func (t caseTable) cases(file string) ([]testCase, []yamlfile.Problem) {
	var out []testCase
	var problems []yamlfile.Problem
	known := inputs()
	for _, c := range t.Columns {
		_, isInput := known[c.V]
		if want, isWant := strings.CutPrefix(c.V, "want."); !isInput && (!isWant || (&testCase{}).wanted(want) == nil) {
			problems = append(problems, yamlfile.Problem{File: file, Line: c.Line, Column: c.Column,
				Text: fmt.Sprintf("column %q is neither an input nor want.gate, want.response, want.rule, want.severity, want.due or want.playbook", c.V)})
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	for _, row := range t.Rows {
		if len(row) != len(t.Columns) {
			line := t.Name.Line
			if len(row) > 0 {
				line = row[0].Line
			}
			problems = append(problems, yamlfile.Problem{File: file, Line: line, Text: fmt.Sprintf("the row has %d cells for %d columns", len(row), len(t.Columns))})
			continue
		}
		c := testCase{Given: t.Given}
		if !c.Given.set {
			c.Given = given{BaseInput(), true}
		}
		var cells []string
		for i := range row {
			target := any(nil)
			if want, ok := strings.CutPrefix(t.Columns[i].V, "want."); ok {
				target = c.wanted(want)
			} else {
				target = known[t.Columns[i].V].value(&c.Given.Input).Addr().Interface()
			}
			if err := row[i].Load(target); err != nil {
				problems = append(problems, yamlfile.Problem{File: file, Line: row[i].Line, Column: row[i].Column, Text: fmt.Sprintf("%s: %v", t.Columns[i].V, err)})
			}
			cells = append(cells, row[i].Value)
		}
		c.Name = yamlfile.Value[string]{V: t.Name.V + ": " + strings.Join(cells, ", "), Line: row[0].Line}
		out = append(out, c)
	}
	return out, problems
}

// wanted is where an expectation is kept, nil for one that there is not.
func (c *testCase) wanted(name string) any {
	switch name {
	case "gate":
		return &c.Want.Gate
	case "response":
		return &c.Want.Response
	case "rule":
		return &c.Want.Rule
	case "severity":
		return &c.Want.Severity
	case "due":
		return &c.Want.Due
	case "playbook":
		return &c.Want.Playbook
	default:
		return nil
	}
}

// coverage collects what the cases reach: rules that win, and rows that are read.
type coverage struct {
	p       *Policy
	reached map[string]bool
}

func (c coverage) visit(d tocsin.Decision, in Input) {
	c.reached["gate: "+strings.TrimPrefix(d.GateRule, c.p.Name+"/")] = true
	c.reached["response: "+strings.TrimPrefix(d.ResponseRule, c.p.Name+"/")] = true
	if !c.p.Active(in.Now) || !c.p.judging(in.Advisory.Kind) {
		return
	}
	e := c.p.evaluation(&in)
	for _, a := range []*axis{c.p.gate, c.p.response} {
		if a != nil {
			e.first(a, "")
		}
	}
	for i, n := range c.p.names {
		if n.table != nil && e.names[i].val != nil && e.names[i].row >= 0 {
			c.reached[n.name+": "+n.table.rows[e.names[i].row].String()] = true
		}
	}
}

// report lists what was not reached.
func (c coverage) report(r *TestReport) {
	for _, a := range []*axis{c.p.gate, c.p.response} {
		if a == nil {
			continue
		}
		for _, rule := range a.rules {
			r.Rules++
			if name := a.name + ": " + rule.name; !c.reached[name] {
				r.UntestedRules = append(r.UntestedRules, name)
			}
		}
	}
	for _, n := range c.p.names {
		if n.table == nil {
			continue
		}
		for _, row := range n.table.rows {
			r.Rows++
			if name := n.name + ": " + row.String(); !c.reached[name] {
				r.UntestedRows = append(r.UntestedRows, name)
			}
		}
	}
	slices.Sort(r.UntestedRules)
}
