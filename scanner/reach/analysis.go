package reach

import (
	"context"
	"errors"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// An Analysis looks into the Go modules of one folder. Its fields are all needed.
type Analysis struct {
	// Dir is the folder that was scanned, on disk.
	Dir string
	// Record gives an OSV record as JSON, or [tocsin.ErrNotFound]. https://ossf.github.io/osv-schema/
	Record func(ctx context.Context, id string) ([]byte, error)
	// Command runs [Govulncheck] in a process of its own, with the arguments that follow.
	Command []string
	// Limit is the time for all modules together.
	Limit time.Duration
}

// Findings gives the same findings in the same order, each in Go with its [tocsin.Reachability]. A package that several
// modules require is as near as the nearest. The error is the context's or that of the records.
func (a Analysis) Findings(ctx context.Context, findings []tocsin.Finding) ([]tocsin.Finding, error) {
	out := slices.Clone(findings)
	modules := map[string][]int{} // folder of a go.mod to the findings in it
	for i, f := range out {
		if f.Package.Ecosystem != "Go" {
			continue
		}
		folders := modulesOf(f.Package)
		if len(folders) == 0 {
			out[i].Reachability = unknown("it was found without the source that uses it")
		}
		for _, dir := range folders {
			modules[dir] = append(modules[dir], i)
		}
	}
	if len(modules) == 0 {
		return out, nil
	}
	limited, stop := context.WithTimeout(ctx, a.Limit)
	defer stop()
	env, why := environment(limited)
	if errors.Is(limited.Err(), context.DeadlineExceeded) {
		why = errTime
	}
	for _, dir := range slices.Sorted(maps.Keys(modules)) {
		err := a.module(limited, env, why, dir, out, modules[dir])
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// modulesOf are the folders of the go.mod files that require a package, relative to what was scanned.
func modulesOf(p tocsin.Package) []string {
	var out []string
	for _, l := range p.Location {
		if name := path.Base(l.Path); name == "go.mod" || name == "go.sum" { // before Go 1.17 only go.sum named them all
			out = append(out, path.Dir(l.Path))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// module looks into one module and joins what it finds to the findings in it. why says why no module can be looked into.
func (a Analysis) module(ctx context.Context, env []string, why error, dir string, findings []tocsin.Finding, in []int) error {
	var list []tocsin.Finding
	for _, i := range in {
		list = append(list, findings[i])
	}
	records, err := a.records(ctx, list)
	if err != nil && ctx.Err() == nil {
		return err
	}
	var found answers
	if why == nil && err != nil {
		why = errTime
	}
	if why == nil && len(records) > 0 {
		found, why = a.run(ctx, env, dir, records)
	}
	for _, i := range in {
		findings[i].Reachability = nearest(findings[i].Reachability, judge(findings[i], records, found, why))
	}
	return nil
}

// run asks govulncheck about one module. The error says why it cannot tell.
func (a Analysis) run(ctx context.Context, env []string, dir string, records []record) (answers, error) {
	db, err := os.MkdirTemp("", "tocsin-reach-*")
	if err != nil {
		return answers{}, err
	}
	defer os.RemoveAll(db) // records that are kept elsewhere
	if err := write(db, records); err != nil {
		return answers{}, err
	}
	full, err := filepath.Abs(filepath.Join(a.Dir, filepath.FromSlash(dir)))
	if err != nil {
		return answers{}, err
	}
	args := []string{"-C", full, "-db", fileURL(db), "-format", "json", "./..."}
	text, err := execute(ctx, env, append(slices.Clone(a.Command), args...), full)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return answers{}, errTime
	case err != nil:
		return answers{}, err
	}
	return read(text, dir, initialisers(records))
}
