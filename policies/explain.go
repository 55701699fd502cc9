package policies

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
	"cel.dev/cel-go/parser"

	"github.com/tocsin-dev/tocsin"
)

// explain evaluates the condition again with tracing and gives its parts: the operands of && and || down to plain
// comparisons, each with its result and the values it saw.
func (c condition) explain(vars *activation) []tocsin.Reason {
	_, details, err := c.traced.Eval(vars)
	if err != nil || details == nil {
		return nil
	}
	t := tracer{state: details.State(), info: c.ast.NativeRep().SourceInfo()}
	root := t.node(c.ast.NativeRep().Expr())
	if len(root.Children) > 0 && isLogic(c.ast.NativeRep().Expr()) {
		return root.Children
	}
	return []tocsin.Reason{root}
}

type tracer struct {
	state interpreter.EvalState
	info  *ast.SourceInfo
}

func isLogic(e ast.Expr) bool {
	return e.Kind() == ast.CallKind && slices.Contains([]string{operators.LogicalAnd, operators.LogicalOr}, e.AsCall().FunctionName())
}

func (t tracer) node(e ast.Expr) tocsin.Reason {
	r := tocsin.Reason{Text: t.source(e), Result: t.result(e)}
	if !isLogic(e) {
		r.Children = t.seen(e)
		return r
	}
	op := e.AsCall().FunctionName()
	var operands func(e ast.Expr)
	operands = func(e ast.Expr) { // a && b && c is one list, not a tower
		if isLogic(e) && e.AsCall().FunctionName() == op {
			for _, arg := range e.AsCall().Args() {
				operands(arg)
			}
			return
		}
		r.Children = append(r.Children, t.node(e))
	}
	operands(e)
	r.Text = map[string]string{operators.LogicalAnd: "all of", operators.LogicalOr: "any of"}[op]
	return r
}

func (t tracer) source(e ast.Expr) string {
	s, err := parser.Unparse(e, t.info)
	if err != nil {
		return "(condition)"
	}
	return s
}

func (t tracer) result(e ast.Expr) string {
	v, ok := t.state.Value(e.ID())
	if !ok {
		return "not reached"
	}
	return text(v)
}

// seen lists the inputs that the expression read, with their values.
func (t tracer) seen(e ast.Expr) []tocsin.Reason {
	var out []tocsin.Reason
	add := func(e ast.Expr) {
		if v, ok := t.state.Value(e.ID()); ok {
			r := tocsin.Reason{Text: t.source(e), Result: text(v)}
			if !slices.ContainsFunc(out, func(o tocsin.Reason) bool { return o.Text == r.Text }) {
				out = append(out, r)
			}
		}
	}
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(n ast.Expr) {
		if n.ID() != e.ID() && n.Kind() == ast.SelectKind {
			add(n)
		}
	}))
	return out
}

func text(v ref.Val) string {
	s := fmt.Sprint(v.Value())
	if list, ok := v.Value().([]string); ok {
		s = strings.Join(list, ", ")
	}
	if len(s) > 200 {
		s = s[:200] + "…"
	}
	return s
}
