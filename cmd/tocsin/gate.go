package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/scanner/diff"
)

func gateCommand() *cobra.Command {
	var f scanFlags
	var ref, file string
	var remote remoteGate
	cmd := &cobra.Command{
		Use:   "gate [PATH...]",
		Short: "Judge a change by what it brings, not by what was there before it",
		Long: `Gate judges what lies between a base and what is there now, both by the same advisories and policies.
A finding that the change introduced, or made worse, counts. One that was there already does not, nor one
that is only known since; the verdict numbers them. They count in "tocsin scan", which says whether all of
it may be released.

The base is one of two. --base names a branch: gate scans the same folder, or file, where HEAD left it;
with --base HEAD it judges what is not committed yet. --baseline names a JSON report that "tocsin scan" or
"tocsin gate" wrote earlier, for where there is no history of Git: the packages in it are judged again, and
newly disclosed is what the report did not tell. It must come from where the judged change cannot write, be
of the same files and be at most 90 days old.

Policies come from --policy, exceptions from --exceptions and from the files that the branch of --base
keeps: .tocsin/exceptions.yaml, VEX documents in .tocsin/vex, .vex and .openvex, osv-scanner.toml,
.trivyignore(.yaml) and .grype.yaml. Never from the judged tree, or a change could excuse itself.

Formats that give people something to do (table, markdown, html, github, junit) tell what the change answers
for. The others tell everything that is there, JSON and SARIF each with its change.

What cannot be read, and data that is stale, leave the verdict undecided as in a scan.

--server asks a Tocsin service instead, by its advisories, policies and exceptions: it gets the lockfiles,
manifests and SBOMs, nothing else. With --base it gets those of the branch too, and judges the change; without,
all that is found counts. The token comes from TOCSIN_TOKEN or from --token-file. A service that does not answer
leaves the verdict undecided.`,
		Example: `  tocsin gate --base origin/main
  tocsin gate --base origin/main --format json services/shop
  tocsin scan --report json=main.json .    # on the main branch, kept by the CI system
  tocsin gate --baseline main.json .       # on every change
  tocsin gate --server https://tocsin.example --project team/shop --base origin/main`,
	}
	data := dataFlag(cmd)
	f.add(cmd)
	cmd.Flags().StringVar(&ref, "base", "", "branch, tag or commit that the change is for")
	cmd.Flags().StringVar(&file, "baseline", "", "JSON report of what the change is for, instead of --base")
	remote.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case remote.server != "":
			return remote.gate(cmd, f, data, args, ref)
		case ref == "" && file == "":
			return exit{exitUsage, fmt.Errorf("--base is missing: name the branch that the change is for, or an earlier report with --baseline; tocsin scan judges the whole tree")}
		case ref != "" && file != "":
			return exit{exitUsage, fmt.Errorf("--base and --baseline are two bases: give one of them")}
		}
		dir, err := data()
		if err != nil {
			return err
		}
		if len(args) == 0 {
			args = []string{"."}
		}
		return gate(cmd, f, dir, args, ref, file)
	}
	return cmd
}

func gate(cmd *cobra.Command, f scanFlags, data string, paths []string, ref, file string) error {
	sources, done, err := open(paths)
	if err != nil {
		return err
	}
	defer done()
	bases, err := openBases(paths, ref, file, time.Now())
	if err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	set, err := inForce(cmd, f.policies)
	if err != nil {
		return err
	}
	e, err := newExam(cmd, f, data, set)
	if err != nil {
		return err
	}
	if err := e.excuse(sources, bases); err != nil {
		return err
	}
	if err := e.remember(sources, bases); err != nil {
		return err
	}
	var head, before []pipeline.Scanned
	err = e.judge(func() (err error) {
		if head, err = e.scan(sources); err != nil {
			return err
		}
		befores := make([]pipeline.Source, len(bases))
		for i, b := range bases {
			if err := b.comparable(head[i].Inventory); err != nil {
				return err
			}
			befores[i] = b.source
			if f.reach {
				befores[i].Reach = e.reachBefore(b.source.FS, head[i].Decisions)
			}
		}
		before, err = e.scan(befores)
		return err
	})
	if err != nil {
		return err
	}
	answered := slices.Clone(head)
	for i := range head {
		head[i] = app.Change(head[i], before[i], bases[i].name, bases[i].news, e.snapshot, e.now)
		answered[i] = head[i]
		answered[i].Decisions = diff.Answerable(head[i].Decisions)
	}
	whole := e.report(head)
	if err := write(cmd, f, data, e.report(answered), whole); err != nil {
		return err
	}
	return conclude(whole, f)
}
