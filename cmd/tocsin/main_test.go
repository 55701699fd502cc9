package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/scanner/report"
)

// result is what a run of the program left behind.
type result struct {
	code           int
	stdout, stderr string
}

// call runs the program.
func call(t *testing.T, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), args, &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}

// wants checks the exit code and that texts are in the output.
func (r result) wants(t *testing.T, code int, texts ...string) result {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d\nstdout:\n%s\nstderr:\n%s", r.code, code, r.stdout, r.stderr)
	}
	for _, want := range texts {
		if !strings.Contains(r.stdout+r.stderr, want) {
			t.Errorf("no %q in\nstdout:\n%s\nstderr:\n%s", want, r.stdout, r.stderr)
		}
	}
	return r
}

// put writes a file below dir and gives its path.
func put(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// lock is an npm lockfile with one package.
func lock(name, version string) string {
	return fmt.Sprintf(`{"name": "x", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "x", "version": "1.0.0", "dependencies": {%q: %q}},
 %q: {"version": %q}}}`, name, version, "node_modules/"+name, version)
}

// osv is an OSV record about an npm package that was fixed.
func osv(id, name, fixed string, more string) string {
	return fmt.Sprintf(`{"id": %q, "modified": "2026-01-01T00:00:00Z", "published": "2026-01-01T00:00:00Z", "summary": "A flaw in %s", %s
 "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
 "affected": [{"package": {"ecosystem": "npm", "name": %q}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": %q}]}]}]}`, id, name, more, name, fixed)
}

// database makes a data folder with a record about left, fixed in 2.0.0.
func database(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	put(t, dir, "records/GHSA-1.json", osv("GHSA-1", "left", "2.0.0", ""))
	data := filepath.Join(dir, "data")
	call(t, "db", "update", "--data", data, "--from", filepath.Join(dir, "records")).wants(t, exitPass, "1 advisories in 1 classes")
	return data
}

func TestUsage(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{
		{"bogus"}, {"db", "bogus"}, {"policy", "bogus"}, {"actions", "bogus"}, {"incidents", "bogus"}, {"scan", "--bogus"}, {"--bogus"}, {"db", "update", "extra"},
		{"policy", "check"}, {"incidents", "show"}, {"actions", "approve", "x"}, {"demo", "extra"}, {"scan", "--format", "xml"}, {"scan", "--on-undecided", "maybe"},
		{"db", "status", "--format", "xml"}, {"actions", "list", "--format", "xml"}, {"incidents", "list", "--format", "xml"}, {"incidents", "show", "x", "--format", "xml"},
		{"scan", "--policy", "no-such-pack", dir}, {"scan", filepath.Join(dir, "missing")}, {"run", "--config", filepath.Join(dir, "none.yaml")},
		{"actions", "list", "--config", filepath.Join(dir, "none.yaml")},
	} {
		if r := call(t, args...); r.code != exitUsage || !strings.HasPrefix(r.stderr, "tocsin: ") || r.stdout != "" {
			t.Errorf("%v: exit code %d\n%s\n%s", args, r.code, r.stdout, r.stderr)
		}
	}
	call(t, "scna").wants(t, exitUsage, "did you mean scan?")
}

func TestEveryCommandHelps(t *testing.T) {
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		if c.Short == "" || c.Example == "" {
			t.Errorf("%s: Short %q, Example %q", c.CommandPath(), c.Short, c.Example)
		}
		args := append(strings.Fields(c.CommandPath())[1:], "--help")
		call(t, args...).wants(t, exitPass, "Usage:", "Examples:")
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(root(nil, nil, nil))
	for _, c := range commands() {
		if is := c.make().Name(); is != c.name {
			t.Errorf("the command %s is named %s", is, c.name)
		}
	}
	call(t).wants(t, exitPass, "Usage:")
	call(t, "--version").wants(t, exitPass, "tocsin version")
}

func TestACrashIsNotAPass(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want int
	}{
		{nil, exitPass}, {errors.New("disk full"), exitUndecided}, {context.Canceled, exitUndecided}, {fmt.Errorf("x: %w", tocsin.ErrInvalid), exitUsage},
		{tocsin.ErrNotFound, exitUsage}, {tocsin.ErrConflict, exitUsage}, {tocsin.ErrForbidden, exitUsage}, {exit{code: exitFailed}, exitFailed},
		{fmt.Errorf("x: %w", exit{exitNothing, errors.New("nothing")}), exitNothing},
	} {
		var stderr bytes.Buffer
		if got := finish(tt.err, &stderr); got != tt.want {
			t.Errorf("%v gives %d, want %d", tt.err, got, tt.want)
		}
	}
	var stderr bytes.Buffer
	if code := run(t.Context(), []string{"--help"}, broken{}, &stderr); code != exitUndecided || !strings.Contains(stderr.String(), "internal fault: out of order") {
		t.Errorf("a panic gives %d: %s", code, stderr.String())
	}
	stderr.Reset()
	if finish(errors.New("bad \x1b[2J\u202ename\nnext"), &stderr); stderr.String() != "tocsin: bad [2Jname\nnext\n" {
		t.Errorf("%q", stderr.String())
	}
	if got := (exit{code: 3}).Error(); got != "exit 3" {
		t.Error(got)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { panic("out of order") }

func TestScanExitCodes(t *testing.T) {
	data, dir := database(t), t.TempDir()
	bad, good := put(t, dir, "bad/package-lock.json", lock("left", "1.0.0")), put(t, dir, "good/package-lock.json", lock("left", "2.0.0"))
	torn := put(t, dir, "torn/package-lock.json", `{"lockfileVersion": 3, "pack`)
	empty := filepath.Join(dir, "empty")
	if err := os.Mkdir(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	call(t, "scan", "--data", data, good).wants(t, exitPass, "PASS", "read 1 package from 1 file")
	call(t, "scan", "--data", data, bad).wants(t, exitFailed, "FAIL", "GHSA-1", "2.0.0", "left")
	call(t, "scan", "--data", data, "--all", filepath.Dir(good), filepath.Dir(bad)).wants(t, exitFailed, "PASS", "FAIL")
	call(t, "scan", "--data", data, empty).wants(t, exitNothing, "nothing to scan")
	call(t, "scan", "--data", data, torn).wants(t, exitUndecided, "UNDECIDED", "failed package-lock.json")
	call(t, "scan", "--data", data, "--on-undecided=pass", torn).wants(t, exitPass, "UNDECIDED")
	call(t, "scan", "--data", data, good, torn).wants(t, exitUndecided)
	call(t, "scan", "--data", data, bad, torn).wants(t, exitFailed)

	none := t.TempDir() // only the landmarks
	call(t, "scan", "--data", none, good).wants(t, exitUndecided, "Fetch the rest with: tocsin db update")
	call(t, "scan", "--data", none, "--on-undecided", "pass", good).wants(t, exitPass)
	t.Setenv("TOCSIN_DATA", data)
	t.Chdir(filepath.Dir(good))
	call(t, "scan").wants(t, exitPass)

	ctx, stop := context.WithCancel(t.Context())
	stop()
	var out bytes.Buffer
	if code := run(ctx, []string{"scan", "--data", data, good}, &out, &out); code != exitUndecided {
		t.Errorf("a scan that was stopped gives %d", code)
	}
}

func TestScanFormats(t *testing.T) {
	data, bad := database(t), put(t, t.TempDir(), "package-lock.json", lock("left", "1.0.0"))
	for format, want := range map[string]string{"json": `"gate": "fail"`, "osv-scanner": `"results": [`} {
		r := call(t, "scan", "--data", data, "--format", format, bad).wants(t, exitFailed, want, "GHSA-1")
		if !json.Valid([]byte(r.stdout)) {
			t.Errorf("%s: not JSON:\n%s", format, r.stdout)
		}
	}
	// The landmarks have their records in the program.
	log4j := put(t, t.TempDir(), "gradle.lockfile", "org.apache.logging.log4j:log4j-core:2.14.1=runtimeClasspath\nempty=\n")
	call(t, "scan", "--data", t.TempDir(), "--format", "osv-scanner", log4j).wants(t, exitFailed, "GHSA-jfh8-c2jp-5v3q")
	own := put(t, t.TempDir(), "own.yaml", "policy: own\nabout: all passes\ngate:\n  default: pass\n  rules:\n    - name: affected\n      when: finding.status == \"affected\"\n      then: warn\n      because: it is affected\n")
	call(t, "scan", "--data", data, "--policy", own, bad).wants(t, exitPass, "own")
}

// How loosely an affected package is pinned is in the report, and policies see it.
func TestScanHygiene(t *testing.T) {
	stripped := strings.Replace(lock("left", "1.0.0"), `"version": "1.0.0"}}}`, `"version": "1.0.0", "resolved": "https://registry.npmjs.org/left/-/left-1.0.0.tgz"}}}`, 1)
	data, bad := database(t), put(t, t.TempDir(), "package-lock.json", stripped)
	own := put(t, t.TempDir(), "own.yaml", "policy: own\ngate: {default: pass, rules: [{name: bare, when: '\"no integrity\" in pkg.hygiene', then: fail, because: its hash is gone}]}\n")
	call(t, "scan", "--data", data, "--policy", own, "--format", "json", bad).wants(t, exitFailed, `"no integrity"`, `"hygiene": [`)
}

// Reports go to files beside what is shown, each whole or not at all.
func TestScanReports(t *testing.T) {
	data, dir := database(t), t.TempDir()
	bad := put(t, dir, "package-lock.json", lock("left", "1.0.0"))
	args := []string{"scan", "--data", data, bad}
	for _, name := range report.Formats() {
		args = append(args, "--report", name+"="+filepath.Join(dir, name+".out"))
	}
	call(t, args...).wants(t, exitFailed, "left", "GHSA-1")
	for _, name := range report.Formats() {
		text, err := os.ReadFile(filepath.Join(dir, name+".out"))
		if err != nil || !strings.Contains(string(text), "GHSA-1") {
			t.Errorf("%s: %v\n%.300s", name, err, text)
		}
	}
	for _, wrong := range []string{"sarif", "sarif=", "pdf=x", "=x"} {
		call(t, "scan", "--data", data, "--report", wrong, bad).wants(t, exitUsage, "want NAME=FILE")
	}
	call(t, "scan", "--data", data, "--report", "sarif="+filepath.Join(dir, "none", "x"), bad).wants(t, exitUndecided, "--report")
	if left, _ := filepath.Glob(filepath.Join(dir, ".tocsin-report-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Every verdict can be asked for its reason: the rule, and the values that it saw.
func TestScanExplains(t *testing.T) {
	data, dir := database(t), t.TempDir()
	put(t, dir, "package-lock.json", lock("left", "1.0.0"))
	call(t, "scan", "--data", data, "--explain", dir).wants(t, exitFailed, "left@1.0.0", "holds", "finding.status → affected", "release-gate: gate → fail")
}

func TestPolicyCheck(t *testing.T) {
	call(t, "policy", "check", "release-gate", "emergency").wants(t, exitPass, "release-gate: ok", "emergency: ok")
	bad := put(t, t.TempDir(), "bad.yaml", "policy: bad\ngate:\n  default: pass\n  rules:\n    - name: x\n      when: finding.statsu == \"affected\"\n      then: fail\n      because: x\n")
	call(t, "policy", "check", "release-gate", bad).wants(t, exitUsage, "bad.yaml:6:", "statsu")
	call(t, "policy", "check", filepath.Join(t.TempDir(), "none.yaml")).wants(t, exitUsage, "none.yaml")
}
