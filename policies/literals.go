package policies

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

// literals finds texts that are compared with what can never be equal to them: a rule with a misspelt word would silently
// never hold.
func (l *loader) literals(v yamlfile.Value[string], parsed *cel.Ast) bool {
	ok := true
	whole := parsed.NativeRep()
	compare := func(known []string, e ast.Expr) {
		word, isText := textLiteral(e)
		if !isText || known == nil || slices.Contains(known, word) {
			return
		}
		ok = false
		at := whole.SourceInfo().GetStartLocation(e.ID())
		l.faultIn(v, at.Line(), at.Column(), fmt.Sprintf("%q is none of %s%s", word, quoted(known), nearest(word, known)))
	}
	ast.PostOrderVisit(whole.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind || len(e.AsCall().Args()) != 2 {
			return
		}
		a, b := e.AsCall().Args()[0], e.AsCall().Args()[1]
		switch e.AsCall().FunctionName() {
		case operators.Equals, operators.NotEquals:
			if _, literal := textLiteral(a); !literal {
				compare(l.enumerated(a), b)
			}
			if _, literal := textLiteral(b); !literal {
				compare(l.enumerated(b), a)
			}
		case operators.In:
			if b.Kind() == ast.ListKind {
				for _, each := range b.AsList().Elements() {
					compare(l.enumerated(a), each)
				}
				return
			}
			compare(l.enumerated(b), a)
		}
	}))
	return ok
}

func textLiteral(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

func quoted(words []string) string {
	var out []string
	for _, w := range words {
		out = append(out, fmt.Sprintf("%q", w))
	}
	return strings.Join(out, ", ")
}
