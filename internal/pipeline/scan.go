package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/policies"
	"github.com/tocsin-dev/tocsin/policies/exceptions"
	"github.com/tocsin-dev/tocsin/scanner"
	"github.com/tocsin-dev/tocsin/scanner/match"
	"github.com/tocsin-dev/tocsin/scanner/pin"
)

// An Index is what matching asks, with the snapshot that it is.
type Index interface {
	match.Index
	Snapshot() tocsin.Snapshot
}

// A Source is one tree of files, or some files in it, that belongs to a project.
type Source struct {
	Project tocsin.Project
	// Origin says where it is, for people.
	Origin string
	FS     fs.FS
	// Dir is the tree on disk, for what needs more than to read it; empty where it is not on one.
	Dir   string
	Paths []string
	// Ref is the commit, and Fingerprint tells when nothing changed; empty where there is none. Left are files that were left out.
	Ref, Fingerprint string
	Left             []tocsin.FileCoverage
	// Inventory, if set, was taken before; nothing is read.
	Inventory *tocsin.Inventory
	// Build is the sending that brought it, nil if there was none.
	Build *tocsin.Build
	// Before is an earlier inventory of it, for facts that are told by comparing; nil if there is none.
	Before *tocsin.Inventory
	// Err says why it could not be opened; it then counts as unreadable.
	Err error
	// Exceptions are what people decided. They do not come from the tree itself.
	Exceptions []tocsin.Exception
	// FirstSeen is when classes were first found in the project, by class id; what is not in it is found for the first time.
	FirstSeen map[string]time.Time
	// FixKnown is when fixes were first known; what is not in it has none, or has it now for the first time.
	FixKnown map[store.Fix]time.Time
	// Reach says of findings how far the code gets to them, and changes nothing else; nil where nobody asked.
	Reach func(ctx context.Context, findings []tocsin.Finding) ([]tocsin.Finding, error)
}

// A Scanned is one source taken through to decisions.
type Scanned struct {
	Project   tocsin.Project
	Inventory tocsin.Inventory
	Decisions []tocsin.Decision
	// Context is what the policies knew beside the findings.
	Context policies.Context
	Gate    tocsin.Gate
	// Why are the reasons of the gate, one a line.
	Why []string
}

// Scan reads, matches and decides about sources together, so that policies see how far a flaw reaches. A source that
// cannot be read has a coverage line that says so and stops no other. The error is the context's or the index's.
func Scan(ctx context.Context, sources []Source, x Index, set policies.Set, now time.Time, progress func(project, path string)) ([]Scanned, error) {
	list, err := find(ctx, sources, x, now, progress)
	if err != nil {
		return nil, err
	}
	return decide(list, set, census{}, x.Snapshot(), now), nil
}

// A found is a source with what was found in it, before any policy is asked.
type found struct {
	source    Source
	inventory tocsin.Inventory
	findings  []tocsin.Finding
	// names are the packages that were looked at; nil: all.
	names store.Names
	// version of the project as the store has it, if it was read with the inventory; news says that the store has another inventory.
	version *int64
	news    bool
	// watched says that the store has the project.
	watched bool
	// standing are decisions that hold as they are, about other packages, as far as incidents are about them.
	standing []tocsin.Decision
	// build is how the inventory came, nil if it was there.
	build *tocsin.Build
}

// about says whether a package was looked at.
func (f found) about(p tocsin.Package) bool {
	return f.names == nil || f.names[store.NameOf(p.Ecosystem, p.Name)] || p.SourceName != "" && f.names[store.NameOf(p.Ecosystem, p.SourceName)]
}

// judged are the names of all packages that were looked at, those named by their source package too; nil: all.
func (f found) judged() store.Names {
	if f.names == nil {
		return nil
	}
	out := maps.Clone(f.names)
	for _, p := range f.inventory.Packages {
		if p.SourceName != "" && f.about(p) {
			out[store.NameOf(p.Ecosystem, p.Name)] = true
		}
	}
	return out
}

