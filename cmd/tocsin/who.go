package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/internal/store"
)

func whoCommand() *cobra.Command {
	var path, between string
	var format func() (bool, error)
	cmd := &cobra.Command{
		Use:   "who PACKAGE[@VERSION]",
		Short: "Say which projects resolved a package, when, and in which builds",
		Long: `Who asks the history of the portfolio: in a package compromise the window matters, not today's lockfile. The package is
ecosystem/name as OSV calls it, or a package URL.`,
		Example: `  tocsin who npm/debug@4.4.2 --between 2025-09-08T13:16Z,2025-09-08T15:20Z
  tocsin who pkg:npm/%40ctrl/tinycolor
  tocsin who npm/chalk --format json | jq -r '.[].project'`,
		Args: usage(cobra.ExactArgs(1)),
	}
	cmd.Flags().StringVar(&path, "config", "tocsin.yaml", "configuration file")
	cmd.Flags().StringVar(&between, "between", "", "FROM,TO as days or times in UTC (default: all of history)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		asJSON, err := format()
		if err != nil {
			return err
		}
		q, err := purl.Query(args[0])
		if err != nil {
			return exit{exitUsage, err}
		}
		ask := store.WhoQuery{Sight: store.Sight{All: true}, Ecosystem: q.Ecosystem, Name: q.Name, Version: q.Version}
		if ask.From, ask.To, err = window(between, time.Now().UTC()); err != nil {
			return exit{exitUsage, err}
		}
		return withStore(cmd.Context(), path, func(s *store.Store) error {
			list, err := s.Who(cmd.Context(), ask)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), append([]tocsin.Resolution{}, list...))
			}
			return resolutions(cmd.OutOrStdout(), list)
		})
	}
	format = formatFlag(cmd)
	return cmd
}

// window reads "from,to"; either may be missing.
func window(text string, now time.Time) (from, to time.Time, err error) {
	to = now
	if text == "" {
		return from, to, nil
	}
	first, second, ok := strings.Cut(text, ",")
	if !ok {
		return from, to, fmt.Errorf("--between %q: want FROM,TO", text)
	}
	read := func(s string, end bool) (time.Time, error) {
		t, err := instant(s)
		if err != nil {
			return t, fmt.Errorf("--between: %w", err)
		}
		if end && len(strings.TrimSpace(s)) == len(time.DateOnly) { // a day is meant whole
			t = t.Add(tocsin.Day - time.Microsecond)
		}
		return t, nil
	}
	if first != "" {
		from, err = read(first, false)
	}
	if second != "" && err == nil {
		to, err = read(second, true)
	}
	if err == nil && to.Before(from) {
		err = errors.New("--between: it ends before it begins")
	}
	return from, to, err
}

func resolutions(w io.Writer, list []tocsin.Resolution) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "nobody in the portfolio resolved it then, as far as its history goes")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PROJECT\tVERSION\tSINCE\tUNTIL\tBUILDS\tLAST BUILD")
	for _, r := range list {
		until, last := "still", ""
		if !r.Until.IsZero() {
			until = r.Until.Format(time.DateTime)
		}
		if len(r.Builds) > 0 {
			b := r.Builds[0]
			last = strings.TrimSpace(b.At.Format(time.DateTime) + " " + b.Ref + " " + b.URL)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\n", r.Project, markdown.Line(r.Version, 60), r.Since.Format(time.DateTime), until, r.Total, markdown.Line(last, 120))
	}
	return t.Flush()
}
