package policies

import (
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/parser"
)

// compile parses and types an expression. The library has two parsers that make the same of a text. The one by hand needs half of the
// time, and a quarter for the first text: that was most of what a scan spent on its policies. The one from the grammar has the messages
// that people are shown, and the last word on what is refused.
func compile(env *cel.Env, text string) (*cel.Ast, *cel.Issues) {
	if parsed := parse(env, text); parsed != nil {
		if typed, issues := env.Check(parsed); issues.Err() == nil {
			return typed, issues
		}
	}
	return env.Compile(text)
}

// loose says that a text may have what the parser by hand takes and the language has not: rb before a text for br, 0X1 for 0x1.
// https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax
func loose(text string) bool {
	lower := strings.ToLower(text)
	return strings.Contains(lower, "rb'") || strings.Contains(lower, `rb"`) || strings.Contains(text, "0X")
}

// parse gives what the parser by hand makes of a text, or nil where it makes nothing of it. It has the settings of [environment].
func parse(env *cel.Env, text string) *cel.Ast {
	if loose(text) {
		return nil
	}
	p, err := parser.NewParser(parser.EnablePrattParser(true), parser.Macros(env.Macros()...),
		parser.PopulateMacroCalls(true), parser.ExpressionSizeCodePointLimit(maxExpression))
	if err != nil {
		return nil
	}
	source := common.NewTextSource(text)
	parsed, problems := p.Parse(source)
	if len(problems.GetErrors()) > 0 {
		return nil
	}
	message, err := ast.ToProto(parsed) // the library takes what another of its packages parsed in this form only
	if err != nil {
		return nil
	}
	out, err := cel.CheckedExprToAstWithSource(message, source)
	if err != nil {
		return nil
	}
	return out
}
