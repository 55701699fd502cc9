package policies

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

const (
	maxRules = 500
	maxNames = 500
)

// A Policy is a loaded file. It is immutable and safe for concurrent use.
type Policy struct {
	Name  string
	About string
	// Author wrote this version, Reason says why it differs from the one before; empty where the file does not say.
	Author, Reason string
	// Mode says whether it counts.
	Mode Mode
	// From and Until bound the time in which it speaks; zero where it is open on that side. Until is the first moment after.
	From, Until time.Time
	// Digest is "sha256:" and hex of the file.
	Digest string

	names  []named
	atoms  []expression
	levers []lever
	// judges are the kinds of finding that it has a say about.
	judges   []tocsin.Kind
	gate     *axis
	response *axis
}

// Mode of a policy.
type Mode string

// The modes.
const (
	ModeEnforce Mode = "enforce"
	ModeShadow  Mode = "shadow" // evaluated beside the others, recorded, and never heard
	ModeOff     Mode = "off"
)

// Active says whether the policy speaks at a time. Its mode is not asked.
func (p *Policy) Active(now time.Time) bool {
	return !now.Before(p.From) && (p.Until.IsZero() || now.Before(p.Until))
}

type axis struct {
	name     string
	head     string // for explanations
	standard string // what holds when no rule does
	silent   tocsin.Reason
	rules    []rule
}

type rule struct {
	name     string
	path     string // policy/rule
	text     string // for explanations
	when     node
	then     string
	because  string
	severity tocsin.Level
	due      time.Duration
	playbook string
	owners   []string
	route    string
}

// file is the YAML form. schema.json says the same to editors.
type file struct {
	Policy   yamlfile.Value[string]   `yaml:"policy"`
	About    yamlfile.Value[string]   `yaml:"about"`
	Author   yamlfile.Value[string]   `yaml:"author"`
	Reason   yamlfile.Value[string]   `yaml:"reason"`
	Mode     yamlfile.Value[string]   `yaml:"mode"`
	Active   fileActive               `yaml:"active"`
	Judges   []yamlfile.Value[string] `yaml:"judges"`
	Let      []fileLet                `yaml:"let"`
	Tables   []fileTable              `yaml:"tables"`
	Gate     *fileAxis                `yaml:"gate"`
	Response *fileAxis                `yaml:"response"`
}

type fileActive struct {
	From  yamlfile.Value[time.Time] `yaml:"from"`
	Until yamlfile.Value[time.Time] `yaml:"until"`
}

// fileLet names an expression, so that rules can be read.
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
	Owners   []yamlfile.Value[string]          `yaml:"owners"`
	Route    yamlfile.Value[string]            `yaml:"route"`
}

var namePattern = pattern.Lazy(`^[a-z][a-z0-9_-]*$`)

func validName(name string) bool { return len(name) <= 64 && namePattern().MatchString(name) }

// Load reads and checks a policy. The error joins everything that is wrong, each with file, line and column.
func Load(name string, data []byte) (*Policy, error) { return LoadWith(name, data, nil) }

// LoadWith is [Load] with other values for names: what the file says that they be is replaced by these expressions. So a
// threshold is tried at many values. A name that the file does not have is an [tocsin.ErrInvalid].
func LoadWith(name string, data []byte, values map[string]string) (*Policy, error) {
	var f file
	l := loader{file: name, values: values, inputs: inputs(), p: &Policy{}}
	l.problems = yamlfile.Decode(name, data, &f)
	l.policy(f)
	if err := yamlfile.Join(l.problems); err != nil {
		return nil, err
	}
	h := sha256.New()
	h.Write(data)
	for _, n := range f.Let {
		if v, ok := values[n.Name.V]; ok {
			fmt.Fprintf(h, "\n%s=%s", n.Name.V, v)
		}
	}
	l.p.Digest = "sha256:" + hex.EncodeToString(h.Sum(nil))
	return l.p, nil
}

type loader struct {
	file     string
	env      *cel.Env
	values   map[string]string
	inputs   map[string]field
	p        *Policy
	problems []yamlfile.Problem
	// written and cost are the bytes of the expressions so far, aliases resolved, and what they may cost.
	written int
	cost    uint64
}

