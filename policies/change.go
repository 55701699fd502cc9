package policies

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/tocsin-dev/tocsin"
)

// A Change is the least that would make a policy answer otherwise: one or two inputs with other values.
type Change struct {
	// Inputs say what would have to be so ("advisory.epss ≥ 0.36", "project.exposure is public").
	Inputs []string `json:"inputs"`
	// Gate and Response are what would be said then, and by which rules.
	Gate         tocsin.Gate     `json:"gate"`
	Response     tocsin.Response `json:"response"`
	GateRule     string          `json:"gate_rule,omitempty"`
	ResponseRule string          `json:"response_rule,omitempty"`
}

// fixedInputs do not change by themselves: they say what the finding is.
var fixedInputs = []string{
	"finding.status", "advisory.id", "advisory.aliases", "advisory.kind", "advisory.cvss_source", "advisory.published",
	"pkg.ecosystem", "pkg.name", "project.slug", "project.group", "project.owners",
}

// A trial is one other value of one input.
type trial struct {
	field field
	value reflect.Value
	text  string
	far   float64 // how far it is from what is, to order trials of one input
}

// maxTrials bounds the pairs that are tried: their number is its square.
const maxTrials = 120

// Changes finds what would change the answer for an input. It tries the values that the conditions of the set compare
// inputs with, one input at a time and then two, and keeps what no smaller change brings about. Of the values of a number
// that do, the nearest is told.
func (s Set) Changes(in Input) []Change {
	trials := s.trials(in)
	was := s.Decide(in)
	var out []Change
	var alone []trial // those that change something by themselves
	for _, t := range trials {
		if c, ok := s.try(in, was, t); ok && !told(out, c) {
			out, alone = append(out, c), append(alone, t)
		}
	}
	for i, a := range trials {
		for _, b := range trials[i+1:] {
			if a.field.path == b.field.path || among(alone, a) || among(alone, b) {
				continue
			}
			if c, ok := s.try(in, was, a, b); ok && !told(out, c) {
				out = append(out, c)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Change) int {
		return cmp.Or(tocsin.CompareResponses(b.Response, a.Response), len(a.Inputs)-len(b.Inputs))
	})
	return out
}

func among(list []trial, t trial) bool {
	return slices.ContainsFunc(list, func(o trial) bool { return o.field.path == t.field.path && o.text == t.text })
}

// told says whether a change with the same outcome is known for the same inputs, or for fewer of them.
func told(list []Change, c Change) bool {
	return slices.ContainsFunc(list, func(o Change) bool {
		return o.Gate == c.Gate && o.Response == c.Response && o.GateRule == c.GateRule && o.ResponseRule == c.ResponseRule &&
			!slices.ContainsFunc(o.Inputs, func(s string) bool {
				return !slices.ContainsFunc(c.Inputs, func(t string) bool { return inputOf(s) == inputOf(t) })
			})
	})
}

func inputOf(text string) string { path, _, _ := strings.Cut(text, " "); return path }

func (s Set) try(in Input, was tocsin.Decision, trials ...trial) (Change, bool) {
	var said []string
	for _, t := range trials {
		t.field.value(&in).Set(t.value)
		said = append(said, t.text)
	}
	d := s.Decide(in)
	if d.Gate == was.Gate && d.Response == was.Response {
		return Change{}, false
	}
	return Change{Inputs: said, Gate: d.Gate, Response: d.Response, GateRule: d.GateRule, ResponseRule: d.ResponseRule}, true
}

// trials are the other values worth trying, nearest first for each input.
func (s Set) trials(in Input) []trial {
	var out []trial
	for _, p := range s.policies {
		for _, l := range p.levers {
			if slices.Contains(fixedInputs, l.field.path) {
				continue
			}
			for _, t := range l.trials(in) {
				if !among(out, t) {
					out = append(out, t)
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b trial) int {
		return cmp.Or(strings.Compare(a.field.path, b.field.path), cmp.Compare(a.far, b.far), strings.Compare(a.text, b.text))
	})
	return out[:min(len(out), maxTrials)]
}

// A lever is an input with what a policy compares it with.
type lever struct {
	field field
	// op is the operator, with the input on its left; "" for a bare truth value; "size" of a list with a number.
	op    string
	value any // float64, string, time.Duration, nil
}

// trials turns the lever: the values of the input on the other side of the comparison.
func (l lever) trials(in Input) []trial {
	now := l.field.value(&in)
	at := func(v any, text string, far float64) trial {
		return trial{field: l.field, value: reflect.ValueOf(v).Convert(now.Type()), text: l.field.path + " " + text, far: far}
	}
	switch v := l.value.(type) {
	case nil:
		if b := now.Bool(); b {
			return []trial{at(false, "is false", 0)}
		}
		return []trial{at(true, "is true", 0)}
	case string:
		return l.words(now, v, at)
	case time.Duration:
		d := time.Duration(now.Int())
		out := []trial{at(v, "≥ "+v.String(), math.Abs(float64(v-d))), at(v-1, "< "+v.String(), math.Abs(float64(v-d)))}
		return slices.DeleteFunc(out, func(t trial) bool { return (time.Duration(t.value.Int()) >= v) == (d >= v) })
	case float64:
		if l.op == "size" {
			if n := int(v); now.Len() < n && n <= 10 {
				return []trial{at(slices.Concat(now.Interface().([]string), make([]string, n-now.Len())), fmt.Sprintf("has %d", n), v)}
			}
			return nil
		}
		return l.numbers(now, v, at)
	default:
		return nil
	}
}

func (l lever) words(now reflect.Value, v string, at func(any, string, float64) trial) []trial {
	if now.Kind() == reflect.Slice {
		if l.op != operators.In {
			return nil
		}
		list := now.Interface().([]string)
		if slices.Contains(list, v) {
			return []trial{at(slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == v }), "is without "+v, 0)}
		}
		return []trial{at(append(slices.Clone(list), v), "has "+v, 0)}
	}
	var out []trial
	words := l.field.enum
	if words == nil {
		words = []string{v}
	}
	for i, w := range words {
		if w != now.String() && w != "" {
			out = append(out, at(w, "is "+w, float64(i)))
		}
	}
	return out
}

// numbers tries the threshold itself and a value just beyond it.
func (l lever) numbers(now reflect.Value, v float64, at func(any, string, float64) trial) []trial {
	var is float64
	step := 1.0
	if now.CanInt() {
		is = float64(now.Int())
	} else {
		is, step = now.Float(), 1e-6
	}
	far := math.Abs(v - is)
	number := text(v)
	var out []trial
	switch l.op {
	case operators.GreaterEquals, operators.Less:
		if is < v {
			out = append(out, at(v, "≥ "+number, far))
		} else {
			out = append(out, at(v-step, "< "+number, far))
		}
	case operators.Greater, operators.LessEquals:
		if is > v {
			out = append(out, at(v, "≤ "+number, far))
		} else {
			out = append(out, at(v+step, "> "+number, far))
		}
	case operators.Equals, operators.NotEquals:
		if is != v {
			out = append(out, at(v, "is "+number, far))
		}
	}
	return out
}

// mirrored are operators with their sides exchanged.
var mirrored = map[string]string{
	operators.GreaterEquals: operators.LessEquals, operators.LessEquals: operators.GreaterEquals, operators.Greater: operators.Less,
	operators.Less: operators.Greater, operators.Equals: operators.Equals, operators.NotEquals: operators.NotEquals,
}

// levers collects what an expression compares inputs with.
func (l *loader) levers(whole ast.Expr) {
	add := func(e ast.Expr, op string, value any) {
		if f, ok := l.inputField(e); ok {
			l.p.levers = append(l.p.levers, lever{f, op, value})
		}
	}
	compare := func(a, b ast.Expr, op string) {
		if call := a; call.Kind() == ast.CallKind && call.AsCall().FunctionName() == "size" && len(call.AsCall().Args()) == 1 {
			if v, ok := l.number(b); ok {
				add(call.AsCall().Args()[0], "size", v)
			}
			return
		}
		if s, ok := textLiteral(b); ok {
			add(a, op, s)
		} else if d, ok := durationLiteral(b); ok {
			add(a, op, d)
		} else if v, ok := l.number(b); ok {
			add(a, op, v)
		}
	}
	ast.PostOrderVisit(whole, ast.NewExprVisitor(func(e ast.Expr) {
		if f, ok := l.inputField(e); ok && f.boolean {
			add(e, "", nil)
		} else if ok && f.enum != nil {
			add(e, operators.Equals, f.enum[0]) // all its values are tried
		}
		if e.Kind() != ast.CallKind || len(e.AsCall().Args()) != 2 {
			return
		}
		a, b := e.AsCall().Args()[0], e.AsCall().Args()[1]
		op := e.AsCall().FunctionName()
		if other, ok := mirrored[op]; ok {
			compare(a, b, op)
			compare(b, a, other)
		}
		if op == operators.In {
			if b.Kind() == ast.ListKind {
				for _, each := range b.AsList().Elements() {
					compare(a, each, operators.Equals)
				}
			} else if s, ok := textLiteral(a); ok {
				add(b, op, s)
			}
		}
	}))
}

// number is a number, as it stands or by its name.
func (l *loader) number(e ast.Expr) (float64, bool) {
	if i := l.named(e); i >= 0 && l.p.names[i].number {
		return l.p.Numbers()[l.p.names[i].name], true
	}
	if e.Kind() != ast.LiteralKind {
		return 0, false
	}
	switch v := e.AsLiteral().(type) {
	case types.Int:
		return float64(v), true
	case types.Double:
		return float64(v), true
	default:
		return 0, false
	}
}

// durationLiteral is duration("24h").
func durationLiteral(e ast.Expr) (time.Duration, bool) {
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != "duration" || len(e.AsCall().Args()) != 1 {
		return 0, false
	}
	s, ok := textLiteral(e.AsCall().Args()[0])
	if !ok {
		return 0, false
	}
	d, err := time.ParseDuration(s)
	return d, err == nil
}
