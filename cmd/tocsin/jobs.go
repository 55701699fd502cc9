package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin/internal/jobs"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/store"
)

func jobsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "jobs", Short: "See what the service has to do, and what it gave up",
		Example: "  tocsin jobs list\n  tocsin jobs retry 42",
	}
	path := cmd.PersistentFlags().String("config", "tocsin.yaml", "configuration file")
	return group(cmd, listJobs(path), retryJob(path))
}

// withJobs runs f with an engine that does nothing itself.
func withJobs(ctx context.Context, path string, f func(*jobs.Engine) error) error {
	return withStore(ctx, path, func(s *store.Store) error {
		log := slog.New(slog.DiscardHandler)
		db, postgres := s.Jobs()
		where := jobs.Database{DB: db, Postgres: postgres}
		if err := jobs.Migrate(ctx, log, where); err != nil {
			return err
		}
		e, err := jobs.Idle(log, where)
		if err != nil {
			return err
		}
		return f(e)
	})
}

func listJobs(path *string) *cobra.Command {
	var format func() (bool, error)
	cmd := &cobra.Command{
		Use: "list", Short: "List what is to be done, is being done, or was given up", Args: usage(cobra.NoArgs),
		Example: "  tocsin jobs list\n  tocsin jobs list --format json | jq '.[] | select(.state == \"parked\")'",
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		asJSON, err := format()
		if err != nil {
			return err
		}
		return withJobs(cmd.Context(), *path, func(e *jobs.Engine) error {
			list, err := e.Undone(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), append([]jobs.Job{}, list...))
			}
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "ID\tSTATE\tJOB\tABOUT\tTRIES\tAT\tERROR")
			for _, j := range list {
				fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%d\t%s\t%s\n", j.ID, j.State, j.Kind, markdown.Line(j.Args, 60), j.Attempts, j.At.Format(time.DateTime), markdown.Line(j.Error, 120))
			}
			return t.Flush()
		})
	}
	format = formatFlag(cmd)
	return cmd
}

func retryJob(path *string) *cobra.Command {
	return &cobra.Command{
		Use: "retry ID", Short: "Have a job that was given up done again", Args: usage(cobra.ExactArgs(1)),
		Example: "  tocsin jobs retry 42",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil {
				return exit{exitUsage, errors.New("the id of a job is a number, as tocsin jobs list gives it")}
			}
			return withJobs(cmd.Context(), *path, func(e *jobs.Engine) error {
				if err := e.Retry(cmd.Context(), id); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "job %d is done again by the next process that is free\n", id)
				return err
			})
		},
	}
}
