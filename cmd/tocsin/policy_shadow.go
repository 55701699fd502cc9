package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin/internal/replay"
	"github.com/tocsin-dev/tocsin/internal/replay/view"
	"github.com/tocsin-dev/tocsin/internal/store"
)

func policyShadowCommand() *cobra.Command {
	var path, name, since, format string
	var all bool
	cmd := &cobra.Command{
		Use:   "shadow",
		Short: "Say how shadow policies would have decided while they ran beside those in force",
		Long: `Shadow reads the ledger of policies with "mode: shadow" in the configuration. Each run of "tocsin run" asks them about the
same findings as the policies in force, and keeps what would have been decided if they were enforced: in the place of a policy
of the same name, or beside the others. Nothing is ever sent or opened because of them.

Differences are gained (only the shadow policy says anything), lost, louder and quieter. A changed file is another version,
with an account of its own.`,
		Example: `  tocsin policy shadow --config tocsin.yaml
  tocsin policy shadow --config tocsin.yaml --policy emergency --since 2026-01-31
  tocsin policy shadow --format markdown       # for the pull request that switches it on`,
		Args: usage(cobra.NoArgs),
	}
	cmd.Flags().StringVar(&path, "config", "tocsin.yaml", "configuration file")
	cmd.Flags().StringVar(&name, "policy", "", "only the policy of this name")
	cmd.Flags().StringVar(&since, "since", "", "first day, as 2026-01-31 (default all that is kept)")
	cmd.Flags().StringVar(&format, "format", "table", "table, json, markdown")
	cmd.Flags().BoolVar(&all, "all", false, "show all rows of the tables")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if format != "table" && format != "json" && format != "markdown" {
			return exit{exitUsage, fmt.Errorf("--format %q: want table, json or markdown", format)}
		}
		var from time.Time
		if since != "" {
			var err error
			if from, err = time.Parse(time.DateOnly, since); err != nil {
				return exit{exitUsage, fmt.Errorf("--since %q is not a day: write 2026-01-31", since)}
			}
		}
		var reports []replay.ShadowReport
		err := withStore(cmd.Context(), path, func(s *store.Store) (err error) {
			reports, err = shadowReports(cmd, s, name, from)
			return err
		})
		if err != nil {
			return err
		}
		if len(reports) == 0 {
			return exit{exitNothing, errors.New(`no such policy ran in shadow in that time: write "mode: shadow" in one of the configuration and let "tocsin run" run`)}
		}
		w := cmd.OutOrStdout()
		switch format {
		case "json":
			return writeJSON(w, reports)
		case "markdown":
			return view.ShadowMarkdown(w, reports)
		default:
			o := view.Options{Rows: shownRows, Width: width(w)}
			if all {
				o.Rows = 0
			}
			return view.ShadowTable(w, reports, o)
		}
	}
	return cmd
}

// shadowReports are those of the policies that ran at a time or later.
func shadowReports(cmd *cobra.Command, s *store.Store, name string, since time.Time) ([]replay.ShadowReport, error) {
	runs, err := s.ShadowRuns(cmd.Context())
	if err != nil {
		return nil, err
	}
	var out []replay.ShadowReport
	for _, run := range runs {
		if name != "" && run.Name != name || run.Last.Before(since) {
			continue
		}
		ledger, err := s.Shadowed(cmd.Context(), run.Policy, since)
		if err != nil {
			return nil, err
		}
		out = append(out, replay.ReportShadow(run, ledger, since))
	}
	return out, nil
}
