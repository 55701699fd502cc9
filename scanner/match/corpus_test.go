package match_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/internal/corpus"
	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/scanner/match"
)

// corpusRecords are the standing records of the language ecosystems, and an index of them.
func corpusRecords(t testing.TB) ([]tocsin.Advisory, *advisories.Index) {
	t.Helper()
	var b advisories.Builder
	var list []tocsin.Advisory
	seen := map[string]bool{}
	for _, body := range corpus.Records(t) {
		a, err := advisories.Parse(body)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(body)
		b.Add(a, string(sum[:]))
		if !seen[a.ID] {
			seen[a.ID] = true
			list = append(list, a)
		}
	}
	var out bytes.Buffer
	if _, err := b.Build(&out, advisories.FactTables{}, tocsin.Snapshot{}); err != nil {
		t.Fatal(err)
	}
	x, err := advisories.Load(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return list, x
}

type lockfile struct {
	Input    string      `json:"input"`
	Packages [][3]string `json:"packages"`
}

type result struct {
	Input    string      `json:"input"`
	Findings [][4]string `json:"findings"`
}

func (l lockfile) inventory() tocsin.Inventory {
	var inv tocsin.Inventory
	for _, p := range l.Packages {
		inv.Packages = append(inv.Packages, tocsin.Package{Ecosystem: p[0], Name: purl.Canonical(p[0], p[1]), Version: p[2]})
	}
	inv.Seal()
	return inv
}

// differences are all the findings that we and the peer (osv-scanner 2.5.1) do not share, and why.
var differences = map[string]string{
	"ours Go github.com/masterminds/goutils 1.1.0 GO-2022-0411": "the peer misses modules with upper case in their path",
	"ours NuGet jquery 3.3.1 GHSA-gxr4-xjj5-5px2":               "the peer compares NuGet names by case",
	"ours PyPI werkzeug 0.14.1 GHSA-87hc-h4r5-73f7":             "the advisory writes Werkzeug, which the peer does not normalise",
	"ours PyPI werkzeug 1.0.1 GHSA-87hc-h4r5-73f7":              "the same",
	"ours PyPI werkzeug 2.1.2 GHSA-87hc-h4r5-73f7":              "the same",
	"ours PyPI werkzeug 3.1.3 GHSA-87hc-h4r5-73f7":              "the same",
	"theirs Hex hex_core  GHSA-hx9w-f2w9-9g96":                  "a git dependency without version, which the peer holds to be affected by everything",
	"theirs Hex hex_core  GHSA-q3cc-rr2c-87r6":                  "the same",
}

// doubts are our findings that are unknown, where the peer says nothing.
var doubts = map[string]int{
	"Hex: no version is pinned":   2,
	"Maven: no version is pinned": 70, // pom.xml
	"PyPI: no version is pinned":  67, // requirements.txt
}

func TestCorpusLockfiles(t *testing.T) {
	list, x := corpusRecords(t)
	byName := map[string][]tocsin.Advisory{}
	for _, a := range list {
		named := map[string]bool{}
		for _, aff := range a.Affected {
			named[aff.Package.Ecosystem+" "+purl.Key(aff.Package.Ecosystem, aff.Package.Name)] = true
		}
		for name := range named {
			byName[name] = append(byName[name], a)
		}
	}
	expected := map[string][]string{}
	for _, r := range corpus.Lines[result](t, "expected", "osv-scanner", "lockfiles.jsonl") {
		for _, f := range r.Findings {
			expected[r.Input] = append(expected[r.Input], line(tocsin.Package{Ecosystem: f[0], Name: f[1], Version: f[2]}, f[3]))
		}
	}
	shared, unshared, unknown := 0, map[string]bool{}, map[string]int{}
	for _, l := range corpus.Lines[lockfile](t, "expected", "osv-scanner", "lockfile-packages.jsonl") {
		inv := l.inventory()
		found, err := match.Run(context.Background(), inv, x)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if f.Status == tocsin.StatusUnknown {
				unknown[f.Package.Ecosystem+": "+f.Reason]++
			}
		}
		ours, theirs := pairs(found), expected[l.Input]
		for _, s := range ours {
			if slices.Contains(theirs, s) {
				shared++
			} else {
				unshared["ours "+s] = true
			}
		}
		for _, s := range theirs {
			if !slices.Contains(ours, s) {
				unshared["theirs "+s] = true
			}
		}
		var schema []string
		for _, p := range inv.Packages {
			for _, a := range byName[p.Ecosystem+" "+purl.Key(p.Ecosystem, p.Name)] {
				if p.Version != "" && affectedByTheSchema(p, a) {
					schema = append(schema, line(p, a.ID))
				}
			}
		}
		slices.Sort(schema)
		if diff := cmp.Diff(slices.Compact(schema), ours); diff != "" {
			t.Errorf("%s: the schema (-) and we (+): %s", l.Input, diff)
		}
	}
	for s := range unshared {
		if differences[s] == "" {
			t.Errorf("a difference without a reason: %s", s)
		}
	}
	for s, why := range differences {
		if !unshared[s] {
			t.Errorf("no longer a difference (%s): %s", why, s)
		}
	}
	if diff := cmp.Diff(doubts, unknown); diff != "" {
		t.Errorf("unknown findings: %s", diff)
	}
	if shared < 4000 {
		t.Errorf("only %d findings are shared", shared)
	}
}

func BenchmarkRun(b *testing.B) {
	_, x := corpusRecords(b)
	var inv tocsin.Inventory
	for _, l := range corpus.Lines[lockfile](b, "expected", "osv-scanner", "lockfile-packages.jsonl") {
		inv.Packages = append(inv.Packages, l.inventory().Packages...)
	}
	inv.Seal()
	found, err := match.Run(b.Context(), inv, x)
	if err != nil {
		b.Fatal(err)
	}
	hit := map[string]bool{}
	for _, f := range found {
		hit[f.Package.Ecosystem+f.Package.String()] = true
	}
	var hits, misses tocsin.Inventory
	for _, p := range inv.Packages {
		if list, err := x.Lookup(p.Ecosystem, p.Name); err == nil && list == nil {
			misses.Packages = append(misses.Packages, p)
		}
		if hit[p.Ecosystem+p.String()] {
			hits.Packages = append(hits.Packages, p)
		}
	}
	for _, bb := range []struct {
		name string
		inv  tocsin.Inventory
	}{{"miss", misses}, {"hit", hits}, {"all", inv}} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := match.Run(b.Context(), bb.inv, x); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(bb.inv.Packages)), "ns/package")
		})
	}
}
