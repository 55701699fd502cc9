package policies

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// A Set is the policies that are in force together. It is safe for concurrent use.
type Set struct {
	policies []*Policy
	digest   string
	// fields are the inputs that any condition reads.
	fields []field
}

// NewSet puts policies together. Their order does not matter: on each axis the gravest answer holds. Modes are not asked:
// a set of shadow policies is a set of its own.
func NewSet(list ...*Policy) Set {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b *Policy) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Digest, b.Digest))
	})
	h := sha256.New()
	for _, p := range list {
		fmt.Fprintln(h, p.Name, p.Digest)
	}
	s := Set{policies: list, digest: "sha256:" + hex.EncodeToString(h.Sum(nil))}
	for _, f := range inputs() {
		if s.Reads(f.path) || f.path == "advisory.kind" { // which says what a policy has a say about
			s.fields = append(s.fields, f)
		}
	}
	slices.SortFunc(s.fields, func(a, b field) int { return strings.Compare(a.path, b.path) })
	return s
}

// With is the set if a policy were enforced: in the place of those that have its name, or beside the others.
func (s Set) With(p *Policy) Set {
	others := slices.DeleteFunc(s.Policies(), func(o *Policy) bool { return o.Name == p.Name })
	return NewSet(append(others, p)...)
}

// Digest identifies the set by the content of its policies.
func (s Set) Digest() string { return s.digest }

// Names of the policies, sorted.
func (s Set) Names() []string {
	var out []string
	for _, p := range s.policies {
		out = append(out, p.Name)
	}
	return out
}

// Policies of the set, sorted by name.
func (s Set) Policies() []*Policy { return slices.Clone(s.policies) }

// Reads says whether a condition of the set reads an input, or one below it: "portfolio" stands for "portfolio.share" too.
func (s Set) Reads(path string) bool {
	for _, p := range s.policies {
		if p.reads(path) {
			return true
		}
	}
	return false
}

// Projection is the values of the inputs that the set reads. What has the same projection at the same time is decided alike.
func (s Set) Projection(in *Input) string {
	var b []byte
	for _, f := range s.fields {
		b = f.append(b, in)
	}
	return string(b)
}

// Turns are the times at which a policy of the set becomes active or ceases to be, sorted.
func (s Set) Turns() []time.Time {
	var out []time.Time
	for _, p := range s.policies {
		for _, t := range []time.Time{p.From, p.Until} {
			if !t.IsZero() {
				out = append(out, t)
			}
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}

// Judges says whether any policy has a say about findings of a kind. What nobody judges need not be looked for.
func (s Set) Judges(k tocsin.Kind) bool {
	return slices.ContainsFunc(s.policies, func(p *Policy) bool { return p.judging(string(k)) })
}

// Decide applies the policies that are active at the input's time to one finding. The caller fills in project, finding and
// the other digests. It does not fail: a condition that cannot be evaluated makes the gate undecided and the response hold,
// with the error as the reason.
func (s Set) Decide(in Input) tocsin.Decision {
	d := tocsin.Decision{
		Gate: tocsin.GatePass, Response: tocsin.ResponseNone, Policy: s.digest, At: in.Now,
		Reason: tocsin.Reason{Text: "decision", Children: make([]tocsin.Reason, 0, 2*len(s.policies))},
	}
	for _, p := range s.policies {
		if !p.Active(in.Now) || !p.judging(in.Advisory.Kind) {
			continue
		}
		e := p.evaluation(&in)
		if p.gate != nil {
			a := e.first(p.gate, string(tocsin.GateUndecided))
			if g := tocsin.Gate(a.says); g.Worse(d.Gate) != d.Gate || g == d.Gate && d.GateRule == "" {
				d.Gate, d.GateRule = g, a.rule()
			}
			d.Reason.Children = append(d.Reason.Children, a.reason)
		}
		if p.response != nil {
			a := e.first(p.response, string(tocsin.ResponseHold))
			c := tocsin.CompareResponses(tocsin.Response(a.says), d.Response)
			if c > 0 || c == 0 && d.ResponseRule == "" {
				a.respond(&d)
			}
			d.Reason.Children = append(d.Reason.Children, a.reason)
		}
	}
	d.Reason.Result = "gate " + string(d.Gate) + ", response " + string(d.Response)
	return d
}

// judging says whether the policy has a say about findings of a kind.
func (p *Policy) judging(kind string) bool { return slices.Contains(p.judges, tocsin.Kind(kind)) }

// A verdict is what one axis of one policy says.
type verdict struct {
	says   string
	won    *rule // nil for the default, and where a rule failed
	reason tocsin.Reason
}

// rule names the rule that won, "" if none did.
func (v verdict) rule() string {
	if v.won == nil {
		return ""
	}
	return v.won.path
}

func (v verdict) respond(d *tocsin.Decision) {
	d.Response, d.ResponseRule = tocsin.Response(v.says), v.rule()
	d.Severity, d.Playbook, d.Owners, d.Route, d.Due = "", "", nil, "", time.Time{}
	if v.won == nil {
		return
	}
	d.Severity, d.Playbook, d.Owners, d.Route = v.won.severity, v.won.playbook, v.won.owners, v.won.route
	if v.won.due > 0 {
		d.Due = d.At.Add(v.won.due)
	}
}

// first gives the first rule that holds, its verdict and the reason. onError is the verdict of a rule that cannot be
// evaluated: what it would have said is not known, so nothing below it may speak.
func (e *evaluation) first(a *axis, onError string) verdict {
	for i := range e.names {
		e.names[i].told = false
	}
	for i := range a.rules {
		r := &a.rules[i]
		switch e.ask(&r.when) {
		case failed:
			return verdict{onError, nil, tocsin.Reason{Text: a.head, Result: onError, Children: []tocsin.Reason{
				{Text: r.name + ": cannot be evaluated", Result: text(e.fault(&r.when).Error()), Children: e.parts(&r.when)},
			}}}
		case yes:
			return verdict{r.then, r, tocsin.Reason{Text: a.head, Result: r.then, Children: []tocsin.Reason{
				{Text: r.text, Result: "holds", Children: e.parts(&r.when)},
			}}}
		}
	}
	return verdict{a.standard, nil, tocsin.Reason{Text: a.head, Result: a.standard, Children: []tocsin.Reason{a.silent}}}
}
