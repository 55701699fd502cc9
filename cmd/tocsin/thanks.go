package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/store"
)

func thanksCommand(path *string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "thanks", Args: usage(cobra.NoArgs),
		Short:   "List who is thanked for what, in all incidents, as Markdown",
		Example: "  tocsin incidents thanks > thanks.md\n  tocsin incidents thanks --format json | jq '.[].who'",
	}
	format := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		asJSON, err := format()
		if err != nil {
			return err
		}
		return withStore(cmd.Context(), *path, func(s *store.Store) error {
			list, err := s.Incidents(cmd.Context())
			if err != nil {
				return err
			}
			all := incidents.Recognition(list)
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), all)
			}
			w := cmd.OutOrStdout()
			fmt.Fprint(w, "# Thanks\n")
			for _, t := range all {
				fmt.Fprintf(w, "\n## %s\n\n", markdown.Text(t.Who))
				for _, c := range t.For {
					fmt.Fprintf(w, "- %s in %s\n", markdown.Text(string(c.Type)), markdown.Code(c.Incident, 200))
				}
			}
			return nil
		})
	}
	return cmd
}
