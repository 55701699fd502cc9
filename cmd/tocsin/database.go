package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
)

// Where the public feeds are.
const (
	publicOSV  = "https://osv-vulnerabilities.storage.googleapis.com"
	publicKEV  = "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"
	publicEPSS = "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz"
)

func databaseCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "db", Short: "Fetch advisories, say how fresh they are, carry them to other machines",
		Example: "  tocsin db update\n  tocsin db status\n  tocsin db export advisories.zip",
	}
	return group(cmd, updateCommand(), statusCommand(), exportCommand(), importCommand(), verifyCommand())
}

func updateCommand() *cobra.Command {
	var from, kev, epss string
	var acceptBulk bool
	cmd := &cobra.Command{
		Use:   "update",
		Short: "Fetch what changed and build the index",
		Long: `Update reads OSV advisories, the CISA KEV catalogue and EPSS scores, keeps every revision,
and builds the index that scans use. Only what changed is fetched. A feed that fails keeps its old
records, and every verdict says so until it works again.

With --from, KEV and EPSS are read only where --kev and --epss say.`,
		Example: `  tocsin db update                              # the public feeds
  tocsin db update --from /mirror/osv           # a mirror of the OSV bucket, or a folder of records
  tocsin db update --from advisories.zip --kev kev.json --epss epss.csv.gz`,
		Args: usage(cobra.NoArgs),
	}
	data := dataFlag(cmd)
	cmd.Flags().StringVar(&from, "from", publicOSV, "OSV bucket URL, mirror, folder or zip of records")
	cmd.Flags().StringVar(&kev, "kev", publicKEV, "KEV catalogue, URL or file")
	cmd.Flags().StringVar(&epss, "epss", publicEPSS, "EPSS scores, URL or file")
	cmd.Flags().BoolVar(&acceptBulk, "accept-bulk", false, "take a change of more than a tenth of a feed's records")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		sources := []pipeline.FeedSource{{Name: pipeline.FeedOSV, From: from}}
		for _, s := range []pipeline.FeedSource{{Name: pipeline.FeedKEV, From: kev}, {Name: pipeline.FeedEPSS, From: epss}} {
			if !cmd.Flags().Changed("from") || cmd.Flags().Changed(s.Name) {
				sources = append(sources, s)
			}
		}
		return withSync(cmd, data, func(s pipeline.Sync, bar *progress) error {
			s.AcceptBulk = acceptBulk
			return update(cmd, s, bar, sources)
		})
	}
	return cmd
}

func update(cmd *cobra.Command, s pipeline.Sync, bar *progress, sources []pipeline.FeedSource) error {
	start := time.Now()
	snapshot, err := s.Run(cmd.Context(), sources)
	bar.finish()
	if snapshot.ID != "" {
		w := cmd.OutOrStdout()
		feeds(w, snapshot)
		fmt.Fprintf(w, "\n%d advisories in %d classes, snapshot %s, built in %s\n", snapshot.Records, snapshot.Classes, snapshot.ID, time.Since(start).Round(100*time.Millisecond))
	}
	if err != nil && !errors.Is(err, tocsin.ErrInvalid) && !errors.Is(err, tocsin.ErrNotFound) {
		return exit{exitUndecided, err}
	}
	return err
}

// frugal trades time for memory: what a build holds is nearly all needed to its end, so let little garbage pile up on it. Who
// set GOGC or GOMEMLIMIT chose otherwise.
func frugal() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(40)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(500 << 20) // 600,000 records need 350 MB; beyond the limit a build is slower, not wrong
	}
}

func title(name, part string) string { return strings.TrimSpace(name + " " + part) }

func statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "Say what the index holds and how fresh it is",
		Example: "  tocsin db status\n  tocsin db status --format json",
		Args:    usage(cobra.NoArgs),
	}
	data := dataFlag(cmd)
	format := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		asJSON, err := format()
		if err != nil {
			return err
		}
		dir, err := data()
		if err != nil {
			return err
		}
		x, err := app.OpenIndex(logger(cmd), dir)
		if err != nil {
			return err
		}
		defer x.Close()
		s, w := x.Snapshot(), cmd.OutOrStdout()
		if asJSON {
			return writeJSON(w, s)
		}
		feeds(w, s)
		fmt.Fprintf(w, "\nsnapshot %s, built %s: %d advisories in %d classes, %d in KEV, %d with EPSS\n",
			s.ID, s.BuiltAt.Format(time.RFC3339), s.Records, s.Classes, s.KEV, s.EPSS)
		if why := s.Stale(time.Now()); len(why) > 0 {
			fmt.Fprintf(w, "verdicts are undecided: %s\n", printable(strings.Join(why, "; ")))
			if s.Landmarks {
				fmt.Fprintln(w, "fetch the rest with: tocsin db update")
			}
			return exit{code: exitUndecided}
		}
		return nil
	}
	return cmd
}

// feeds writes a line per feed.
func feeds(w io.Writer, s tocsin.Snapshot) {
	if len(s.Feeds) == 0 {
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "FEED\tSTATUS\tSYNCED\tRECORDS\tFROM")
	for _, f := range s.Feeds {
		synced := "never"
		if !f.SyncedAt.IsZero() {
			synced = f.SyncedAt.Format("2006-01-02 15:04 UTC")
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\n", f.Name, f.Status, synced, f.Records, markdown.Line(f.From, 200))
	}
	_ = t.Flush() // the next write to w shows the same fault
	for _, f := range s.Feeds {
		if f.Reason != "" {
			fmt.Fprintf(w, "%s: %s\n", f.Name, markdown.Line(f.Reason, 300))
		}
	}
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
