package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/store"
)

func reviewCommand(path *string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "review KEY", Args: usage(cobra.ExactArgs(1)),
		Short:   "Show the review of an incident, as far as it has come, as Markdown",
		Example: "  tocsin incidents review INC-CVE-2021-44228 > review.md\n  tocsin incidents review INC-CVE-2021-44228 --format json | jq .measures",
	}
	format := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
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
					Incident string          `json:"incident"`
					Review   *tocsin.Review  `json:"review"`
					Measures tocsin.Measures `json:"measures"`
				}{inc.Key, inc.Review, incidents.Measure(inc, events)})
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), incidents.ReviewMarkdown(inc, events))
			return err
		})
	}
	return cmd
}
