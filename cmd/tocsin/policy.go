package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin/internal/app"
)

func policyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "policy", Short: "Work on policies", Example: "  tocsin policy check team.yaml"}
	return group(cmd, replayCommand(), &cobra.Command{
		Use:   "check FILE...",
		Short: "Check policies, and say everything that is wrong with file, line and column",
		Example: `  tocsin policy check team.yaml
  tocsin policy check release-gate        # a shipped pack`,
		Args: usage(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := app.Policies(args); err != nil {
				return exit{exitUsage, err}
			}
			for _, name := range args {
				p, err := app.Policy(name)
				if err != nil {
					return exit{exitUsage, err}
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: ok (%s, %s)\n", name, p.Name, p.Digest)
			}
			return nil
		},
	})
}