func (l *loader) fault(line, column int, format string, args ...any) {
	l.problems = append(l.problems, yamlfile.Problem{File: l.file, Line: line, Column: column, Text: fmt.Sprintf(format, args...)})
}

func (l *loader) policy(f file) {
	env, err := environment()
	if err != nil {
		l.fault(0, 0, "%v", err)
		return
	}
	l.env = env
	l.name("policy", f.Policy)
	l.version(f)
	l.lets(f.Let)
	for _, t := range f.Tables {
		l.table(t)
	}
	l.p.judges = l.judges(f)
	if f.Gate == nil && f.Response == nil {
		l.fault(0, 0, "the policy decides nothing: give it a gate: or a response: section")
	}
	l.p.gate = l.axis("gate", f.Gate, func(s string) error { return tocsin.Gate(s).Validate() })
	l.p.response = l.axis("response", f.Response, func(s string) error { return tocsin.Response(s).Validate() })
}

// version takes who wrote the policy, why, and when it counts.
func (l *loader) version(f file) {
	p := l.p
	p.Name, p.About, p.Author, p.Reason = f.Policy.V, f.About.V, f.Author.V, f.Reason.V
	p.Mode, p.From, p.Until = ModeEnforce, f.Active.From.V.UTC(), f.Active.Until.V.UTC()
	if f.Mode.IsSet() {
		p.Mode = Mode(f.Mode.V)
	}
	if !slices.Contains([]Mode{ModeEnforce, ModeShadow, ModeOff}, p.Mode) {
		l.fault(f.Mode.Line, f.Mode.Column, "mode: %q: want enforce, shadow or off", f.Mode.V)
	}
	if f.Active.Until.IsSet() && !p.From.Before(p.Until) {
		l.fault(f.Active.Until.Line, f.Active.Until.Column, "active: until: %s is not after from", p.Until.Format(time.DateOnly))
	}
}

func (l *loader) name(what string, v yamlfile.Value[string]) {
	if !v.IsSet() {
		l.fault(0, 0, "%s: is missing", what)
	} else if !validName(v.V) {
		l.fault(v.Line, v.Column, "%s: %q: want lower case letters, digits, - and _", what, v.V)
	}
}

// judges are the kinds of finding that the policy is for: what advisories tell, if it does not say. Pins must be asked for, since
// rules that were written for advisories say nonsense of them. A pin has no response: an incident is about one flaw in many
// projects, and ends when nothing has it any more; what changed yesterday is over today, and is the gate's.
func (l *loader) judges(f file) []tocsin.Kind {
	if len(f.Judges) == 0 {
		return []tocsin.Kind{tocsin.KindFlaw, tocsin.KindMalware, tocsin.KindUnmaintained}
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

func (l *loader) axis(what string, in *fileAxis, check func(string) error) *axis {
	if in == nil {
		return nil
	}
	a := &axis{name: what, head: l.p.Name + ": " + what, standard: in.Default.V}
	a.silent = tocsin.Reason{Text: fmt.Sprintf("none of the %d rules holds", len(in.Rules)), Result: "default"}
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
		name: in.Name.V, path: l.p.Name + "/" + in.Name.V, text: in.Name.V + ": " + in.Because.V, then: in.Then.V, because: in.Because.V, severity: tocsin.Level(in.Severity.V),
		due: time.Duration(in.Due.V), playbook: in.Playbook.V, route: in.Route.V,
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
	for _, o := range in.Owners {
		if strings.TrimSpace(o.V) == "" {
			l.fault(o.Line, o.Column, "owners: want names of people or groups")
		}
		out.owners = append(out.owners, o.V)
	}
	if what == "gate" && (in.Severity.IsSet() || in.Due.IsSet() || in.Playbook.IsSet() || in.Route.IsSet() || len(in.Owners) > 0) {
		l.fault(in.Name.Line, 0, "rule %s: severity, due, playbook, owners and route belong to a response", in.Name.V)
	}
	if out.then == string(tocsin.ResponseEmergency) && (!in.Severity.IsSet() || !in.Playbook.IsSet()) {
		l.fault(in.Name.Line, 0, "rule %s: an emergency needs severity: and playbook:", in.Name.V)
	}
	if in.When.IsSet() {
		out.when = l.condition(in.When)
	}
	return out
}
