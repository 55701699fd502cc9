package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/gittree"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/policies"
	"github.com/tocsin-dev/tocsin/scanner/diff"
)

func gateCommand() *cobra.Command {
	var f scanFlags
	var base string
	cmd := &cobra.Command{
		Use:   "gate [FOLDER]",
		Short: "Judge a change by what it brings, not by what was there before it",
		Long: `Gate scans a folder of a Git repository and the same folder where HEAD left the base branch,
with the same advisories and policies, and judges what lies between. A finding that the change introduced,
or made worse, counts. One that was there already does not, nor one whose advisory was published since;
both are shown. Policies come from --policy, exceptions from --exceptions and from the files that the
base keeps: .tocsin/exceptions.yaml, VEX documents in .tocsin/vex, .vex and .openvex, osv-scanner.toml,
.trivyignore(.yaml) and .grype.yaml. Never from the judged tree, or a change could excuse itself.

What cannot be read, and data that is stale, leave the verdict undecided as in a scan.`,
		Example: `  tocsin gate --base origin/main
  tocsin gate --base origin/main --format json services/shop`,
		Args: usage(cobra.MaximumNArgs(1)),
	}
	data := dataFlag(cmd)
	f.add(cmd)
	cmd.Flags().StringVar(&base, "base", "", "branch, tag or commit that the change is for (required)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if base == "" {
			return exit{exitUsage, fmt.Errorf("--base is missing: name the branch that the change is for; tocsin scan judges the whole tree")}
		}
		dir, err := data()
		if err != nil {
			return err
		}
		folder := "."
		if len(args) > 0 {
			folder = args[0]
		}
		return gate(cmd, f, dir, filepath.Clean(folder), base)
	}
	return cmd
}

func gate(cmd *cobra.Command, f scanFlags, data, folder, ref string) error {
	sources, done, err := open([]string{folder})
	if err != nil {
		return err
	}
	defer done()
	tree, err := gittree.MergeBase(folder, ref)
	if err != nil {
		return err
	}
	e, err := newExam(cmd, f, data)
	if err != nil {
		return err
	}
	defer e.close()
	own, err := app.ExceptionsOf(tree, ref, false, e.now)
	if err != nil {
		return err
	}
	unused(cmd.ErrOrStderr(), own)
	e.excused = append(e.excused, own.Exceptions...)
	head, err := e.scan(sources)
	if err != nil {
		return err
	}
	base := pipeline.Source{Origin: ref, FS: tree}
	if f.reach {
		base.Reach = e.reachBefore(tree, head[0].Decisions)
	}
	before, err := e.scan([]pipeline.Source{base})
	if err != nil {
		return err
	}
	d := diff.Compare(before[0].Decisions, head[0].Decisions, tree.At)
	shown := head[0]
	shown.Gate, shown.Why = policies.Gate(d.Answerable(), shown.Inventory.Coverage, e.index.Snapshot(), e.now)
	shown.Why = append(shown.Why, fmt.Sprintf("against %.12s: %d introduced, %d made worse, %d newly disclosed, %d pre-existing, %d fixed",
		tree.Commit, d.Count(tocsin.ChangeIntroduced), d.Count(tocsin.ChangeRaised), d.Count(tocsin.ChangeDisclosed), d.Count(tocsin.ChangeExisting), len(d.Fixed)))
	shown.Decisions = d.Decisions
	whole := e.report([]pipeline.Scanned{shown})
	if f.format == "table" { // people are shown what the change answers for; programs get all, each with its change
		shown.Decisions = d.Answerable()
	}
	r := e.report([]pipeline.Scanned{shown})
	if err := write(cmd, f, data, r, whole); err != nil {
		return err
	}
	return conclude(r, f)
}
