package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// local is somebody at this machine, by the name that they give. Whoever has the database can write what they like into it; who signs
// in to a service has the id that the service gives.
func local(name string) tocsin.Actor { return tocsin.Actor{ID: "local:" + name, Name: name} }

// leading adds a command for each verb.
func leading(path *string) []*cobra.Command {
	out := []*cobra.Command{
		declareCommand(path), verifyTimeline(path), publicCommand(path), pagesCommand(path), reviewCommand(path), advisoryCommand(path), retrospectiveCommand(path), lessonsCommand(path),
	}
	for _, v := range incidents.Verbs() {
		out = append(out, verbCommand(path, v))
	}
	return out
}

// flags are those of the fields of a command.
func fieldFlags(cmd *cobra.Command, c *tocsin.Command, v incidents.VerbDoc) (finish func() error) {
	var until, to string
	f := cmd.Flags()
	for _, field := range append(slices.Clone(v.Needs), v.Takes...) {
		switch field {
		case "role":
			f.StringVar((*string)(&c.Role), field, "", "incident commander, technical lead, communications liaison, release manager or scribe")
		case "to":
			f.StringVar(&to, field, "", "name of the person")
		case "right":
			f.StringVar((*string)(&c.Right), field, "", "the right, see docs/responders.md")
		case "task":
			f.StringVar(&c.Task, field, "", "id of the task")
		case "point":
			f.StringVar(&c.Point, field, "", "id of the decision point")
		case "answer":
			f.StringVar(&c.Answer, field, "", "one of its answers")
		case "message":
			f.StringVar(&c.Message, field, "", "id of the message")
		case "audience":
			f.StringVar((*string)(&c.Audience), field, "", "maintainers, downstream, executives, public or registry")
		case "stage":
			f.StringVar((*string)(&c.Stage), field, "", "first, update, fixed, correction or review")
		case "section":
			of := "summary, impact, causes, helped, hindered, lucky or changes"
			if v.Do == tocsin.DoAdvise {
				of = "title, details, mitigation, cve or references (one address a line)"
			}
			f.StringVar((*string)(&c.Section), field, "", of)
		case "product":
			f.StringVar((*string)(&c.Product), field, "", "affected, not_affected or under_investigation")
		case "repository":
			f.StringVar(&c.Repository, field, "", "whose maintainers it is for, owner/name")
		case "request":
			f.StringVar((*string)(&c.Request), field, "", "cve, private-fork or publication")
		case "range":
			f.StringVar(&c.Range, field, "", "affected versions, such as \">= 1.0, < 1.4.2 || >= 2.0, < 2.0.1\": < is the fix, <= the last that is known to be affected")
		case "justification":
			f.StringVar((*string)(&c.Justification), field, "", "component_not_present, vulnerable_code_not_present, vulnerable_code_not_in_execute_path, vulnerable_code_cannot_be_controlled_by_adversary or inline_mitigations_already_exist")
		case "credit":
			f.StringVar((*string)(&c.Credit), field, "", "analyst, finder, reporter, coordinator, remediation_developer, remediation_reviewer, remediation_verifier, tool, sponsor or other")
		case "minutes":
			f.IntVar(&c.Minutes, field, 0, "how long, in minutes")
		case "severity":
			f.StringVar((*string)(&c.Severity), field, "", "low, medium, high or critical")
		case "projects":
			f.StringSliceVar(&c.Projects, field, nil, "slugs of projects")
		case "status":
			f.StringVar((*string)(&c.Status), field, "", "affected, mitigated, accepted, unaffected or unreachable")
		case "into":
			f.StringVar(&c.Into, field, "", "key of the other incident")
		case "package":
			f.StringVar(&c.Package, field, "", "ecosystem/name, such as npm/debug")
		case "version":
			f.StringVar(&c.Version, field, "", "the version to go back to")
		case "number":
			f.IntVar(&c.Number, field, 0, "its number, from 1")
		case "until":
			f.StringVar(&until, field, "", "a time such as 2026-03-01T12:00Z, or from now such as 8h or 3d")
		case "tlp":
			f.StringVar((*string)(&c.TLP), field, "", "label of the text: GREEN, AMBER, AMBER+STRICT or RED")
		case "text":
			f.StringVar(&c.Text, field, "", "the text; - reads it from standard input")
		case "reason":
			f.StringVar(&c.Reason, field, "", "why; it stands on the timeline")
		}
	}
	if v.Right != "" {
		f.BoolVar(&c.BreakGlass, "break-glass", false, "do it without the right to, with a reason; everybody is told")
		if f.Lookup("reason") == nil {
			f.StringVar(&c.Reason, "reason", "", "why the glass is broken")
		}
	}
	return func() error {
		if to != "" {
			c.To = local(to)
		}
		if c.Text == "-" {
			text, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), 1<<20))
			if err != nil {
				return fmt.Errorf("reading standard input: %w", err)
			}
			c.Text = string(text)
		}
		if until == "" {
			return nil
		}
		var err error
		if c.Until, err = ahead(until, time.Now().UTC()); err != nil {
			return exit{exitUsage, fmt.Errorf("--until %q: %w", until, err)}
		}
		return nil
	}
}

// ahead reads a time, or a time from now.
func ahead(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		text = days + "h"
		d, err := time.ParseDuration(text)
		if err == nil && d > 0 && d < 10*365*time.Hour {
			return now.Add(24 * d), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return now.Add(d), nil
	}
	return time.Time{}, errors.New("want a time such as 2026-03-01T12:00Z, or one from now such as 8h or 3d")
}

