package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	scenario "github.com/tocsin-dev/tocsin/incidents/drill"
	"github.com/tocsin-dev/tocsin/internal/drill/view"
)

func drillReportCommand() *cobra.Command {
	var path, at string
	var format func() (bool, error)
	cmd := &cobra.Command{
		Use: "report FILE...", Short: "Set kept results of drills beside each other, and say what is not ready", Args: usage(cobra.MinimumNArgs(1)),
		Long: `Report reads results that were kept ("tocsin drill run --format json > FILE") and says how scores went, what went wrong more than once,
and what should be mended before the next emergency: playbooks that were never drilled or not for 180 days, and with --config people
whom nothing reaches, or who have not said for 180 days how they are reached (confirmed: in the governance), and roles that nobody can
take. A drill is dated by held: in the file of its moves.`,
		Example: "  tocsin drill report drills/*.json\n  tocsin drill report drills/*.json --config tocsin.yaml --format json | jq -r '.gaps[]'",
	}
	cmd.Flags().StringVar(&path, "config", "", "configuration whose governance is looked at too")
	cmd.Flags().StringVar(&at, "at", "", "the day from which 180 days are counted back (default: today)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
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
		var list []scenario.Result
		for _, name := range args {
			r, err := readResult(name)
			if err != nil {
				return exit{exitUsage, err}
			}
			list = append(list, r)
		}
		rules, err := drilled(path)
		if err != nil {
			return exit{exitUsage, err}
		}
		var g *tocsin.Governance
		if path != "" {
			g = &rules.Governance
		}
		t := scenario.TrendOf(list)
		if gaps := scenario.Gaps(list, rules.Playbooks, g, now); len(gaps) > 0 {
			t.Gaps = gaps
		}
		if asJSON {
			return writeJSON(cmd.OutOrStdout(), t)
		}
		return view.Trend(cmd.OutOrStdout(), t)
	}
	format = formatFlag(cmd)
	return cmd
}

// maxResult bounds a kept result, in bytes.
const maxResult = 16 << 20

func readResult(name string) (r scenario.Result, err error) {
	f, err := os.Open(name)
	if err != nil {
		return r, fmt.Errorf("reading the result of a drill: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxResult))
	if err != nil {
		return r, fmt.Errorf("reading the result of a drill: %w", err)
	}
	if err := json.Unmarshal(text, &r); err != nil || !r.Exercise || r.Drill == "" {
		return r, fmt.Errorf("%w: %s is no result of a drill: keep one with tocsin drill run NAME --format json > %s", tocsin.ErrInvalid, name, name)
	}
	return r, nil
}
