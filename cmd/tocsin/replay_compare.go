package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/replay"
	"github.com/tocsin-dev/tocsin/internal/replay/view"
	"github.com/tocsin-dev/tocsin/policies"
)

func policyDiffCommand() *cobra.Command {
	var f pastFlags
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Run two policies over the same past, and say what would have been different",
		Long: `Diff replays two policies, or two versions of one, over the same past and lists the incidents that only one of
them would have opened (gained, lost), or with another urgency (louder, quieter), or at another time (earlier, later), and the
releases that they judge differently.`,
		Example: `  tocsin policy diff emergency team.yaml --git .
  git show HEAD~1:team.yaml > old.yaml; tocsin policy diff old.yaml team.yaml --git . --format markdown`,
		Args: usage(cobra.ExactArgs(2)),
	}
	f.add(cmd)
	format := cmd.Flags().String("format", "table", "table, json, markdown")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *format != "table" && *format != "json" && *format != "markdown" {
			return exit{exitUsage, fmt.Errorf("--format %q: want table, json or markdown", *format)}
		}
		var sets [2]policies.Set
		for i, name := range args {
			set, err := app.Policies([]string{name})
			if err != nil {
				return exit{exitUsage, err}
			}
			sets[i] = set
		}
		p, err := f.open(cmd)
		if err != nil {
			return err
		}
		var results [2]replay.Result
		for i, set := range sets {
			if results[i], err = p.run(cmd.Context(), set); err != nil {
				return err
			}
		}
		d, w := replay.Compare(results[0], results[1]), cmd.OutOrStdout()
		switch *format {
		case "json":
			return writeJSON(w, d)
		case "markdown":
			return view.DiffMarkdown(w, d)
		default:
			return view.DiffTable(w, d, f.options(cmd))
		}
	}
	return cmd
}

func policySweepCommand() *cobra.Command {
	var f pastFlags
	cmd := &cobra.Command{
		Use:   "sweep POLICY --param NAME=FROM..TO",
		Short: "Run a policy over the past with many values of one number, and draw noise against what it catches",
		Long: `Sweep replays a policy with other values of one of its numbers: a name of its let: that is a plain number.
Each value gets its incidents a week, the releases that it stops, and how many of the classes that were exploited in the end
it caught. "tocsin policy show" names the numbers of a policy.`,
		Example: `  tocsin policy sweep emergency --param likely_epss=0.1..0.9 --git .
  tocsin policy sweep team.yaml --param floor=4..9/11 --git . --format html > sweep.html   # eleven values`,
		Args: usage(cobra.ExactArgs(1)),
	}
	f.add(cmd)
	param := cmd.Flags().String("param", "", "number and values, as NAME=FROM..TO or NAME=FROM..TO/HOW-MANY")
	format := cmd.Flags().String("format", "table", "table, json, html")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *format != "table" && *format != "json" && *format != "html" {
			return exit{exitUsage, fmt.Errorf("--format %q: want table, json or html", *format)}
		}
		name, values, err := sweepValues(*param)
		if err != nil {
			return exit{exitUsage, err}
		}
		s, err := sweep(cmd, f, args[0], name, values)
		if err != nil {
			return err
		}
		w := cmd.OutOrStdout()
		switch *format {
		case "json":
			return writeJSON(w, s)
		case "html":
			return view.SweepHTML(w, s)
		default:
			return view.SweepTable(w, s, f.options(cmd))
		}
	}
	return cmd
}

func sweep(cmd *cobra.Command, f pastFlags, policy, name string, values []float64) (replay.Sweep, error) {
	s := replay.Sweep{Policy: policy, Number: name}
	text, err := app.PolicyText(policy)
	if err != nil {
		return s, exit{exitUsage, err}
	}
	now, list, err := policies.Sweep(policy, text, name, values)
	if err != nil {
		return s, exit{exitUsage, err}
	}
	s.Now = now
	p, err := f.open(cmd)
	if err != nil {
		return s, err
	}
	for i, one := range list {
		r, err := p.run(cmd.Context(), policies.NewSet(one))
		if err != nil {
			return s, err
		}
		s.Basis = r.Basis
		s.Points = append(s.Points, replay.Point{Value: values[i], Measures: r.Measures})
	}
	return s, nil
}

const (
	sweepDefault = 9
	sweepMost    = 101
)

// sweepValues reads NAME=FROM..TO or NAME=FROM..TO/N.
func sweepValues(s string) (name string, values []float64, err error) {
	wrong := fmt.Errorf("--param %q: want NAME=FROM..TO or NAME=FROM..TO/HOW-MANY, as floor=0.1..0.9/17", s)
	name, span, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return "", nil, wrong
	}
	span, many, counted := strings.Cut(span, "/")
	n := sweepDefault
	if counted {
		if n, err = strconv.Atoi(many); err != nil || n < 2 || n > sweepMost {
			return "", nil, fmt.Errorf("--param %q: want between 2 and %d values", s, sweepMost)
		}
	}
	from, to, ok := strings.Cut(span, "..")
	low, err1 := strconv.ParseFloat(from, 64)
	high, err2 := strconv.ParseFloat(to, 64)
	if !ok || err1 != nil || err2 != nil || !(low < high) || math.IsInf(high-low, 0) {
		return "", nil, wrong
	}
	for i := range n {
		v := low + (high-low)*float64(i)/float64(n-1)
		values = append(values, math.Round(v*1e6)/1e6)
	}
	return name, values, nil
}
