package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tocsin-dev/tocsin/internal/app"
)

// builder builds the program once for all tests that need the real one.
type builder struct {
	once sync.Once
	dir  string
	err  error
}

var built builder

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == app.GovulncheckCommand { // the program calls itself, which here is the test
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// program is the path of the program as it is released.
func program(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "tocsin-test-"); built.err != nil {
			return
		}
		cmd := exec.Command("go", "build", "-o", filepath.Join(built.dir, "tocsin"), ".")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("%w\n%s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.dir, "tocsin")
}

// ended is how a process ended; a signal gives -1.
func ended(err error) int {
	var e *exec.ExitError
	if errors.As(err, &e) {
		return e.ExitCode()
	}
	if err != nil {
		return -2
	}
	return exitPass
}

// harmless is a lockfile of many packages about which nothing is known.
func harmless(n int) string {
	var b strings.Builder
	b.WriteString(`{"name": "x", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "x", "version": "1.0.0"}`)
	for i := range n {
		fmt.Fprintf(&b, ",\n \"node_modules/p%d\": {\"version\": \"1.0.0\"}", i)
	}
	b.WriteString("}}")
	return b.String()
}

// Killed while it writes, the program neither passes nor leaves anything that looks like a report. A busy machine may let
// it end before we look: then it gets more to write.
func TestKilledWhileWriting(t *testing.T) {
	for n := 20_000; !killedWhileWriting(t, n); n *= 2 {
		if n > 200_000 {
			t.Fatal("it always ended before it could be killed")
		}
	}
}

// killedWhileWriting says whether the program could be killed as soon as the new report was begun.
func killedWhileWriting(t *testing.T, packages int) bool {
	data, dir := database(t), t.TempDir()
	put(t, dir, "in/package-lock.json", harmless(packages))
	report := put(t, dir, "out/report.json", "old")
	cmd := exec.Command(program(t), "scan", "--data", data, "--report", "json="+report, filepath.Join(dir, "in"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for killed := false; ; {
		begun, err := filepath.Glob(filepath.Join(dir, "out", ".tocsin-report-*"))
		if err != nil {
			t.Fatal(err)
		}
		if len(begun) > 0 && !killed {
			killed = true
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case err := <-done:
			code := ended(err)
			if !killed || code == exitPass { // it had ended when it was killed
				return false
			}
			if text, err := os.ReadFile(report); err != nil || string(text) != "old" {
				t.Errorf("the report is %.60q (%v)", text, err)
			}
			return true
		default:
		}
	}
}

// What stands on standard output when the program is killed is not a whole report either.
func TestKilledWhilePrinting(t *testing.T) {
	data := database(t)
	lockfile := put(t, t.TempDir(), "package-lock.json", harmless(5_000)) // its report does not fit into a pipe
	cmd := exec.Command(program(t), "scan", "--data", data, "--format", "json", lockfile)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	start := make([]byte, 1)
	if _, err := io.ReadFull(out, start); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	if code := ended(cmd.Wait()); code == exitPass {
		t.Error("a killed scan passes")
	}
	if json.Valid(append(start, rest...)) {
		t.Error("half a report is valid")
	}
}

// A report that nobody could read is no pass: standard output that is closed or full, a folder that is not there.
func TestReportThatIsLost(t *testing.T) {
	data := database(t)
	lockfile := put(t, t.TempDir(), "package-lock.json", harmless(5_000))
	reader, closed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	defer closed.Close()
	outs := map[string]*os.File{"closed": closed}
	if full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0); err == nil {
		defer full.Close()
		outs["full"] = full
	}
	for name, out := range outs {
		for _, format := range []string{"table", "json", "sarif", "junit"} {
			cmd := exec.Command(program(t), "scan", "--data", data, "--format", format, lockfile)
			cmd.Stdout = out
			if code := ended(cmd.Run()); code == exitPass {
				t.Errorf("%s to a %s output passes", format, name)
			}
		}
	}
}
