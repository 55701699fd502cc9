package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	scenario "github.com/tocsin-dev/tocsin/incidents/drill"
	"github.com/tocsin-dev/tocsin/incidents/playbooks"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/drill"
	"github.com/tocsin-dev/tocsin/internal/drill/view"
)

func drillCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "drill", Short: "Rehearse an emergency: replays of famous incidents and tabletop exercises, scored",
		Long: `A drill takes a scenario through the same engine that runs live, on a clock of its own: advisories become known when they did, policies
decide, incidents are opened and led by what a team did, and what would have been sent is kept. It reaches nobody and touches nothing
that is live; everything in it is marked as an exercise. docs/drills.md says how to hold one.`,
		Example: `  tocsin drill list
  tocsin drill plan log4shell-2021 > plan.md                        # for the facilitator
  tocsin drill run log4shell-2021                                   # as a trained team would
  tocsin drill run log4shell-2021 --moves ours.yaml --format json > 2026-07.json
  tocsin drill report 2026-*.json --config tocsin.yaml`,
	}
	return group(cmd, drillListCommand(), drillPlanCommand(), drillRunCommand(), drillReportCommand())
}

// A listed scenario.
type listed struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	Kind    string `json:"kind"`
	Title   string `json:"title"`
	Hours   int    `json:"hours"` // of its clock
	Points  int    `json:"points"`
}

func drillListCommand() *cobra.Command {
	var format func() (bool, error)
	cmd := &cobra.Command{
		Use: "list", Short: "List the scenarios that come with the program", Args: usage(cobra.NoArgs),
		Example: "  tocsin drill list\n  tocsin drill list --format json | jq -r '.[].name'",
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		asJSON, err := format()
		if err != nil {
			return err
		}
		list := []listed{}
		for _, name := range scenario.Names() {
			s, err := drill.Open(name)
			if err != nil {
				return err
			}
			one := listed{Name: s.Name, Version: s.Version, Kind: string(s.Kind), Title: s.Title, Hours: int(s.End.Sub(s.Start).Hours())}
			for _, e := range s.Expect {
				one.Points += e.Points
			}
			list = append(list, one)
		}
		if asJSON {
			return writeJSON(cmd.OutOrStdout(), list)
		}
		t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "NAME\tKIND\tHOURS\tPOINTS\tTITLE")
		for _, s := range list {
			fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%s\n", s.Name, s.Kind, s.Hours, s.Points, s.Title)
		}
		return t.Flush()
	}
	format = formatFlag(cmd)
	return cmd
}

func drillPlanCommand() *cobra.Command {
	return &cobra.Command{
		Use: "plan NAME|FILE", Short: "Write what a facilitator needs, as Markdown", Args: usage(cobra.ExactArgs(1)),
		Example: "  tocsin drill plan xz-2024 > plan.md\n  tocsin drill plan ours.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := drill.Open(args[0])
			if err != nil {
				return exit{exitUsage, err}
			}
			books, err := playbooks.Shipped()
			if err != nil {
				return err
			}
			return view.Plan(cmd.OutOrStdout(), s, books)
		},
	}
}

func drillRunCommand() *cobra.Command {
	var moves, out, path, format string
	cmd := &cobra.Command{
		Use: "run NAME|FILE", Short: "Play a scenario on its own clock, and score it", Args: usage(cobra.ExactArgs(1)),
		Long: `Run plays a scenario with its own moves, which are those of a trained team, or with those that a facilitator wrote down (--moves; - is
standard input). It takes no longer than a second or so, asks nothing of the world, and gives the same report for the same files.

With --config it is played by the policies of a configuration and by its governance, whose people are called then.`,
		Example: `  tocsin drill run chalk-debug-2025
  tocsin drill run chalk-debug-2025 --moves ours.yaml --format markdown > report.md
  tocsin drill run ours.yaml --config tocsin.yaml --out sent/ --format json > 2026-07.json`,
	}
	cmd.Flags().StringVar(&moves, "moves", "", "file of what the team did, - for standard input (default: the scenario's own)")
	cmd.Flags().StringVar(&out, "out", "", "new folder to which everything is written that would have been sent")
	cmd.Flags().StringVar(&path, "config", "", "configuration whose policies and governance are drilled (default: those that are shipped)")
	cmd.Flags().StringVar(&format, "format", "table", "table, markdown, json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !slices.Contains([]string{"table", "markdown", "json"}, format) {
			return exit{exitUsage, fmt.Errorf("--format %q: want table, markdown or json", format)}
		}
		s, err := drill.Open(args[0])
		if err != nil {
			return exit{exitUsage, err}
		}
		m := scenario.Moves{List: s.Moves}
		if moves != "" {
			if m, err = drill.OpenMoves(moves, cmd.InOrStdin(), s); err != nil {
				return exit{exitUsage, err}
			}
		}
		rules, err := drilled(path)
		if err != nil {
			return exit{exitUsage, err}
		}
		o, err := drill.Run(cmd.Context(), rules, s, m)
		if err != nil {
			return err
		}
		if out != "" {
			if err := keepSent(out, o.Sent); err != nil {
				return exit{exitUsage, err}
			}
		}
		switch format {
		case "json":
			return writeJSON(cmd.OutOrStdout(), o.Result)
		case "markdown":
			return view.Markdown(cmd.OutOrStdout(), o.Result)
		}
		return view.Table(cmd.OutOrStdout(), o.Result)
	}
	return cmd
}

// drilled are the rules that a drill is played by: those of a configuration, or those that are shipped.
func drilled(path string) (r drill.Rules, err error) {
	c := config.Config{Policies: []string{"emergency"}}
	if path != "" {
		if c, err = config.Load(path); err != nil {
			return r, err
		}
	}
	modes, err1 := app.PoliciesByMode(c.Policies)
	books, _, err2 := app.Playbooks(c.Playbooks)
	g, err3 := app.Governance(c.Governance)
	return drill.Rules{Policies: modes.Live, Playbooks: books, Governance: g}, errors.Join(err1, err2, err3)
}

// keepSent writes each text to a file of its own.
func keepSent(dir string, list []drill.Sent) error {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("--out %s: is not empty; name a new folder", dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	for i, s := range list {
		name := fmt.Sprintf("%03d-%s.md", i+1, strings.ReplaceAll(s.Kind, " ", "-"))
		text := fmt.Sprintf("%s\n\nTo: %s\nAt: %s\n\n%s", s.Title, s.To, s.At.UTC().Format("2006-01-02 15:04 UTC"), s.Body)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
	}
	return nil
}
