package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/policies"
)

func policyTestCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "test POLICY...",
		Short: "Run the tests that lie beside policies, and say which rules and rows none of them reaches",
		Long: `Test runs the cases of NAME_test.yaml beside each NAME.yaml. A case gives what differs from an ordinary finding
and says what it wants decided. Rules and rows of tables that no case reaches are named; with --strict they fail.`,
		Example: `  tocsin policy test team.yaml
  tocsin policy test --strict policies/*.yaml
  tocsin policy test emergency             # a shipped pack`,
		Args: usage(cobra.MinimumNArgs(1)),
	}
	strict := cmd.Flags().Bool("strict", false, "also fail if a rule or a row is not reached")
	format := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		asJSON, err := format()
		if err != nil {
			return err
		}
		var reports []policies.TestReport
		for _, name := range args {
			if strings.HasSuffix(name, "_test.yaml") || strings.HasSuffix(name, "_test.yml") {
				continue // "policies/*.yaml" names them too
			}
			r, err := runCases(cmd.Context(), name)
			if err != nil {
				return exit{exitUsage, err}
			}
			reports = append(reports, r)
		}
		if asJSON {
			err = writeJSON(cmd.OutOrStdout(), reports)
		} else {
			showCases(cmd.OutOrStdout(), reports)
		}
		if err != nil {
			return err
		}
		failed, untested := 0, 0
		for _, r := range reports {
			failed += len(r.Failures)
			untested += len(r.UntestedRules) + len(r.UntestedRows)
		}
		switch {
		case failed > 0:
			return exit{exitFailed, fmt.Errorf("%d expectations failed", failed)}
		case *strict && untested > 0:
			return exit{exitFailed, fmt.Errorf("%d rules and rows are not reached by any case", untested)}
		}
		return nil
	}
	return cmd
}

func runCases(ctx context.Context, name string) (policies.TestReport, error) {
	p, err := app.Policy(name)
	if err != nil {
		return policies.TestReport{}, err
	}
	file, cases, err := app.PolicyCases(name)
	if err != nil {
		return policies.TestReport{}, err
	}
	return policies.Test(ctx, p, file, cases)
}

func showCases(w io.Writer, reports []policies.TestReport) {
	for _, r := range reports {
		for _, f := range r.Failures {
			fmt.Fprintln(w, markdown.Line(f, 1000))
		}
		fmt.Fprintf(w, "%s: %d cases, %d failed; %d of %d rules reached", r.Policy, r.Cases, len(r.Failures), r.Rules-len(r.UntestedRules), r.Rules)
		if r.Rows > 0 {
			fmt.Fprintf(w, ", %d of %d rows", r.Rows-len(r.UntestedRows), r.Rows)
		}
		fmt.Fprintln(w)
		for _, u := range append(r.UntestedRules, r.UntestedRows...) {
			fmt.Fprintf(w, "  not reached: %s\n", markdown.Line(u, 300))
		}
	}
}

func policyExplainCommand() *cobra.Command {
	f := scanFlags{format: "table", onUndecided: "fail"} // it scans, and writes no report
	var given, pkg, advisory string
	cmd := &cobra.Command{
		Use:   "explain [PATH...]",
		Short: "Explain what policies say of a finding, and what would change the answer",
		Long: `Explain shows the tree behind a decision: each condition with the values that it saw, the rule that won, those that
would have come next, and what would change the answer. The finding is one that a scan of PATH finds, or one given in
the form of a test case.`,
		Example: `  tocsin policy explain --policy emergency --package lodash package-lock.json
  tocsin policy explain --policy team.yaml --advisory CVE-2021-44228 .
  tocsin policy explain --policy emergency --given '{advisory: {rating: critical, epss: 0.2}, project: {exposure: public}}'`,
	}
	data := dataFlag(cmd)
	cmd.Flags().StringSliceVar(&f.policies, "policy", []string{"release-gate", "emergency"}, "policy packs by name, or files")
	cmd.Flags().StringVar(&given, "given", "", "a finding as a test case gives it, in YAML")
	cmd.Flags().StringVar(&pkg, "package", "", "only findings of this package")
	cmd.Flags().StringVar(&advisory, "advisory", "", "only findings of this advisory, by id or alias")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		set, err := app.Policies(f.policies)
		if err != nil {
			return exit{exitUsage, err}
		}
		if given != "" {
			in, err := policies.ParseInput("--given", []byte(given))
			if err != nil {
				return exit{exitUsage, err}
			}
			explainInput(cmd.OutOrStdout(), set, in)
			return nil
		}
		dir, err := data()
		if err != nil {
			return err
		}
		return explainFindings(cmd, f, dir, set, args, func(f tocsin.Finding) bool {
			return (pkg == "" || f.Package.Name == pkg) && (advisory == "" || f.Class.Has(advisory))
		})
	}
	return cmd
}

// maxExplained bounds the findings that are explained at once.
const maxExplained = 50

func explainFindings(cmd *cobra.Command, f scanFlags, data string, set policies.Set, paths []string, wanted func(tocsin.Finding) bool) error {
	sources, done, err := open(paths)
	if err != nil {
		return err
	}
	defer done()
	e, err := newExam(cmd, f, data, set)
	if err != nil {
		return err
	}
	scanned, err := e.judged(sources)
	if err != nil {
		return err
	}
	w, shown, left := cmd.OutOrStdout(), 0, 0
	for _, s := range scanned {
		for _, d := range s.Decisions {
			if !wanted(d.Finding) {
				continue
			}
			if shown++; shown > maxExplained {
				left++
				continue
			}
			fmt.Fprintf(w, "%s  %s  %s\n", markdown.Line(d.Finding.Package.String(), 200), d.Finding.Class.ID, markdown.Line(s.Inventory.Source, 200))
			in := policies.NewInput(d.Finding, s.Context)
			explainInput(w, e.set, in)
			fmt.Fprintln(w)
		}
	}
	switch {
	case shown == 0:
		return exit{exitNothing, fmt.Errorf("no finding like that in %s", strings.Join(paths, ", "))}
	case left > 0:
		fmt.Fprintf(w, "… and %d more; name one with --package and --advisory\n", left)
	}
	return nil
}

func explainInput(w io.Writer, set policies.Set, in policies.Input) {
	d := set.Decide(in)
	tree(w, d.Reason, "")
	for _, n := range set.Next(in) {
		fmt.Fprintf(w, "next would have come %s %s: %s\n", n.Rule, n.Then, markdown.Line(n.Because, 300))
	}
	changes := set.Changes(in)
	if len(changes) == 0 {
		fmt.Fprintln(w, "no other value of one or two inputs would change the answer")
	}
	for _, c := range changes {
		var then []string
		if c.Gate != d.Gate {
			then = append(then, fmt.Sprintf("gate %s (%s)", c.Gate, orDefault(c.GateRule)))
		}
		if c.Response != d.Response {
			then = append(then, fmt.Sprintf("response %s (%s)", c.Response, orDefault(c.ResponseRule)))
		}
		fmt.Fprintf(w, "if %s: %s\n", markdown.Line(strings.Join(c.Inputs, " and "), 300), strings.Join(then, ", "))
	}
}

func orDefault(rule string) string {
	if rule == "" {
		return "default"
	}
	return "rule " + rule
}
