package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/policies"
	"github.com/tocsin-dev/tocsin/scanner/report"
)

type scanFlags struct {
	format      string
	reports     []string
	policies    []string
	exceptions  []string
	onUndecided string
	trustTree   bool // of scan only
	reach       bool
	all         bool
	explain     bool
}

func (f *scanFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.format, "format", "table", "what to write to standard output: "+strings.Join(report.Formats(), ", "))
	cmd.Flags().StringArrayVar(&f.reports, "report", nil, "also write a report to a file, as NAME=FILE; any number of times")
	cmd.Flags().StringSliceVar(&f.policies, "policy", []string{"release-gate"}, "policy packs by name, or files")
	cmd.Flags().StringArrayVar(&f.exceptions, "exceptions", nil, "file of accepted risks and statements of not being affected: ours, OpenVEX, CSAF, CycloneDX,\nosv-scanner.toml, .trivyignore(.yaml), .grype.yaml; any number of times")
	cmd.Flags().StringVar(&f.onUndecided, "on-undecided", "fail", "what an undecided verdict does: fail (exit 4) or pass")
	cmd.Flags().BoolVar(&f.reach, "reachability", false, reachHelp)
	cmd.Flags().BoolVar(&f.all, "all", false, "show all rows of the table")
	cmd.Flags().BoolVar(&f.explain, "explain", false, "show the reason of every decision below the table")
}

// check says what is wrong with the flags of a report.
func (f *scanFlags) check() error {
	if f.onUndecided != "fail" && f.onUndecided != "pass" {
		return exit{exitUsage, fmt.Errorf("--on-undecided %q: want fail or pass", f.onUndecided)}
	}
	return f.checkReports()
}

func scanCommand() *cobra.Command {
	var f scanFlags
	cmd := &cobra.Command{
		Use:   "scan [PATH...]",
		Short: "Scan folders, lockfiles and SBOMs, and say whether they may be released",
		Long: `Scan reads lockfiles, manifests, workflows and SBOMs, matches every package with the
advisories fetched by "tocsin db update", and applies the policies. Without a database it
uses the embedded advisories of famous incidents, and says so.

What people decided about single findings comes from --exceptions. Files of that kind in what is
scanned are named and left alone, or it could excuse itself; --trust-tree uses them.

docs/report.schema.json in the sources describes the JSON report. "tocsin gate --baseline" reads it.`,
		Example: `  tocsin scan                          # this folder
  tocsin scan package-lock.json        # one file
  tocsin scan services/a services/b    # several, judged together
  tocsin scan --explain .              # with the rule and the values behind every verdict
  tocsin scan --report sarif=tocsin.sarif --report html=tocsin.html .
  tocsin scan --format json . | jq '.targets[].decisions[].finding.class.id'`,
	}
	data := dataFlag(cmd)
	f.add(cmd)
	cmd.Flags().BoolVar(&f.trustTree, "trust-tree", false, "also use the exceptions that stand in what is scanned")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir, err := data()
		if err != nil {
			return err
		}
		return scan(cmd, f, dir, args)
	}
	return cmd
}

func scan(cmd *cobra.Command, f scanFlags, data string, paths []string) error {
	sources, done, err := open(paths)
	if err != nil {
		return err
	}
	defer done()
	if err := f.check(); err != nil {
		return err
	}
	set, err := inForce(cmd, f.policies)
	if err != nil {
		return err
	}
	e, err := newExam(cmd, f, data, set)
	if err != nil {
		return err
	}
	if err := e.own(sources, f.trustTree); err != nil {
		return err
	}
	scanned, err := e.judged(sources)
	if err != nil {
		return err
	}
	r := e.report(scanned)
	if err := write(cmd, f, data, r, r); err != nil {
		return err
	}
	return conclude(r, f)
}

// conclude is how a report ends the program.
func conclude(r report.Report, f scanFlags) error {
	files := 0
	for _, t := range r.Targets {
		files += len(t.Coverage.Files)
	}
	if files == 0 {
		return exit{exitNothing, errors.New("nothing to scan: no lockfile, manifest, workflow or SBOM was found")}
	}
	return verdict(r.Gate, f.onUndecided)
}

