package policies

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"time"

	"cel.dev/cel-go/cel"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

// A Policy is a loaded file. It is immutable and safe for concurrent use.
type Policy struct {
	Name  string
	About string
	// Digest is "sha256:" and hex of the file.
	Digest string
	// judges are the kinds of finding that it has a say about.
	judges   []tocsin.Kind
	gate     *axis
	response *axis
}

type axis struct {
	name     string
	standard string // what holds when no rule does
	rules    []rule
}

type rule struct {
	name     string
	when     condition
	then     string
	because  string
	severity tocsin.Level
	due      time.Duration
	playbook string
}

// file is the YAML form.
type file struct {
	Policy   yamlfile.Value[string]   `yaml:"policy"`
	About    yamlfile.Value[string]   `yaml:"about"`
	Judges   []yamlfile.Value[string] `yaml:"judges"`
	Let      []fileLet                `yaml:"let"`
	Gate     *fileAxis                `yaml:"gate"`
	Response *fileAxis                `yaml:"response"`
}

// fileLet names a condition, so that rules can be read.
type fileLet struct {
	Name yamlfile.Value[string] `yaml:"name"`
	Be   yamlfile.Value[string] `yaml:"be"`
}

type fileAxis struct {
	Default yamlfile.Value[string] `yaml:"default"`
	Rules   []fileRule             `yaml:"rules"`
}

type fileRule struct {
	Name     yamlfile.Value[string]            `yaml:"name"`
	When     yamlfile.Value[string]            `yaml:"when"`
	Then     yamlfile.Value[string]            `yaml:"then"`
	Because  yamlfile.Value[string]            `yaml:"because"`
	Severity yamlfile.Value[string]            `yaml:"severity"`
	Due      yamlfile.Value[yamlfile.Duration] `yaml:"due"`
	Playbook yamlfile.Value[string]            `yaml:"playbook"`
}

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

func validName(name string) bool { return len(name) <= 64 && namePattern.MatchString(name) }

// Load reads and checks a policy. The error joins everything that is wrong, each with file, line and column.
func Load(name string, data []byte) (*Policy, error) {
	var f file
	problems := yamlfile.Decode(name, data, &f)
	l := loader{file: name, problems: problems}
	p := l.policy(f)
	if err := yamlfile.Join(l.problems); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	p.Digest = "sha256:" + hex.EncodeToString(sum[:])
	return p, nil
}

type loader struct {
	file     string
	env      *cel.Env
	problems []yamlfile.Problem
}

func (l *loader) fault(line, column int, format string, args ...any) {
	l.problems = append(l.problems, yamlfile.Problem{File: l.file, Line: line, Column: column, Text: fmt.Sprintf(format, args...)})
}

func (l *loader) policy(f file) *Policy {
	env, err := environment()
	if err != nil {
		l.fault(0, 0, "%v", err)
		return nil
	}
	l.env = env
	l.name("policy", f.Policy)
	for _, let := range f.Let {
		l.let(let)
	}
	p := &Policy{Name: f.Policy.V, About: f.About.V, judges: l.judges(f)}
	if f.Gate == nil && f.Response == nil {
		l.fault(0, 0, "the policy decides nothing: give it a gate: or a response: section")
	}
	p.gate = l.axis("gate", f.Gate, func(s string) error { return tocsin.Gate(s).Validate() })
	p.response = l.axis("response", f.Response, func(s string) error { return tocsin.Response(s).Validate() })
	return p
}

func (l *loader) name(what string, v yamlfile.Value[string]) {
	if !v.IsSet() {
		l.fault(0, 0, "%s: is missing", what)
	} else if !validName(v.V) {
		l.fault(v.Line, v.Column, "%s: %q: want lower case letters, digits, - and _", what, v.V)
	}
}

