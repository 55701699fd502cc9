package scanner_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/scanner/extract"
)

var update = flag.Bool("update", false, "rewrite the expected results")

// TestGolden reads every folder of our own fixtures and compares everything that was found with its want.txt. Every
// reader must have a fixture.
func TestGolden(t *testing.T) {
	unread := map[string]bool{}
	for _, r := range extract.Readers() {
		unread[r.Format()] = true
	}
	dirs, err := filepath.Glob("../testdata/[ls][ob][co]*s/*")
	if err != nil || len(dirs) == 0 {
		t.Fatal("no fixtures", err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			inv := scanDir(t, dir)
			for _, f := range inv.Coverage.Files {
				delete(unread, f.Format)
			}
			got := describe(inv)
			name := filepath.Join(dir, "want.txt")
			if *update {
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("%s (-want +got):\n%s", dir, d)
			}
			if again := scanDir(t, dir); again.Digest != inv.Digest {
				t.Errorf("two scans differ: %s, %s", inv.Digest, again.Digest)
			}
		})
	}
	for format := range unread {
		t.Errorf("no fixture for %s", format)
	}
}

// describe prints an inventory, a line per fact.
func describe(inv tocsin.Inventory) string {
	var b strings.Builder
	for _, f := range inv.Coverage.Files {
		fmt.Fprintf(&b, "file %s %s %s %d %s\n", f.Path, f.Format, f.Status, f.Packages, f.Reason)
	}
	for _, g := range inv.Coverage.Gaps {
		fmt.Fprintf(&b, "gap %s %s %d %s\n", g.Path, g.Reason, g.Count, strings.Join(g.Examples, ", "))
	}
	for _, p := range inv.Packages {
		fmt.Fprintf(&b, "package %q %s", p.Ecosystem, p)
		for _, fact := range [][2]string{{"source", p.SourceName}, {"relation", string(p.Relation)}, {"scope", string(p.Scope)}, {"origin", string(p.Origin.Kind)}, {"url", p.Origin.URL}, {"integrity", p.Integrity}, {"purl", p.PURL}} {
			if fact[1] != "" {
				fmt.Fprintf(&b, " %s=%s", fact[0], fact[1])
			}
		}
		for _, l := range p.Location {
			fmt.Fprintf(&b, " %s:%d", l.Path, l.Line)
		}
		b.WriteByte('\n')
	}
	for _, e := range inv.Edges {
		from := "the project"
		if e.From != tocsin.EdgeRoot {
			from = inv.Packages[e.From].String()
		}
		fmt.Fprintf(&b, "edge %s -> %s\n", from, inv.Packages[e.To])
	}
	return b.String()
}
