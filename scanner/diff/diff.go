// Package diff tells what a change brings from what was there before it: a pull request answers for its own findings, not
// for somebody else's old ones. It is pure.
package diff

import (
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// A Result is how a change differs from its base.
type Result struct {
	// Decisions are those after the change, each with what it is against the base.
	Decisions []tocsin.Decision
	// Fixed are findings of the base that are gone.
	Fixed []tocsin.Decision
}

// Compare marks the decisions of head against those of base, which were made with the same advisories and policies. since is
// the base's time: what was published later is newly disclosed. Findings are the same if package and class are, so that
// an upgrade that keeps the flaw brings nothing new.
func Compare(base, head []tocsin.Decision, since time.Time) Result {
	before := map[[3]string]tocsin.Decision{}
	for _, d := range base {
		before[key(d)] = d
	}
	r := Result{Decisions: make([]tocsin.Decision, len(head))}
	now := map[[3]string]bool{}
	for i, d := range head {
		now[key(d)] = true
		old, ok := before[key(d)]
		switch {
		case !ok:
			d.Change = tocsin.ChangeIntroduced
		case tocsin.CompareGates(d.Gate, old.Gate) > 0:
			d.Change = tocsin.ChangeRaised
		case d.Finding.Class.Published.After(since):
			d.Change = tocsin.ChangeDisclosed
		default:
			d.Change = tocsin.ChangeExisting
		}
		r.Decisions[i] = d
	}
	for _, d := range base {
		if !now[key(d)] {
			r.Fixed = append(r.Fixed, d)
		}
	}
	return r
}

func key(d tocsin.Decision) [3]string {
	p := d.Finding.Package
	return [3]string{purl.Base(p.Ecosystem), purl.Key(p.Ecosystem, p.Name), d.Finding.Class.ID}
}

// Answerable are the decisions that the change answers for: what it introduced or made worse.
func (r Result) Answerable() []tocsin.Decision {
	var out []tocsin.Decision
	for _, d := range r.Decisions {
		if d.Change == tocsin.ChangeIntroduced || d.Change == tocsin.ChangeRaised {
			out = append(out, d)
		}
	}
	return out
}

// Count is how many decisions are of a kind.
func (r Result) Count(c tocsin.Change) int {
	n := 0
	for _, d := range r.Decisions {
		if d.Change == c {
			n++
		}
	}
	return n
}
