package policies

import (
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types/ref"

	"github.com/tocsin-dev/tocsin"
)

// reason explains a condition by what was seen when it was evaluated: its parts down to plain comparisons, each with its
// result and the values that it read.
func (e *evaluation) reason(n *node) tocsin.Reason {
	r := tocsin.Reason{Text: n.text, Result: e.result(n)}
	switch {
	case n.op != "":
		r.Children = make([]tocsin.Reason, len(n.kids))
		decided, decisive := false, "false"
		if n.op == operators.LogicalOr {
			decisive = "true"
		}
		for i := range n.kids {
			if decided {
				r.Children[i] = tocsin.Reason{Text: n.kids[i].text, Result: notReached}
				continue
			}
			r.Children[i] = e.reason(&n.kids[i])
			decided = r.Children[i].Result == decisive
		}
	case n.name >= 0:
		r.Children = e.named(n.name)
	case e.atoms[n.atom] != unasked:
		r.Children = e.seen(e.p.atoms[n.atom].sees)
	}
	return r
}

const notReached = "not reached"

// parts are the children of a condition that has a heading of its own: the list of its operands, or itself.
func (e *evaluation) parts(n *node) []tocsin.Reason {
	r := e.reason(n)
	if n.op != "" {
		return r.Children
	}
	return []tocsin.Reason{r}
}

func (e *evaluation) result(n *node) string {
	if n.op == "" && n.name < 0 && e.atoms[n.atom] == unasked || n.op == "" && n.name >= 0 && e.names[n.name].val == nil {
		return notReached
	}
	switch e.ask(n) {
	case yes:
		return "true"
	case no:
		return "false"
	default:
		return "error: " + text(e.fault(n).Error())
	}
}

// seen lists what an expression read, with the values.
func (e *evaluation) seen(list []sight) []tocsin.Reason {
	if len(list) == 0 {
		return nil
	}
	out := make([]tocsin.Reason, 0, len(list))
	for _, s := range list {
		r := tocsin.Reason{Text: s.text}
		if s.name < 0 {
			r.Result = text(s.value(e.in).Interface())
		} else if val := e.names[s.name].val; val == nil {
			continue // another part of the expression decided
		} else {
			r.Result = e.valueText(val)
			r.Children = e.named(s.name)
		}
		out = append(out, r)
	}
	return out
}

func (e *evaluation) valueText(v ref.Val) string { return text(v.Value()) }

// named explains what a name came to, the first time.
func (e *evaluation) named(i int) []tocsin.Reason {
	a := &e.names[i]
	if a.val == nil || a.told {
		return nil
	}
	a.told = true
	switch n := &e.p.names[i]; {
	case n.condition != nil:
		return e.parts(n.condition)
	case n.table != nil:
		return e.tableReason(n.table, a)
	default:
		return e.seen(n.value.sees)
	}
}

// tableReason gives the row of a table and what its inputs came from.
func (e *evaluation) tableReason(t *table, a *answer) []tocsin.Reason {
	if a.row < 0 {
		return nil
	}
	out := make([]tocsin.Reason, 0, 1+len(t.inputs))
	out = append(out, tocsin.Reason{Text: t.title, Result: t.texts[a.row]})
	for i := range t.inputs {
		out = append(out, tocsin.Reason{Text: t.inputs[i].text, Children: e.seen(t.inputs[i].is.sees), Result: a.words[i]})
	}
	return out
}
