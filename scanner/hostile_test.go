package scanner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/scanner/extract"
)

// vast is a file system of one file of any size, made as it is read.
type vast struct {
	name         string
	size         int64
	head, middle string
	// claims is what the file says its size is; 0 for the truth.
	claims int64
}

func (v vast) Open(name string) (fs.File, error) {
	if name != v.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &vastFile{v: v, r: io.LimitReader(io.MultiReader(strings.NewReader(v.head), repeat(v.middle)), v.size)}, nil
}

type repeat string

func (r repeat) Read(p []byte) (int, error) {
	n := 0
	for n+len(r) <= len(p) {
		n += copy(p[n:], r)
	}
	if n == 0 {
		n = copy(p, r)
	}
	return n, nil
}

type vastFile struct {
	v vast
	r io.Reader
}

func (f *vastFile) Read(p []byte) (int, error) { return f.r.Read(p) }
func (f *vastFile) Close() error               { return nil }
func (f *vastFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *vastFile) Name() string               { return f.v.name }
func (f *vastFile) Mode() fs.FileMode          { return 0o444 }
func (f *vastFile) ModTime() time.Time         { return time.Time{} }
func (f *vastFile) IsDir() bool                { return false }
func (f *vastFile) Sys() any                   { return nil }
func (f *vastFile) Size() int64 {
	if f.v.claims != 0 {
		return f.v.claims
	}
	return f.v.size
}

