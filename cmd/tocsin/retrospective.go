package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/store"
)

func retrospectiveCommand(path *string) *cobra.Command {
	var from, to, every string
	var price incidents.Price
	cmd := &cobra.Command{
		Use: "retrospective", Args: usage(cobra.NoArgs),
		Short: "Look back: how long emergencies took, what was news, who gave what, what is open",
		Long: `Retrospective sums up the emergencies and holds of a time, as Markdown for those who pay for it and those who did it, or as JSON. "News" are alerts that
were an emergency and stayed one; "false" are those that were stood down.`,
		Example: `  tocsin incidents retrospective
  tocsin incidents retrospective --from 2026-01-01 --to 2027-01-01 --every quarter --hour 90 --currency EUR > year.md
  tocsin incidents retrospective --format json | jq '.periods[].median.fix'`,
	}
	cmd.Flags().StringVar(&from, "from", "", "first day (default: a year before --to)")
	cmd.Flags().StringVar(&to, "to", "", "day after the last (default: tomorrow)")
	cmd.Flags().StringVar(&every, "every", string(incidents.EveryQuarter), "month, quarter or year")
	cmd.Flags().Float64Var(&price.Hour, "hour", 0, "what an hour of people's time costs")
	cmd.Flags().StringVar(&price.Currency, "currency", "EUR", "of --hour")
	format := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		asJSON, err := format()
		if err != nil {
			return err
		}
		now := time.Now().UTC()
		end := now.Truncate(tocsin.Day).Add(tocsin.Day)
		if to != "" {
			if end, err = instant(to); err != nil {
				return exit{exitUsage, fmt.Errorf("--to: %w", err)}
			}
		}
		begin := end.AddDate(-1, 0, 0)
		if from != "" {
			if begin, err = instant(from); err != nil {
				return exit{exitUsage, fmt.Errorf("--from: %w", err)}
			}
		}
		return withStore(cmd.Context(), *path, func(s *store.Store) error {
			known, err := s.Incidents(cmd.Context())
			if err != nil {
				return err
			}
			r, err := app.Retrospect(cmd.Context(), s, known, begin, end, every, now)
			if err != nil {
				return exit{exitUsage, err}
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), r)
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), incidents.RetrospectiveMarkdown(r, price))
			return err
		})
	}
	return cmd
}

// maxLessons bounds what one listing shows.
const maxLessons = 50

func lessonsCommand(path *string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "lessons [WORDS]", Args: usage(cobra.MaximumNArgs(1)),
		Short: "Search what closed reviews say",
		Example: `  tocsin incidents lessons "second maintainer"
  tocsin incidents lessons --format json | jq -r '.[].text'`,
	}
	format := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		asJSON, err := format()
		if err != nil {
			return err
		}
		words := ""
		if len(args) > 0 {
			words = args[0]
		}
		return withStore(cmd.Context(), *path, func(s *store.Store) error {
			known, err := s.Incidents(cmd.Context())
			if err != nil {
				return err
			}
			list := incidents.Lessons(known, words)
			w := cmd.OutOrStdout()
			if asJSON {
				return writeJSON(w, append([]tocsin.Lesson{}, list...))
			}
			for _, l := range list[:min(len(list), maxLessons)] {
				fmt.Fprintf(w, "%s  %s, reviewed %s\n  %s: %s\n", l.Incident, markdown.Line(l.Title, 100), l.At.Format(time.DateOnly), l.Section, markdown.Line(l.Text, 1000))
			}
			if n := len(list) - maxLessons; n > 0 {
				fmt.Fprintf(w, "%d more; --format json has all\n", n)
			}
			if len(list) == 0 {
				return exit{exitNothing, fmt.Errorf("no closed review says that: %w", tocsin.ErrNotFound)}
			}
			return nil
		})
	}
	return cmd
}
