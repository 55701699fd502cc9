// Package corpus finds the collection of real lockfiles and SBOMs that tests read. The collection is not part of the
// repository; this package is used by tests only.
package corpus

import (
	"archive/zip"
	"bufio"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Dir is the folder of real inputs: $TOCSIN_CORPUS, else shared/data beside the repository. Where there is none the test
// is skipped, or fails if TOCSIN_REQUIRE names "corpus", so that a machine that should have it cannot pass without.
func Dir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("TOCSIN_CORPUS")
	if dir == "" {
		dir = beside()
	}
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return dir
	}
	if strings.Contains(os.Getenv("TOCSIN_REQUIRE"), "corpus") {
		t.Fatalf("no corpus in %s, and TOCSIN_REQUIRE asks for it", dir)
	}
	t.Skipf("no corpus in %s: set TOCSIN_CORPUS to its folder", dir)
	return ""
}

// beside is ../shared/data seen from the root of the repository, which is two folders above this file.
func beside() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..", "shared", "data")
}

// Records gives the bytes of every OSV record in the corpus; some ids stand in more than one ecosystem.
func Records(t testing.TB) [][]byte {
	t.Helper()
	zips, err := filepath.Glob(filepath.Join(Dir(t), "osv", "*", "all.zip"))
	if err != nil || len(zips) == 0 {
		t.Fatalf("no zips of records: %v", err)
	}
	var out [][]byte
	for _, name := range zips {
		z, err := zip.OpenReader(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, b)
		}
		z.Close()
	}
	return out
}

// Lines decodes a file of JSON lines, named from the corpus' folder.
func Lines[T any](t testing.TB, name ...string) []T {
	t.Helper()
	f, err := os.Open(filepath.Join(append([]string{Dir(t)}, name...)...))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []T
	s := bufio.NewScanner(f)
	s.Buffer(nil, 64<<20)
	for s.Scan() {
		var v T
		if err := json.Unmarshal(s.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	if err := s.Err(); err != nil || len(out) == 0 {
		t.Fatalf("%s: %d lines, %v", name, len(out), err)
	}
	return out
}
