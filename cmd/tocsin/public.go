package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/store"
)

func publicCommand(path *string) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "public KEY", Args: usage(cobra.ExactArgs(1)),
		Short: "Show what the public may read of an incident",
		Long: `Public writes what two people agreed to tell the public of an incident, and nothing else. Each entry has a
hash over itself and all before it, so that whoever kept a copy can see that nothing was changed or taken
back: see "tocsin incidents verify".`,
		Example: "  tocsin incidents public INC-CVE-2021-44228\n  tocsin incidents public INC-CVE-2021-44228 --format atom > feed.xml",
	}
	cmd.Flags().StringVar(&format, "format", "json", "json, markdown or atom")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return withStore(cmd.Context(), *path, func(s *store.Store) error {
			inc, err := s.Incident(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			p, ok := incidents.Publish(inc)
			if !ok {
				return exit{exitNothing, fmt.Errorf("nothing of %s is public: %w", inc.Key, tocsin.ErrNotFound)}
			}
			w := cmd.OutOrStdout()
			switch format {
			case "json":
				return writeJSON(w, p)
			case "markdown":
				_, err = fmt.Fprint(w, incidents.PublicMarkdown(p))
			case "atom":
				var feed []byte
				if feed, err = incidents.PublicAtom(p, ""); err == nil {
					_, err = w.Write(feed)
				}
			default:
				err = exit{exitUsage, fmt.Errorf("--format %q: want json, markdown or atom", format)}
			}
			return err
		})
	}
	return cmd
}
