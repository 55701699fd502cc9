package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

func runCommand() *cobra.Command {
	var path string
	var once, live bool
	cmd := &cobra.Command{
		Use:   "run --config FILE",
		Short: "Watch the portfolio of a configuration",
		Long: `Run does the main job: sync the advisory feeds, scan every project, decide by policy, fold the
decisions into incidents, and open, update and close what follows from them on GitHub.

It is a dry run unless --live is given: it keeps everything in its data folder and prints exactly
what it would send.`,
		Example: `  tocsin run --config tocsin.yaml --once          # a dry run, shows what would be sent
  tocsin run --config tocsin.yaml --once --live   # does it
  tocsin run --config tocsin.yaml --live          # again and again, on the configured interval`,
		Args: usage(cobra.NoArgs),
	}
	cmd.Flags().StringVar(&path, "config", "tocsin.yaml", "configuration file")
	cmd.Flags().BoolVar(&once, "once", false, "do the job once and end")
	cmd.Flags().BoolVar(&live, "live", false, "carry the actions out")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := config.Load(path)
		if err != nil {
			return exit{exitUsage, err}
		}
		return watch(cmd, c, once, live)
	}
	return cmd
}

func watch(cmd *cobra.Command, c config.Config, once, live bool) (err error) {
	ctx, w := cmd.Context(), cmd.OutOrStdout()
	log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
	bar := newProgress(cmd.ErrOrStderr())
	s, err := app.New(ctx, log, c, app.Options{
		Live: live, Now: func() time.Time { return time.Now().UTC() },
		Feeding:  func(name, part string, done, total int) { bar.step(strings.TrimSpace(name+" "+part), done, total) },
		Scanning: func(project, path string) { bar.show(project + " " + path) },
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for {
		r, err := s.Once(ctx)
		bar.finish()
		switch {
		case ctx.Err() != nil && !once:
			return nil // asked to stop; what is open is taken up by the next start
		case err != nil && once:
			return errors.Join(err, r.Feeds)
		case err != nil:
			log.Error("run failed", "err", errors.Join(err, r.Feeds))
		default:
			show(w, r, live)
		}
		if once {
			return outcome(r)
		}
		if !wait(ctx, c.Interval) {
			return nil
		}
	}
}

// outcome is how a single run ends: an unreadable input or a failed feed must not look like success.
func outcome(r app.Report) error {
	if r.Feeds != nil {
		return exit{exitUndecided, r.Feeds}
	}
	if r.Delivered.Failed > 0 {
		return exit{exitUndecided, fmt.Errorf("%d action(s) failed; see tocsin actions list", r.Delivered.Failed)}
	}
	for _, s := range r.Scanned {
		if len(s.Inventory.Coverage.Incomplete()) > 0 {
			return exit{exitUndecided, errors.New("some files could not be read whole")}
		}
	}
	return nil
}

// wait is false when the context ended first.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// show writes what a run came to.
func show(w io.Writer, r app.Report, live bool) {
	portfolio(w, r)
	changes(w, r)
	if live {
		fmt.Fprintf(w, "actions: %d carried out, %d delayed, %d failed\n", r.Delivered.Done, r.Delivered.Retry, r.Delivered.Failed)
		return
	}
	if len(r.Requests) == 0 {
		fmt.Fprintln(w, "dry run: nothing to send")
		return
	}
	fmt.Fprintf(w, "dry run: %d action(s) would be carried out; --live does it\n", len(r.Requests))
	for _, p := range r.Requests {
		fmt.Fprintf(w, "\n%s  revision %d, %s, TLP:%s to a %s audience\n", p.Action.Key, p.Action.Revision, p.State, p.Action.TLP, p.Action.Audience)
		if p.State == tocsin.ActionWaiting {
			fmt.Fprintf(w, "  waits for %d approvals: tocsin actions approve %s --as PERSON\n", p.Action.Approvals, p.Action.Key)
		}
		if p.Refused != nil {
			fmt.Fprintf(w, "  would be refused: %v\n", p.Refused)
		}
		for _, q := range p.Requests {
			fmt.Fprintf(w, "  %s %s\n%s\n", q.Method, q.Path, indent(string(q.Body)))
		}
	}
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n    ")
}

// portfolio writes a line per project: what was read and what was decided.
func portfolio(w io.Writer, r app.Report) {
	for _, s := range r.Scanned {
		var emergencies, holds, issues, watched int
		for _, d := range s.Decisions {
			switch d.Response {
			case tocsin.ResponseEmergency:
				emergencies++
			case tocsin.ResponseHold:
				holds++
			case tocsin.ResponseIssue:
				issues++
			case tocsin.ResponseWatch:
				watched++
			}
		}
		fmt.Fprintf(w, "%-20s %4d packages  gate %-9s  %d emergency, %d hold, %d issue, %d watch\n",
			s.Project.Slug, len(s.Inventory.Packages), s.Gate, emergencies, holds, issues, watched)
		for _, f := range s.Inventory.Coverage.Incomplete() {
			fmt.Fprintf(w, "  %s %s: %s\n", f.Status, markdown.Line(f.Path, 200), markdown.Line(f.Reason, 300))
		}
	}
}

// changes writes what happened to incidents.
func changes(w io.Writer, r app.Report) {
	if len(r.Changes) == 0 {
		fmt.Fprintln(w, "incidents: nothing new")
	}
	for _, c := range r.Changes {
		fmt.Fprintf(w, "%s  %s, %s, severity %s\n", c.Incident.Key, c.Incident.Urgency, c.Incident.State, c.Incident.Severity)
		for _, e := range c.Events {
			fmt.Fprintf(w, "  %-13s %s\n", e.Kind, markdown.Line(strings.TrimSpace(e.Project+" "+e.Text), 300))
		}
	}
}