// TestHostile reads what was made to break readers. Each must end soon, as failed or partial, in bounded memory.
func TestHostile(t *testing.T) {
	// Only what is in use counts: garbage that a busy machine had no time to collect is nobody's.
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(800 << 20))
	const many, held = 60 << 20, extract.LimitParsed // for readers that read as they go, and for general parsers
	anchors := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'z'; c++ {
		anchors += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", c-1), 9), ","))
	}
	tests := []struct {
		name   string
		fsys   fs.FS
		path   string
		reason string
	}{
		{"100 MB of brackets as an SBOM", vast{"bom.json", 100 << 20, `{"bomFormat":"CycloneDX","components":`, "[", 0}, "bom.json", "depth"},
		{"brackets as a lockfile", vast{"package-lock.json", held, "", "[", 0}, "package-lock.json", "nested deeper"},
		{"brackets as a borrowed lockfile", vast{"composer.lock", held, "", "[", 0}, "composer.lock", "nested deeper"},
		{"brackets as TOML", vast{"Cargo.lock", held, "a=", "[", 0}, "Cargo.lock", "nested deeper"},
		{"brackets as YAML", vast{"pnpm-lock.yaml", held, "", "[", 0}, "pnpm-lock.yaml", "nested deeper"},
		{"elements as XML", vast{"pom.xml", held, "<project>", "<a>", 0}, "pom.xml", "nested deeper"},
		{"elements as an SBOM", vast{"bom.xml", many, `<bom xmlns="http://cyclonedx.org/schema/bom/1.4"><components>`, "<component>", 0}, "bom.xml", "nested deeper"},
		{"elements as a project", vast{"a.csproj", many, `<Project>`, "<a>", 0}, "a.csproj", "nested deeper"},
		{"too large", vast{"package-lock.json", extract.LimitWhole + 1, "", " ", 0}, "package-lock.json", "the limit is"},
		{"tiny nodes as YAML", vast{"pnpm-lock.yaml", held, "packages:\n", "- a\n", 0}, "pnpm-lock.yaml", ""},
		{"tiny nodes as an SBOM in YAML", vast{"a.spdx.yaml", held, "spdxVersion: SPDX-2.3\npackages:\n", "- a\n", 0}, "a.spdx.yaml", ""},
		{"tiny tables as TOML", vast{"poetry.lock", held, "", "[[package]]\n", 0}, "poetry.lock", ""},
		{"tiny objects as JSON", fstest.MapFS{"composer.lock": {Data: []byte(`{"packages":[{}` + strings.Repeat(",{}", held/3-10) + "]}")}}, "composer.lock", ""},
		{"tiny packages of Pipenv", lines("Pipfile.lock", held, `{"default":{"a":{}`, ",\n\"a%d\":{\"version\":\"==1\"}", "}}"), "Pipfile.lock", ""},
		{"tiny packages of pnpm", lines("pnpm-lock.yaml", held, "lockfileVersion: '9.0'\npackages:\n", "  a%d@1.0.0:\n    resolution: {}\n", ""), "pnpm-lock.yaml", ""},
		{"tiny packages of Dart", lines("pubspec.lock", held, "packages:\n", "  a%d:\n    version: \"1\"\n", ""), "pubspec.lock", ""},
		{"tiny packages of Maven", lines("pom.xml", held, "<project><dependencies>", "<dependency><groupId>g</groupId><artifactId>a%d</artifactId><version>1</version></dependency>\n", "</dependencies></project>"), "pom.xml", "dependencies"},
		{"tiny dependencies of Maven", lines("pom.xml", held/8, "<project><dependencies>", "<dependency><groupId>g</groupId><artifactId>a%d</artifactId></dependency>\n", "</dependencies></project>"), "pom.xml", ""},
		{"deep folder that asks for all", lines("package-lock.json", held, `{"packages":{"`+strings.Repeat("a/", 500)+`":{"dependencies":{"a":0`, ",\n\"a%d\":0", "}}}}"), "package-lock.json", "lookups"},
		{"deep key that asks for all", lines("bun.lock", held, `{"lockfileVersion":1,"packages":{"`+strings.Repeat("a/", 250)+`":["a@1","",{"dependencies":{"a":0`, ",\n\"a%d\":0", "}}]}}"), "bun.lock", ""},
		{"a square of edges in Python", lines("poetry.lock", held/4, "", "[[package]]\nname=\"a\"\nversion=\"%d\"\n[package.dependencies]\na=\"1\"\n", ""), "poetry.lock", "edges"},
		{"a square of edges in Ruby", lines("Gemfile.lock", held/4, "GEM\n  remote: https://rubygems.org/\n  specs:\n", "    a (%d)\n      a\n", ""), "Gemfile.lock", "edges"},
		{"a square of edges in PHP", lines("composer.lock", held, `{"packages":[{}`, ",{\"name\":\"a/%d\",\"replace\":{\"r\":\"1\"},\"require\":{\"r\":\"1\"}}\n", "]}"), "composer.lock", "edges"},
		{"many edges of Cargo", lines("Cargo.lock", held, "[[package]]\nname=\"a\"\nversion=\"1\"\n", "[[package]]\nname=\"a%d\"\nversion=\"1\"\ndependencies=[\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\"]\n", ""), "Cargo.lock", ""},
		{"many edges of yarn", lines("yarn.lock", held, "a@1:\n  version \"1\"\n\n", "a%d@1:\n  version \"1\"\n  dependencies:\n    a 1\n    a 1\n    a 1\n\n", ""), "yarn.lock", ""},
		{"many edges of pnpm", lines("pnpm-lock.yaml", held, "lockfileVersion: 9\npackages:\n  a@1: {}\nimporters:\n", "  b%d: {dependencies: {a: '1', b: '1'}}\n", ""), "pnpm-lock.yaml", ""},
		{"edges without end", vast{"bom.json", many, `{"bomFormat":"CycloneDX","components":[{"bom-ref":"a","name":"a"}],"dependencies":[{"ref":"a","dependsOn":["a"`, `,"a"`, 0}, "bom.json", "inside"},
		{"more edges than fit", lines("bom.json", many, `{"bomFormat":"CycloneDX","components":[{"bom-ref":"a","name":"a"}],"dependencies":[{"ref":"a","dependsOn":["a"`, `,"a"`, "]}]}"), "bom.json", "edges"},
		{"tiny lines", vast{"gradle.lockfile", held, "", "a:b:1=c\n", 0}, "gradle.lockfile", ""},
		{"too large to stream", vast{"bom.json", extract.LimitStream + 1, `{"bomFormat":"CycloneDX",`, " ", 0}, "bom.json", "the limit is"},
		{"larger than it says", vast{"package-lock.json", 1 << 40, "", " ", 10}, "package-lock.json", "more than"},
		{"endless line", vast{"yarn.lock", held, "a@1:\n  version \"1.0.0\"\n", "x", 0}, "yarn.lock", "longer than 64 KiB"},
		{"too many packages", vast{"bom.json", 100 << 20, `{"bomFormat":"CycloneDX","components":[{}`, `,{"name":"a"}`, 0}, "bom.json", "packages"},
		{"entity bomb", fstest.MapFS{"bom.xml": {Data: []byte(`<?xml version="1.0"?><!DOCTYPE bom [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]><bom xmlns="http://cyclonedx.org/schema/bom/1.4"><components><component><name>&b;</name></component></components></bom>`)}}, "bom.xml", "entity"},
		{"entity bomb in a borrowed reader", fstest.MapFS{"packages.config": {Data: []byte(`<!DOCTYPE p [<!ENTITY a "aaaa">]><packages><package id="&a;" version="1"/></packages>`)}}, "packages.config", "entity"},
		{"alias bomb", fstest.MapFS{"bom.spdx.yaml": {Data: []byte("spdxVersion: SPDX-2.3\n" + anchors + "packages: *z\n")}}, "bom.spdx.yaml", "alias"},
		{"alias bomb in a lockfile", fstest.MapFS{"pnpm-lock.yaml": {Data: []byte("lockfileVersion: '9.0'\n" + anchors + "packages: {x: *z}\n")}}, "pnpm-lock.yaml", ""},
		{"truncated SBOM", fstest.MapFS{"bom.json": {Data: []byte(`{"bomFormat":"CycloneDX","components":[{"name":"a","purl":"pkg:npm/a@1"},{"name":"b","pu`)}}, "bom.json", "/components/1"},
		{"truncated XML", fstest.MapFS{"bom.xml": {Data: []byte(`<bom xmlns="http://cyclonedx.org/schema/bom/1.4"><components><component><name>a</name></component><component><na`)}}, "bom.xml", "line 1"},
		{"truncated tag-value", fstest.MapFS{"a.spdx": {Data: []byte("SPDXVersion: SPDX-2.3\nPackageName: a\nPackageComment: <text>and so")}}, "a.spdx", "inside <text>"},
		{"truncated SPDX", fstest.MapFS{"a.spdx.json": {Data: []byte(`{"spdxVersion":"SPDX-2.3","packages":[{"name":"a"},`)}}, "a.spdx.json", "/packages"},
		{"truncated lockfile", fstest.MapFS{"package-lock.json": {Data: []byte(`{"lockfileVersion": 3, "packages": {"node_modules/a": {"version": "1.0.0"}, "node_mod`)}}, "package-lock.json", "byte"},
		{"truncated borrowed lockfile", fstest.MapFS{"renv.lock": {Data: []byte(`{"Packages": {`)}}, "renv.lock", "unexpected"},
		{"truncated lockfile", fstest.MapFS{"Pipfile.lock": {Data: []byte(`{"default": {`)}}, "Pipfile.lock", "ends at byte 13"},
		{"truncated lockfile", fstest.MapFS{"pnpm-lock.yaml": {Data: []byte("lockfileVersion: 5.4\n---\na: [")}}, "pnpm-lock.yaml", "reading YAML"},
		{"another pnpm", fstest.MapFS{"pnpm-lock.yaml": {Data: []byte("- a\n---\n")}}, "pnpm-lock.yaml", "not a document"},
		{"another Pipfile", fstest.MapFS{"Pipfile.lock": {Data: []byte("{}")}}, "Pipfile.lock", "not a document"},
		{"another pubspec", fstest.MapFS{"pubspec.lock": {Data: nil}}, "pubspec.lock", "not a document"},
		{"truncated lockfile", fstest.MapFS{"composer.lock": {Data: []byte(`{"packages": [`)}}, "composer.lock", "ends at byte 14"},
		{"binary", fstest.MapFS{"Gemfile.lock": {Data: []byte("\x7fELF\x00\x01\x02")}}, "Gemfile.lock", "not a text file"},
		{"binary as JSON", fstest.MapFS{"package-lock.json": {Data: []byte("\x7fELF\x00\x01\x02")}}, "package-lock.json", "not a text file"},
		{"empty", fstest.MapFS{"package-lock.json": {Data: nil}}, "package-lock.json", "ends at byte 0"},
		{"not an object", fstest.MapFS{"package-lock.json": {Data: []byte("[]")}}, "package-lock.json", ""},
		{"another document", fstest.MapFS{"package-lock.json": {Data: []byte("{}")}}, "package-lock.json", "not a document"},
		{"another rebar", fstest.MapFS{"rebar.lock": {Data: []byte("hello")}}, "rebar.lock", "not a document"},
		{"another deno", fstest.MapFS{"deno.lock": {Data: []byte("{}")}}, "deno.lock", "not a document"},
		{"another assets", fstest.MapFS{"project.assets.json": {Data: []byte("{}")}}, "project.assets.json", "not a document"},
		{"another project", fstest.MapFS{"a.csproj": {Data: []byte("<html/>")}}, "a.csproj", "not <Project>"},
		{"wrong types", fstest.MapFS{"bom.json": {Data: []byte(`{"bomFormat":"CycloneDX","components":[{"name":{"a":1},"purl":"pkg:npm/a@1"},7]}`)}}, "bom.json", "/components/0/name"},
		{"wrong encoding", fstest.MapFS{"bom.xml": {Data: []byte(`<?xml version="1.0" encoding="EBCDIC"?><bom xmlns="http://cyclonedx.org/schema/bom/1.4"/>`)}}, "bom.xml", "EBCDIC"},
		{"workflow that is not YAML", fstest.MapFS{".github/workflows/a.yml": {Data: []byte("a: [")}}, ".github/workflows/a.yml", "YAML"},
		{"endless Dockerfile line", vast{"Dockerfile", held, "FROM a\nRUN ", "x ", 0}, "Dockerfile", "an instruction of more"},
		{"Dockerfile of empty lines", vast{"Dockerfile", held, "FROM a\n", "\n", 0}, "Dockerfile", "lines"},
		{"Dockerfile of images", vast{"Dockerfile", 12 << 20, "", "FROM abcdef\n", 0}, "Dockerfile", "images"},
		{"no Dockerfile", fstest.MapFS{"Dockerfile": {Data: []byte("hello")}}, "Dockerfile", "not a document"},
		{"binary Dockerfile", fstest.MapFS{"Dockerfile": {Data: []byte("FROM a\x00")}}, "Dockerfile", "not a text file"},
		{"large compose file", vast{"compose.yaml", held, "services: [", "a,", 0}, "compose.yaml", "the limit is"},
		{"alias bomb in a compose file", fstest.MapFS{"compose.yaml": {Data: []byte(anchors + "services: *z\n")}}, "compose.yaml", ""},
		{"compose file that is not YAML", fstest.MapFS{"compose.yaml": {Data: []byte("a: [")}}, "compose.yaml", "YAML"},
		{"brackets in a compose file", vast{"compose.yaml", 4 << 20, "", "[", 0}, "compose.yaml", "nested deeper"},
		{"large workflow", vast{"action.yml", held, "runs: [", "a,", 0}, "action.yml", "the limit is"},
		{"truncated syft", fstest.MapFS{"a.json": {Data: []byte(`{"artifacts": [{"name": "a", "foundBy": "b", "purl": "pkg:npm/a@1"}, {"na`)}}, "a.json", "/artifacts/1"},
		{"brackets as syft", vast{"a.json", many, `{"artifacts":[{"foundBy":"x"},`, "[", 0}, "a.json", "depth"},
		{"purls without end", vast{"purls.txt", many, "", "pkg:npm/a@1\n", 0}, "purls.txt", "packages"},
		{"endless purl", vast{"purls.txt", many, "pkg:npm/a@1\npkg:npm/", "x", 0}, "purls.txt", ""},
		{"no purls", fstest.MapFS{"purls.txt": {Data: []byte("# none\nhello\n")}}, "purls.txt", "line 2"},
		{"rubbish as a program", vast{"a", many, "\x7fELF\x02\x01\x01", "\xff", 0}, "a", "not of this kind"},
		{"truncated program", fstest.MapFS{"a": {Data: []byte("\x7fELF\x02\x01\x01")}}, "a", "not of this kind"},
		{"no archive", vast{"a.jar", many, "", "PK\x05\x06", 0}, "a.jar", "reading the archive"},
		{"truncated archive", fstest.MapFS{"a.jar": {Data: []byte("PK\x03\x04")}}, "a.jar", "not a valid zip"},
		{"endless apk field", vast{"lib/apk/db/installed", many, "P:a\nV:1\nD:", "x", 0}, "lib/apk/db/installed", "os-release"},
		{"endless apk fields", vast{"lib/apk/db/installed", many, "P:a\n", "V:1\n", 0}, "lib/apk/db/installed", "os-release"},
		{"too many of apk", vast{"lib/apk/db/installed", many, "", "P:a\n\n", 0}, "lib/apk/db/installed", "packages"},
		{"no apk", fstest.MapFS{"lib/apk/db/installed": {Data: []byte("hello")}}, "lib/apk/db/installed", "not a document"},
		{"binary apk", fstest.MapFS{"lib/apk/db/installed": {Data: []byte("P:a\x00")}}, "lib/apk/db/installed", "not a text file"},
		{"no dpkg", fstest.MapFS{"var/lib/dpkg/status": {Data: []byte("<html>")}}, "var/lib/dpkg/status", "not a document"},
		{"truncated sbt lock", fstest.MapFS{"build.sbt.lock": {Data: []byte(`{"dependencies": [{"org": "a", "name": "b", "ver`)}}, "build.sbt.lock", "/dependencies/0"},
		{"another sbt lock", fstest.MapFS{"build.sbt.lock": {Data: []byte("{}")}}, "build.sbt.lock", "not a document"},
		{"too many of sbt", vast{"build.sbt.lock", many, `{"dependencies": [{}`, `,{"org":"a","name":"b"}`, 0}, "build.sbt.lock", "packages"},
		{"another go.work", fstest.MapFS{"go.work": {Data: []byte("hello")}}, "go.work", "not a document"},
		{"go.work without end", vast{"go.work", held, "use (\n", "a\n", 0}, "go.work", "more than 10000 folders"},
		{"property bomb", fstest.MapFS{"pom.xml": {Data: []byte(propertyBomb())}}, "pom.xml", "draws on more"},
	}
	for _, tt := range tests {
		if _, small := tt.fsys.(fstest.MapFS); !small && testing.Short() {
			continue // the time and memory of large files mean nothing under the race detector, which runs with -short
		}
		t.Run(tt.name, func(t *testing.T) {
			peak := watchHeap()
			began := time.Now()
			inv, err := Scan(context.Background(), tt.fsys, Options{Paths: []string{tt.path}})
			took, heap := time.Since(began), peak()
			if err != nil {
				t.Fatal(err)
			}
			f := inv.Coverage.Files[0]
			if f.Status == tocsin.FileRead && tt.reason != "" || !strings.Contains(f.Reason, tt.reason) {
				t.Errorf("%s: %s: %q, want a reason with %q", f.Path, f.Status, f.Reason, tt.reason)
			}
			if took > 30*time.Second || heap > 1<<30 {
				t.Errorf("took %s and %d MB", took, heap>>20)
			}
			t.Logf("%s %s: %.200q in %s, %d MB", f.Status, f.Format, f.Reason, took.Round(time.Millisecond), heap>>20)
		})
	}
}

