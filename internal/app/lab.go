package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/web"
	"github.com/tocsin-dev/tocsin/policies"
)

var _ web.Lab = lab{}

// lab tries policies on what the service knows. Nothing of it is live.
type lab struct{ s *Service }

// Texts gives the file that a policy was loaded from, and the cases beside it.
func (l lab) Texts(digest string) (text, cases string, err error) {
	from, ok := l.s.set().policies.texts[digest]
	if !ok {
		return "", "", tocsin.ErrNotFound
	}
	if from.change != "" {
		return string(from.text), string(from.cases), nil
	}
	_, beside, err := PolicyCases(from.name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, tocsin.ErrInvalid) { // there are none, or none that can be read
		return string(from.text), "", nil
	}
	return string(from.text), string(beside), err
}

// Explain decides one finding of a project by the policies in force, and as it would be with another in force too.
func (l lab) Explain(ctx context.Context, project tocsin.Project, embargoed bool, p *policies.Policy, wanted func(tocsin.Finding) bool) (web.PolicyExplanation, error) {
	var out web.PolicyExplanation
	inv, err := l.s.store.Newest(ctx, project.Slug)
	if err != nil {
		return out, err
	}
	set := l.s.set()
	src := pipeline.Source{Project: project, Origin: inv.Source, Inventory: &inv, Exceptions: set.excused}
	var live, tried pipeline.Scanned
	err = l.s.indexes.with(func(x pipeline.ClassIndex) (err error) {
		rules := l.s.portfolio(x)
		if rules.Shadow = nil; !embargoed && hasPrivate(x.Snapshot()) {
			rules.Index = public{x}
		}
		if live, err = rules.Judge(ctx, src); err != nil {
			return err
		}
		rules.Policies = set.policies.Live.With(p)
		tried, err = rules.Judge(ctx, src)
		return err
	})
	if err != nil {
		return out, err
	}
	for _, side := range [][]tocsin.Decision{tried.Decisions, live.Decisions} {
		for _, d := range side {
			switch {
			case !wanted(d.Finding):
			case out.Tried.Finding.Class.ID == "":
				out = web.PolicyExplanation{Live: beside(live.Decisions, d), Tried: beside(tried.Decisions, d)}
			default:
				out.More++
			}
		}
		if out.Tried.Finding.Class.ID != "" {
			return out, nil
		}
	}
	return out, fmt.Errorf("%w: %s has no finding like that", tocsin.ErrNotFound, project.Slug)
}

// beside is what a side says of the finding of a decision. What it does not speak of, it lets pass.
func beside(side []tocsin.Decision, d tocsin.Decision) tocsin.Decision {
	i := slices.IndexFunc(side, func(o tocsin.Decision) bool {
		return o.Finding.Class.ID == d.Finding.Class.ID && tocsin.ComparePackages(o.Finding.Package, d.Finding.Package) == 0
	})
	if i >= 0 {
		return side[i]
	}
	return tocsin.Decision{Project: d.Project, Finding: d.Finding, Gate: tocsin.GatePass, Response: tocsin.ResponseNone, Reason: tocsin.Reason{Text: "no policy judges it", Result: "pass"}, At: d.At}
}
