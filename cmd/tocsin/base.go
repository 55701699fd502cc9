package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/gittree"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/scanner/diff"
	"github.com/tocsin-dev/tocsin/scanner/report"
)

// maxBaseline is the age at which a report no longer says what was there before a change. CI systems keep files no longer.
const maxBaseline = 90 * tocsin.Day

// maxNames is how many targets of a report an error names.
const maxNames = 10

// A base is what a change is compared with: a commit, or an earlier report.
type base struct {
	name   string
	source pipeline.Source
	news   diff.News
	tree   *gittree.Tree // nil for a report
}

// openBases gives the base of every path: from the branch, or from the report if there is none.
func openBases(paths []string, ref, file string, now time.Time) ([]base, error) {
	var r report.Report
	if ref == "" {
		var err error
		if r, err = readBaseline(file, now); err != nil {
			return nil, err
		}
	}
	bases := make([]base, len(paths))
	for i, path := range paths {
		var err error
		if path = filepath.Clean(path); ref != "" {
			bases[i], err = commitBase(path, ref)
		} else {
			bases[i], err = reportBase(r, file, path, len(paths))
		}
		if err != nil {
			return nil, err
		}
	}
	return bases, nil
}

// commitBase is the path where HEAD left a branch. What is new there has an empty base.
func commitBase(path, ref string) (base, error) {
	folder, name := path, ""
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		folder, name = filepath.Split(path)
	}
	tree, err := gittree.MergeBase(filepath.Clean(folder), ref)
	if err != nil {
		return base{}, err
	}
	b := base{name: fmt.Sprintf("%.12s", tree.Commit), source: pipeline.Source{Origin: ref, FS: tree}, news: diff.After(tree.At), tree: tree}
	if name != "" {
		b.source.Paths = []string{name}
		if _, err := fs.Stat(tree, name); errors.Is(err, fs.ErrNotExist) {
			b.source.Inventory = &tocsin.Inventory{Source: ref, TakenAt: tree.At}
		}
	}
	return b, nil
}

// readBaseline reads an earlier report. One that is too old is stale data, not a mistake.
func readBaseline(file string, now time.Time) (report.Report, error) {
	f, err := os.Open(file)
	if err != nil {
		return report.Report{}, fmt.Errorf("%w: --baseline: %v", tocsin.ErrInvalid, err)
	}
	defer f.Close()
	r, err := report.Read(f)
	made := day(r.At)
	switch {
	case err != nil:
		return report.Report{}, fmt.Errorf("--baseline %s: %w", file, err)
	case now.Sub(r.At) > maxBaseline:
		return report.Report{}, exit{exitUndecided, fmt.Errorf("--baseline %s was made on %s, more than %d days ago: make a new one with tocsin scan --format json", file, made, maxBaseline/tocsin.Day)}
	case r.At.Sub(now) > tocsin.Day: // clocks differ, but not so much
		return report.Report{}, exit{exitUndecided, fmt.Errorf("--baseline %s was made on %s, which is yet to come: one of the clocks is wrong", file, made)}
	}
	return r, nil
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// reportBase is what an earlier report keeps of a path: the packages, to be judged again, and what was told of them. A report
// that the judged tree brings along is refused: a change could excuse itself by it.
func reportBase(r report.Report, file, path string, paths int) (base, error) {
	if gittree.Keeps(path, file) {
		return base{}, fmt.Errorf("--baseline %s: %w: it is committed in the judged tree, where a change could excuse itself; keep it in the CI system, or use --base", file, tocsin.ErrInvalid)
	}
	t, err := counterpart(r.Targets, path, paths)
	if err != nil {
		return base{}, fmt.Errorf("--baseline %s: %w", file, err)
	}
	inv := tocsin.Inventory{Source: t.Source, TakenAt: r.At, Packages: t.Contents.Packages, Edges: t.Contents.Edges, Coverage: t.Coverage}
	inv.Seal()
	return base{name: "the report of " + day(r.At), source: pipeline.Source{Origin: file, Inventory: &inv}, news: diff.Beyond(t.Decisions)}, nil
}

// counterpart is the target of a report that is the path: that of the same name, or the only one of the only path, wherever
// it was checked out.
func counterpart(targets []report.Target, path string, paths int) (report.Target, error) {
	if len(targets) == 1 && paths == 1 {
		return targets[0], nil
	}
	var names []string
	for _, t := range targets {
		if t.Source == path {
			return t, nil
		}
		names = append(names, t.Source)
	}
	if len(names) == 0 {
		return report.Target{}, fmt.Errorf("%w: nothing was scanned for it", tocsin.ErrInvalid)
	}
	return report.Target{}, fmt.Errorf("%w: it has no target %s, but %s", tocsin.ErrInvalid, path, strings.Join(names[:min(len(names), maxNames)], ", "))
}

// excuse takes up the exceptions that the branch keeps; they hold for both sides. A report keeps none, and those in the
// judged tree are left alone.
func (e *exam) excuse(sources []pipeline.Source, bases []base) error {
	for i, b := range bases {
		if b.tree == nil {
			return e.own(sources, false)
		}
		own, err := app.ExceptionsOf(b.tree, b.source.Origin, false, e.now)
		if err != nil {
			return err
		}
		unused(e.cmd.ErrOrStderr(), own)
		sources[i].Exceptions, bases[i].source.Exceptions = own.Exceptions, own.Exceptions
	}
	return nil
}

// remember takes the inventories of the bases, which the sources are compared with.
func (e *exam) remember(sources []pipeline.Source, bases []base) error {
	bar := newProgress(e.cmd.ErrOrStderr())
	defer bar.finish()
	for i := range bases {
		inv, err := pipeline.Inventory(e.cmd.Context(), bases[i].source, e.now, func(_, path string) { bar.show("reading " + path) })
		if err != nil {
			return err
		}
		bases[i].source.Inventory, sources[i].Before = &inv, &inv
	}
	return nil
}

// comparable refuses a report that has no file in common with what was read now: it is of another project.
func (b base) comparable(head tocsin.Inventory) error {
	if b.tree != nil {
		return nil
	}
	paths := map[string]bool{}
	for _, f := range b.source.Inventory.Coverage.Files {
		paths[f.Path] = true
	}
	now := head.Coverage.Files
	if len(paths) == 0 || len(now) == 0 || slices.ContainsFunc(now, func(f tocsin.FileCoverage) bool { return paths[f.Path] }) {
		return nil
	}
	return fmt.Errorf("--baseline %s: %w: it is of another project: it has none of the files of %s; make a new one if they all moved", b.source.Origin, tocsin.ErrInvalid, head.Source)
}
