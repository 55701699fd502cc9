package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/incidents/playbooks"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/replay"
	"github.com/tocsin-dev/tocsin/internal/replay/view"
	"github.com/tocsin-dev/tocsin/policies"
)

// pastFlags say which past a policy is tried on.
type pastFlags struct {
	since, until, config     string
	repositories, exceptions []string
	criticality, exposure    string
	all                      bool
	data                     func() (string, error)
}

func (f *pastFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.repositories, "git", nil, "Git repository whose history of lockfiles is the past, as PATH or NAME=PATH; any number of times")
	cmd.Flags().StringVar(&f.config, "config", "", "configuration whose portfolio, as it was kept, is the past")
	cmd.Flags().StringVar(&f.since, "since", "", "first day, as 2025-01-31 (default a year before the last)")
	cmd.Flags().StringVar(&f.until, "until", "", "day after the last (default now)")
	cmd.Flags().StringVar(&f.criticality, "criticality", string(tocsin.CriticalityMedium), "of the repositories: low, medium, high")
	cmd.Flags().StringVar(&f.exposure, "exposure", string(tocsin.ExposureInternal), "of the repositories: isolated, internal, public")
	cmd.Flags().BoolVar(&f.all, "all", false, "show all rows of the tables")
	cmd.Flags().StringArrayVar(&f.exceptions, "exceptions", nil, "file of accepted risks and statements of not being affected, as of today; any number of times")
	f.data = dataFlag(cmd)
}

// A past is what policies are run over.
type past struct {
	course    *replay.Course
	playbooks map[string]tocsin.Playbook
	bar       *progress
}

// open reads and matches the past.
func (f *pastFlags) open(cmd *cobra.Command) (p past, err error) {
	w, err := f.window(time.Now().UTC())
	if err != nil {
		return p, err
	}
	var c config.Config
	if f.config != "" {
		if len(f.repositories) > 0 {
			return p, exit{exitUsage, errors.New("--git and --config are two pasts; give one of them")}
		}
		if c, err = config.Load(f.config); err != nil {
			return p, exit{exitUsage, err}
		}
		f.data, f.exceptions = func() (string, error) { return c.Data, nil }, append(c.Exceptions, f.exceptions...)
	}
	dir, err := f.data()
	if err != nil {
		return p, err
	}
	c.Data = dir
	excused, err := app.Exceptions(f.exceptions, time.Now().UTC())
	if err != nil {
		return p, exit{exitUsage, err}
	}
	h := replay.History{Exceptions: excused.Exceptions}
	p.bar = newProgress(cmd.ErrOrStderr())
	defer p.bar.finish()
	if h.Projects, err = f.projects(cmd.Context(), c, w, p.bar); err != nil {
		return p, err
	}
	p.bar.show("advisories")
	err = app.WithIndex(logger(cmd), dir, func(x *advisories.Index) error {
		if x.Snapshot().Landmarks {
			fmt.Fprintln(cmd.ErrOrStderr(), `tocsin: only the embedded advisories of famous incidents are replayed; "tocsin db update" fetches all`)
		}
		return app.PastAdvisories(cmd.Context(), app.Database(c), x, &h)
	})
	if err != nil {
		return p, err
	}
	if p.playbooks, err = playbooks.Shipped(); err != nil {
		return p, err
	}
	p.course, err = replay.Prepare(cmd.Context(), h, w, func(done, total int) { p.bar.step("inventories", done, total) })
	return p, err
}

func (p past) run(ctx context.Context, set policies.Set) (replay.Result, error) {
	defer p.bar.finish()
	return p.course.Run(ctx, set, p.playbooks, func(done, total int) { p.bar.step("replaying "+strings.Join(set.Names(), ", "), done, total) })
}

func (f *pastFlags) window(now time.Time) (replay.Window, error) {
	var at [2]time.Time
	for i, s := range []string{f.since, f.until} {
		if s == "" {
			continue
		}
		t, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return replay.Window{}, exit{exitUsage, fmt.Errorf("%q is not a day: write 2025-01-31", s)}
		}
		at[i] = t
	}
	return app.ReplayWindow(at[0], at[1], now)
}

// projects gives the inventories of the past: of repositories, or of the portfolio of a configuration.
func (f *pastFlags) projects(ctx context.Context, c config.Config, w replay.Window, bar *progress) ([]replay.Project, error) {
	if f.config != "" {
		var list []tocsin.Project
		for _, p := range c.Projects {
			list = append(list, p.Project)
		}
		return app.PastInventories(ctx, app.Database(c), list)
	}
	if len(f.repositories) == 0 {
		return nil, exit{exitUsage, errors.New("no past to replay: give --git PATH or --config FILE")}
	}
	var out []replay.Project
	for _, arg := range f.repositories {
		name, path, ok := strings.Cut(arg, "=")
		if !ok {
			path = arg
			full, err := filepath.Abs(path)
			if err != nil {
				return nil, exit{exitUsage, err}
			}
			name = strings.ToLower(filepath.Base(full))
		}
		project := tocsin.Project{Slug: name, Criticality: tocsin.Criticality(f.criticality), Exposure: tocsin.Exposure(f.exposure), Visibility: tocsin.VisibilityPrivate}
		if err := project.Validate(); err != nil {
			return nil, exit{exitUsage, err}
		}
		p, err := app.PastOfRepository(ctx, path, project, w, func(done, total int) { bar.step(name, done, total) })
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func replayCommand() *cobra.Command {
	var f pastFlags
	cmd := &cobra.Command{
		Use:   "replay POLICY...",
		Short: "Run policies over the past: which incidents they would have opened, which releases they would have stopped",
		Long: `Replay runs the same engine that runs live over advisories as they became known and inventories as
they were, and says what the policies would have done. The past of the inventories is read out of
Git repositories (--git), or is what a running portfolio kept (--config).

Advisories are exact from the first "tocsin db update" on. What was there by then is reconstructed: today's
words at the time that a record says it was published or withdrawn, marked ~.`,
		Example: `  tocsin policy replay emergency release-gate --git .
  tocsin policy replay team.yaml --git api=~/src/api --git web=~/src/web --since 2025-01-01 --exposure public
  tocsin policy replay team.yaml --config tocsin.yaml --format html > replay.html`,
		Args: usage(cobra.MinimumNArgs(1)),
	}
	f.add(cmd)
	format := cmd.Flags().String("format", "table", "table, json, markdown, html")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !slices.Contains([]string{"table", "json", "markdown", "html"}, *format) {
			return exit{exitUsage, fmt.Errorf("--format %q: want table, json, markdown or html", *format)}
		}
		set, err := app.Policies(args)
		if err != nil {
			return exit{exitUsage, err}
		}
		p, err := f.open(cmd)
		if err != nil {
			return err
		}
		r, err := p.run(cmd.Context(), set)
		if err != nil {
			return err
		}
		w := cmd.OutOrStdout()
		switch *format {
		case "json":
			return writeJSON(w, r)
		case "markdown":
			return view.Markdown(w, r)
		case "html":
			return view.HTML(w, r)
		default:
			return view.Table(w, r, f.options(cmd))
		}
	}
	return cmd
}

// shownRows bounds the lists of a table on the terminal.
const shownRows = 20

// options of the tables.
func (f *pastFlags) options(cmd *cobra.Command) view.Options {
	o := view.Options{Rows: shownRows, Width: width(cmd.OutOrStdout())}
	if f.all {
		o.Rows = 0
	}
	return o
}
