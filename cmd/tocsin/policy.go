package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/policies"
)

func policyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "policy", Short: "Write, test, try and switch on policies",
		Long: `Policies decide what is routine and what is an emergency. docs/policies.md leads from the first rule to one that is
tested, tried on the past and switched on, and lists what rules can ask for.`,
		Example: `  tocsin policy check team.yaml
  tocsin policy test team.yaml
  tocsin policy replay team.yaml --git .`,
	}
	return group(cmd, policyCheckCommand(), policyTestCommand(), policyExplainCommand(), policyShowCommand(), policyFormatCommand(), policySchemaCommand(),
		replayCommand(), policyDiffCommand(), policySweepCommand(), policyShadowCommand())
}

func policyCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE...",
		Short: "Check policies, and say everything that is wrong with file, line and column",
		Example: `  tocsin policy check team.yaml
  tocsin policy check release-gate        # a shipped pack`,
		Args: usage(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := app.Policies(args); err != nil {
				return exit{exitUsage, err}
			}
			for _, name := range args {
				p, err := app.Policy(name)
				if err != nil {
					return exit{exitUsage, err}
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: ok (%s, %s)\n", name, p.Name, p.Digest)
			}
			return nil
		},
	}
}

func policyShowCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show [POLICY]",
		Short: "Show what a policy says, or which are shipped",
		Example: `  tocsin policy show                       # the shipped packs
  tocsin policy show emergency             # its rules, tables and thresholds
  tocsin policy show emergency --source > team.yaml`,
		Args: usage(cobra.MaximumNArgs(1)),
	}
	source := cmd.Flags().Bool("source", false, "write the file itself, to begin one of your own")
	format := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		asJSON, err := format()
		if err != nil {
			return err
		}
		names := args
		if len(names) == 0 {
			names = app.Packs()
		}
		var list []policies.Summary
		for _, name := range names {
			text, err := app.PolicyText(name)
			if err != nil {
				return exit{exitUsage, err}
			}
			if *source && len(args) == 1 {
				_, err := cmd.OutOrStdout().Write(text)
				return err
			}
			p, err := policies.Load(name, text)
			if err != nil {
				return exit{exitUsage, err}
			}
			list = append(list, p.Describe())
		}
		switch {
		case asJSON:
			return writeJSON(cmd.OutOrStdout(), list)
		case len(args) == 0:
			for _, s := range list {
				fmt.Fprintf(cmd.OutOrStdout(), "%-16s %s\n", s.Name, markdown.Line(firstSentence(s.About), 200))
			}
			return nil
		default:
			return showPolicy(cmd.OutOrStdout(), list[0])
		}
	}
	return cmd
}

func firstSentence(s string) string {
	first, _, found := strings.Cut(s, ". ")
	if found {
		return first + "."
	}
	return s
}

// showPolicy writes a policy for those who decide whether to switch it on.
func showPolicy(w io.Writer, s policies.Summary) error {
	line := func(v string) string { return markdown.Line(v, 500) }
	fmt.Fprintf(w, "%s (%s, %s)\n%s\n", line(s.Name), s.Mode, s.Digest, line(s.About))
	for _, note := range [][2]string{{"author", s.Author}, {"reason", s.Reason}, {"from", date(s.From)}, {"until", date(s.Until)}} {
		if note[1] != "" {
			fmt.Fprintf(w, "%s: %s\n", note[0], line(note[1]))
		}
	}
	for _, n := range s.Tuned {
		fmt.Fprintf(w, "%s = %v, to be tried with \"tocsin policy sweep --param %s=FROM..TO\"\n", n.Name, n.Value, n.Name)
	}
	for _, t := range s.Tables {
		fmt.Fprintf(w, "table %s: %s, %d rows over %s\n", t.Name, line(t.Title), t.Rows, line(strings.Join(t.Inputs, ", ")))
		for _, more := range []string{t.Source, t.Note} {
			if more != "" {
				fmt.Fprintf(w, "  %s\n", line(more))
			}
		}
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	axis := ""
	for _, r := range s.Rules {
		if r.Axis != axis {
			axis = r.Axis
			fmt.Fprintf(t, "\n%s\trule\tseverity\tdue\tbecause\n", axis)
		}
		name, due := r.Name, ""
		if name == "" {
			name = "(no rule holds)"
		}
		if r.Due > 0 {
			due = shortDuration(r.Due)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", r.Then, name, r.Severity, due, line(r.Because))
	}
	return t.Flush()
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// shortDuration writes days where there are whole ones.
func shortDuration(d time.Duration) string {
	if d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
	return strings.TrimSuffix(strings.TrimSuffix(d.String(), "0s"), "0m")
}

func policyFormatCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "fmt FILE...",
		Short: "Lay policy files out in the one way: keys in order, comments kept",
		Example: `  tocsin policy fmt team.yaml
  tocsin policy fmt --check policies/*.yaml   # in CI: fails if one is laid out otherwise`,
		Args: usage(cobra.MinimumNArgs(1)),
	}
	check := cmd.Flags().Bool("check", false, "change nothing; fail if a file is laid out otherwise")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var unformatted []string
		for _, name := range args {
			was, err := os.ReadFile(name)
			if err != nil {
				return exit{exitUsage, err}
			}
			is, err := policies.Format(name, was)
			if err != nil {
				return exit{exitUsage, err}
			}
			if bytes.Equal(was, is) {
				continue
			}
			if *check {
				unformatted = append(unformatted, name)
				continue
			}
			if err := replaceFile(name, is); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), name)
		}
		if len(unformatted) > 0 {
			return exit{exitFailed, fmt.Errorf("laid out otherwise: %s; \"tocsin policy fmt\" mends it", strings.Join(unformatted, ", "))}
		}
		return nil
	}
	return cmd
}

// replaceFile writes a file beside the old one and puts it in its place, so that a program that is killed loses neither.
func replaceFile(name string, data []byte) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if err := os.WriteFile(name+".new", data, info.Mode().Perm()); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

func policySchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Write the JSON Schema of policy files, for editors",
		Example: `  tocsin policy schema > policy.schema.json
  # and as the first line of a policy:
  # yaml-language-server: $schema=policy.schema.json`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(policies.Schema())
			return err
		},
	}
}
