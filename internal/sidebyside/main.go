// Sidebyside runs the scanner and osv-scanner, offline, on the same files and the same advisories, in turn, and prints
// the time and memory that each took as a whole process. Run it with "make bench".
//
// It needs the corpus ($TOCSIN_CORPUS, default ../shared/data beside the repository) and builds both programs itself.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	root := flag.String("root", "../..", "the repository")
	work := flag.String("work", "", "folder for binaries and data, kept for the next time (default bin/sidebyside in the repository)")
	runs := flag.Int("runs", 5, "runs of each command, after one that is not counted")
	flag.Parse()
	if err := run(ctx, *root, *work, *runs, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sidebyside:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, root, work string, runs int, w io.Writer) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	corpus := os.Getenv("TOCSIN_CORPUS")
	if corpus == "" {
		corpus = filepath.Join(root, "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(corpus, "osv", "ecosystems.txt")); err != nil {
		return fmt.Errorf("no corpus: set TOCSIN_CORPUS (%w)", err)
	}
	if work == "" {
		work = filepath.Join(root, "bin", "sidebyside")
	}
	if err := os.MkdirAll(work, 0o755); err != nil {
		return err
	}
	b := bench{root: root, work: work, corpus: corpus, runs: runs, out: w}
	return b.all(ctx)
}

// bench is what all measurements share.
type bench struct {
	root, work, corpus string
	runs               int
	out                io.Writer
}

func (b bench) path(name ...string) string {
	return filepath.Join(append([]string{b.work}, name...)...)
}

func (b bench) all(ctx context.Context) error {
	if err := b.build(ctx); err != nil {
		return err
	}
	inputs, err := b.inputs()
	if err != nil {
		return err
	}
	for _, d := range []struct{ name, osv string }{
		{"the corpus as it is", filepath.Join(b.corpus, "osv")},
		{"grown to 600,000 records", b.path("grown")},
	} {
		if d.osv == b.path("grown") {
			if err := grow(filepath.Join(b.corpus, "osv"), d.osv); err != nil {
				return fmt.Errorf("growing the corpus: %w", err)
			}
		}
		if err := b.compare(ctx, d.name, d.osv, inputs); err != nil {
			return err
		}
	}
	return nil
}

// build makes both programs, as they are released.
func (b bench) build(ctx context.Context) error {
	for _, c := range []struct{ dir, out, pkg string }{
		{b.root, "tocsin", "./cmd/tocsin"},
		{".", "osv-scanner", "github.com/google/osv-scanner/v2/cmd/osv-scanner"},
	} {
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", b.path(c.out), c.pkg)
		cmd.Dir, cmd.Stderr = c.dir, os.Stderr
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("building %s: %w", c.out, err)
		}
	}
	return nil
}