func find(ctx context.Context, sources []Source, x Index, now time.Time, progress func(project, path string)) ([]found, error) {
	out := make([]found, len(sources))
	for i, src := range sources {
		f := found{source: src}
		var err error
		if f.inventory, err = Inventory(ctx, src, now, progress); err != nil {
			return nil, err
		}
		if f.findings, err = match.Run(ctx, f.inventory, x); err != nil {
			return nil, fmt.Errorf("matching %s: %w", src.Origin, err)
		}
		if src.Reach != nil {
			if f.findings, err = src.Reach(ctx, f.findings); err != nil {
				return nil, fmt.Errorf("reachability of %s: %w", src.Origin, err)
			}
		}
		out[i] = f
	}
	return out, nil
}

// decide applies policies to what was found, and leaves that as it is: others may be asked about it too. was is how far the
// classes reached before.
func decide(list []found, set policies.Set, was census, snapshot tocsin.Snapshot, now time.Time) []Scanned {
	out := make([]Scanned, len(list))
	findings := make([][]tocsin.Finding, len(list))
	for i, f := range list {
		out[i] = Scanned{Project: f.source.Project, Inventory: f.inventory}
		findings[i] = pins(slices.Clone(f.findings), f, set.Judges(tocsin.KindPin))
		findings[i] = exceptions.Apply(findings[i], f.source.Exceptions, f.source.Project, now)
	}
	c := policies.Context{Reach: was.with(out, findings), Feed: policies.FeedOf(snapshot, now), Now: now}
	for i := range out {
		s := &out[i]
		c.Project = s.Project
		s.Context = c
		for _, f := range findings[i] {
			c.FirstSeen, c.FixKnown = list[i].source.FirstSeen[f.Class.ID], list[i].source.FixKnown[store.FixOf(f)]
			d := set.Decide(policies.NewInput(f, c))
			if f.Class.Kind == tocsin.KindPin && d.Gate == tocsin.GatePass {
				continue // every new package has one, and nobody has anything to do about it
			}
			d.Project, d.Finding, d.Inventory, d.Snapshot = s.Project.Slug, f, s.Inventory.Digest, snapshot.ID
			s.Decisions = append(s.Decisions, d)
		}
		s.Gate, s.Why = policies.Gate(s.Decisions, s.Inventory.Coverage, snapshot, now)
	}
	return out
}

// pins adds the facts of their packages to findings, and where a policy judges pins the findings about these, sorted by package
// and class with the others.
func pins(found []tocsin.Finding, f found, judged bool) []tocsin.Finding {
	if len(found) == 0 && !judged {
		return nil
	}
	j := pin.New(f.inventory, f.source.Before)
	j.Note(found)
	if !judged {
		return found
	}
	own := slices.DeleteFunc(j.Findings(), func(p tocsin.Finding) bool { return !f.about(p.Package) })
	match.Paths(f.inventory, own)
	found = append(found, own...)
	slices.SortStableFunc(found, byPackage)
	return found
}

// byPackage is the order of findings.
func byPackage(f, g tocsin.Finding) int {
	return cmp.Or(tocsin.ComparePackages(f.Package, g.Package), strings.Compare(f.Class.ID, g.Class.ID))
}

// Inventory takes the inventory of one source, as Scan does. The error is the context's.
func Inventory(ctx context.Context, src Source, now time.Time, progress func(project, path string)) (tocsin.Inventory, error) {
	if src.Inventory != nil {
		return *src.Inventory, nil
	}
	opts := scanner.Options{Project: src.Project.Slug, Source: src.Origin, TakenAt: now, Paths: src.Paths}
	if progress != nil {
		opts.Progress = func(path string) { progress(src.Project.Slug, path) }
	}
	err := src.Err
	if err == nil {
		var inv tocsin.Inventory
		if inv, err = scanner.Scan(ctx, src.FS, opts); err == nil {
			if len(src.Left) > 0 {
				inv.Coverage.Files = append(inv.Coverage.Files, src.Left...)
				inv.Seal()
			}
			return inv, nil
		}
	}
	if ctx.Err() != nil {
		return tocsin.Inventory{}, ctx.Err()
	}
	inv := tocsin.Inventory{Project: opts.Project, Source: opts.Source, TakenAt: now}
	inv.Coverage.Files = []tocsin.FileCoverage{{Path: src.Origin, Status: tocsin.FileFailed, Reason: err.Error()}}
	inv.Seal()
	return inv, nil
}
