package main

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/policies"
	"github.com/tocsin-dev/tocsin/scanner/diff"
)

func gateCommand() *cobra.Command {
	var f scanFlags
	var ref, file string
	cmd := &cobra.Command{
		Use:   "gate [PATH]",
		Short: "Judge a change by what it brings, not by what was there before it",
		Long: `Gate judges what lies between a base and what is there now, both by the same advisories and policies.
A finding that the change introduced, or made worse, counts. One that was there already does not, nor one
that is only known since; both are shown. They count in "tocsin scan", which says whether all of it may be
released.

The base is one of two. --base names a branch: gate scans the same folder where HEAD left it. --baseline
names a JSON report that "tocsin scan" or "tocsin gate" wrote earlier, for where there is no history of Git:
the packages in it are judged again, and newly disclosed is what the report did not tell. It must come from
where the judged change cannot write, be of the same files and be at most 90 days old.

Policies come from --policy, exceptions from --exceptions and from the files that the branch of --base
keeps: .tocsin/exceptions.yaml, VEX documents in .tocsin/vex, .vex and .openvex, osv-scanner.toml,
.trivyignore(.yaml) and .grype.yaml. Never from the judged tree, or a change could excuse itself.

What cannot be read, and data that is stale, leave the verdict undecided as in a scan.`,
		Example: `  tocsin gate --base origin/main
  tocsin gate --base origin/main --format json services/shop
  tocsin scan --report json=main.json .    # on the main branch, kept by the CI system
  tocsin gate --baseline main.json .       # on every change`,
		Args: usage(cobra.MaximumNArgs(1)),
	}
	data := dataFlag(cmd)
	f.add(cmd)
	cmd.Flags().StringVar(&ref, "base", "", "branch, tag or commit that the change is for")
	cmd.Flags().StringVar(&file, "baseline", "", "JSON report of what the change is for, instead of --base")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case ref == "" && file == "":
			return exit{exitUsage, fmt.Errorf("--base is missing: name the branch that the change is for, or an earlier report with --baseline; tocsin scan judges the whole tree")}
		case ref != "" && file != "":
			return exit{exitUsage, fmt.Errorf("--base and --baseline are two bases: give one of them")}
		}
		dir, err := data()
		if err != nil {
			return err
		}
		path := "."
		if len(args) > 0 {
			path = args[0]
		}
		return gate(cmd, f, dir, filepath.Clean(path), ref, file)
	}
	return cmd
}

func gate(cmd *cobra.Command, f scanFlags, data, path, ref, file string) error {
	sources, done, err := open([]string{path})
	if err != nil {
		return err
	}
	defer done()
	var b base
	if ref != "" {
		b, err = commitBase(path, ref)
	} else {
		b, err = reportBase(path, file, time.Now())
	}
	if err != nil {
		return err
	}
	e, err := newExam(cmd, f, data)
	if err != nil {
		return err
	}
	defer e.close()
	if err := b.excuse(e, sources); err != nil {
		return err
	}
	head, err := e.scan(sources)
	if err != nil {
		return err
	}
	if err := b.comparable(head[0].Inventory); err != nil {
		return err
	}
	before, err := e.scan([]pipeline.Source{b.source})
	if err != nil {
		return err
	}
	d := diff.Compare(before[0].Decisions, head[0].Decisions, b.news)
	shown := head[0]
	shown.Gate, shown.Why = policies.Gate(d.Answerable(), shown.Inventory.Coverage, e.index.Snapshot(), e.now)
	shown.Why = append(shown.Why, fmt.Sprintf("against %s: %d introduced, %d made worse, %d newly disclosed, %d pre-existing, %d fixed",
		b.name, d.Count(tocsin.ChangeIntroduced), d.Count(tocsin.ChangeRaised), d.Count(tocsin.ChangeDisclosed), d.Count(tocsin.ChangeExisting), len(d.Fixed)))
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
