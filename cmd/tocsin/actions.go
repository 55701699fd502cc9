package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// withStore runs f on the store of a configuration.
func withStore(ctx context.Context, path string, f func(*store.Store) error) error {
	c, err := config.Load(path)
	if err != nil {
		return exit{exitUsage, err}
	}
	s, err := app.OpenStore(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(f(s), s.Close())
}

func actionsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "actions", Short: "See what is to be done on the world, approve it or veto it",
		Example: "  tocsin actions list\n  tocsin actions approve draft/INC-CVE-2021-44228/shop-api --as ada",
	}
	path := cmd.PersistentFlags().String("config", "tocsin.yaml", "configuration file")
	return group(cmd, listActions(path), judge(path, "approve", true), judge(path, "veto", false), retryAction(path), writing(path, "stop"), writing(path, "go"))
}

func listActions(path *string) *cobra.Command {
	var format func() (bool, error)
	cmd := &cobra.Command{
		Use: "list", Short: "List all actions and what became of them", Args: usage(cobra.NoArgs),
		Example: "  tocsin actions list\n  tocsin actions list --format json | jq '.[] | select(.state == \"failed\")'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			asJSON, err := format()
			if err != nil {
				return err
			}
			return withStore(cmd.Context(), *path, func(s *store.Store) error {
				rows, err := s.Actions(cmd.Context())
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(cmd.OutOrStdout(), append([]tocsin.ActionRow{}, rows...))
				}
				t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(t, "STATE\tACTION\tREV\tREPOSITORY\tTLP\tTRIES\tAPPROVED\tWHY")
				for _, r := range rows {
					a := r.Action
					fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\t%d\t%d of %d\t%s\n", r.State, a.Key, a.Revision, a.Repository, a.TLP, r.Attempts,
						len(r.Approved), a.Approvals, markdown.Line(r.Error, 120))
				}
				b, err := app.BudgetOf(cmd.Context(), s, time.Now().UTC())
				if err != nil || b.Issues == 0 {
					return errors.Join(t.Flush(), err)
				}
				return errors.Join(t.Flush(), say(cmd, b))
			})
		},
	}
	format = formatFlag(cmd)
	return cmd
}

func say(cmd *cobra.Command, what fmt.Stringer) error {
	_, err := fmt.Fprintln(cmd.OutOrStdout(), what)
	return err
}

// writing stops what is written to GitHub, or has it go on.
func writing(path *string, verb string) *cobra.Command {
	var person, reason string
	stop := verb == "stop"
	cmd := &cobra.Command{
		Use: verb + " --as PERSON", Args: usage(cobra.NoArgs),
		Short:   map[bool]string{true: "Have nothing written to GitHub any more, by any process", false: "Have writing to GitHub go on"}[stop],
		Example: map[bool]string{true: "  tocsin actions stop --as ada --reason \"the texts are wrong\"", false: "  tocsin actions go --as ada"}[stop],
		RunE: func(cmd *cobra.Command, _ []string) error {
			if person == "" || stop && reason == "" {
				return exit{exitUsage, errors.New("--as or --reason is missing: who does it and why stands on the timelines")}
			}
			c, err := config.Load(*path)
			if err != nil {
				return exit{exitUsage, err}
			}
			s, err := app.New(cmd.Context(), slog.New(slog.DiscardHandler), c, app.Options{Now: func() time.Time { return time.Now().UTC() }})
			if err != nil {
				return err
			}
			if stop {
				err = s.Stop(cmd.Context(), local(person), reason)
			} else {
				err = s.Go(cmd.Context(), local(person))
			}
			if err == nil {
				fmt.Fprintln(cmd.OutOrStdout(), map[bool]string{true: "nothing is written to GitHub any more; tocsin actions go has it go on", false: "writing to GitHub goes on"}[stop])
			}
			return errors.Join(err, s.Close())
		},
	}
	cmd.Flags().StringVar(&person, "as", "", "who you are")
	if stop {
		cmd.Flags().StringVar(&reason, "reason", "", "why")
	}
	return cmd
}

