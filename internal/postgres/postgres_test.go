//go:build unix

package postgres

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// childEnv makes this test binary the process that is killed.
const childEnv = "TOCSIN_TEST_POSTGRES_CHILD"

// TestChild starts a server and says where, until it is killed. It does nothing in an ordinary run.
func TestChild(t *testing.T) {
	if os.Getenv(childEnv) == "" {
		return
	}
	s := Start(t)
	s.Database(t)
	s.Restart(t)
	_, _ = os.Stdout.WriteString("dir=" + s.dir + "\n")
	select {}
}

// TestNothingIsLeft: a test process that is killed leaves no server and no folder behind, not even after a restart.
func TestNothingIsLeft(t *testing.T) {
	Start(t)
	child := exec.Command(os.Args[0], "-test.run=^TestChild$")
	child.Env = append(os.Environ(), childEnv+"=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	rest, err := child.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	dir := ""
	for lines := bufio.NewScanner(out); dir == "" && lines.Scan(); {
		if at, ok := strings.CutPrefix(lines.Text(), "dir="); ok {
			dir = at
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "data", "postmaster.pid")); err != nil {
		t.Fatal(err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(rest); err != nil { // it ends with the last of what the child started
		t.Fatal(err)
	}
	_ = child.Wait()
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder of the server is still there: %v", err)
	}
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(commands) == 0 {
		t.Fatalf("no processes: %v", err)
	}
	for _, name := range commands {
		if line, _ := os.ReadFile(name); strings.Contains(string(line), dir) {
			t.Errorf("%s still runs: %q", name, line)
		}
	}
}
