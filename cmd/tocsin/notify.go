package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/notify/routes"
)

func notifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "notify", Short: "Check who hears of what, keep it quiet for a while, and see whether it is too much",
		Long: `Who hears of what by chat, pager, mail or webhook stands in a file that the configuration names. docs/notify.md leads through it.`,
		Example: `  tocsin notify check notify.yaml
  tocsin notify test --as-if urgency=emergency,severity=critical
  tocsin notify silence --match group=payments,urgency=routine --until 8h --reason "moving house" --as ada`,
	}
	path := cmd.PersistentFlags().String("config", "tocsin.yaml", "configuration file")
	return group(cmd, notifyCheckCommand(path), notifyTestCommand(path), silenceCommand(path), silencesCommand(path), unsilenceCommand(path), notifyReportCommand(path))
}

func notifyCheckCommand(path *string) *cobra.Command {
	var format func() (bool, error)
	cmd := &cobra.Command{
		Use: "check FILE", Short: "Check a file of routes, and say what may leave people unheard", Args: usage(cobra.ExactArgs(1)),
		Long: `Check says everything that is wrong with file, line and column. What is allowed and may still leave people unheard is said too: receivers
that no route leads to, emergencies that reach nobody, people whom a call does not reach. Then it ends with exit code 1. Secrets are not read.`,
		Example: `  tocsin notify check notify.yaml
  tocsin notify check notify.yaml --format json | jq -r '.gaps[]'`,
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		asJSON, err := format()
		if err != nil {
			return err
		}
		r, err := app.Routes(args[0])
		if err != nil {
			return exit{exitUsage, err}
		}
		file := ""
		if _, err := os.Stat(*path); err == nil || cmd.Flags().Changed("config") { // people are checked where there is a configuration
			c, err := config.Load(*path)
			if err != nil {
				return exit{exitUsage, err}
			}
			file = c.Governance
		}
		g, err := app.Governance(file)
		if err != nil {
			return exit{exitUsage, err}
		}
		c := checked{File: args[0], Name: r.Name, Version: r.Version, Digest: r.Digest, Gaps: append([]string{}, routes.Check(r, g)...)}
		return c.write(cmd, asJSON)
	}
	format = formatFlag(cmd)
	return cmd
}

// hearing is what becomes of news for one receiver.
type hearing struct {
	Receiver string        `json:"receiver"`
	Incident string        `json:"incident"`
	Hears    string        `json:"hears"` // now, later or not
	News     []tocsin.News `json:"news"`
	At       time.Time     `json:"at,omitzero"`
	Why      string        `json:"why"`
	Text     string        `json:"text,omitempty"`
}

func notifyTestCommand(path *string) *cobra.Command {
	var file, as, at, key string
	var texts bool
	var format func() (bool, error)
	cmd := &cobra.Command{
		Use: "test", Short: "Say who would hear of what now, when, and why", Args: usage(cobra.NoArgs),
		Long: `Test asks the routes, and sends nothing. With --as-if it is about an incident that was opened just now and that nobody has; without, about
what the store has: what would go out now, what waits and until when, and what is passed over.`,
		Example: `  tocsin notify test --as-if urgency=emergency,severity=critical,group=payments
  tocsin notify test --file notify.yaml --as-if urgency=routine --at 2026-12-25T03:00Z --text
  tocsin notify test --incident INC-CVE-2021-44228 --format json`,
	}
	f := cmd.Flags()
	f.StringVar(&file, "file", "", "file of routes (default: that of the configuration)")
	f.StringVar(&as, "as-if", "", "an incident such as urgency=emergency,severity=critical,group=payments,project=shop,playbook=leak")
	f.StringVar(&at, "at", "", "a day or time (default: now)")
	f.StringVar(&key, "incident", "", "only this incident")
	f.BoolVar(&texts, "text", false, "show the texts too")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		asJSON, err := format()
		if err != nil {
			return err
		}
		now := time.Now().UTC()
		if at != "" {
			if now, err = instant(at); err != nil {
				return exit{exitUsage, fmt.Errorf("--at: %w", err)}
			}
		}
		in, err := testInput(cmd.Context(), *path, file, as, now)
		if err != nil {
			return err
		}
		out := hearings(routes.Plan(in), key)
		if asJSON {
			return writeJSON(cmd.OutOrStdout(), out)
		}
		return heard(cmd.OutOrStdout(), out, texts)
	}
	format = formatFlag(cmd)
	return cmd
}

// testInput is what is planned from: an incident that is made up, or the store.
func testInput(ctx context.Context, path, file, as string, now time.Time) (routes.Input, error) {
	c, err := config.Load(path)
	if err != nil && (file == "" || as == "") {
		return routes.Input{}, exit{exitUsage, err}
	}
	if file == "" {
		file = c.Notify
	}
	if file == "" {
		return routes.Input{}, exit{exitUsage, errors.New("there is no file of routes: give --file, or notify: in the configuration")}
	}
	r, err1 := app.Routes(file)
	g, err2 := app.Governance(c.Governance)
	if err := errors.Join(err1, err2); err != nil {
		return routes.Input{}, exit{exitUsage, err}
	}
	if as != "" {
		m, err := tocsin.ParseMatch(as)
		if err != nil {
			return routes.Input{}, exit{exitUsage, fmt.Errorf("--as-if: %w", err)}
		}
		return routes.Input{Routes: r, Governance: g, Now: now, Told: []routes.Told{asIf(m, now)}}, nil
	}
	var in routes.Input
	err = withStore(ctx, path, func(s *store.Store) (err error) {
		in, err = app.NoticeInput(ctx, s, r, g, now)
		return err
	})
	return in, err
}