func judge(path *string, verb string, approve bool) *cobra.Command {
	var person string
	cmd := &cobra.Command{
		Use: verb + " KEY --as PERSON", Args: usage(cobra.ExactArgs(1)),
		Short:   map[bool]string{true: "Agree to an action; it is carried out once enough people did", false: "Stop an action; one veto is enough"}[approve],
		Example: "  tocsin actions " + verb + " draft/INC-CVE-2021-44228/shop-api --as ada",
		RunE: func(cmd *cobra.Command, args []string) error {
			if person == "" {
				return exit{exitUsage, errors.New("--as is missing: say who " + verb + "s; it stands on the timeline")}
			}
			return withStore(cmd.Context(), *path, func(s *store.Store) error {
				r, err := s.Judge(cmd.Context(), args[0], person, approve, time.Now().UTC())
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s (revision %d) is now %s\n", r.Action.Key, r.Action.Revision, r.State)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&person, "as", "", "who you are")
	return cmd
}

func retryAction(path *string) *cobra.Command {
	var person string
	var anew bool
	cmd := &cobra.Command{
		Use: "retry KEY --as PERSON", Args: usage(cobra.ExactArgs(1)), Short: "Have an action that failed tried again, once what was in its way is mended",
		Example: "  tocsin actions retry issue/INC-CVE-2021-44228/shop-api --as ada\n  tocsin actions retry issue/INC-CVE-2021-44228/shop-api --as ada --anew   # the issue was deleted",
		RunE: func(cmd *cobra.Command, args []string) error {
			if person == "" {
				return exit{exitUsage, errors.New("--as is missing: say who has it tried again; it stands on the timeline")}
			}
			return withStore(cmd.Context(), *path, func(s *store.Store) error {
				r, err := s.Retry(cmd.Context(), args[0], person, anew, time.Now().UTC())
				if err == nil {
					fmt.Fprintf(cmd.OutOrStdout(), "%s (revision %d) is now %s\n", r.Action.Key, r.Action.Revision, r.State)
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&anew, "anew", false, "forget what was made before: it was deleted, or moved away")
	cmd.Flags().StringVar(&person, "as", "", "who you are")
	return cmd
}

func incidentsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "incidents", Short: "See incidents, lead them, and check their timelines",
		Example: "  tocsin incidents list\n  tocsin incidents show INC-CVE-2021-44228\n  tocsin incidents take INC-CVE-2021-44228 --role \"incident commander\" --as ada",
	}
	path := cmd.PersistentFlags().String("config", "tocsin.yaml", "configuration file")
	return group(cmd, append(leading(path), listIncidents(path), showIncident(path))...)
}

func listIncidents(path *string) *cobra.Command {
	var format func() (bool, error)
	cmd := &cobra.Command{
		Use: "list", Short: "List all incidents, oldest first", Args: usage(cobra.NoArgs),
		Example: "  tocsin incidents list\n  tocsin incidents list --format json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			asJSON, err := format()
			if err != nil {
				return err
			}
			return withStore(cmd.Context(), *path, func(s *store.Store) error {
				list, err := s.Incidents(cmd.Context())
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(cmd.OutOrStdout(), append([]tocsin.Incident{}, list...))
				}
				t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(t, "INCIDENT\tSTATE\tURGENCY\tSEVERITY\tPROJECTS\tOPENED\tSUMMARY")
				for _, i := range list {
					fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", i.Key, i.State, i.Urgency, i.Severity, len(i.Projects),
						i.OpenedAt.Format("2006-01-02 15:04"), markdown.Line(i.Class.Summary, 80))
				}
				return t.Flush()
			})
		},
	}
	format = formatFlag(cmd)
	return cmd
}

func showIncident(path *string) *cobra.Command {
	var format func() (bool, error)
	cmd := &cobra.Command{
		Use: "show KEY", Short: "Show one incident with its timeline", Args: usage(cobra.ExactArgs(1)),
		Example: "  tocsin incidents show INC-CVE-2021-44228",
		RunE: func(cmd *cobra.Command, args []string) error {
			asJSON, err := format()
			if err != nil {
				return err
			}
			return withStore(cmd.Context(), *path, func(s *store.Store) error {
				inc, err := s.Incident(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				events, err := s.Timeline(cmd.Context(), inc.Key)
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(cmd.OutOrStdout(), struct {
						tocsin.Incident
						Timeline []tocsin.IncidentEvent `json:"timeline"`
					}{inc, events})
				}
				books, err := configured(cmd, *path)
				if err != nil {
					return err
				}
				known, err := s.Incidents(cmd.Context())
				if err != nil {
					return err
				}
				timeline(cmd.OutOrStdout(), inc, books[inc.Playbook], incidents.Similar(inc, known), events)
				return nil
			})
		},
	}
	format = formatFlag(cmd)
	return cmd
}
