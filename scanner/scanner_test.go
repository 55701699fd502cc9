package scanner_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/scanner"
)

const goMod = "module m\n\nrequire example.com/a v1.0.0\n"

func scan(t *testing.T, fsys fs.FS, paths ...string) tocsin.Inventory {
	t.Helper()
	inv, err := scanner.Scan(context.Background(), fsys, scanner.Options{Paths: paths})
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func files(inv tocsin.Inventory) []string {
	var out []string
	for _, f := range inv.Coverage.Files {
		out = append(out, f.Path)
	}
	return out
}

func TestScanWalk(t *testing.T) {
	mod := &fstest.MapFile{Data: []byte(goMod)}
	fsys := fstest.MapFS{
		"go.mod":                        mod,
		"testdata/go.mod":               mod,
		"node_modules/x/go.mod":         mod,
		"vendor/x/go.mod":               mod,
		".git/go.mod":                   mod,
		"sub/.venv/requirements.txt":    {Data: []byte("a==1\n")},
		"config.json":                   {Data: []byte(`{"version": 1}`)},
		"late/sbom.json":                {Data: []byte(`{"x": "` + strings.Repeat("x", 20000) + `", "components": [{"name": "a", "purl": "pkg:npm/a@1"}], "bomFormat": "CycloneDX"}`)},
		"late/unnamed.json":             {Data: []byte(`{"x": "` + strings.Repeat("x", 20000) + `", "components": [{"name": "a", "purl": "pkg:npm/a@1"}], "bomFormat": "CycloneDX"}`)},
		"unsaid/bom.json":               {Data: []byte(`{"specVersion": "1.4", "components": []}`)},
		"extensionless/mybom":           {Data: []byte(`{"bomFormat": "CycloneDX", "components": []}`)},
		"requirements/base.txt":         {Data: []byte("a==1\n")},
		"docs/readme.txt":               {Data: []byte("a==1\n")},
		"marked/bom.xml":                {Data: []byte("\xEF\xBB\xBF<?xml version=\"1.0\"?><bom xmlns=\"http://cyclonedx.org/schema/bom/1.4\"><components/></bom>")},
		"wide/bom.json":                 {Data: utf16(`{"bomFormat": "CycloneDX", "components": [{"name": "ä", "purl": "pkg:npm/a@2"}]}`)},
		"other/page.xml":                {Data: []byte("<html></html>")},
		"windows/buildscript-gradle.md": {Data: []byte("x")},
	}
	inv := scan(t, fsys)
	want := []string{"extensionless/mybom", "go.mod", "late/sbom.json", "marked/bom.xml", "requirements/base.txt", "testdata/go.mod", "unsaid/bom.json", "wide/bom.json"}
	if got := files(inv); !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	if bad := inv.Coverage.Incomplete(); len(bad) > 0 {
		t.Errorf("incomplete %v", bad)
	}
	// One package, found three times, keeps its places.
	i := slices.IndexFunc(inv.Packages, func(p tocsin.Package) bool { return p.Name == "example.com/a" })
	if got := len(inv.Packages[i].Location); got != 2 {
		t.Errorf("%d locations, want 2", got)
	}
}

func utf16(s string) []byte {
	out := []byte{0xFF, 0xFE}
	for _, r := range s {
		out = append(out, byte(r), byte(r>>8))
	}
	return out
}

func TestScanNamed(t *testing.T) {
	bom := []byte(`{"x": "` + strings.Repeat("x", 20000) + `", "components": [{"name": "a", "purl": "pkg:npm/a@1"}], "bomFormat": "CycloneDX"}`)
	fsys := fstest.MapFS{
		"vendor/go.mod":              {Data: []byte(goMod)},
		"017-backend.Cargo.lock":     {Data: []byte("[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n")},
		"late.data":                  {Data: bom},
		"notes.txt":                  {Data: []byte("hello")},
		"rdf.xml":                    {Data: []byte("<rdf:RDF xmlns:rdf='x'></rdf:RDF>")},
		"empty/readme":               {Data: nil},
		"dir/package-lock.json/file": {Data: nil},
	}
	inv := scan(t, fsys, "vendor/go.mod", "./vendor", "017-backend.Cargo.lock", "late.data", "notes.txt", "rdf.xml", "vendor/go.mod")
	want := map[string]tocsin.FileStatus{
		"vendor/go.mod": tocsin.FileRead, "017-backend.Cargo.lock": tocsin.FileRead, "late.data": tocsin.FileRead,
		"notes.txt": tocsin.FileFailed, "rdf.xml": tocsin.FileFailed,
	}
	if len(inv.Coverage.Files) != len(want) {
		t.Errorf("files %v", inv.Coverage.Files)
	}
	for _, f := range inv.Coverage.Files {
		if f.Status != want[f.Path] {
			t.Errorf("%s: %s (%s), want %s", f.Path, f.Status, f.Reason, want[f.Path])
		}
		if f.Status == tocsin.FileFailed && !strings.Contains(f.Reason, "Cargo.lock") {
			t.Errorf("%s: reason %q does not say what is supported", f.Path, f.Reason)
		}
	}

	for path, want := range map[string]error{"nowhere/go.mod": tocsin.ErrNotFound, "../go.mod": tocsin.ErrInvalid, "/etc/passwd": tocsin.ErrInvalid} {
		if _, err := scanner.Scan(context.Background(), fsys, scanner.Options{Paths: []string{path}}); !errors.Is(err, want) {
			t.Errorf("%s: error %v, want %v", path, err, want)
		}
	}
	if inv := scan(t, fsys, "empty"); len(inv.Coverage.Files) != 0 || inv.Digest == "" {
		t.Errorf("nothing to read: %+v", inv)
	}
}

func TestScanOptions(t *testing.T) {
	at := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	var seen []string
	inv, err := scanner.Scan(context.Background(), fstest.MapFS{"go.mod": {Data: []byte(goMod)}}, scanner.Options{
		Project: "shop", Source: "main", TakenAt: at, Progress: func(p string) { seen = append(seen, p) },
	})
	if err != nil || inv.Project != "shop" || inv.Source != "main" || !inv.TakenAt.Equal(at) || !slices.Equal(seen, []string{"go.mod"}) {
		t.Errorf("%+v, %v, progress %q", inv, err, seen)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := scanner.Scan(ctx, fstest.MapFS{"go.mod": {Data: []byte(goMod)}}, scanner.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := scanner.Scan(ctx, fstest.MapFS{"go.mod": {Data: []byte(goMod)}}, scanner.Options{Paths: []string{"go.mod"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, _, err := scanner.Dir(filepath.Join(t.TempDir(), "nowhere")); !errors.Is(err, tocsin.ErrNotFound) {
		t.Errorf("missing directory: %v", err)
	}
}

func TestScanSymbolicLinks(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	write := func(name string) {
		if err := os.WriteFile(name, []byte(goMod), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	link := func(target, name string) {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(outside, "go.mod"))
	write(filepath.Join(dir, "go.mod"))
	for _, d := range []string{"in", "out", "far"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	link(".", "loop")
	link("../go.mod", "in/go.mod")
	link(filepath.Join(outside, "go.mod"), "out/go.mod")
	link("../../go.mod", "far/go.mod")
	link("elsewhere", "notes")

	inv := scanDir(t, dir)
	if got, want := files(inv), []string{"far/go.mod", "go.mod", "out/go.mod"}; !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	for _, f := range inv.Coverage.Incomplete() {
		if f.Status != tocsin.FileFailed || !strings.Contains(f.Reason, "link") {
			t.Errorf("%+v", f)
		}
	}
	// Named, one within is followed and one that leads out is not.
	inv = scanDir(t, dir, "in/go.mod", "out/go.mod")
	if len(inv.Packages) != 1 || len(inv.Coverage.Incomplete()) != 1 {
		t.Errorf("named links: %+v", inv)
	}
}

// brokenFS fails where a real one would for want of permission, which does not bite when tests run as root.
type brokenFS struct {
	fstest.MapFS
	file, dir string
}

func (b brokenFS) Open(name string) (fs.File, error) {
	if name == b.file || name == b.dir {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return b.MapFS.Open(name)
}

func (b brokenFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == b.dir {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return b.MapFS.ReadDir(name)
}

func TestScanWithoutPermission(t *testing.T) {
	mod := &fstest.MapFile{Data: []byte(goMod)}
	fsys := brokenFS{fstest.MapFS{"a/go.mod": mod, "b/go.mod": mod, "c/go.mod": mod, "c/x.json": mod, "pipe/go.mod": {Mode: fs.ModeNamedPipe}}, "a/go.mod", "b"}
	inv := scan(t, fsys)
	if got, want := files(inv), []string{"a/go.mod", "b", "c/go.mod"}; !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	for _, f := range inv.Coverage.Incomplete() {
		if f.Status != tocsin.FileFailed || f.Reason != "permission denied" {
			t.Errorf("%+v", f)
		}
	}
	inv = scan(t, fsys, "pipe/go.mod")
	if f := inv.Coverage.Files[0]; f.Reason != "not a regular file" {
		t.Errorf("%+v", f)
	}
}

// TestScanPrograms looks into programs only where they may be run, and passes those by that are none of Go's, unless
// somebody names them.
func TestScanPrograms(t *testing.T) {
	shop, err := os.ReadFile("../testdata/lockfiles/program/shop")
	if err != nil {
		t.Fatal(err)
	}
	elf := []byte("\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 100))
	fsys := fstest.MapFS{
		"bin/shop":     {Data: shop, Mode: 0o755},
		"bin/shop.exe": {Data: shop},
		"bin/data":     {Data: shop},
		"bin/lib.so":   {Data: shop, Mode: 0o755},
		"bin/foreign":  {Data: elf, Mode: 0o755},
		"bin/run":      {Data: []byte("#!/bin/sh\n"), Mode: 0o755},
	}
	inv := scan(t, fsys)
	if want := []string{"bin/shop", "bin/shop.exe"}; !slices.Equal(files(inv), want) {
		t.Errorf("read %q, want %q", files(inv), want)
	}
	inv = scan(t, fsys, "bin/data", "bin/lib.so", "bin/foreign")
	if want := []string{"bin/data", "bin/foreign", "bin/lib.so"}; !slices.Equal(files(inv), want) || len(inv.Coverage.Incomplete()) != 1 {
		t.Errorf("read %+v, want %q with one failed", inv.Coverage.Files, want)
	}
}
