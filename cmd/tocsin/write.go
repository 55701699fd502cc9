package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/scanner/report"
)

// tableRows is how many findings the table shows without --all.
const tableRows = 40

// checkReports says what is wrong with --format and --report, before any work is done.
func (f *scanFlags) checkReports() error {
	if !slices.Contains(report.Formats(), f.format) {
		return exit{exitUsage, fmt.Errorf("--format %q: want one of %s", f.format, strings.Join(report.Formats(), ", "))}
	}
	for _, r := range f.reports {
		name, file, ok := strings.Cut(r, "=")
		if !ok || file == "" || !slices.Contains(report.Formats(), name) {
			return exit{exitUsage, fmt.Errorf("--report %q: want NAME=FILE, with NAME one of %s", r, strings.Join(report.Formats(), ", "))}
		}
	}
	return nil
}

// answering are the formats by which people are given something to do: they tell what a change answers for. What reads the
// others compares by itself, or asks each finding for its change.
var answering = []string{"github", "html", "junit", "markdown", "table"}

// write writes to standard output and to the files that were asked for: in each format what it should tell, of what a change
// answers for and the whole.
func write(cmd *cobra.Command, f scanFlags, data string, answered, whole report.Report) error {
	of := func(format string) report.Report {
		if slices.Contains(answering, format) {
			return answered
		}
		return whole
	}
	ctx, w := cmd.Context(), cmd.OutOrStdout()
	var records *app.Records
	defer func() {
		if records != nil {
			_ = records.Close() // read only
		}
	}()
	o := report.Options{Table: report.TableOptions{Rows: tableRows, Width: width(w)}, Record: func(id string) ([]byte, error) {
		if records == nil { // opened when first asked: most formats need no records
			var err error
			if records, err = app.OpenRecords(ctx, data, whole.Snapshot); err != nil {
				return nil, err
			}
		}
		return records.Record(ctx, id)
	}}
	if f.all {
		o.Table.Rows = 0
	}
	if err := report.Write(w, f.format, of(f.format), o); err != nil {
		return err
	}
	if f.explain && f.format == "table" {
		explain(w, answered)
	}
	o.Table = report.TableOptions{} // a file has room for all
	for _, r := range f.reports {
		name, file, _ := strings.Cut(r, "=")
		if err := writeFile(file, name, of(name), o); err != nil {
			return fmt.Errorf("--report %s: %w", r, err)
		}
	}
	return nil
}

// writeFile replaces the file as a whole: what reads it never sees half a report.
func writeFile(file, format string, r report.Report, o report.Options) error {
	tmp, err := os.CreateTemp(filepath.Dir(file), ".tocsin-report-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone after the rename
	err = report.Write(tmp, format, r, o)
	if err := errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), file)
}
