package main

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

func githubCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "github", Short: "See what may be done on GitHub, and tell it a verdict",
		Example: "  tocsin github check --config tocsin.yaml\n  tocsin github tell gate.json --repository acme/shop --commit \"$SHA\"",
	}
	return group(cmd, githubCheck(), githubTell())
}

func githubCheck() *cobra.Command {
	var path string
	var format func() (bool, error)
	cmd := &cobra.Command{
		Use: "check", Short: "Say of each repository what may be done there, and what is missing", Args: usage(cobra.NoArgs),
		Long:    "Check looks at each repository of the configuration, and writes nothing. The exit code is 1 if something is missing that the configuration needs.",
		Example: "  tocsin github check --config tocsin.yaml\n  tocsin github check --format json | jq '.[].findings[] | select(.state == \"missing\")'",
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
		if !c.GitHub.SignsIn() {
			return exit{exitUsage, errors.New("there is nothing to sign in to GitHub with: give github: token: or app: in the configuration")}
		}
		s, err := app.New(cmd.Context(), slog.New(slog.DiscardHandler), c, app.Options{Now: func() time.Time { return time.Now().UTC() }})
		if err != nil {
			return err
		}
		list, ok := s.Inspect(cmd.Context())
		if asJSON {
			err = writeJSON(cmd.OutOrStdout(), append([]app.Inspection{}, list...))
		} else {
			for _, one := range list {
				fmt.Fprintln(cmd.OutOrStdout(), one.Repository)
				for _, f := range one.Findings {
					fmt.Fprintf(cmd.OutOrStdout(), "  %-7s  %-17s %s\n", f.State, f.Name, markdown.Line(f.Text, 300))
					if f.Fix != "" {
						fmt.Fprintf(cmd.OutOrStdout(), "           %-17s → %s\n", "", f.Fix)
					}
				}
			}
		}
		err = errors.Join(err, s.Close())
		if err == nil && !ok {
			return exit{exitFailed, errors.New("something is missing on GitHub that the configuration needs")}
		}
		return err
	}
	format = formatFlag(cmd)
	return cmd
}
