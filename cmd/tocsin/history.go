package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/jobs"
	"github.com/tocsin-dev/tocsin/internal/store"
)

func migrateCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use: "migrate", Short: "Bring the database up to this program", Args: usage(cobra.NoArgs),
		Long: `Migrate brings the schema up to date, which every command does that opens the database. Run by itself it lets a deployment do so
once, before the processes start.`,
		Example: "  tocsin migrate --config tocsin.yaml",
	}
	cmd.Flags().StringVar(&path, "config", "tocsin.yaml", "configuration file")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withStore(cmd.Context(), path, func(s *store.Store) error {
			db, postgres := s.Jobs()
			if err := jobs.Migrate(cmd.Context(), slog.New(slog.DiscardHandler), jobs.Database{DB: db, Postgres: postgres}); err != nil {
				return err
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "the database is up to date")
			return err
		})
	}
	return cmd
}

func backupCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use: "backup FILE", Short: "Write all that the database has to a file", Args: usage(cobra.ExactArgs(1)),
		Long: `Backup writes the database as it is at one moment, while the service goes on. Either kind of database takes it: so a portfolio
moves from SQLite to PostgreSQL. The file holds confidential data and the key of the markers; it is readable by its owner only.`,
		Example: "  tocsin backup tocsin-2026-11-22.backup\n  tocsin restore tocsin-2026-11-22.backup --config new.yaml",
	}
	cmd.Flags().StringVar(&path, "config", "tocsin.yaml", "configuration file")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return withStore(cmd.Context(), path, func(s *store.Store) (err error) {
			// Beside its place and then there: a backup that is cut short does not pass for one.
			f, err := os.CreateTemp(filepath.Dir(args[0]), ".backup-*")
			if err != nil {
				return fmt.Errorf("writing the backup: %w", err)
			}
			defer os.Remove(f.Name()) // it is gone after the rename
			rows, err := s.Backup(cmd.Context(), f, time.Now().UTC())
			if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
				return err
			}
			if err := os.Rename(f.Name(), args[0]); err != nil {
				return fmt.Errorf("placing the backup: %w", err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d rows\n", args[0], rows)
			return err
		})
	}
	return cmd
}

func restoreCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Read a backup into an empty database", Args: usage(cobra.ExactArgs(1)),
		Long: `Restore reads a backup whole or not at all, after checking its sums. The database must be empty: nothing is ever overwritten. The
advisory index is built anew from it at the next start.`,
		Example: "  tocsin restore tocsin-2026-11-22.backup --config new.yaml",
	}
	cmd.Flags().StringVar(&path, "config", "tocsin.yaml", "configuration file")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f, err := os.Open(args[0])
		if err != nil {
			return exit{exitUsage, err}
		}
		defer f.Close() // read only
		return withStore(cmd.Context(), path, func(s *store.Store) error {
			rows, err := s.Restore(cmd.Context(), io.Reader(f))
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d rows restored\n", rows)
			return err
		})
	}
	return cmd
}

func doctorCommand() *cobra.Command {
	var path string
	var format func() (bool, error)
	cmd := &cobra.Command{
		Use: "doctor", Short: "Say what is wrong with an installation, and how to mend it", Args: usage(cobra.NoArgs),
		Long:    "Doctor looks at the configuration, the database, the advisories, the sources, the jobs and the outbox. It changes nothing and asks nobody outside.",
		Example: "  tocsin doctor --config tocsin.yaml\n  tocsin doctor --format json | jq '.[] | select(.state == \"wrong\")'",
	}
	cmd.Flags().StringVar(&path, "config", "tocsin.yaml", "configuration file")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		asJSON, err := format()
		if err != nil {
			return err
		}
		c, err := config.Load(path)
		if err != nil {
			return exit{exitUsage, err}
		}
		checks := app.Examine(cmd.Context(), c, time.Now().UTC())
		if asJSON {
			err = writeJSON(cmd.OutOrStdout(), checks)
		} else {
			for _, k := range checks {
				fmt.Fprintf(cmd.OutOrStdout(), "%-5s  %-12s %s\n", k.State, k.Name, k.Text)
				if k.Fix != "" {
					fmt.Fprintf(cmd.OutOrStdout(), "       %-12s → %s\n", "", k.Fix)
				}
			}
		}
		for _, k := range checks {
			if k.State == app.Wrong {
				return errors.Join(err, exit{exitFailed, errors.New("something is wrong with this installation")})
			}
		}
		return err
	}
	format = formatFlag(cmd)
	return cmd
}
