package app

import (
	"context"
	"fmt"
	"slices"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/web"
	"github.com/tocsin-dev/tocsin/scanner/diff"
	"github.com/tocsin-dev/tocsin/scanner/report"
)

// Gate takes an inventory to a verdict and keeps nothing. Rollbacks that people decided hold: what was known of the version that a project is to
// stay with does not fail it, and another version does.
func (s *Service) Gate(ctx context.Context, g web.GateRequest) (report.Report, error) {
	list, now := []pipeline.Source{{Inventory: &g.Inventory}}, s.opts.Now()
	if g.Base != nil {
		list[0].Before = &g.Base.Inventory
		list = append(list, pipeline.Source{Inventory: &g.Base.Inventory})
	}
	decided, err := s.rollbacks(ctx, g.Project, g.Embargoed)
	if err != nil {
		return report.Report{}, err
	}
	judged, snapshot, err := s.judge(ctx, g.Project, g.Embargoed, decided, list...)
	if err != nil {
		return report.Report{}, err
	}
	one, base := judged[0], (*tocsin.Inventory)(nil)
	if g.Base != nil {
		base = &g.Base.Inventory
		one = Change(one, judged[1], g.Base.Name, diff.After(g.Base.At), snapshot, now)
	}
	return ReportOf([]pipeline.Scanned{stay(one, base, decided)}, snapshot, s.set().policies.Live, now), nil
}

// rollbacks are those that hold for a project; none without one.
func (s *Service) rollbacks(ctx context.Context, project *tocsin.Project, embargoed bool) ([]incidents.Decided, error) {
	if project == nil {
		return nil, nil
	}
	list, err := s.store.RolledBack(ctx)
	if err != nil {
		return nil, err
	}
	return incidents.InForce(list, project.Slug, embargoed, s.opts.Now()), nil
}

// excusedBy are the exceptions that decisions make for what was found.
func excusedBy(decided []incidents.Decided, one pipeline.Scanned) []tocsin.Exception {
	var out []tocsin.Exception
	for _, d := range decided {
		for _, found := range one.Decisions {
			if x, ok := d.Excuse(found.Finding, one.Project.Slug); ok {
				out = append(out, x)
			}
		}
	}
	return out
}

// maxStrays bounds the packages that one line names.
const maxStrays = 5

// stay fails what has another version than was decided. With a base it fails what the base did not have: the rest is said.
func stay(one pipeline.Scanned, base *tocsin.Inventory, decided []incidents.Decided) pipeline.Scanned {
	for _, d := range decided {
		strays := d.Strays(one.Inventory.Packages)
		if len(strays) == 0 {
			continue
		}
		fresh := strays
		if base != nil {
			fresh = slices.DeleteFunc(slices.Clone(strays), func(p tocsin.Package) bool {
				return slices.ContainsFunc(base.Packages, func(b tocsin.Package) bool { return tocsin.ComparePackages(b, p) == 0 })
			})
		}
		has := ""
		for i, p := range strays[:min(len(strays), maxStrays)] {
			if i > 0 {
				has += ", "
			}
			has += p.Version
		}
		one.Why = append(one.Why, fmt.Sprintf("%s; this has %s", markdown.Line(d.Says(), 300), markdown.Line(has, 200)))
		if len(fresh) > 0 {
			one.Gate = one.Gate.Worse(tocsin.GateFail)
		}
	}
	return one
}
