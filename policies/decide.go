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

// Decide applies the set to one finding. The caller fills in project, finding and the other digests. It does not fail:
// a condition that cannot be evaluated makes the gate undecided and the response hold, with the error as the reason.
func (s Set) Decide(in Input) tocsin.Decision {
	d := tocsin.Decision{
		Gate: tocsin.GatePass, Response: tocsin.ResponseNone, Policy: s.digest, At: in.Now,
		Reason: tocsin.Reason{Text: "decision"},
	}
	vars := activation{in}
	for _, p := range s.policies {
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
func (a *axis) first(vars activation, onError string) (rule, string, tocsin.Reason) {
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

// activation resolves the inputs by name.
type activation struct{ in Input }

var _ interpreter.Activation = activation{}

func (a activation) ResolveName(name string) (any, bool) {
	switch name {
	case "finding":
		return a.in.Finding, true
	case "advisory":
		return a.in.Advisory, true
	case "pkg": // "package" is reserved in CEL
		return a.in.Package, true
	case "project":
		return a.in.Project, true
	case "portfolio":
		return a.in.Portfolio, true
	case "feed":
		return a.in.Feed, true
	case "now":
		return a.in.Now, true
	default:
		return nil, false
	}
}

func (a activation) Parent() interpreter.Activation { return nil }