// lines is a file of numbered entries of nearly the given size, made when it is opened.
func lines(name string, size int, head, format, tail string) fs.FS {
	return made(func() fs.FS {
		var b strings.Builder
		b.WriteString(head)
		for i := 0; b.Len() < size-len(format)-len(tail)-10; i++ {
			if strings.Contains(format, "%") {
				fmt.Fprintf(&b, format, i)
			} else {
				b.WriteString(format)
			}
		}
		b.WriteString(tail)
		return fstest.MapFS{name: {Data: []byte(b.String())}}
	})
}

type made func() fs.FS

func (m made) Open(name string) (fs.File, error) { return m().Open(name) }

// propertyBomb is a Maven project whose properties refer to each other, each twice to the next.
func propertyBomb() string {
	var b strings.Builder
	b.WriteString("<project><properties><p0>xxxxxxxxxx</p0>")
	for i := 1; i < 60; i++ {
		fmt.Fprintf(&b, "<p%d>${p%d}${p%d}</p%d>", i, i-1, i-1, i)
	}
	b.WriteString("</properties><dependencies><dependency><groupId>g</groupId><artifactId>a</artifactId><version>${p59}</version></dependency></dependencies></project>")
	return b.String()
}

// watchHeap samples the heap until the returned function is called, which gives the peak.
func watchHeap() func() uint64 {
	runtime.GC() // what the test before left behind is not of this one
	stop, done := make(chan struct{}), make(chan uint64)
	go func() {
		var peak uint64
		var m runtime.MemStats
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
			select {
			case <-stop:
				done <- peak
				return
			case <-tick.C:
			}
		}
	}()
	return func() uint64 { close(stop); return <-done }
}