// asIf is an incident that was opened just now.
func asIf(m tocsin.NoticeMatch, now time.Time) routes.Told {
	inc := tocsin.Incident{Key: "INC-EXAMPLE", State: tocsin.StateDetected, Urgency: tocsin.UrgencyEmergency, Severity: tocsin.LevelCritical, OpenedAt: now, Cause: "this is a test",
		Class: tocsin.Class{ID: "EXAMPLE-1", Summary: "What an example would be about"}}
	first := func(list []string, into *string) {
		if len(list) > 0 {
			*into = list[0]
		}
	}
	first(m.Group, &inc.Group)
	first(m.Playbook, &inc.Playbook)
	if len(m.Urgency) > 0 {
		inc.Urgency = m.Urgency[0]
	}
	if len(m.Severity) > 0 {
		inc.Severity = m.Severity[0]
	}
	for _, slug := range m.Project {
		inc.Projects = append(inc.Projects, tocsin.IncidentProject{Slug: slug, Status: tocsin.ProjectAffected})
	}
	return routes.Told{Incident: inc, Events: []tocsin.IncidentEvent{{Seq: 1, At: now, Kind: tocsin.EventOpened, Text: "this is a test", TLP: tocsin.TLPAmber}}}
}

func hearings(o routes.Outcome, key string) []hearing {
	out := []hearing{}
	for _, s := range o.Send {
		for _, r := range s.Records {
			out = append(out, hearing{Receiver: r.Receiver, Incident: r.Incident, Hears: "now", News: r.News, Why: r.Why, Text: s.Notice.Subject + "\n\n" + s.Notice.Text})
		}
	}
	for _, h := range o.Held {
		one := hearing{Receiver: h.Receiver, Incident: h.Incident, Hears: "later", News: h.News, At: h.Until, Why: h.Why}
		if h.Until.IsZero() {
			one.Hears = "not"
		}
		out = append(out, one)
	}
	for _, r := range o.Passed {
		out = append(out, hearing{Receiver: r.Receiver, Incident: r.Incident, Hears: "not", News: r.News, Why: r.Why})
	}
	if key == "" {
		return out
	}
	only := []hearing{}
	for _, h := range out {
		if h.Incident == key {
			only = append(only, h)
		}
	}
	return only
}

func heard(w io.Writer, list []hearing, texts bool) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "there is no news for anybody")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RECEIVER\tINCIDENT\tHEARS\tNEWS\tWHY")
	for _, h := range list {
		when := h.Hears
		if !h.At.IsZero() {
			when = h.At.Format("2006-01-02 15:04 UTC")
		}
		var news []string
		for _, n := range h.News {
			news = append(news, string(n))
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", markdown.Line(h.Receiver, 60), h.Incident, when, strings.Join(news, ", "), markdown.Line(h.Why, 200))
	}
	err := t.Flush()
	for _, h := range list {
		if texts && h.Text != "" {
			fmt.Fprintf(w, "\n%s reads:\n%s\n", h.Receiver, indent(h.Text))
		}
	}
	return err
}

func notifyReportCommand(path *string) *cobra.Command {
	var weeks int
	var format func() (bool, error)
	cmd := &cobra.Command{
		Use: "report", Short: "Say how much receivers are told, what came of it, and what to do about it", Args: usage(cobra.NoArgs),
		Long:    `Report counts notices of the last weeks by receiver and by the rule that opened the incident: how many, of which how many incidents were acknowledged, and how many led to work.`,
		Example: "  tocsin notify report\n  tocsin notify report --weeks 12 --format json | jq -r '.suggest[]'",
	}
	cmd.Flags().IntVar(&weeks, "weeks", 4, "how many weeks back, 1 to 52")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		asJSON, err := format()
		if err != nil {
			return err
		}
		if weeks < 1 || weeks > 52 {
			return exit{exitUsage, fmt.Errorf("--weeks %d: want 1 to 52", weeks)}
		}
		now := time.Now().UTC()
		return withStore(cmd.Context(), *path, func(s *store.Store) error {
			m, err := app.NoticeMeasures(cmd.Context(), s, now.Add(-time.Duration(weeks)*7*tocsin.Day), now)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), m)
			}
			return measures(cmd.OutOrStdout(), m)
		})
	}
	format = formatFlag(cmd)
	return cmd
}

func measures(w io.Writer, m routes.Measures) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RECEIVER\tNOTICES\tA WEEK\tINCIDENTS\tACKNOWLEDGED\tLED TO WORK\tSPARED")
	for _, r := range m.Receivers {
		fmt.Fprintf(t, "%s\t%d\t%.1f\t%d\t%s\t%s\t%d\n", markdown.Line(r.Receiver, 60), r.Notices, r.PerWeek, r.Incidents, share(r.Acknowledged, r.Incidents), share(r.Worked, r.Incidents), r.Passed)
	}
	fmt.Fprintln(t, "\t\t\t\t\t\t\nRULE\tNOTICES\t\tINCIDENTS\t\tLED TO WORK\t")
	for _, r := range m.Rules {
		fmt.Fprintf(t, "%s\t%d\t\t%d\t\t%s\t\n", markdown.Line(r.Rule, 60), r.Notices, r.Incidents, share(r.Worked, r.Incidents))
	}
	err := t.Flush()
	for _, s := range m.Suggest {
		fmt.Fprintf(w, "\n%s\n", s)
	}
	return err
}

func share(n, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%d %%", 100*n/of)
}
