package scanner_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin/scanner"
)

// A tree that has only the files that a scan may open gives what the whole tree gives, but for programs.
func TestOpensIsEnough(t *testing.T) {
	dirs, err := filepath.Glob("../testdata/[ls][ob][co]*s/*")
	if err != nil || len(dirs) == 0 {
		t.Fatal("no fixtures", err)
	}
	opens := scanner.Opens()
	for _, dir := range dirs {
		if filepath.Base(dir) == "program" {
			continue
		}
		kept := fstest.MapFS{}
		err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || !opens(name) {
				return err
			}
			b, err := os.ReadFile(filepath.Join(dir, name))
			kept[name] = &fstest.MapFile{Data: b, Mode: 0o644}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		inv, err := scanner.Scan(t.Context(), kept, scanner.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(describe(scanDir(t, dir)), describe(inv)); d != "" {
			t.Errorf("%s: %s", dir, d)
		}
	}
	for name, want := range map[string]bool{
		"main.go": false, "web/package.json": true, "sbom": true, "docs/README.md": false, "Pipfile": true, "api/requirements/dev.in": true,
		"node_modules/a/package-lock.json": false, "vendor/go.mod": false, "bin/tool": false,
	} {
		if opens(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}
