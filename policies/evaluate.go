package policies

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

// An outcome is what a condition came to.
type outcome uint8

const (
	unasked outcome = iota
	no
	yes
	failed
)

// An evaluation is one policy asked about one input. What was evaluated is kept, for the next rule and for the explanation.
type evaluation struct {
	p     *Policy
	in    *Input
	atoms []outcome
	names []answer
	// faults are the errors of atoms that failed, by place.
	faults map[int]error
}

// An answer is what a name came to; val is nil until it is asked for.
type answer struct {
	val ref.Val
	row int // of a table
	// told says that an explanation has shown what it came from: names that are made of names would double at each step.
	told bool
}

var _ interpreter.Activation = (*evaluation)(nil)

func (p *Policy) evaluation(in *Input) *evaluation {
	return &evaluation{p: p, in: in, atoms: make([]outcome, len(p.atoms)), names: make([]answer, len(p.names))}
}

// ResolveName gives an input or a name to CEL.
func (e *evaluation) ResolveName(name string) (any, bool) {
	switch name {
	case "finding":
		return &e.in.Finding, true
	case "advisory":
		return &e.in.Advisory, true
	case "pkg": // "package" is reserved in CEL
		return &e.in.Package, true
	case "project":
		return &e.in.Project, true
	case "portfolio":
		return &e.in.Portfolio, true
	case "feed":
		return &e.in.Feed, true
	case "now":
		return e.in.Now, true
	}
	i := slices.IndexFunc(e.p.names, func(n named) bool { return len(name) > 1 && n.name == name[1:] })
	if i < 0 {
		return nil, false
	}
	return e.name(i), true
}

// Parent is none: policies see the inputs and nothing else.
func (e *evaluation) Parent() interpreter.Activation { return nil }

// name evaluates a name, once.
func (e *evaluation) name(i int) ref.Val {
	a := &e.names[i]
	if a.val != nil {
		return a.val
	}
	switch n := &e.p.names[i]; {
	case n.condition != nil:
		switch e.ask(n.condition) {
		case yes:
			a.val = types.True
		case no:
			a.val = types.False
		default:
			a.val = types.NewErr("%s(): %v", n.name, e.fault(n.condition))
		}
	case n.table != nil:
		a.val, a.row = e.lookup(n)
	default:
		v, _, err := n.value.program.Eval(e)
		if err != nil {
			v = types.NewErr("%s(): %v", n.name, err)
		}
		a.val = v
	}
	return a.val
}

// lookup finds the row of a table. An input that has none of its values is an error.
func (e *evaluation) lookup(n *named) (ref.Val, int) {
	cell := 0
	for _, in := range n.table.inputs {
		v, _, err := in.is.program.Eval(e)
		if err != nil {
			return types.NewErr("%s(): %s: %v", n.name, in.name, err), -1
		}
		word, ok := v.Value().(string)
		if b, isBool := v.Value().(bool); isBool {
			word, ok = map[bool]string{false: "no", true: "yes"}[b], true
		}
		place := slices.Index(in.values, word)
		if !ok || place < 0 {
			return types.NewErr("%s(): %s is %q, want %s", n.name, in.name, word, quoted(in.values)), -1
		}
		cell = cell*len(in.values) + place
	}
	row := n.table.cells[cell]
	return types.String(n.table.rows[row].result), row
}

// ask evaluates a condition, left to right and no further than it must. As in CEL an error of one part does not matter
// where another part decides.
func (e *evaluation) ask(n *node) outcome {
	switch {
	case n.op == "" && n.name >= 0:
		switch e.name(n.name) {
		case types.True:
			return yes
		case types.False:
			return no
		}
		return failed
	case n.op == "":
		if e.atoms[n.atom] == unasked {
			e.atoms[n.atom] = e.evaluate(n.atom)
		}
		return e.atoms[n.atom]
	}
	decides, otherwise := no, yes
	if n.op == operators.LogicalOr {
		decides, otherwise = yes, no
	}
	for i := range n.kids {
		switch e.ask(&n.kids[i]) {
		case decides:
			return decides
		case failed:
			otherwise = failed
		}
	}
	return otherwise
}

func (e *evaluation) evaluate(atom int) outcome {
	v, _, err := e.p.atoms[atom].program.Eval(e)
	switch {
	case err == nil && v == types.True:
		return yes
	case err == nil && v == types.False:
		return no
	case err == nil:
		err = fmt.Errorf("came to %v", v)
	}
	if e.faults == nil {
		e.faults = map[int]error{}
	}
	e.faults[atom] = err
	return failed
}

// fault is why a condition failed: the first part of it that did.
func (e *evaluation) fault(n *node) error {
	if n.op == "" && n.name >= 0 {
		if err, ok := e.names[n.name].val.(*types.Err); ok {
			return err
		}
		return nil
	}
	if n.op == "" {
		return e.faults[n.atom]
	}
	for i := range n.kids {
		if err := e.fault(&n.kids[i]); err != nil {
			return err
		}
	}
	return nil
}
