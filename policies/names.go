package policies

import (
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

// A named expression is evaluated when a rule first asks for it, and then once for all rules.
type named struct {
	name string
	// One of the three is set: a condition taken apart, an expression of another type, a decision table.
	condition *node
	value     *expression
	table     *table
	// number says that it is a plain number, which can be tried at other values.
	number bool
}

// hidden is the variable that stands for a name. Policies cannot write an @.
func hidden(name string) string { return "@" + name }

// named is the place of the name that an expression is, -1 if it is none.
func (l *loader) named(e ast.Expr) int {
	if e.Kind() != ast.IdentKind {
		return -1
	}
	return slices.IndexFunc(l.p.names, func(n named) bool { return hidden(n.name) == e.AsIdent() })
}

func (l *loader) lets(list []fileLet) {
	if len(list) > maxNames {
		l.fault(list[maxNames].Name.Line, 0, "let: %d names, at most %d are allowed", len(list), maxNames)
		list = list[:maxNames]
	}
	unknown := map[string]bool{}
	for name := range l.values {
		unknown[name] = true
	}
	for _, in := range list {
		delete(unknown, in.Name.V)
		l.let(in)
	}
	for name := range unknown {
		l.fault(0, 0, "let: there is no name %q to give another value%s", name, nearest(name, letNames(list)))
	}
}

func letNames(list []fileLet) []string {
	var out []string
	for _, in := range list {
		out = append(out, in.Name.V)
	}
	return out
}

// callable checks a name that expressions write as name(): a minus would be a minus there.
func (l *loader) callable(what string, v yamlfile.Value[string]) {
	l.name(what, v)
	if strings.Contains(v.V, "-") {
		l.fault(v.Line, v.Column, "%s: %q: want _ instead of -, since it is written as %s()", what, v.V, strings.ReplaceAll(v.V, "-", "_"))
	}
}

// let checks a named expression where it is defined.
func (l *loader) let(in fileLet) {
	l.callable("let name", in.Name)
	if v, ok := l.values[in.Name.V]; ok {
		in.Be.V = v
	}
	if !in.Be.IsSet() {
		l.fault(in.Name.Line, 0, "let %s: be: is missing", in.Name.V)
		return
	}
	c, ok := l.check(in.Be)
	if !ok || !validName(in.Name.V) {
		return
	}
	n := named{name: in.Name.V}
	if e := c.ast.NativeRep().Expr(); c.ast.OutputType() == cel.BoolType {
		condition := l.node(in.Be, c, e)
		n.condition = &condition
	} else {
		x, ok := l.expression(in.Be, c, e, strings.TrimSpace(in.Be.V))
		if !ok {
			return
		}
		n.value = &x
		n.number = e.Kind() == ast.LiteralKind && slices.Contains([]*cel.Type{cel.IntType, cel.DoubleType}, c.ast.OutputType())
	}
	l.declare(in.Name, n, c.ast.OutputType())
}

// declare makes the name known to the expressions below: a variable that is written as a call, so that nobody takes it for
// an input. The types are checked where it is defined, and explanations show its parts.
func (l *loader) declare(at yamlfile.Value[string], n named, t *cel.Type) {
	if slices.ContainsFunc(l.p.names, func(o named) bool { return o.name == n.name }) {
		l.fault(at.Line, at.Column, "the name %s stands twice", n.name)
		return
	}
	env, err := l.env.Extend(cel.Variable(hidden(n.name), t), cel.Macros(cel.GlobalMacro(n.name, 0,
		func(f cel.MacroExprFactory, _ ast.Expr, _ []ast.Expr) (ast.Expr, *common.Error) {
			return f.NewIdent(hidden(n.name)), nil
		})))
	if err != nil {
		l.fault(at.Line, at.Column, "%s: %v", n.name, err)
		return
	}
	l.env = env
	l.p.names = append(l.p.names, n)
}

// Numbers gives the names of the policy that are plain numbers, with their values: the thresholds that can be tried at others.
func (p *Policy) Numbers() map[string]float64 {
	out := map[string]float64{}
	for _, n := range p.names {
		if n.number {
			out[n.name], _ = strconv.ParseFloat(strings.TrimSuffix(n.value.text, "u"), 64) // CEL took it for a number
		}
	}
	return out
}

// enumerated are the texts that an expression can come to, nil if that is not known.
func (l *loader) enumerated(e ast.Expr) []string {
	switch e.Kind() {
	case ast.LiteralKind:
		if s, ok := e.AsLiteral().(types.String); ok {
			return []string{string(s)}
		}
	case ast.SelectKind:
		if f, ok := l.inputField(e); ok {
			return f.enum
		}
	case ast.IdentKind:
		if i := l.named(e); i >= 0 && l.p.names[i].table != nil {
			return l.p.names[i].table.outcomes()
		} else if i >= 0 && l.p.names[i].value != nil {
			return l.p.names[i].value.enumerated
		}
	case ast.CallKind:
		if args := e.AsCall().Args(); e.AsCall().FunctionName() == "_?_:_" {
			yes, no := l.enumerated(args[1]), l.enumerated(args[2])
			if yes != nil && no != nil {
				return slices.Compact(slices.Sorted(slices.Values(slices.Concat(yes, no))))
			}
		}
	}
	return nil
}
