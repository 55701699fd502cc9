package policies

import (
	"fmt"
	"reflect"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/ext"
)

const (
	maxExpression = 10_000 // characters
	// maxCost is in CEL's units; a condition of the shipped packs costs under 100.
	maxCost = 50_000
	// maxWritten and maxWhole bound all expressions of a policy together, aliases resolved: a short text could otherwise name a long
	// condition many hundred times. In bytes, and in CEL's units.
	maxWritten = 256 << 10
	maxWhole   = 500_000
	// maxList and maxText bound what an input holds; see [NewInput].
	maxList = 500
	maxText = 500
)

// environment declares the inputs to CEL. https://github.com/google/cel-spec
func environment() (*cel.Env, error) {
	env, err := cel.NewEnv(
		ext.NativeTypes(ext.ParseStructTags(true),
			reflect.TypeFor[Finding](), reflect.TypeFor[Advisory](), reflect.TypeFor[Metrics](), reflect.TypeFor[SSVC](),
			reflect.TypeFor[Package](), reflect.TypeFor[Project](), reflect.TypeFor[Portfolio](), reflect.TypeFor[Feed]()),
		cel.Variable("finding", cel.ObjectType("policies.Finding")),
		cel.Variable("advisory", cel.ObjectType("policies.Advisory")),
		cel.Variable("pkg", cel.ObjectType("policies.Package")),
		cel.Variable("project", cel.ObjectType("policies.Project")),
		cel.Variable("portfolio", cel.ObjectType("policies.Portfolio")),
		cel.Variable("feed", cel.ObjectType("policies.Feed")),
		cel.Variable("now", cel.TimestampType),
		cel.CrossTypeNumericComparisons(true), // "epss >= 1" and "projects > 2.5" mean what they say
		cel.EnableMacroCallTracking(),         // explanations show "affected()" as it was written
		cel.ParserExpressionSizeLimit(maxExpression),
	)
	if err != nil {
		return nil, fmt.Errorf("declaring policy inputs to CEL: %w", err)
	}
	return env, nil
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
	return &cost.SizeEstimate{Max: max(maxList, maxText)}
}
