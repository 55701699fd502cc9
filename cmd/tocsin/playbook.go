package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

func playbookCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "playbook", Short: "Look at the playbooks of emergencies, and check those of one's own",
		Long: `A playbook says what is done in one kind of emergency: tasks, decisions, what a fix has to prove, and first drafts of messages. Those that
come with the program can be replaced by files of the same name, or joined by others, with playbooks: in the configuration. docs/governance.md
says how one is written.`,
		Example: `  tocsin playbook list
  tocsin playbook show malicious-package
  tocsin playbook check our-playbook.yaml`,
	}
	return group(cmd, playbookListCommand(), playbookShowCommand(), playbookCheckCommand())
}

// configured are the playbooks of a configuration; without its file, the shipped ones.
func configured(cmd *cobra.Command, path string) (map[string]tocsin.Playbook, error) {
	var files []string
	if _, err := os.Stat(path); err == nil || cmd.Flags().Changed("config") {
		c, err := config.Load(path)
		if err != nil {
			return nil, exit{exitUsage, err}
		}
		files = c.Playbooks
	}
	books, _, err := app.Playbooks(files)
	if err != nil {
		return nil, exit{exitUsage, err}
	}
	return books, nil
}

func playbookListCommand() *cobra.Command {
	var path string
	var format func() (bool, error)
	cmd := &cobra.Command{
		Use: "list", Short: "List the playbooks that emergencies can be led by", Args: usage(cobra.NoArgs),
		Example: `  tocsin playbook list
  tocsin playbook list --format json | jq -r '.[].name'`,
	}
	cmd.Flags().StringVar(&path, "config", "tocsin.yaml", "configuration file")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		asJSON, err := format()
		if err != nil {
			return err
		}
		books, err := configured(cmd, path)
		if err != nil {
			return err
		}
		var list []tocsin.Playbook
		out := []printedPlaybook{}
		for _, name := range slices.Sorted(maps.Keys(books)) {
			list, out = append(list, books[name]), append(out, printed(books[name]))
		}
		if asJSON {
			return writeJSON(cmd.OutOrStdout(), out)
		}
		t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "PLAYBOOK\tVERSION\tTASKS\tDECISIONS\tSOAK\tFOR")
		for _, p := range list {
			fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%s\t%s\n", p.Name, p.Version, len(p.Tasks), len(p.Decisions), soaks(p.Soak), markdown.Line(p.Title, 80))
		}
		return t.Flush()
	}
	format = formatFlag(cmd)
	return cmd
}

func playbookShowCommand() *cobra.Command {
	var path string
	var format func() (bool, error)
	cmd := &cobra.Command{
		Use: "show NAME|FILE", Short: "Show one playbook as those who follow it read it", Args: usage(cobra.ExactArgs(1)),
		Example: `  tocsin playbook show malicious-package
  tocsin playbook show our-playbook.yaml --format json`,
	}
	cmd.Flags().StringVar(&path, "config", "tocsin.yaml", "configuration file")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		asJSON, err := format()
		if err != nil {
			return err
		}
		p, err := playbookOf(cmd, path, args[0])
		if err != nil {
			return err
		}
		if asJSON {
			return writeJSON(cmd.OutOrStdout(), printed(p))
		}
		showPlaybook(cmd.OutOrStdout(), p)
		return nil
	}
	format = formatFlag(cmd)
	return cmd
}

func playbookOf(cmd *cobra.Command, path, name string) (tocsin.Playbook, error) {
	if strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") {
		p, err := app.Playbook(name)
		if err != nil {
			return p, exit{exitUsage, err}
		}
		return p, nil
	}
	books, err := configured(cmd, path)
	if err != nil {
		return tocsin.Playbook{}, err
	}
	p, ok := books[name]
	if !ok {
		return p, exit{exitUsage, fmt.Errorf("there is no playbook %q: want one of %s, or a file", name, strings.Join(slices.Sorted(maps.Keys(books)), ", "))}
	}
	return p, nil
}

func playbookCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check FILE...", Short: "Check playbooks, and say everything that is wrong with file, line and column", Args: usage(cobra.MinimumNArgs(1)),
		Long: `Check reads playbooks as the configuration would: tasks and decisions that wait for each other, answers that nobody can give, criteria that
cannot be asked, and messages with blanks that nothing fills in.`,
		Example: `  tocsin playbook check our-playbook.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, _, err := app.Playbooks(args); err != nil {
				return exit{exitUsage, err}
			}
			for _, name := range args {
				p, err := app.Playbook(name)
				if err != nil {
					return exit{exitUsage, err}
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: ok (%s, version %d: %d tasks, %d decisions, %d criteria, %d messages)\n", name, p.Name, p.Version,
					len(p.Tasks), len(p.Decisions), len(p.Criteria), len(p.Messages))
			}
			return nil
		},
	}
}

// showPlaybook writes what people read before they follow it.
func showPlaybook(w io.Writer, p tocsin.Playbook) {
	fmt.Fprintf(w, "%s, version %d: %s\n", p.Name, p.Version, markdown.Line(p.Title, 200))
	if p.About != "" {
		fmt.Fprintf(w, "%s\n", markdown.Line(p.About, 2000))
	}
	fmt.Fprintln(w, "\nTASKS")
	for _, t := range p.Tasks {
		line := fmt.Sprintf("%s (%s, within %s", t.Title, t.Role, tocsin.Span(t.Due))
		if t.Only != "" {
			line += "; only if " + t.Only
		}
		if len(t.Needs) > 0 {
			line += "; after " + strings.Join(t.Needs, ", ")
		}
		if t.Proof {
			line += "; with evidence"
		}
		fmt.Fprintf(w, "  %-14s %s)\n", t.ID, markdown.Line(line, 2000))
	}
	if len(p.Decisions) > 0 {
		fmt.Fprintln(w, "\nDECISIONS")
	}
	for _, d := range p.Decisions {
		fmt.Fprintf(w, "  %-14s %s (%s)\n", d.ID, markdown.Line(d.Question, 2000), d.Role)
		for _, a := range d.Answers {
			fmt.Fprintf(w, "    %-14s %s\n", a.Name, markdown.Line(a.Means, 2000))
		}
	}
	fmt.Fprintf(w, "\nA FIX COUNTS WHEN\n  %s\n", markdown.Line(p.Acceptance, 2000))
	for _, c := range p.Criteria {
		fmt.Fprintf(w, "  %-14s %s: %s\n", c.ID, markdown.Line(c.Says, 2000), markdown.Line(c.When, 2000))
	}
	if p.Soak > 0 {
		fmt.Fprintf(w, "  and that holds for %s\n", tocsin.Span(p.Soak))
	}
	if len(p.Messages) > 0 {
		fmt.Fprintln(w, "\nMESSAGES")
	}
	for _, m := range p.Messages {
		fmt.Fprintf(w, "  for %s, %s\n", m.Audience, m.Stage)
	}
}

// printedPlaybook is a playbook as JSON: times are in seconds.
type printedPlaybook struct {
	Name       string                   `json:"name"`
	Version    int                      `json:"version"`
	Title      string                   `json:"title"`
	About      string                   `json:"about,omitempty"`
	Tasks      []printedTask            `json:"tasks"`
	Decisions  []tocsin.DecisionPoint   `json:"decisions"`
	Acceptance string                   `json:"acceptance"`
	Criteria   []tocsin.Criterion       `json:"criteria"`
	Soak       int                      `json:"soak_seconds"`
	Advice     []string                 `json:"advice"`
	Messages   []tocsin.MessageTemplate `json:"messages"`
}

type printedTask struct {
	ID    string          `json:"id"`
	Title string          `json:"title"`
	Role  tocsin.RoleName `json:"role"`
	Due   int             `json:"due_seconds"`
	Needs []string        `json:"needs,omitempty"`
	Only  string          `json:"only,omitempty"`
	Proof bool            `json:"proof,omitempty"`
}

func printed(p tocsin.Playbook) printedPlaybook {
	out := printedPlaybook{
		Name: p.Name, Version: p.Version, Title: p.Title, About: p.About, Decisions: p.Decisions, Acceptance: p.Acceptance, Criteria: p.Criteria,
		Soak: int(p.Soak / time.Second), Advice: p.Advice, Messages: p.Messages,
	}
	for _, t := range p.Tasks {
		out.Tasks = append(out.Tasks, printedTask{t.ID, t.Title, t.Role, int(t.Due / time.Second), t.Needs, t.Only, t.Proof})
	}
	return out
}

func soaks(d time.Duration) string {
	if d == 0 {
		return "none"
	}
	return tocsin.Span(d)
}
