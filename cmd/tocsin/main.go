// Command tocsin watches the dependencies of many projects, decides by written policy what is routine and what is an
// emergency, and runs the emergency until it is over.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	_ "time/tzdata" // the image has no time zones, and rotations need them
	"unicode"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
)

// The exit codes. They are part of the interface: pipelines depend on them.
const (
	exitPass      = 0
	exitFailed    = 1 // a policy failed, or a check found something
	exitUsage     = 2 // usage or configuration
	exitNothing   = 3 // nothing to scan
	exitUndecided = 4 // stale data, unreadable input, an internal fault: nothing can be said
)

// exit ends the program with a code; err is shown unless it is nil.
type exit struct {
	code int
	err  error
}

func (e exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e exit) Unwrap() error { return e.err }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	patient()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// patient lets the first collection of garbage wait for 24 MB instead of 4: most scans are over before, and setting up costs
// more than there is to collect. After it everything is as usual, unless something else was chosen meanwhile.
func patient() {
	const patience = 600
	usual := debug.SetGCPercent(patience)
	runtime.AddCleanup(new([64]byte), func(usual int) {
		if now := debug.SetGCPercent(usual); now != patience {
			debug.SetGCPercent(now)
		}
	}, usual)
}

// run is main without the process. A panic is reported and undecided: Go's own exit code would say usage.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (status int) {
	defer func() {
		if fault := recover(); fault != nil {
			fmt.Fprintf(stderr, "tocsin: internal fault: %v\n%s", fault, debug.Stack())
			status = exitUndecided
		}
	}()
	cmd := root(args, stdout, stderr)
	cmd.SetArgs(args)
	return finish(cmd.ExecuteContext(ctx), stderr)
}

// finish shows an error and gives its exit code.
func finish(err error, stderr io.Writer) int {
	if err == nil {
		return exitPass
	}
	var e exit
	if !errors.As(err, &e) {
		e = exit{code: code(err), err: err}
	}
	if e.err != nil {
		fmt.Fprintln(stderr, "tocsin:", printable(e.err.Error()))
	}
	return e.code
}

// printable drops what a terminal would obey or hide. Errors quote names that anybody may have chosen.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// code is the exit code of an error that names none. What is neither the user's nor the input's fault is undecided: a
// crash is never a pass.
func code(err error) int {
	if errors.Is(err, tocsin.ErrInvalid) || errors.Is(err, tocsin.ErrNotFound) || errors.Is(err, tocsin.ErrConflict) || errors.Is(err, tocsin.ErrForbidden) {
		return exitUsage
	}
	return exitUndecided
}

func root(args []string, stdout, stderr io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tocsin",
		Short: "The alarm bell of a software portfolio",
		Long: `Tocsin watches the dependencies of many projects, decides by written policy what is
routine and what is an emergency, and runs the emergency until it is over.

Exit codes: 0 pass, 1 a policy failed, 2 usage or configuration, 3 nothing to scan,
4 undecided (stale data, unreadable input).`,
		Example: `  tocsin demo                          # see the whole of it, without network or set-up
  tocsin db update                     # fetch advisories
  tocsin scan .                        # may this be released?
  tocsin run --config tocsin.yaml      # watch a portfolio`,
		Version: app.Version(), SilenceErrors: true, SilenceUsage: true,
	}
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return exit{exitUsage, err} })
	// Making all takes as long as matching a lockfile does, and most calls name one.
	if i := slices.IndexFunc(commands(), func(c command) bool { return len(args) > 0 && c.name == args[0] }); i >= 0 {
		return group(cmd, commands()[i].make())
	}
	for _, c := range commands() {
		cmd.AddCommand(c.make())
	}
	return group(cmd)
}

// command is one that is made when it is named, or when all are shown.
type command struct {
	name string
	make func() *cobra.Command
}

func commands() []command {
	return []command{
		{"scan", scanCommand},
		{"gate", gateCommand},
		{"db", databaseCommand},
		{"policy", policyCommand},
		{"run", runCommand},
		{"serve", serveCommand},
		{"who", whoCommand},
		{"actions", actionsCommand},
		{"incidents", incidentsCommand},
		{"governance", governanceCommand},
		{"notify", notifyCommand},
		{"playbook", playbookCommand},
		{"jobs", jobsCommand},
		{"token", tokenCommand},
		{"backup", backupCommand},
		{"restore", restoreCommand},
		{"migrate", migrateCommand},
		{"doctor", doctorCommand},
		{"github", githubCommand},
		{"demo", demoCommand},
		{"drill", drillCommand},
		{"govulncheck", govulncheckCommand},
	}
}

// group gives a command its subcommands. Alone it shows its help; a word that is none of them is a mistake.
func group(cmd *cobra.Command, sub ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(sub...)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		hint := ""
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			hint = fmt.Sprintf(" (did you mean %s?)", strings.Join(near, " or "))
		}
		return exit{exitUsage, fmt.Errorf("unknown command %q%s; see %s --help", args[0], hint, cmd.CommandPath())}
	}
	cmd.SuggestionsMinimumDistance = 2
	return cmd
}

// formatFlag adds --format for commands that write a table or JSON, and gives what to call for whether it is JSON.
func formatFlag(cmd *cobra.Command) func() (bool, error) {
	format := cmd.Flags().String("format", "table", "table or json")
	return func() (bool, error) {
		if *format != "table" && *format != "json" {
			return false, exit{exitUsage, fmt.Errorf("--format %q: want table or json", *format)}
		}
		return *format == "json", nil
	}
}

// usage makes errors about arguments usage errors.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return exit{exitUsage, fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
		}
		return nil
	}
}

// dataFlag adds --data and gives what to call for its value.
func dataFlag(cmd *cobra.Command) func() (string, error) {
	dir := cmd.Flags().String("data", "", "data folder (default $TOCSIN_DATA, else a folder of the user's cache)")
	return func() (string, error) {
		if *dir != "" {
			return *dir, nil
		}
		return app.DataDir()
	}
}

func logger(cmd *cobra.Command) *slog.Logger {
	return slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}