// judges are the kinds of finding that the policy is for: flaws and malware, if it does not say. Pins must be asked for, since
// rules that were written for advisories say nonsense of them. A pin has no response: an incident is about one flaw in many
// projects, and ends when nothing has it any more; what changed yesterday is over today, and is the gate's.
func (l *loader) judges(f file) []tocsin.Kind {
	if len(f.Judges) == 0 {
		return []tocsin.Kind{tocsin.KindFlaw, tocsin.KindMalware}
	}
	var out []tocsin.Kind
	for _, v := range f.Judges {
		k := tocsin.Kind(v.V)
		if err := k.Validate(); err != nil {
			l.fault(v.Line, v.Column, "judges: %v", err)
		}
		if k == tocsin.KindPin && f.Response != nil {
			l.fault(v.Line, v.Column, "judges: a policy that judges pins has no response: section: they are the gate's; split it in two")
		}
		out = append(out, k)
	}
	return out
}

// let makes the name a macro of the expression: the types are checked where it is defined, and explanations show its parts.
func (l *loader) let(in fileLet) {
	l.name("let name", in.Name)
	c, problems := compile(l.env, l.file, in.Be)
	l.problems = append(l.problems, problems...)
	if len(problems) > 0 || !validName(in.Name.V) {
		return
	}
	env, err := l.env.Extend(letMacro(in.Name.V, c))
	if err != nil {
		l.fault(in.Name.Line, in.Name.Column, "let %s: %v", in.Name.V, err)
		return
	}
	l.env = env
}

func (l *loader) axis(what string, in *fileAxis, check func(string) error) *axis {
	if in == nil {
		return nil
	}
	a := &axis{name: what, standard: in.Default.V}
	if !in.Default.IsSet() {
		l.fault(0, 0, "%s: default: is missing", what)
	} else if err := check(in.Default.V); err != nil {
		l.fault(in.Default.Line, in.Default.Column, "default: %v", err)
	}
	if len(in.Rules) > maxRules {
		l.fault(0, 0, "%s: %d rules, at most %d are allowed", what, len(in.Rules), maxRules)
		return a
	}
	var seen []string
	for _, r := range in.Rules {
		l.name(what+" rule name", r.Name)
		if slices.Contains(seen, r.Name.V) {
			l.fault(r.Name.Line, r.Name.Column, "rule %s stands twice", r.Name.V)
		}
		seen = append(seen, r.Name.V)
		a.rules = append(a.rules, l.rule(what, r, check))
	}
	return a
}

func (l *loader) rule(what string, in fileRule, check func(string) error) rule {
	out := rule{
		name: in.Name.V, then: in.Then.V, because: in.Because.V, severity: tocsin.Level(in.Severity.V),
		due: time.Duration(in.Due.V), playbook: in.Playbook.V,
	}
	for _, f := range []struct {
		key string
		v   yamlfile.Value[string]
	}{{"when", in.When}, {"then", in.Then}, {"because", in.Because}} {
		if !f.v.IsSet() || f.v.V == "" {
			l.fault(in.Name.Line, 0, "rule %s: %s: is missing", in.Name.V, f.key)
		}
	}
	if in.Then.IsSet() {
		if err := check(in.Then.V); err != nil {
			l.fault(in.Then.Line, in.Then.Column, "then: %v", err)
		}
	}
	if in.Severity.IsSet() {
		if err := out.severity.Validate(); err != nil {
			l.fault(in.Severity.Line, in.Severity.Column, "%v", err)
		}
	}
	if what == "gate" && (in.Severity.IsSet() || in.Due.IsSet() || in.Playbook.IsSet()) {
		l.fault(in.Name.Line, 0, "rule %s: severity, due and playbook belong to a response", in.Name.V)
	}
	if out.then == string(tocsin.ResponseEmergency) && (!in.Severity.IsSet() || !in.Playbook.IsSet()) {
		l.fault(in.Name.Line, 0, "rule %s: an emergency needs severity: and playbook:", in.Name.V)
	}
	if in.When.IsSet() {
		var problems []yamlfile.Problem
		out.when, problems = compile(l.env, l.file, in.When)
		l.problems = append(l.problems, problems...)
	}
	return out
}
