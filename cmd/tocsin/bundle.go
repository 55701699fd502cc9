package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories/feed"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/store"
)

func exportCommand() *cobra.Command {
	var asOf string
	cmd := &cobra.Command{
		Use:   "export FILE",
		Short: "Write all advisories to one file, for machines without a network",
		Long: `Export writes the advisories, the KEV catalogue and the EPSS scores to a zip file, as they are now or as
they were at an earlier day: every revision that was seen is kept. Records of private feeds are in it too.

The file names the snapshot that it makes, a digest over all of it; "db verify" and "db import" work it out again.`,
		Example: `  tocsin db export advisories.zip
  tocsin db export --as-of 2026-03-31 march.zip
  tocsin db import advisories.zip        # on the other machine`,
		Args: usage(cobra.ExactArgs(1)),
	}
	data := dataFlag(cmd)
	cmd.Flags().StringVar(&asOf, "as-of", "", "the end of a day (2026-03-31), or a time (2026-03-31T12:00:00Z), whose newest revisions to write")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		at, err := parseAsOf(asOf, time.Now().UTC())
		if err != nil {
			return err
		}
		return withSync(cmd, data, func(s pipeline.Sync, bar *progress) error {
			m, err := export(cmd, s, args[0], at)
			bar.finish()
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "%s holds snapshot %s, as of %s\n", args[0], m.Snapshot, m.AsOf.Format(time.RFC3339))
			}
			return err
		})
	}
	return cmd
}

// export writes beside the file and renames, so that what has the name is whole.
func export(cmd *cobra.Command, s pipeline.Sync, name string, at time.Time) (m feed.Manifest, err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".tocsin-export-*")
	if err != nil {
		return m, fmt.Errorf("%w: writing the bundle: %v", tocsin.ErrInvalid, err)
	}
	defer os.Remove(f.Name()) // it is gone after the rename
	m, err = s.Export(cmd.Context(), f, at)
	if err := errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return m, err
	}
	return m, os.Rename(f.Name(), name)
}

// parseAsOf reads a day, which means its end, or a time; empty is now.
func parseAsOf(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return now, nil
	}
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return day.Add(tocsin.Day - time.Microsecond), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, fmt.Errorf("%w: --as-of %q: write a day (2026-03-31) or a time (2026-03-31T12:00:00Z)", tocsin.ErrInvalid, s)
	}
	return t.UTC(), nil
}

func importCommand() *cobra.Command {
	var acceptBulk bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Take in what \"db export\" wrote, and build the index",
		Long: `Import verifies the file, takes what it has into the store as if its feeds had been fetched, and builds the index.
The data are as fresh as they were where they were exported.`,
		Example: "  tocsin db import advisories.zip",
		Args:    usage(cobra.ExactArgs(1)),
	}
	data := dataFlag(cmd)
	cmd.Flags().BoolVar(&acceptBulk, "accept-bulk", false, "take a change of more than a tenth of a feed's records")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return withBundle(args[0], func(b *feed.Bundle) error {
			return withSync(cmd, data, func(s pipeline.Sync, bar *progress) error {
				s.AcceptBulk = acceptBulk
				snapshot, err := s.Import(cmd.Context(), b)
				bar.finish()
				if err == nil {
					feeds(cmd.OutOrStdout(), snapshot)
					fmt.Fprintf(cmd.OutOrStdout(), "\n%d advisories in %d classes, snapshot %s\n", snapshot.Records, snapshot.Classes, snapshot.ID)
				}
				return err
			})
		})
	}
	return cmd
}

func verifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "verify FILE",
		Short:   "Check that a file of \"db export\" is whole and unchanged",
		Example: "  tocsin db verify advisories.zip",
		Args:    usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			frugal()
			return withBundle(args[0], func(b *feed.Bundle) error {
				bar := newProgress(cmd.ErrOrStderr())
				id, err := pipeline.Verify(cmd.Context(), b, bar.step)
				bar.finish()
				if err == nil {
					fmt.Fprintf(cmd.OutOrStdout(), "%s holds snapshot %s, as of %s, whole and unchanged\n", args[0], id, b.AsOf.Format(time.RFC3339))
				}
				return err
			})
		},
	}
}

func withBundle(name string, f func(*feed.Bundle) error) error {
	b, err := feed.OpenBundle(name)
	if err != nil {
		return err
	}
	return errors.Join(f(b), b.Close())
}

// withSync opens the store of a data folder, with progress.
func withSync(cmd *cobra.Command, data func() (string, error), f func(pipeline.Sync, *progress) error) error {
	dir, err := data()
	if err != nil {
		return err
	}
	st, err := store.Open(cmd.Context(), store.Path(dir))
	if err != nil {
		return err
	}
	frugal()
	bar := newProgress(cmd.ErrOrStderr())
	err = f(pipeline.Sync{
		Store: st, Client: feed.NewClient(), Dir: dir, Now: func() time.Time { return time.Now().UTC() },
		Progress: func(name, part string, done, total int) { bar.step(title(name, part), done, total) },
	}, bar)
	bar.finish()
	return errors.Join(err, st.Close())
}
