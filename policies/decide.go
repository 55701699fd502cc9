package policies

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/interpreter"

	"github.com/tocsin-dev/tocsin"
)

// A Set is the policies that are in force together. It is safe for concurrent use.
type Set struct {
	policies []*Policy
	digest   string
}

// NewSet puts policies together. Their order does not matter: on each axis the gravest answer holds.
func NewSet(list ...*Policy) Set {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b *Policy) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Digest, b.Digest))
	})
	h := sha256.New()
	for _, p := range list {
		fmt.Fprintln(h, p.Name, p.Digest)
	}
	return Set{policies: list, digest: "sha256:" + hex.EncodeToString(h.Sum(nil))}
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

// Judges says whether any policy has a say about findings of a kind. What nobody judges need not be looked for.
func (s Set) Judges(k tocsin.Kind) bool {
	return slices.ContainsFunc(s.policies, func(p *Policy) bool { return slices.Contains(p.judges, k) })
}

// Decide applies the set to one finding. The caller fills in project, finding and the other digests. It does not fail:
// a condition that cannot be evaluated makes the gate undecided and the response hold, with the error as the reason.
func (s Set) Decide(in Input) tocsin.Decision {
	d := tocsin.Decision{
		Gate: tocsin.GatePass, Response: tocsin.ResponseNone, Policy: s.digest, At: in.Now,
		Reason: tocsin.Reason{Text: "decision"},
	}
	vars := newActivation(in)
	for _, p := range s.policies {
		if !slices.Contains(p.judges, tocsin.Kind(in.Advisory.Kind)) {
			continue
		}
		if p.gate != nil {
			_, verdict, reason := p.gate.first(vars, string(tocsin.GateUndecided))
			reason.Text = p.Name + ": gate"
			d.Gate = d.Gate.Worse(tocsin.Gate(verdict))
			d.Reason.Children = append(d.Reason.Children, reason)
		}
		if p.response != nil {
			won, verdict, reason := p.response.first(vars, string(tocsin.ResponseHold))
			reason.Text = p.Name + ": response"
			d.Reason.Children = append(d.Reason.Children, reason)
			if tocsin.CompareResponses(tocsin.Response(verdict), d.Response) > 0 {
				d.Response, d.Severity, d.Playbook, d.Due = tocsin.Response(verdict), won.severity, won.playbook, time.Time{}
				if won.due > 0 {
					d.Due = in.Now.Add(won.due)
				}
			}
		}
	}
	d.Reason.Result = "gate " + string(d.Gate) + ", response " + string(d.Response)
	return d
}

// first gives the first rule that holds, its verdict and the reason. onError is the verdict of a rule that cannot be
// evaluated: what it would have said is not known, so nothing below it may speak.
func (a *axis) first(vars *activation, onError string) (rule, string, tocsin.Reason) {
	for i := range a.rules {
		r := &a.rules[i]
		value, _, err := r.when.plain.Eval(vars)
		if err != nil {
			return rule{}, onError, tocsin.Reason{Result: onError, Children: []tocsin.Reason{
				{Text: r.name + ": cannot be evaluated", Result: err.Error()},
			}}
		}
		if value.Value() == true {
			return *r, r.then, tocsin.Reason{Result: r.then, Children: []tocsin.Reason{
				{Text: r.name + ": " + r.because, Result: "holds", Children: r.when.explain(vars)},
			}}
		}
	}
	return rule{}, a.standard, tocsin.Reason{Result: a.standard, Children: []tocsin.Reason{
		{Text: fmt.Sprintf("none of the %d rules holds", len(a.rules)), Result: "default"},
	}}
}

// activation resolves the inputs by name. They are boxed once for all rules.
type activation struct{ finding, advisory, pkg, project, portfolio, feed, now any }

var _ interpreter.Activation = (*activation)(nil)

func newActivation(in Input) *activation {
	return &activation{&in.Finding, &in.Advisory, &in.Package, &in.Project, &in.Portfolio, &in.Feed, in.Now}
}

// ResolveName gives an input by the name that policies use.
func (a *activation) ResolveName(name string) (any, bool) {
	switch name {
	case "finding":
		return a.finding, true
	case "advisory":
		return a.advisory, true
	case "pkg": // "package" is reserved in CEL
		return a.pkg, true
	case "project":
		return a.project, true
	case "portfolio":
		return a.portfolio, true
	case "feed":
		return a.feed, true
	case "now":
		return a.now, true
	default:
		return nil, false
	}
}

// Parent is none: policies see the inputs and nothing else.
func (a *activation) Parent() interpreter.Activation { return nil }
