package tocsin

import (
	"cmp"
	"slices"
)

// CompareResponses orders responses, mildest first.
func CompareResponses(a, b Response) int { return rank(responses, a, b) }

// CompareLevels orders levels, lowest first.
func CompareLevels(a, b Level) int { return rank(levels, a, b) }

// CompareGates orders gates, mildest first.
func CompareGates(a, b Gate) int { return rank(gates, a, b) }

// Worse is the graver of two gates.
func (g Gate) Worse(h Gate) Gate {
	if CompareGates(h, g) > 0 {
		return h
	}
	return g
}

func rank[T comparable](order []T, a, b T) int {
	return cmp.Compare(slices.Index(order, a), slices.Index(order, b))
}

// Validate refuses a gate that is not one of ours.
func (g Gate) Validate() error { return oneOf("gate", g, gates...) }

// Validate refuses a response that is not one of ours.
func (r Response) Validate() error { return oneOf("response", r, responses...) }

// Validate refuses a level that is not one of ours; the empty level is none.
func (l Level) Validate() error { return oneOf("severity", l, levels[1:]...) }

// Validate refuses a kind that is not one of ours.
func (k Kind) Validate() error {
	return oneOf("kind", k, KindFlaw, KindMalware, KindUnmaintained, KindPin)
}