func verbCommand(path *string, v incidents.VerbDoc) *cobra.Command {
	var person string
	var format func() (bool, error)
	c := tocsin.Command{Do: v.Do, Source: "cli"}
	cmd := &cobra.Command{Use: string(v.Do) + " KEY --as PERSON", Short: v.About, Args: usage(cobra.ExactArgs(1))}
	finish := fieldFlags(cmd, &c, v)
	example := "  tocsin incidents " + string(v.Do) + " INC-CVE-2021-44228 --as ada"
	for _, field := range v.Needs {
		example += " --" + field + " " + exampleOf(v.Do, field)
	}
	if v.Do == tocsin.DoProduct {
		example += ` --range ">= 1.0, < 1.4.2"`
	}
	cmd.Example = example
	cmd.Flags().StringVar(&person, "as", os.Getenv("TOCSIN_AS"), "who you are (default $TOCSIN_AS)")
	format = formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		asJSON, err := format()
		if err == nil && person == "" {
			err = exit{exitUsage, errors.New("--as is missing: say who you are; it stands on the timeline")}
		}
		if err = cmp.Or(err, finish()); err != nil {
			return err
		}
		c.By = local(person)
		return lead(cmd, *path, asJSON, func(s *app.Service) (tocsin.Incident, error) { return s.Handle(cmd.Context(), args[0], c) })
	}
	return cmd
}

// exampleOf is what a field may look like.
func exampleOf(do tocsin.Verb, field string) string {
	switch field {
	case "role":
		return `"technical lead"`
	case "to":
		return "bea"
	case "until":
		return "3d"
	case "section":
		if do == tocsin.DoAdvise {
			return "mitigation"
		}
		return "causes"
	case "product":
		return "affected"
	case "request":
		return "cve"
	case "repository":
		return "acme/library"
	case "credit":
		return "finder"
	case "minutes":
		return "90"
	case "severity":
		return "high"
	case "status":
		return "mitigated"
	case "projects":
		return "shop-api"
	case "package":
		return "npm/debug"
	case "version":
		return "4.4.1"
	case "number":
		return "1"
	case "message":
		return "m1"
	case "audience":
		return "maintainers"
	case "stage":
		return "update"
	case "task":
		return "confirm"
	case "point":
		return "reachable"
	case "answer":
		return "no"
	case "right":
		return "publish"
	case "into":
		return "INC-CVE-2021-45046"
	case "text":
		return `"What I saw"`
	}
	return fmt.Sprintf("%q", "why I "+string(do))
}

// lead does something in the store of a configuration and shows the incident as it is then.
func lead(cmd *cobra.Command, path string, asJSON bool, do func(*app.Service) (tocsin.Incident, error)) (err error) {
	c, err := config.Load(path)
	if err != nil {
		return exit{exitUsage, err}
	}
	log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, err := app.New(cmd.Context(), log, c, app.Options{Now: func() time.Time { return time.Now().UTC() }})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	inc, err := do(s)
	switch {
	case errors.Is(err, tocsin.ErrInvalid), errors.Is(err, tocsin.ErrNotFound), errors.Is(err, tocsin.ErrForbidden), errors.Is(err, tocsin.ErrConflict):
		return exit{exitUsage, err}
	case err != nil:
		return err
	case asJSON:
		return writeJSON(cmd.OutOrStdout(), inc)
	}
	return latest(cmd, s, inc)
}

func latest(cmd *cobra.Command, s *app.Service, inc tocsin.Incident) error {
	events, err := s.Timeline(cmd.Context(), inc.Key)
	if err != nil {
		return err
	}
	w := cmd.OutOrStdout()
	last := events[len(events)-1]
	fmt.Fprintf(w, "%s is %s; event %d: %s %s\n", inc.Key, inc.State, last.Seq, markdown.Line(last.Actor, 60), markdown.Line(last.Text, 300))
	return nil
}

func declareCommand(path *string) *cobra.Command {
	var person string
	d := tocsin.Declaration{Source: "cli"}
	cmd := &cobra.Command{
		Use: "declare --playbook NAME --title TEXT --reason TEXT --as PERSON", Args: usage(cobra.NoArgs),
		Short:   "Declare an emergency that no advisory is behind",
		Example: `  tocsin incidents declare --playbook leaked-secret --title "A deploy token was in a build log" --reason "seen by hand" --severity high --projects shop-api --as ada`,
	}
	f := cmd.Flags()
	f.StringVar(&d.Playbook, "playbook", "", "type of the incident, by the name of its playbook")
	f.StringVar(&d.Title, "title", "", "what it is, in a line")
	f.StringVar(&d.Reason, "reason", "", "how it is known; it stands on the timeline")
	f.StringVar((*string)(&d.Severity), "severity", "high", "low, medium, high or critical")
	f.StringVar(&d.Group, "group", "", "owner group")
	f.StringSliceVar(&d.Projects, "projects", nil, "slugs of projects")
	f.BoolVar(&d.Private, "private", false, "keep it from everybody but those who manage the projects")
	f.StringVar(&person, "as", os.Getenv("TOCSIN_AS"), "who you are (default $TOCSIN_AS)")
	format := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		asJSON, err := format()
		if err != nil {
			return err
		}
		if person == "" {
			return exit{exitUsage, errors.New("--as is missing: say who you are; it stands on the timeline")}
		}
		d.By = local(person)
		return lead(cmd, *path, asJSON, func(s *app.Service) (tocsin.Incident, error) { return s.Declare(cmd.Context(), d) })
	}
	return cmd
}
