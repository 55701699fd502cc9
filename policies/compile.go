package policies

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/parser"

	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

// A node is a condition taken apart at its && and ||, so that each part is evaluated once for all rules and an explanation
// needs no second evaluation.
type node struct {
	op   string // operators.LogicalAnd, operators.LogicalOr, or "" for a leaf
	text string
	kids []node
	// atom is the place of a leaf in [Policy.atoms]; name that of a named condition in [Policy.names]. One of them is -1.
	atom, name int
}

// An expression is compiled, with what it reads.
type expression struct {
	text    string
	program cel.Program
	sees    []sight
	// enumerated are the values that it can have, if they are known.
	enumerated []string
}

// checked is an expression of the file whose types are right.
type checked struct {
	ast  *cel.Ast
	cost uint64
}

// check types one expression of the file. Problems are placed where the expression stands.
func (l *loader) check(v yamlfile.Value[string]) (checked, bool) {
	if l.written > maxWritten || l.cost > maxWhole {
		return checked{}, false // which was said
	}
	if l.written += len(v.V); l.written > maxWritten {
		l.faultIn(v, 1, 0, fmt.Sprintf("the conditions up to here have %d bytes, at most %d are allowed in one policy", l.written, maxWritten))
		return checked{}, false
	}
	parsed, issues := compile(l.env, v.V)
	if issues.Err() != nil {
		for _, e := range issues.Errors() {
			l.faultIn(v, e.Location.Line(), e.Location.Column(), hint(e.Message))
		}
		return checked{}, false
	}
	estimate, err := l.env.EstimateCost(parsed, sizes{})
	if err != nil {
		l.faultIn(v, 1, 0, err.Error())
		return checked{}, false
	}
	if estimate.Max > maxCost {
		l.faultIn(v, 1, 0, fmt.Sprintf("the condition may cost %d units, at most %d are allowed", min(estimate.Max, math.MaxInt64), maxCost))
		return checked{}, false
	}
	if l.cost += estimate.Max; l.cost > maxWhole {
		l.faultIn(v, 1, 0, fmt.Sprintf("the conditions up to here may cost %d units together, at most %d are allowed in one policy", l.cost, maxWhole))
		return checked{}, false
	}
	l.levers(parsed.NativeRep().Expr())
	return checked{parsed, estimate.Max}, l.literals(v, parsed)
}

// faultIn places a problem at a line and column of an expression.
func (l *loader) faultIn(v yamlfile.Value[string], line, column int, text string) {
	switch {
	case v.Block:
		l.fault(v.Line+line, 0, "%s", text)
	case line > 1: // a plain scalar over several lines: YAML folded it
		l.fault(v.Line+line-1, 0, "%s", text)
	default:
		l.fault(v.Line, v.Column+column, "%s", text)
	}
}

// condition compiles the condition of a rule.
func (l *loader) condition(v yamlfile.Value[string]) node {
	c, ok := l.check(v)
	if !ok {
		return node{}
	}
	if c.ast.OutputType() != cel.BoolType {
		l.faultIn(v, 1, 0, fmt.Sprintf("the condition is of type %s, want bool", c.ast.OutputType()))
		return node{}
	}
	return l.node(v, c, c.ast.NativeRep().Expr())
}

// node takes a condition apart. "a && b && c" is one list, not a tower.
func (l *loader) node(v yamlfile.Value[string], c checked, e ast.Expr) node {
	if op := logic(e); op != "" {
		n := node{op: op, text: map[string]string{operators.LogicalAnd: "all of", operators.LogicalOr: "any of"}[op], atom: -1, name: -1}
		var operands func(ast.Expr)
		operands = func(e ast.Expr) {
			if logic(e) != op {
				n.kids = append(n.kids, l.node(v, c, e))
				return
			}
			for _, arg := range e.AsCall().Args() {
				operands(arg)
			}
		}
		operands(e)
		return n
	}
	text := l.unparse(v, c, e)
	if i := l.named(e); i >= 0 && l.p.names[i].condition != nil {
		return node{text: text, atom: -1, name: i}
	}
	if i := slices.IndexFunc(l.p.atoms, func(a expression) bool { return a.text == text }); i >= 0 {
		return node{text: text, atom: i, name: -1}
	}
	x, ok := l.expression(v, c, e, text)
	if !ok {
		return node{}
	}
	l.p.atoms = append(l.p.atoms, x)
	return node{text: text, atom: len(l.p.atoms) - 1, name: -1}
}

// logic is the operator of a conjunction or disjunction, "" for everything else.
func logic(e ast.Expr) string {
	if e.Kind() == ast.CallKind && slices.Contains([]string{operators.LogicalAnd, operators.LogicalOr}, e.AsCall().FunctionName()) {
		return e.AsCall().FunctionName()
	}
	return ""
}

// unparse gives the text of a part of an expression in one spelling; the whole text of the expression where CEL cannot.
func (l *loader) unparse(v yamlfile.Value[string], c checked, e ast.Expr) string {
	text, err := parser.Unparse(e, c.ast.NativeRep().SourceInfo())
	if err != nil {
		return fmt.Sprintf("%s (part %d)", strings.TrimSpace(v.V), e.ID())
	}
	return text
}

// cheap is the estimated cost below which an expression runs without CEL's meter, which costs more than what it measures.
const cheap = 1000

// expression plans a part of a checked expression.
func (l *loader) expression(v yamlfile.Value[string], c checked, e ast.Expr, text string) (expression, bool) {
	whole := c.ast.NativeRep()
	part := ast.NewCheckedAST(ast.NewAST(e, whole.SourceInfo()), whole.TypeMap(), whole.ReferenceMap())
	options := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
	if c.cost > cheap {
		options = append(options, cel.CostLimit(maxCost))
	}
	program, err := l.env.PlanProgram(part, options...)
	if err != nil {
		l.faultIn(v, 1, 0, err.Error())
		return expression{}, false
	}
	return expression{text: text, program: program, sees: l.sights(e), enumerated: l.enumerated(e)}, true
}