// exam is what sources are judged by in one call: the same advisories, policies and time for all of them.
type exam struct {
	cmd     *cobra.Command
	set     policies.Set
	excused []tocsin.Exception
	now     time.Time
	data    string
	reach   bool
	// index is open while [exam.judge] runs; snapshot stays.
	index    *advisories.Index
	snapshot tocsin.Snapshot
	// records are those behind the index, for what is asked of code; nil where nothing is.
	records *app.Records
}

// inForce are the policies that a verdict is by. Of the others it says that they do not count.
func inForce(cmd *cobra.Command, names []string) (policies.Set, error) {
	m, err := app.PoliciesByMode(names)
	for _, p := range m.Shadow {
		fmt.Fprintf(cmd.ErrOrStderr(), "tocsin: policy %s is only shadowed: it has no say in the verdict; \"tocsin policy explain\" tells what it says\n", p.Name)
	}
	for _, p := range m.Off {
		fmt.Fprintf(cmd.ErrOrStderr(), "tocsin: policy %s is off: it has no say in the verdict\n", p.Name)
	}
	return m.Live, err
}

// newExam loads what else to judge by, but for the index.
func newExam(cmd *cobra.Command, f scanFlags, data string, set policies.Set) (*exam, error) {
	now := time.Now().UTC()
	excused, err := app.Exceptions(f.exceptions, now)
	if err != nil {
		return nil, err
	}
	unused(cmd.ErrOrStderr(), excused)
	return &exam{cmd: cmd, set: set, excused: excused.Exceptions, now: now, data: data, reach: f.reach}, nil
}

// judged scans sources with the index open.
func (e *exam) judged(sources []pipeline.Source) (scanned []pipeline.Scanned, err error) {
	err = e.judge(func() (err error) {
		scanned, err = e.scan(sources)
		return err
	})
	return scanned, err
}

// judge runs f with the index open. It is run again, from its start, where the index turns out to be damaged.
func (e *exam) judge(f func() error) error {
	return app.WithIndex(logger(e.cmd), e.data, func(x *advisories.Index) error {
		e.index, e.snapshot = x, x.Snapshot()
		if !e.reach {
			return f()
		}
		var err error
		if e.records, err = app.OpenRecords(e.cmd.Context(), e.data, e.snapshot); err != nil {
			return err
		}
		return errors.Join(f(), e.records.Close())
	})
}

func (e *exam) scan(sources []pipeline.Source) ([]pipeline.Scanned, error) {
	bar := newProgress(e.cmd.ErrOrStderr())
	defer bar.finish()
	sources = slices.Clone(sources)
	for i := range sources {
		sources[i].Exceptions = slices.Concat(e.excused, sources[i].Exceptions)
		if e.records != nil && sources[i].Reach == nil {
			sources[i].Reach = app.Reach(e.records, sources[i].Dir)
		}
	}
	return pipeline.Scan(e.cmd.Context(), sources, e.index, e.set, e.now, func(_, path string) { bar.show("reading " + path) })
}

func (e *exam) report(scanned []pipeline.Scanned) report.Report {
	return app.ReportOf(scanned, e.snapshot, e.set, e.now)
}

// open opens the paths as sources. A path that does not exist is the caller's mistake, not an unreadable input.
func open(paths []string) ([]pipeline.Source, func(), error) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	var sources []pipeline.Source
	var closers []io.Closer
	done := func() {
		for _, c := range closers {
			_ = c.Close() // read only
		}
	}
	for _, p := range paths {
		src, c := app.Source(filepath.Clean(p))
		if errors.Is(src.Err, tocsin.ErrNotFound) {
			done()
			return nil, nil, exit{exitUsage, src.Err}
		}
		if c != nil {
			closers = append(closers, c)
		}
		sources = append(sources, src)
	}
	return sources, done, nil
}

// width of the terminal that w is; 0 if it is none.
func width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	n, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return n
}

// verdict is how a gate ends the program.
func verdict(g tocsin.Gate, onUndecided string) error {
	switch {
	case g == tocsin.GateFail:
		return exit{code: exitFailed}
	case g == tocsin.GateUndecided && onUndecided == "fail":
		return exit{code: exitUndecided}
	default:
		return nil
	}
}
