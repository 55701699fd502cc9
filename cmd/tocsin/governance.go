package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

func governanceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "governance", Short: "Check who decides and who is called, and say who is on call",
		Long: `The governance says who may do what in an emergency, who is called for it and when. docs/governance.md leads through the file.`,
		Example: `  tocsin governance check governance.yaml
  tocsin governance oncall --file governance.yaml --at 2026-12-25T03:00Z`,
	}
	return group(cmd, governanceCheckCommand(), onCallCommand())
}

// checked is what a check of a governance, or of routes, came to.
type checked struct {
	File    string `json:"file"`
	Name    string `json:"name"`
	Version int    `json:"version"`
	Digest  string `json:"digest"`
	// Gaps are what may leave an emergency with nobody.
	Gaps []string `json:"gaps"`
}

// write says what there is to say; with gaps the exit code is 1.
func (c checked) write(cmd *cobra.Command, asJSON bool) error {
	if asJSON {
		if err := writeJSON(cmd.OutOrStdout(), c); err != nil {
			return err
		}
	}
	for _, gap := range c.Gaps {
		if !asJSON {
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", c.File, gap)
		}
	}
	if len(c.Gaps) > 0 {
		return exit{exitFailed, nil}
	}
	if !asJSON {
		fmt.Fprintf(cmd.OutOrStdout(), "%s: ok (%s, version %d, %s)\n", c.File, c.Name, c.Version, c.Digest)
	}
	return nil
}

func governanceCheckCommand() *cobra.Command {
	var format func() (bool, error)
	cmd := &cobra.Command{
		Use: "check FILE", Short: "Check a governance, and say what may leave an emergency with nobody", Args: usage(cobra.ExactArgs(1)),
		Long: `Check says everything that is wrong with file, line and column; then it is not obeyed. What is allowed and may still leave an emergency
with nobody is said too: people whom nothing reaches, times of the next four weeks in which nobody is on call, policies that may call
nobody, and incidents that no policy is for. Then it ends with exit code 1.`,
		Example: `  tocsin governance check governance.yaml
  tocsin governance check governance.yaml --format json | jq -r '.gaps[]'`,
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		asJSON, err := format()
		if err != nil {
			return err
		}
		g, err := app.Governance(args[0])
		if err != nil {
			return exit{exitUsage, err}
		}
		c := checked{File: args[0], Name: g.Name, Version: g.Version, Digest: g.Digest, Gaps: append([]string{}, app.CheckGovernance(g, time.Now().UTC())...)}
		return c.write(cmd, asJSON)
	}
	format = formatFlag(cmd)
	return cmd
}

func onCallCommand() *cobra.Command {
	var file, path, at string
	var format func() (bool, error)
	cmd := &cobra.Command{
		Use: "oncall", Short: "Say who is on call, and whom each step of each policy would call", Args: usage(cobra.NoArgs),
		Long: `Oncall asks the governance of the configuration, or a file, who is on call at a time and whom the steps of the escalation policies would
call then, if nobody had been called before and nobody held a role.`,
		Example: `  tocsin governance oncall
  tocsin governance oncall --at 2026-12-25T03:00Z
  tocsin governance oncall --file governance.yaml --format json | jq -r '.on_call[].person'`,
	}
	cmd.Flags().StringVar(&path, "config", "tocsin.yaml", "configuration file")
	cmd.Flags().StringVar(&file, "file", "", "governance file (default: that of the configuration)")
	cmd.Flags().StringVar(&at, "at", "", "a day or time (default: now)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		asJSON, err := format()
		if err != nil {
			return err
		}
		now := time.Now().UTC()
		if at != "" {
			if now, err = instant(at); err != nil {
				return exit{exitUsage, fmt.Errorf("--at: %w", err)}
			}
		}
		if file == "" {
			c, err := config.Load(path)
			if err != nil {
				return exit{exitUsage, err}
			}
			file = c.Governance
		}
		g, err := app.Governance(file)
		if err != nil {
			return exit{exitUsage, err}
		}
		d := app.DutyAt(g, now)
		if asJSON {
			return writeJSON(cmd.OutOrStdout(), d)
		}
		return duty(cmd.OutOrStdout(), d)
	}
	format = formatFlag(cmd)
	return cmd
}

// instant reads a day or a time.
func instant(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", time.DateOnly} {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q: want a day such as 2025-09-08 or a time such as 2025-09-08T13:16Z", s)
}

func duty(w io.Writer, d app.Duty) error {
	if len(d.OnCall)+len(d.Steps) == 0 {
		_, err := fmt.Fprintln(w, "the governance has nobody to call: add people, rotations and escalation; docs/governance.md says how")
		return err
	}
	fmt.Fprintf(w, "at %s\n\n", d.At.Format("2006-01-02 15:04 UTC"))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ROTATION\tON CALL\tUNTIL")
	for _, r := range d.OnCall {
		until := ""
		if !r.Until.IsZero() {
			until = r.Until.Format("2006-01-02 15:04 UTC")
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", markdown.Line(r.Rotation, 60), named(r.Person), until)
	}
	err := t.Flush()
	fmt.Fprintln(w)
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "POLICY\tSTEP\tAFTER\tCALLS\tNOT CALLED")
	for _, s := range d.Steps {
		who := named(strings.Join(s.Calls, ", "))
		if !s.Waits.IsZero() {
			who = "waits until " + s.Waits.Format("2006-01-02 15:04 UTC")
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\n", markdown.Line(s.Policy, 60), s.Step, time.Duration(s.After)*time.Second, who, markdown.Line(strings.Join(s.Passed, "; "), 200))
	}
	return errors.Join(err, t.Flush())
}

func named(s string) string {
	if s == "" {
		return "nobody"
	}
	return markdown.Line(s, 200)
}
