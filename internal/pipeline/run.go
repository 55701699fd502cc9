package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/policies"
)

// Portfolio takes projects from their sources to actions. Its fields are all needed, but for Shadow and Progress. It is safe for
// concurrent use if Progress is: whatever two runs say of one project or incident, one of them reads again and says it anew.
type Portfolio struct {
	Log      *slog.Logger
	Store    *store.Store
	Index    Index
	Policies policies.Set
	// Shadow policies are asked too, and heard by nobody.
	Shadow       []*policies.Policy
	Rules        incidents.Rules
	Writer       *incidents.Writer
	Coordination incidents.Coordination
	Now          func() time.Time
	Progress     func(project, path string)
}

// A Result is what one run came to. It is committed when Run returns.
type Result struct {
	Scanned []Scanned
	// Projects is how many were decided about. Where all were, Scanned has none of them.
	Projects int
	// Changes are the incidents that changed, with their events.
	Changes []incidents.Change
	// Planned are the actions that were written to the outbox.
	Planned []tocsin.Action
	// Recount are the slugs of the other projects that [Portfolio.Recount] is to decide about anew, for a class that they have
	// reaches further now, or less far.
	Recount []string
}

// conflicts is how often a run reads again when someone else said something about its projects or incidents meanwhile.
// Each time somebody else went on, so that as many as come at once are no more tries than that.
const conflicts = 64

// Run scans the sources, decides, folds the decisions into incidents and commits everything with the actions that
// follow. It carries out nothing: that is the outbox's. If the index is older than what the portfolio is being matched with, it is
// a [store.ErrBehind].
func (p Portfolio) Run(ctx context.Context, sources []Source) (Result, error) {
	now := p.Now()
	list, err := find(ctx, sources, p.Index, now, p.Progress)
	if err != nil {
		return Result{}, fmt.Errorf("scanning the portfolio: %w", err)
	}
	for i := range list {
		if list[i].build = list[i].source.Build; list[i].build == nil && list[i].source.Ref != "" {
			src := list[i].source
			list[i].build = &tocsin.Build{Project: src.Project.Slug, At: now, Inventory: list[i].inventory.Digest, Ref: src.Ref, By: tocsin.Self().Name}
		}
	}
	return p.settle(ctx, now, func(context.Context) ([]found, error) { return slices.Clone(list), nil })
}

// settle reads, decides, folds and commits, and does so again while someone else was faster.
func (p Portfolio) settle(ctx context.Context, now time.Time, read func(ctx context.Context) ([]found, error)) (r Result, err error) {
	for range conflicts {
		if r, err = p.attempt(ctx, now, read); !errors.Is(err, tocsin.ErrConflict) || errors.Is(err, store.ErrBehind) {
			return r, err
		}
	}
	return r, err
}

func (p Portfolio) attempt(ctx context.Context, now time.Time, read func(ctx context.Context) ([]found, error)) (Result, error) {
	list, err := read(ctx)
	if err != nil {
		return Result{}, err
	}
	if err := p.prepare(ctx, list); err != nil {
		return Result{}, err
	}
	was, err := p.census(ctx, list)
	if err != nil {
		return Result{}, err
	}
	scanned := p.judge(list, p.Policies, was, now)
	o := store.Outcome{Shadows: p.shadows(list, scanned, was, now), Counted: was.name}
	if o.Recount, err = p.swayed(ctx, was, scanned); err != nil {
		return Result{}, err
	}
	return p.fold(ctx, list, scanned, o, now)
}

// prepare adds what the store knows of the projects.
func (p Portfolio) prepare(ctx context.Context, list []found) error {
	slugs := make([]string, len(list))
	for i, f := range list {
		slugs[i] = f.source.Project.Slug
	}
	known, err := p.Store.Projects(ctx, store.ProjectQuery{Slugs: slugs})
	if err != nil {
		return err
	}
	versions := map[string]tocsin.Watched{}
	for _, w := range known {
		versions[w.Slug] = w
	}
	aged, mended := p.reads("finding.first_seen") || p.reads("finding.age"), p.reads("finding.fix_age")
	for i := range list {
		f := &list[i]
		var w tocsin.Watched
		w, f.watched = versions[f.source.Project.Slug]
		if f.version == nil {
			f.version = &w.Version
		} else if *f.version != w.Version {
			return fmt.Errorf("project %s was judged by someone else: %w", w.Slug, tocsin.ErrConflict)
		}
		f.news = w.Status.Inventory != f.inventory.Digest
		if aged {
			if f.source.FirstSeen, err = p.Store.FirstSeen(ctx, f.source.Project.Slug); err != nil {
				return err
			}
		}
		if mended {
			if f.source.FixKnown, err = p.Store.FixKnown(ctx, f.source.Project.Slug); err != nil {
				return err
			}
		}
	}
	return p.before(ctx, list)
}

// before gives each source the inventory that it is compared with, where anybody judges what changed.
func (p Portfolio) before(ctx context.Context, list []found) error {
	judges := func(s policies.Set) bool { return s.Judges(tocsin.KindPin) }
	if !judges(p.Policies) && !judges(policies.NewSet(p.Shadow...)) {
		return nil
	}
	for i := range list {
		f := &list[i]
		if f.source.Before != nil { // the base of a change
			continue
		}
		var err error
		if f.source.Before, err = p.Store.InventoryBefore(ctx, f.inventory); err != nil {
			return err
		}
	}
	return nil
}

// reads says whether any policy, of the shadows too, reads an input.
func (p Portfolio) reads(path string) bool {
	return p.Policies.Reads(path) || policies.NewSet(p.Shadow...).Reads(path)
}

// judge decides by one set of policies. What changed is a fact for a set that judges pins, and for no other: what one set wants to
// know must not show in the findings of another.
func (p Portfolio) judge(list []found, set policies.Set, was census, now time.Time) []Scanned {
	if !set.Judges(tocsin.KindPin) {
		list = slices.Clone(list)
		for i := range list {
			list[i].source.Before = nil
		}
	}
	return decide(list, set, was, p.Index.Snapshot(), now)
}
