package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories/draft"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/store"
)

func advisoryCommand(path *string) *cobra.Command {
	var format string
	var revision int
	cmd := &cobra.Command{
		Use: "advisory KEY", Args: usage(cobra.ExactArgs(1)),
		Short: "Write the advisory of an incident to those downstream",
		Long: `Advisory writes the advisory by which projects tell their own users of an incident: as it is now, or a revision
that two people published. What is not published says that it is a draft, and is not for the public.

In it are the products of projects with publishes: and opt_in: advisory_draft and public_exposure, and nothing of
others. What no scan sees is said with "tocsin incidents product" and "tocsin incidents advise"; "tocsin incidents
revise" proposes to publish it.`,
		Example: "  tocsin incidents advisory INC-CVE-2021-44228\n  tocsin incidents advisory INC-CVE-2021-44228 --format csaf --revision 1 > inc-cve-2021-44228.json",
	}
	cmd.Flags().StringVar(&format, "format", string(draft.OSV), "osv, csaf, openvex, github or json")
	cmd.Flags().IntVar(&revision, "revision", 0, "which published revision, from 1 (default: as it is now)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !slices.Contains(draft.Formats(), draft.Format(format)) || revision < 0 {
			return exit{exitUsage, fmt.Errorf("--format %q, --revision %d: want a format of %q, and a revision from 1", format, revision, draft.Formats())}
		}
		c, err := config.Load(*path)
		if err != nil {
			return exit{exitUsage, err}
		}
		return withStore(cmd.Context(), *path, func(s *store.Store) error {
			text, err := app.Advisory(cmd.Context(), s, c.Publisher, args[0], format, revision, time.Now().UTC())
			switch {
			case errors.Is(err, tocsin.ErrNotFound), errors.Is(err, tocsin.ErrConflict):
				return exit{exitNothing, err}
			case err != nil:
				return err
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		})
	}
	return cmd
}
