package policies

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
)

// letMacro makes name() stand for the condition. A macro, not a variable: nothing is evaluated that a rule does not ask,
// and an explanation shows the parts.
func letMacro(name string, c condition) cel.EnvOption {
	return cel.Macros(cel.GlobalMacro(name, 0,
		func(f cel.MacroExprFactory, _ ast.Expr, _ []ast.Expr) (ast.Expr, *common.Error) {
			return f.Copy(c.ast.NativeRep().Expr()), nil
		}))
}
