package scanner_test

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/corpus"
	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/scanner"
)

// scanDir scans a directory of the corpus; no real input may make it fail or be dropped.
func scanDir(t testing.TB, dir string, paths ...string) tocsin.Inventory {
	t.Helper()
	fsys, closer, err := scanner.Dir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	inv, err := scanner.Scan(context.Background(), fsys, scanner.Options{Paths: paths})
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func TestCorpusLockfilesAgainstPeer(t *testing.T) {
	dir := corpus.Dir(t)
	type line struct {
		Input    string
		Packages [][3]string
	}
	unmet := map[string]bool{}
	for input := range peerDifferences {
		unmet[input] = true
	}
	for _, l := range corpus.Lines[line](t, "expected", "osv-scanner", "lockfile-packages.jsonl") {
		inv := scanDir(t, filepath.Join(dir, "lockfiles/open"), l.Input)
		for _, f := range inv.Coverage.Files {
			if f.Status != tocsin.FileRead {
				t.Errorf("%s: %s: %s", f.Path, f.Status, f.Reason)
			}
		}
		theirs := map[string]bool{}
		for _, p := range l.Packages {
			theirs[p[0]+" "+purl.Canonical(p[0], p[1])+" "+p[2]] = true
		}
		ours := map[string]bool{}
		for _, p := range inv.Packages {
			ours[p.Ecosystem+" "+p.Name+" "+p.Version] = true
		}
		var diff []string
		for k := range theirs {
			if !ours[k] {
				diff = append(diff, "-"+k)
			}
		}
		for k := range ours {
			if !theirs[k] {
				diff = append(diff, "+"+k)
			}
		}
		slices.Sort(diff)
		got := ""
		if len(diff) > 0 {
			sum := sha256.Sum256([]byte(strings.Join(diff, "\n")))
			got = hex.EncodeToString(sum[:4])
		}
		want := peerDifferences[l.Input]
		delete(unmet, l.Input)
		if got != want.digest {
			t.Errorf("%s: difference %q, want %q (%s):\n%s", l.Input, got, want.digest, want.reason, strings.Join(diff[:min(len(diff), 12)], "\n"))
		}
	}
	for input := range unmet {
		t.Errorf("%s is listed with a difference, but not among the peer's inputs", input)
	}
}

// peerDifferences lists where we knowingly read something else than osv-scanner 2.5.1, with a digest of the difference, so
// that any other difference fails.
var peerDifferences = map[string]struct{ digest, reason string }{
	"001-directory.packages.props-jellyfin-2026-08/Directory.Packages.props": {"c26e3b3b", "it does not know PackageVersion"},
	"002-manifest.toml-dependabot-core-2026-08/Manifest.toml":                {"b5d970c2", "it has no reader for it"},
	"004-podfile.lock-localsend-2026-08/Podfile.lock":                        {"f859faa0", "it has no reader for it; kept without ecosystem"},
	"049-deno.lock-hono-2026-08/deno.lock":                                   {"16144690", "it has no reader for it"},
	"114-paket.lock-cdxgen-2025-12/paket.lock":                               {"159c4164", "it has no reader for it"},
	"091-mix-livebook-2026-08/mix.lock":                                      {"224567ab", "it takes the name of the application for that of the package"},
	"120-pipenv-pipenv-2018-04/Pipfile.lock":                                 {"e0ce9b12", "it drops packages by path and from git"},
	"121-pipenv-pipenv-2020-11/Pipfile.lock":                                 {"caa50b3a", "it drops packages by path and from git"},
	"125-pnpm-openstatus-2023-11/pnpm-lock.yaml":                             {"7d36339e", "it drops packages whose peers have a scope"},
	"128-pnpm-renovate-2024-01/pnpm-lock.yaml":                               {"7124017f", "it drops packages whose peers have a scope, and folders"},
	"131-pnpm-vite-2024-03/pnpm-lock.yaml":                                   {"aadef3ff", "it drops packages whose peers have a scope, and folders"},
	"132-pnpm-vite-2026-08/pnpm-lock.yaml":                                   {"573f101e", "it drops folders"},
	"139-project.assets.json-cdxgen-2025-12/project.assets.json":             {"5341d3e5", "it has no reader for it"},
	"148-rebar.lock-erlmld-2024-04/rebar.lock":                               {"e867e1fd", "it has no reader for it"},
	"149-rebar.lock-arweave-2026-05/rebar.lock":                              {"bb3f7e87", "it has no reader for it"},
	"152-requirements.txt-vince-2026-04/requirements.txt":                    {"698344d2", "it takes the lower bound of a range for the version"},
	"153-requirements.txt-django-defectdojo-2018-12/requirements.txt":        {"9743b03b", "it takes the lower bound of a range for the version"},
	"159-requirements.txt-oncall-2026-01/requirements.txt":                   {"bb6ba0fd", "it drops a requirement by address"},
}

// withoutPackages lists the SBOMs in which there is nothing to read.
var withoutPackages = map[string]string{
	"190-sbom-nocomponents.cdx.xml": "the document has no components",
}

// TestCorpusSBOMs reads every SBOM whole. The peer fails on, or finds nothing in, 37 of them (rc 127 and 128).
func TestCorpusSBOMs(t *testing.T) {
	dir := corpus.Dir(t)
	type line struct {
		Input        string
		RC, Packages int
	}
	for _, l := range corpus.Lines[line](t, "expected", "osv-scanner", "sboms.jsonl") {
		inv := scanDir(t, filepath.Join(dir, "sboms/open"), l.Input)
		if len(inv.Coverage.Files) != 1 {
			t.Errorf("%s: coverage %v", l.Input, inv.Coverage.Files)
			continue
		}
		f := inv.Coverage.Files[0]
		if f.Status != tocsin.FileRead {
			t.Errorf("%s: %s: %s", l.Input, f.Status, f.Reason)
		}
		if f.Packages < l.Packages {
			t.Errorf("%s: %d packages, the peer reads %d", l.Input, f.Packages, l.Packages)
		}
		if _, known := withoutPackages[l.Input]; known != (f.Packages == 0) {
			t.Errorf("%s: %d packages, but listed as without: %v", l.Input, f.Packages, known)
		}
	}
}

// TestCorpusFolder scans all inputs in one walk each: every file but the index is recognised without being named.
func TestCorpusFolder(t *testing.T) {
	dir := corpus.Dir(t)
	for _, sub := range []string{"lockfiles/open", "sboms/open"} {
		want := 0
		err := filepath.WalkDir(filepath.Join(dir, sub), func(p string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() && d.Name() != "index.csv" && d.Name() != "go.sum" {
				want++
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		inv := scanDir(t, filepath.Join(dir, sub))
		if len(inv.Coverage.Files) != want {
			t.Errorf("%s: %d files covered, want %d", sub, len(inv.Coverage.Files), want)
		}
		for _, f := range inv.Coverage.Incomplete() {
			t.Errorf("%s: %s: %s", f.Path, f.Status, f.Reason)
		}
	}
}

// TestCorpusIntegrity: no real lockfile leaves out a hash that its format pins, so that one that is missing says something.
func TestCorpusIntegrity(t *testing.T) {
	pinned := 0
	for _, p := range scanDir(t, filepath.Join(corpus.Dir(t), "lockfiles/open")).Packages {
		if p.Integrity != "" {
			pinned++
		}
		if slices.Contains(p.Hygiene(), tocsin.HygieneNoIntegrity) {
			t.Errorf("%s in %v", p, p.Location)
		}
	}
	if pinned < 10_000 {
		t.Errorf("only %d packages have a hash", pinned)
	}
}

// BenchmarkCycloneDX50k reads the merged SBOM of 50,000 packages. It reports the heap that is live at the end, and with
// -benchmem what was allocated on the way.
func BenchmarkCycloneDX50k(b *testing.B) {
	f, err := os.Open(filepath.Join(corpus.Dir(b), "bench/merged-50k.cdx.json.gz"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	gz, err := gzip.NewReader(f)
	if err != nil {
		b.Fatal(err)
	}
	data, err := io.ReadAll(gz)
	if err != nil {
		b.Fatal(err)
	}
	fsys := fstest.MapFS{"bom.json": {Data: data}}
	b.SetBytes(int64(len(data)))
	var inv tocsin.Inventory
	for b.Loop() {
		if inv, err = scanner.Scan(context.Background(), fsys, scanner.Options{}); err != nil {
			b.Fatal(err)
		}
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapAlloc-uint64(len(data)))/(1<<20), "live-MB")
	b.ReportMetric(float64(len(inv.Packages)), "packages")
}
