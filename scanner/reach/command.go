package reach

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// What a process may give back, in bytes, and how long it may take to end after it was killed.
const (
	maxOutput  = 64 << 20
	maxMessage = 64 << 10
	dying      = 5 * time.Second
)

var errTime = errors.New("the time limit was reached")

// environment is what the analysis of a module runs in. It holds what the go command needs to find its caches and nothing of
// the caller's, and forbids all that would reach out or run something that the project names: downloads of modules and of
// toolchains, version control, C compilers, package drivers and the flags of go.env files.
func environment(ctx context.Context) ([]string, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return nil, errors.New("there is no go command in PATH")
	}
	dir, err := os.MkdirTemp("", "tocsin-reach-*") // a folder whose go.mod nobody wrote
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	cmd := exec.CommandContext(ctx, "go", "env", "-json", "GOCACHE", "GOMODCACHE", "GOPATH")
	cmd.Dir, cmd.WaitDelay = dir, dying
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN=local")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go env failed: %w", err)
	}
	var caches map[string]string
	if err := json.Unmarshal(out, &caches); err != nil {
		return nil, fmt.Errorf("go env gave no JSON: %w", err)
	}
	env := []string{
		"GOENV=off", "GOTOOLCHAIN=local", "GOPROXY=off", "GOSUMDB=off", "GOVCS=*:off", "GOFLAGS=-buildvcs=false", "CGO_ENABLED=0", "GOPACKAGESDRIVER=off",
	}
	for name, value := range caches {
		env = append(env, name+"="+value)
	}
	for _, name := range []string{"PATH", "TMPDIR", "TMP", "TEMP", "SystemRoot"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env, nil
}

// execute runs a command to its end and reads what it says. The error is what it says it failed of; dir is left out of that.
func execute(ctx context.Context, env, argv []string, dir string) ([]byte, error) {
	var stdout, stderr bounded
	stdout.limit, stderr.limit, stderr.lossy = maxOutput, maxMessage, true
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = env, os.TempDir(), &stdout, &stderr, dying
	alone(cmd)
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("golang.org/x/vuln failed: %s", message(stderr.String(), dir, err))
	}
	return stdout.Bytes(), nil
}

// message is what a failed run says, on one line and without the sentences around it.
func message(text, dir string, err error) string {
	var out []string
	for line := range strings.Lines(strings.ReplaceAll(text, dir+string(os.PathSeparator), "")) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "There are errors with the provided") || strings.HasPrefix(line, "For details on package patterns") {
			continue
		}
		out = append(out, strings.TrimSuffix(line, ":"))
	}
	if len(out) == 0 {
		return err.Error()
	}
	if more := len(out) - 4; more > 0 {
		out = append(out[:4], fmt.Sprintf("%d more lines", more))
	}
	return markdown.Line(strings.Join(out, "; "), 500)
}

// bounded keeps what is written up to a limit. Past it, writing is an error, or, if lossy, forgotten.
type bounded struct {
	bytes.Buffer
	limit int
	lossy bool
}

func (b *bounded) Write(p []byte) (int, error) {
	room := b.limit - b.Len()
	if len(p) <= room {
		return b.Buffer.Write(p)
	}
	if !b.lossy {
		return 0, fmt.Errorf("more than %d bytes of output: %w", b.limit, io.ErrShortWrite)
	}
	b.Buffer.Write(p[:room])
	return len(p), nil
}
