package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/store"
)

func silenceCommand(path *string) *cobra.Command {
	var match, until, reason, person string
	cmd := &cobra.Command{
		Use: "silence", Short: "Keep news quiet for a while", Args: usage(cobra.NoArgs),
		Long: `Silence keeps news from being told until a time. What it kept back is told then, if it still is news. An emergency that nobody acknowledged is
told all the same. Who made it, and why, stands wherever it holds something back.`,
		Example: `  tocsin notify silence --match group=payments,urgency=routine --until 8h --reason "moving house" --as ada
  tocsin notify silence --match receiver=chat,news=late --until 2026-12-27T09:00Z --reason holidays --as ada`,
	}
	f := cmd.Flags()
	f.StringVar(&match, "match", "", "what: urgency, severity, group, project, playbook, incident, news, receiver")
	f.StringVar(&until, "until", "", "a time such as 2026-03-01T12:00Z, or from now such as 8h or 3d; 90 days at the most")
	f.StringVar(&reason, "reason", "", "why")
	f.StringVar(&person, "as", "", "who you are")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		now := time.Now().UTC()
		m, err := tocsin.ParseMatch(match)
		if err != nil {
			return exit{exitUsage, fmt.Errorf("--match: %w", err)}
		}
		end, err := ahead(until, now)
		if err != nil {
			return exit{exitUsage, fmt.Errorf("--until: %w", err)}
		}
		one := tocsin.Silence{Match: m, By: person, Reason: reason, From: now, Until: end}
		if err := one.Validate(); err != nil {
			return exit{exitUsage, fmt.Errorf("--until, --reason, --as: %w", err)}
		}
		return withStore(cmd.Context(), *path, func(s *store.Store) error {
			one, err := s.AddSilence(cmd.Context(), one)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "silence %s holds until %s\n", one.ID, end.Format("2006-01-02 15:04 UTC"))
			return nil
		})
	}
	return cmd
}

func silencesCommand(path *string) *cobra.Command {
	var format func() (bool, error)
	cmd := &cobra.Command{
		Use: "silences", Short: "List the silences that hold, who made them and why", Args: usage(cobra.NoArgs),
		Example: "  tocsin notify silences\n  tocsin notify silences --format json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			asJSON, err := format()
			if err != nil {
				return err
			}
			return withStore(cmd.Context(), *path, func(s *store.Store) error {
				list, err := s.Silences(cmd.Context(), time.Now().UTC())
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(cmd.OutOrStdout(), append([]tocsin.Silence{}, list...))
				}
				t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(t, "SILENCE\tUNTIL\tBY\tWHAT\tWHY")
				for _, one := range list {
					fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", one.ID, one.Until.Format("2006-01-02 15:04 UTC"), markdown.Line(one.By, 60), markdown.Line(one.Match.String(), 200), markdown.Line(one.Reason, 200))
				}
				return t.Flush()
			})
		},
	}
	format = formatFlag(cmd)
	return cmd
}

func unsilenceCommand(path *string) *cobra.Command {
	var person string
	cmd := &cobra.Command{
		Use: "unsilence ID", Short: "End a silence now", Args: usage(cobra.ExactArgs(1)),
		Example: "  tocsin notify unsilence s3 --as ada",
	}
	cmd.Flags().StringVar(&person, "as", "", "who you are")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if strings.TrimSpace(person) == "" {
			return exit{exitUsage, errors.New("--as is missing: say who you are")}
		}
		return withStore(cmd.Context(), *path, func(s *store.Store) error {
			if err := s.EndSilence(cmd.Context(), args[0], person, time.Now().UTC()); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "silence %s is over\n", args[0])
			return nil
		})
	}
	return cmd
}
