// Package corpus finds the collection of real lockfiles and SBOMs that tests read. The collection is not part of the
// repository; this package is used by tests only.
package corpus

import (
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
