package main

import "github.com/spf13/cobra"

func drillReportCommand() *cobra.Command { return &cobra.Command{Use: "report"} }