// A bad file never hides its neighbours.
func TestHostileNeighbour(t *testing.T) {
	inv, err := Scan(context.Background(), fstest.MapFS{
		"a/package-lock.json": {Data: []byte("{")}, "b/go.mod": {Data: []byte("module m\nrequire example.com/a v1.0.0\n")}, "c/bom.json": {Data: []byte(`{"bomFormat":"CycloneDX","components":[`)},
	}, Options{})
	if err != nil || len(inv.Packages) != 1 || len(inv.Coverage.Incomplete()) != 2 {
		t.Errorf("%+v, %v", inv, err)
	}
}

// fake is a reader that misbehaves.
type fake func(ctx context.Context, f extract.File) (extract.Result, error)

func (fake) Format() string { return "fake" }
func (fake) Limit() int64   { return extract.LimitStream }
func (f fake) Read(ctx context.Context, file extract.File) (extract.Result, error) {
	return f(ctx, file)
}

func TestGuard(t *testing.T) {
	open := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("x")), nil }
	block := make(chan struct{})
	defer close(block)
	tests := []struct {
		name string
		f    fake
		want string
	}{
		{"panic", func(context.Context, extract.File) (extract.Result, error) { panic("at the disco") }, "the fake reader failed on this content: at the disco"},
		{"ignores its context", func(context.Context, extract.File) (extract.Result, error) { <-block; return extract.Result{}, nil }, "not done after"},
		{"waits for its context", func(ctx context.Context, f extract.File) (extract.Result, error) {
			<-ctx.Done()
			_, err := f.Body.Read(make([]byte, 1))
			return extract.Result{}, err
		}, "not done after"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := run(context.Background(), tt.f, open, extract.File{}, 50*time.Millisecond)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	_, err := run(ctx, fake(func(context.Context, extract.File) (extract.Result, error) {
		cancel()
		<-block
		return extract.Result{}, nil
	}), open, extract.File{}, time.Minute)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := run(ctx, nil, func() (io.ReadCloser, error) { return nil, os.ErrPermission }, extract.File{}, time.Minute); !errors.Is(err, os.ErrPermission) {
		t.Errorf("not opened: %v", err)
	}
}

func TestSiblings(t *testing.T) {
	fsys := siblings{fstest.MapFS{"a": {Data: []byte("x")}, "p": {Mode: fs.ModeNamedPipe}}}
	if _, err := fsys.Open("p"); err == nil {
		t.Error("opened a pipe")
	}
	if _, err := fsys.Open("q"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if data, err := fs.ReadFile(fsys, "a"); string(data) != "x" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	if e, err := fsys.ReadDir("."); len(e) != 2 || err != nil {
		t.Error(e, err)
	}
}

// wide is a hundred million directories without a file, as a Git tree of five objects can be that holds each in a hundred names.
type wide struct{}

func (wide) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}
func (wide) Stat(string) (fs.FileInfo, error) { return wideInfo{}, nil }
func (wide) ReadDir(name string) ([]fs.DirEntry, error) {
	if strings.Count(name, "/") == 3 {
		return nil, nil
	}
	return slices.Repeat([]fs.DirEntry{fs.FileInfoToDirEntry(wideInfo{})}, 100), nil
}

type wideInfo struct{}

func (wideInfo) Name() string       { return "d" }
func (wideInfo) Size() int64        { return 0 }
func (wideInfo) Mode() fs.FileMode  { return fs.ModeDir | 0o755 }
func (wideInfo) ModTime() time.Time { return time.Time{} }
func (wideInfo) IsDir() bool        { return true }
func (wideInfo) Sys() any           { return nil }

// Directories count too: there may be no end of them without a single file.
func TestDirectoriesWithoutEnd(t *testing.T) {
	inv, err := Scan(t.Context(), wide{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(inv.Coverage.Files) != 1 || !strings.Contains(inv.Coverage.Files[0].Reason, "files and directories") {
		t.Errorf("coverage: %+v", inv.Coverage)
	}
}
