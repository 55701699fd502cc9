package policies

import (
	"slices"
	"strings"
)

// Distinguishes says whether a condition of the set may tell two counts of affected projects apart. If not, what has the one and
// then the other is decided as before. A condition that reads something else beside counts may tell any two apart.
func (s Set) Distinguishes(a, b Portfolio) bool {
	return a != b && slices.ContainsFunc(s.policies, func(p *Policy) bool { return p.distinguishes(a, b) })
}

func (p *Policy) distinguishes(a, b Portfolio) bool {
	x, y := p.evaluation(&Input{Portfolio: a}), p.evaluation(&Input{Portfolio: b})
	differs := func(e expression) bool {
		return slices.ContainsFunc(e.sees, func(s sight) bool {
			return s.name < 0 && strings.HasPrefix(s.path, "portfolio.") && !s.value(x.in).Equal(s.value(y.in))
		})
	}
	for _, n := range p.names {
		if n.value != nil && differs(*n.value) || n.table != nil && slices.ContainsFunc(n.table.inputs, func(i tableInput) bool { return differs(i.is) }) {
			return true
		}
	}
	for i, atom := range p.atoms {
		if !differs(atom) {
			continue
		}
		alone := !slices.ContainsFunc(atom.sees, func(s sight) bool {
			return s.name < 0 && !strings.HasPrefix(s.path, "portfolio.") || s.name >= 0 && !p.names[s.name].number
		})
		if !alone || x.evaluate(i) != y.evaluate(i) {
			return true
		}
	}
	return false
}
