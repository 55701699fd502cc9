package policies

import (
	"slices"
	"strings"
	"time"
)

// A Summary is a policy in few words, for lists and for those who decide whether to switch it on.
type Summary struct {
	Name   string       `json:"name"`
	About  string       `json:"about,omitempty"`
	Author string       `json:"author,omitempty"`
	Reason string       `json:"reason,omitempty"`
	Mode   Mode         `json:"mode"`
	From   time.Time    `json:"from,omitzero"`
	Until  time.Time    `json:"until,omitzero"`
	Digest string       `json:"digest"`
	Rules  []RuleText   `json:"rules"`
	Tables []TableText  `json:"tables,omitempty"`
	Reads  []string     `json:"reads"` // inputs, sorted
	Tuned  []NumberText `json:"numbers,omitempty"`
}

// A RuleText is one rule. Rules of an axis stand in the order in which they are asked; the default has no name.
type RuleText struct {
	Axis     string        `json:"axis"`
	Name     string        `json:"name,omitempty"`
	Then     string        `json:"then"`
	Severity string        `json:"severity,omitempty"`
	Due      time.Duration `json:"due,omitempty"`
	Playbook string        `json:"playbook,omitempty"`
	Owners   []string      `json:"owners,omitempty"`
	Route    string        `json:"route,omitempty"`
	Because  string        `json:"because,omitempty"`
}

// A TableText is one decision table.
type TableText struct {
	Name   string   `json:"name"`
	Title  string   `json:"title"`
	Source string   `json:"source,omitempty"`
	Note   string   `json:"note,omitempty"`
	Inputs []string `json:"inputs"`
	Rows   int      `json:"rows"`
}

// A NumberText is a name that is a plain number, and can be tried at other values.
type NumberText struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// Describe gives the policy in few words.
func (p *Policy) Describe() Summary {
	s := Summary{Name: p.Name, About: p.About, Author: p.Author, Reason: p.Reason, Mode: p.Mode, From: p.From, Until: p.Until, Digest: p.Digest, Rules: []RuleText{}, Reads: []string{}}
	for _, a := range []*axis{p.gate, p.response} {
		if a == nil {
			continue
		}
		for _, r := range a.rules {
			s.Rules = append(s.Rules, RuleText{a.name, r.name, r.then, string(r.severity), r.due, r.playbook, r.owners, r.route, r.because})
		}
		s.Rules = append(s.Rules, RuleText{Axis: a.name, Then: a.standard})
	}
	for _, n := range p.names {
		if n.table != nil {
			t := TableText{Name: n.name, Title: n.table.title, Source: n.table.source, Note: n.table.note, Rows: len(n.table.rows)}
			for _, in := range n.table.inputs {
				t.Inputs = append(t.Inputs, in.name)
			}
			s.Tables = append(s.Tables, t)
		}
	}
	for name, value := range p.Numbers() {
		s.Tuned = append(s.Tuned, NumberText{name, value})
	}
	slices.SortFunc(s.Tuned, func(a, b NumberText) int { return strings.Compare(a.Name, b.Name) })
	for path := range inputs() {
		if p.reads(path) {
			s.Reads = append(s.Reads, path)
		}
	}
	slices.Sort(s.Reads)
	return s
}
