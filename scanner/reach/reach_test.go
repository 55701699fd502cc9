package reach

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/tocsin-dev/tocsin"
)

// childEnv makes the test program the process that looks into a module.
const childEnv = "TOCSIN_TEST_GOVULNCHECK"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == childEnv {
		if err := Govulncheck(context.Background(), os.Args[2:], os.Stdout, os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// shop lays out the module and its records.
func shop(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	a, err := txtar.ParseFile("../../testdata/reach.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range a.Files {
		put(t, filepath.Join(dir, f.Name), string(f.Data))
	}
	return dir
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// analysis looks into the shop.
func analysis(dir string) Analysis {
	return Analysis{
		Dir: dir, Command: []string{os.Args[0], childEnv}, Limit: time.Minute,
		Record: func(_ context.Context, id string) ([]byte, error) {
			text, err := os.ReadFile(filepath.Join(dir, "records", id+".json"))
			if errors.Is(err, os.ErrNotExist) {
				return nil, tocsin.ErrNotFound
			}
			return text, err
		},
	}
}

// finding is a finding of a class in a package that a file names.
func finding(name, version, file string, ids ...string) tocsin.Finding {
	return tocsin.Finding{
		Package: tocsin.Package{Ecosystem: "Go", Name: name, Version: version, Location: []tocsin.Location{{Path: file, Line: 1}}},
		Class:   tocsin.Class{ID: ids[0], Aliases: ids}, Status: tocsin.StatusAffected,
	}
}

func shopFindings() []tocsin.Finding {
	return []tocsin.Finding{
		finding("example.com/parse", "1.2.0", "shop/go.mod", "CVE-2026-0001", "GHSA-aaaa-aaaa-aaaa", "GO-2026-0001"),
		finding("example.com/render", "0.3.0", "shop/go.mod", "GO-2026-0002"),
		finding("example.com/idle", "1.0.0", "shop/go.mod", "GO-2026-0003"),
		finding("example.com/parse", "1.2.0", "shop/go.mod", "GO-2026-0004"),
		finding("example.com/render", "0.3.0", "shop/go.mod", "GO-2026-0005"),
		finding("example.com/parse", "1.2.0", "shop/go.mod", "GO-2026-0006"),
		finding("example.com/parse", "1.2.0", "shop/go.mod", "GHSA-bbbb-bbbb-bbbb"),
		finding("example.com/render", "0.3.0", "shop/go.mod", "ACME-2026-1"),
		finding("example.com/render", "0.3.0", "shop/go.mod", "GO-2026-0007"),
		finding("example.com/parse", "1.9.0", "shop/go.mod", "GO-2026-0001"),
		finding("example.com/parse", "1.2.0", "bom.json", "GO-2026-0001"),
		finding("example.com/parse", "1.2.0", "shop/go.mod", "../escape"),
	}
}

// says is an answer in one line.
func says(r *tocsin.Reachability) string {
	if r == nil {
		return "nothing"
	}
	out := []string{string(r.Reach), r.Advisory}
	for _, c := range r.Trace {
		out = append(out, c.Function)
		if c.At.Path != "" {
			out[len(out)-1] += fmt.Sprintf(" (%s:%d)", c.At.Path, c.At.Line)
		}
	}
	return strings.Join(append(out, r.Reason), "|")
}

func TestHowFarTheCodeGets(t *testing.T) {
	in := shopFindings()
	in = append(in, tocsin.Finding{Package: tocsin.Package{Ecosystem: "npm", Name: "left"}})
	out, err := analysis(shop(t)).Findings(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, f := range out {
		got = append(got, says(f.Reachability))
		if in[i].Reachability != nil {
			t.Error("the findings that were given are changed")
		}
		f.Reachability = nil
		if d := cmp.Diff(in[i], f); d != "" {
			t.Errorf("more than the reachability is changed:\n%s", d)
		}
	}
	want := []string{
		"called|GO-2026-0001|example.com/shop/cart.(*Cart).Load (shop/cart/cart.go:8)|example.com/parse.Lines|",
		"imported|GO-2026-0002|",
		"present|GO-2026-0003|",
		"present|GO-2026-0004|",
		"unknown||its package is compiled in, but GO-2026-0005 names no package or function to look for",
		"imported|GO-2026-0006|",
		"unknown||no record of the Go vulnerability database is known for it, and no other names functions",
		"called|ACME-2026-1|example.com/shop.main (shop/main.go:13)|example.com/render/html.Escape|",
		"called|GO-2026-0007|example.com/shop.main (shop/main.go:13)|example.com/render/html.Escape|",
		`unknown||the build uses version "1.2.0" of it`,
		"unknown||it was found without the source that uses it",
		"unknown||no record of the Go vulnerability database is known for it, and no other names functions",
		"nothing",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestOracle: the command of the Go project says the same of the same module and the same records.
func TestOracle(t *testing.T) {
	dir := shop(t)
	for _, id := range []string{"GO-2026-0005", "GHSA-aaaa-aaaa-aaaa", "GHSA-bbbb-bbbb-bbbb"} { // it takes any function for theirs
		if err := os.Remove(filepath.Join(dir, "records", id+".json")); err != nil {
			t.Fatal(err)
		}
	}
	first := filepath.Join(dir, "records/GO-2026-0001.json")
	text, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	put(t, first, strings.Replace(string(text), `"database_specific"`, `"ignored"`, 1)) // for its shape it would refuse them all
	tool, err := exec.Command("go", "tool", "-n", "govulncheck").Output()
	if err != nil {
		t.Fatalf("govulncheck is a tool of this module, and cannot be built: %v", err)
	}
	cmd := exec.Command(strings.TrimSpace(string(tool)), "-C", filepath.Join(dir, "shop"), "-db", fileURL(filepath.Join(dir, "records")), "-format", "json", "./...")
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOPROXY=off", "GOTOOLCHAIN=local")
	if text, err = cmd.Output(); err != nil {
		t.Fatal(err)
	}
	theirs, err := read(text, "shop", nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := analysis(dir).Findings(t.Context(), shopFindings())
	if err != nil {
		t.Fatal(err)
	}
	ours := map[flaw]tocsin.Reachability{}
	for _, f := range out {
		if r := f.Reachability; r.Advisory != "" && r.Advisory != "GO-2026-0003" { // it says nothing of what is not compiled in
			r.Reason = ""
			ours[flaw{f.Package.Name, r.Advisory}] = *r
		}
	}
	if d := cmp.Diff(theirs.reach, ours, cmp.AllowUnexported(flaw{})); d != "" || len(ours) != 6 {
		t.Errorf("-govulncheck +ours (%d):\n%s", len(ours), d)
	}
}

// What cannot be looked at is unknown, says why, and takes nothing away.
func TestCannotTell(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string, a *Analysis)
		want  string
	}{
		"no go command": {func(t *testing.T, _ string, _ *Analysis) { t.Setenv("PATH", t.TempDir()) }, "there is no go command in PATH"},
		"broken code": {func(t *testing.T, dir string, _ *Analysis) {
			put(t, filepath.Join(dir, "shop/more.go"), "package main\n\nvar x = nothing\n")
		}, "more.go:3:9: undefined: nothing"},
		"no source": {func(t *testing.T, dir string, _ *Analysis) {
			for _, name := range []string{"main.go", "cart", "vendor"} {
				if err := os.RemoveAll(filepath.Join(dir, "shop", name)); err != nil {
					t.Fatal(err)
				}
			}
		}, "no packages matched"},
		"not downloaded": {func(t *testing.T, dir string, _ *Analysis) {
			t.Setenv("GOMODCACHE", t.TempDir())
			if err := os.RemoveAll(filepath.Join(dir, "shop/vendor")); err != nil {
				t.Fatal(err)
			}
		}, "example.com/"},
		"a newer toolchain": {func(t *testing.T, dir string, _ *Analysis) {
			put(t, filepath.Join(dir, "shop/go.mod"), "module example.com/shop\n\ngo 1.999\n")
		}, "go.mod requires go >= 1.999"},
		"no time":           {func(_ *testing.T, _ string, a *Analysis) { a.Limit = time.Nanosecond }, "the time limit was reached"},
		"no such process":   {func(_ *testing.T, dir string, a *Analysis) { a.Command = []string{filepath.Join(dir, "none")} }, "no such file"},
		"no answer":         {func(_ *testing.T, _ string, a *Analysis) { a.Command = []string{"true"} }, "golang.org/x/vuln named no modules"},
		"another answer":    {func(_ *testing.T, _ string, a *Analysis) { a.Command = []string{"echo", "hello"} }, "golang.org/x/vuln gave no JSON"},
		"an endless answer": {func(_ *testing.T, _ string, a *Analysis) { a.Command = []string{"yes"} }, "golang.org/x/vuln failed"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := shop(t)
			a := analysis(dir)
			c.spoil(t, dir, &a)
			out, err := a.Findings(t.Context(), shopFindings()[:2])
			if err != nil || len(out) != 2 {
				t.Fatal(len(out), err)
			}
			for _, f := range out {
				r := f.Reachability
				if r.Reach != tocsin.ReachUnknown || !strings.Contains(r.Reason, c.want) || strings.Contains(r.Reason, dir+"/shop/") || f.Status != tocsin.StatusAffected {
					t.Errorf("%s %s", f.Status, says(r))
				}
			}
			t.Log(out[0].Reachability.Reason)
		})
	}
}

// A process that does not end is killed, with what it started.
func TestTimeLimit(t *testing.T) {
	a := analysis(shop(t))
	alive := filepath.Join(t.TempDir(), "alive")
	a.Command, a.Limit = []string{"sh", "-c", "mkfifo " + alive + "; sleep 1000 <> " + alive + " & wait"}, time.Second
	began := time.Now()
	out, err := a.Findings(t.Context(), shopFindings()[:1])
	if err != nil {
		t.Fatal(err)
	}
	if r := out[0].Reachability; r.Reach != tocsin.ReachUnknown || r.Reason != "the time limit was reached" {
		t.Error(says(r))
	}
	if d := time.Since(began); d > dying {
		t.Errorf("it took %s: something held its output open", d)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := a.Findings(ctx, shopFindings()); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}

// TestEnvironment: neither its flags, nor its drivers and compilers, nor a network is within reach, and no secret.
func TestEnvironment(t *testing.T) {
	t.Setenv("SECRET_TOKEN", "hush")
	t.Setenv("GOFLAGS", "-toolexec=evil")
	t.Setenv("GOPROXY", "https://example.com")
	env, err := environment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(env, "\n")
	for _, want := range []string{"GOENV=off", "GOTOOLCHAIN=local", "GOPROXY=off", "GOVCS=*:off", "GOFLAGS=-buildvcs=false", "CGO_ENABLED=0", "GOPACKAGESDRIVER=off", "GOMODCACHE=/"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	for _, bad := range []string{"hush", "toolexec", "example.com", "\nHOME="} {
		if strings.Contains(text, bad) {
			t.Errorf("%q in\n%s", bad, text)
		}
	}
}

// Of two modules that require a package, the one that calls it counts, and one of which nothing is known before one that does not.
func TestNearest(t *testing.T) {
	order := []tocsin.Reach{tocsin.ReachCalled, tocsin.ReachUnknown, tocsin.ReachImported, tocsin.ReachPresent}
	for i, a := range order {
		for j, b := range order {
			got := nearest(&tocsin.Reachability{Reach: a}, &tocsin.Reachability{Reach: b})
			if got.Reach != order[min(i, j)] {
				t.Errorf("%s, %s: %s", a, b, got.Reach)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"SBOM": {"modules": [{"path": "a", "version": "v1"}], "roots": ["a"]}} {"finding": {"osv": "GO-1", "trace": [{"module": "a", "package": "a", "function": "F", "receiver": "*T", "position": {"filename": "x", "line": 1}}]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := read(text, ".", nil)
		if err == nil && len(a.versions) == 0 {
			t.Error("no modules and no error")
		}
	})
}

func FuzzReduce(f *testing.F) {
	f.Add("GO-1", []byte(`{"id": "GO-1", "affected": [{"package": {"ecosystem": "Go", "name": "a"}}]}`))
	f.Fuzz(func(t *testing.T, id string, body []byte) {
		r, ok := reduce(id, body)
		if !ok || !namesFile(id) {
			return
		}
		if strings.ContainsAny(id, `/\`) {
			t.Errorf("%q names a file", id)
		}
		dir := t.TempDir()
		if err := write(dir, []record{r}); err != nil {
			t.Fatal(err)
		}
		again, err := os.ReadFile(filepath.Join(dir, id+".json"))
		if err != nil || !bytes.Contains(again, []byte(`"affected":[`)) {
			t.Errorf("%v\n%s", err, again)
		}
	})
}

// Nothing runs that the project or its surroundings could choose, and nothing of the project is changed.
func TestNothingOfTheProjectRuns(t *testing.T) {
	dir := shop(t)
	tools, ran := t.TempDir(), filepath.Join(t.TempDir(), "ran")
	for _, name := range []string{"gcc", "cc", "clang", "swig", "pkg-config", "git", "hg", "gopackagesdriver", "tool"} {
		put(t, filepath.Join(tools, name), "#!/bin/sh\necho $0 $@ >> "+ran+"\nexit 1\n")
		if err := os.Chmod(filepath.Join(tools, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", tools+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("GOFLAGS", "-toolexec="+filepath.Join(tools, "tool"))
	t.Setenv("CGO_ENABLED", "1")
	mod := filepath.Join(dir, "shop/go.mod")
	before, err := os.ReadFile(mod)
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "shop/.git/HEAD"), "ref: refs/heads/main\n")
	put(t, filepath.Join(dir, "shop/c.go"), "package main\n\n//go:generate tool\n\n// #cgo pkg-config: x\nimport \"C\"\n")
	put(t, filepath.Join(dir, "shop/x.swig"), "%module x\n")
	out, err := analysis(dir).Findings(t.Context(), shopFindings()[:1])
	if err != nil || out[0].Reachability.Reach != tocsin.ReachCalled {
		t.Fatal(says(out[0].Reachability), err)
	}
	if text, err := os.ReadFile(ran); err == nil {
		t.Errorf("it ran\n%s", text)
	}
	if after, err := os.ReadFile(mod); err != nil || !bytes.Equal(before, after) {
		t.Errorf("go.mod was changed: %v", err)
	}
}
