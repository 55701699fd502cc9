package policies

import (
	"fmt"
	"math"
	"reflect"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/ext"

	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

const (
	maxRules      = 500
	maxExpression = 10_000 // characters
	// maxCost is in CEL's units; a condition of the shipped packs costs under 100.
	maxCost = 50_000
	// listSize is what lists of an input are assumed to hold at most, for the estimate.
	listSize = 500
)

// environment declares the inputs to CEL.
func environment() (*cel.Env, error) {
	env, err := cel.NewEnv(
		ext.NativeTypes(ext.ParseStructTags(true),
			reflect.TypeFor[Finding](), reflect.TypeFor[Advisory](), reflect.TypeFor[Package](),
			reflect.TypeFor[Project](), reflect.TypeFor[Portfolio](), reflect.TypeFor[Feed]()),
		cel.Variable("finding", cel.ObjectType("policies.Finding")),
		cel.Variable("advisory", cel.ObjectType("policies.Advisory")),
		cel.Variable("pkg", cel.ObjectType("policies.Package")),
		cel.Variable("project", cel.ObjectType("policies.Project")),
		cel.Variable("portfolio", cel.ObjectType("policies.Portfolio")),
		cel.Variable("feed", cel.ObjectType("policies.Feed")),
		cel.Variable("now", cel.TimestampType),
		cel.CrossTypeNumericComparisons(true), // "epss >= 1" and "projects > 2.5" mean what they say
		cel.ParserExpressionSizeLimit(maxExpression),
	)
	if err != nil {
		return nil, fmt.Errorf("declaring policy inputs to CEL: %w", err)
	}
	return env, nil
}

// condition is a compiled expression: plain for speed, traced for explanation.
type condition struct {
	text   string
	ast    *cel.Ast
	plain  cel.Program
	traced cel.Program
}

// compile checks one expression of the file. Problems are placed where the expression stands.
func compile(env *cel.Env, file string, v yamlfile.Value[string]) (condition, []yamlfile.Problem) {
	at := func(line, column int, text string) yamlfile.Problem {
		if v.Block {
			return yamlfile.Problem{File: file, Line: v.Line + line, Text: text}
		}
		if line > 1 { // a plain scalar over several lines: YAML folded it
			return yamlfile.Problem{File: file, Line: v.Line + line - 1, Text: text}
		}
		return yamlfile.Problem{File: file, Line: v.Line, Column: v.Column + column, Text: text}
	}
	ast, issues := env.Compile(v.V)
	if issues.Err() != nil {
		var out []yamlfile.Problem
		for _, e := range issues.Errors() {
			out = append(out, at(e.Location.Line(), e.Location.Column(), hint(e.Message)))
		}
		return condition{}, out
	}
	if ast.OutputType() != cel.BoolType {
		return condition{}, []yamlfile.Problem{at(1, 0, fmt.Sprintf("the condition is of type %s, want bool", ast.OutputType()))}
	}
	estimate, err := env.EstimateCost(ast, sizes{})
	if err != nil {
		return condition{}, []yamlfile.Problem{at(1, 0, err.Error())}
	}
	if estimate.Max > maxCost {
		return condition{}, []yamlfile.Problem{at(1, 0, fmt.Sprintf("the condition may cost %d units, at most %d are allowed", min(estimate.Max, math.MaxInt64), maxCost))}
	}
	c := condition{text: strings.TrimSpace(v.V), ast: ast}
	if c.plain, err = env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost)); err == nil {
		c.traced, err = env.Program(ast, cel.EvalOptions(cel.OptTrackState), cel.CostLimit(maxCost))
	}
	if err != nil {
		return condition{}, []yamlfile.Problem{at(1, 0, err.Error())}
	}
	return c, nil
}

// sizes bounds what lists and texts of the inputs may hold when cost is estimated.
type sizes struct{}

func (sizes) EstimateCallCost(_, _ string, _ *cost.AstNode, _ []cost.AstNode) *cost.CallEstimate {
	return nil
}

func (sizes) EstimateSize(n cost.AstNode) *cost.SizeEstimate {
	if len(n.Path()) == 0 {
		return nil
	}
	return &cost.SizeEstimate{Max: listSize}
}
