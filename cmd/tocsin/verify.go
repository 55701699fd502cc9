package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/store"
)

func verifyTimeline(path *string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "verify KEY [FILE]", Args: usage(cobra.RangeArgs(1, 2)),
		Short: "Check that a timeline is what was written, event by event",
		Long: `Verify checks the hash of each event of an incident's timeline, which is over the event and all before it.
With a FILE, which is an older copy as "tocsin incidents show KEY --format json" or "tocsin incidents
public KEY" wrote it, it checks that copy too, and that the timeline, or what is public, goes on from there.`,
		Example: "  tocsin incidents verify INC-CVE-2021-44228\n  tocsin incidents verify INC-CVE-2021-44228 copy.json",
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return withStore(cmd.Context(), *path, func(s *store.Store) error {
			inc, err := s.Incident(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			events, err := s.Timeline(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			public, _ := incidents.Publish(inc)
			bare, err := tocsin.VerifyTimeline(events)
			if err != nil {
				return exit{exitFailed, err}
			}
			if len(args) == 2 {
				if err := copyHolds(args[1], events, public); err != nil {
					return exit{exitFailed, err}
				}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d events, each as it was written", len(events)-bare)
			if bare > 0 {
				fmt.Fprintf(cmd.OutOrStdout(), "; %d more from before there were hashes", bare)
			}
			if len(events) > bare {
				fmt.Fprintf(cmd.OutOrStdout(), "\n%s", events[len(events)-1].Hash)
			}
			fmt.Fprintln(cmd.OutOrStdout())
			return nil
		})
	}
	return cmd
}

// copyHolds checks an older copy of a timeline, and that the events go on from it.
func copyHolds(path string, events []tocsin.IncidentEvent, public tocsin.Publication) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the copy: %w", err)
	}
	var copied struct {
		Timeline []tocsin.IncidentEvent `json:"timeline"`
		tocsin.Publication
	}
	if err := json.Unmarshal(text, &copied); err != nil {
		return fmt.Errorf("%w: %s: %w", tocsin.ErrInvalid, path, err)
	}
	if len(copied.Timeline) == 0 {
		if len(copied.Entries) == 0 {
			return fmt.Errorf("%w: %s has neither a timeline nor what was published", tocsin.ErrInvalid, path)
		}
		if err := public.GoesOnFrom(copied.Publication); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	}
	if _, err := tocsin.VerifyTimeline(copied.Timeline); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for i, e := range copied.Timeline {
		if i >= len(events) || events[i].Hash != e.Hash || events[i].Text != e.Text {
			return fmt.Errorf("%w: %s: event %d is not the one of the timeline", tocsin.ErrInvalid, path, i+1)
		}
	}
	return nil
}
