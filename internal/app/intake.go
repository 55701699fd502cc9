package app

import (
	"context"
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/tracing"
)

// Take keeps an inventory that was sent for a project, with what is decided about it and what follows: all of it is there when Take
// returns. The same packages again are another build, and nothing else. fresh says that the project had another inventory before.
func (s *Service) Take(ctx context.Context, slug string, inv tocsin.Inventory, b tocsin.Build) (fresh bool, err error) {
	w, err := s.store.Project(ctx, slug)
	if err != nil {
		return false, err
	}
	if w.Status.Inventory == inv.Digest {
		return false, s.store.PutBuild(ctx, b)
	}
	src := pipeline.Source{Project: w.Project, Origin: inv.Source, Exceptions: s.set().excused}
	_, err = s.keep(ctx, src, inv, b)
	return true, err
}

// judge takes inventories to verdicts, each by itself and all by the same index, and keeps nothing. project is the one whose facts and
// exceptions count, nil for none; what was decided of its versions counts as accepted. Who may not know what is under embargo gets the
// verdicts as if there were nothing.
func (s *Service) judge(ctx context.Context, project *tocsin.Project, embargoed bool, decided []incidents.Decided, list ...pipeline.Source) (out []pipeline.Scanned, snapshot tocsin.Snapshot, err error) {
	defer func(began time.Time) { s.metrics.gate.Observe(time.Since(began).Seconds()) }(time.Now())
	ctx, span := tracing.Start(ctx, tracing.NameJudge, tracing.Packages(len(list[0].Inventory.Packages)))
	defer func() { span.End(err) }()
	excused := s.set().excused
	err = s.indexes.with(func(x pipeline.ClassIndex) error {
		snapshot = x.Snapshot()
		p := s.portfolio(x)
		if !embargoed && hasPrivate(snapshot) {
			p.Index = public{x}
		}
		out = nil
		for _, src := range list {
			src.Origin = src.Inventory.Source
			if project != nil {
				src.Project, src.Exceptions = *project, excused
			}
			one, err := p.Judge(ctx, src)
			if more := excusedBy(decided, one); err == nil && len(more) > 0 {
				src.Exceptions = append(slices.Clip(src.Exceptions), more...)
				one, err = p.Judge(ctx, src)
			}
			if err != nil {
				return err
			}
			out = append(out, one)
		}
		return nil
	})
	return out, snapshot, err
}

func hasPrivate(s tocsin.Snapshot) bool {
	return slices.ContainsFunc(s.Feeds, func(f tocsin.FeedState) bool {
		return f.Name != pipeline.FeedOSV && f.Name != pipeline.FeedKEV && f.Name != pipeline.FeedEPSS
	})
}

// public is an index without the classes that are under embargo.
type public struct{ pipeline.ClassIndex }

// Lookup leaves out the postings of such classes.
func (p public) Lookup(ecosystem, name string) ([]tocsin.Postings, error) {
	lists, err := p.ClassIndex.Lookup(ecosystem, name)
	for i := range lists {
		lists[i].List = slices.DeleteFunc(slices.Clone(lists[i].List), func(posting tocsin.Posting) bool {
			c, failed := p.Class(posting.Class)
			if failed != nil {
				err = failed
			}
			return c.Private
		})
	}
	return lists, err
}
