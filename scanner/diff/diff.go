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

// Compare marks the decisions of head against those of base, which were made with the same advisories and policies. Of what
// was there before, that which is news is newly disclosed. Findings are the same if package and class are, so that an
// upgrade that keeps the flaw brings nothing new.
func Compare(base, head []tocsin.Decision, news News) Result {
	before := map[key]tocsin.Decision{}
	for _, d := range base {
		k := of(d.Finding, d.Finding.Class.ID)
		if old, ok := before[k]; !ok || tocsin.CompareGates(d.Gate, old.Gate) > 0 {
			before[k] = d // of two versions of a package, the graver
		}
	}
	r := Result{Decisions: make([]tocsin.Decision, len(head))}
	now := map[key]bool{}
	for i, d := range head {
		k := of(d.Finding, d.Finding.Class.ID)
		now[k] = true
		old, ok := before[k]
		switch {
		case !ok:
			d.Change = tocsin.ChangeIntroduced
		case tocsin.CompareGates(d.Gate, old.Gate) > 0:
			d.Change = tocsin.ChangeRaised
		case news(d.Finding):
			d.Change = tocsin.ChangeDisclosed
		default:
			d.Change = tocsin.ChangeExisting
		}
		r.Decisions[i] = d
	}
	for _, d := range base {
		if !now[of(d.Finding, d.Finding.Class.ID)] {
			r.Fixed = append(r.Fixed, d)
		}
	}
	return r
}

// News says whether a finding was not known of yet at the time of the base.
type News func(tocsin.Finding) bool

// After is for a base of which nothing but its time is known: news is what was published later.
func After(t time.Time) News {
	return func(f tocsin.Finding) bool { return f.Class.Published.After(t) }
}

// Beyond is for a base whose findings were told at its time: news is what is not among them, by whichever id of its class.
func Beyond(told []tocsin.Decision) News {
	known := map[key]bool{}
	for _, d := range told {
		for _, id := range append([]string{d.Finding.Class.ID}, d.Finding.Class.Aliases...) {
			known[of(d.Finding, id)] = true
		}
	}
	return func(f tocsin.Finding) bool {
		for _, id := range append([]string{f.Class.ID}, f.Class.Aliases...) {
			if known[of(f, id)] {
				return false
			}
		}
		return true
	}
}

// A key is a package, whatever its version, and an id of a class.
type key struct{ ecosystem, name, id string }

func of(f tocsin.Finding, id string) key {
	return key{purl.Base(f.Package.Ecosystem), purl.Key(f.Package.Ecosystem, f.Package.Name), id}
}

// Answerable are the decisions that the change answers for: what it introduced or made worse.
func (r Result) Answerable() []tocsin.Decision { return Answerable(r.Decisions) }

// Answerable are those of some marked decisions that a change answers for.
func Answerable(list []tocsin.Decision) []tocsin.Decision {
	var out []tocsin.Decision
	for _, d := range list {
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
