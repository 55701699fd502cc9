package tocsin

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func sample() Inventory {
	return Inventory{
		Source: "x", TakenAt: time.Unix(1, 0),
		Packages: []Package{
			{Ecosystem: "npm", Name: "b", Version: "1", Scope: ScopeDev, Location: []Location{{Path: "a"}}},
			{Ecosystem: "npm", Name: "a", Version: "2", Relation: RelationTransitive, Location: []Location{{Path: "a", Line: 3}}},
			{Ecosystem: "npm", Name: "a", Version: "2", Relation: RelationDirect, Integrity: "sha", Location: []Location{{Path: "b"}}},
			{Ecosystem: "Go", Name: "c", Version: "3", Origin: Origin{Kind: OriginGit, URL: "u"}},
			{Ecosystem: "npm", Name: "b", Version: "1", Location: []Location{{Path: "c"}}},
		},
		Edges: []Edge{{EdgeRoot, 2}, {1, 4}, {2, 0}, {0, 4}, {3, 1}},
		Coverage: Coverage{
			Files: []FileCoverage{{Path: "b", Status: FileRead}, {Path: "a", Status: FileFailed}, {Path: "c", Status: FilePartial}},
			Gaps:  []Gap{{Path: "b", Reason: GapNoVersion, Count: 1}, {Path: "a", Reason: GapNoVersion, Count: 2}},
		},
	}
}

// TestSealMerges: a package found twice is one, with its widest use, and edges follow it.
func TestSealMerges(t *testing.T) {
	inv := sample()
	inv.Seal()
	if len(inv.Packages) != 3 {
		t.Fatalf("packages: %v", inv.Packages)
	}
	a, b := inv.Packages[1], inv.Packages[2]
	if a.Relation != RelationDirect || a.Integrity != "sha" || len(a.Location) != 2 {
		t.Errorf("a = %+v", a)
	}
	if b.Scope == ScopeDev {
		t.Error("a package used at run time somewhere is not a development package")
	}
	if want := []Edge{{EdgeRoot, 1}, {0, 1}, {1, 2}}; !slices.Equal(inv.Edges, want) {
		t.Errorf("edges %v, want %v", inv.Edges, want)
	}
	if got := inv.Coverage.Incomplete(); len(got) != 2 || got[0].Path != "a" {
		t.Errorf("incomplete: %v", got)
	}
}

// TestDigestIgnoresOrder and time, and nothing else.
func TestDigestIgnoresOrder(t *testing.T) {
	want := sample()
	want.Seal()
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		inv := sample()
		perm := r.Perm(len(inv.Packages))
		shuffled := make([]Package, len(perm))
		for to, from := range perm {
			shuffled[to] = inv.Packages[from]
		}
		for i, e := range inv.Edges {
			if e.From != EdgeRoot {
				inv.Edges[i].From = slices.Index(perm, e.From)
			}
			inv.Edges[i].To = slices.Index(perm, e.To)
		}
		inv.Packages = shuffled
		r.Shuffle(len(inv.Edges), func(i, j int) { inv.Edges[i], inv.Edges[j] = inv.Edges[j], inv.Edges[i] })
		r.Shuffle(len(inv.Coverage.Files), func(i, j int) {
			inv.Coverage.Files[i], inv.Coverage.Files[j] = inv.Coverage.Files[j], inv.Coverage.Files[i]
		})
		inv.TakenAt = time.Unix(int64(seed), 0)
		inv.Seal()
		if inv.Digest != want.Digest {
			t.Fatalf("seed %d: digest depends on the order", seed)
		}
	}
	other := sample()
	other.Packages[0].Version = "2"
	if other.Seal(); other.Digest == want.Digest {
		t.Error("another version, the same digest")
	}
}

// TestOneRegistry: two addresses of the public registry are one origin, two private ones are two.
func TestOneRegistry(t *testing.T) {
	of := func(kind OriginKind, url string) Package {
		return Package{Ecosystem: "npm", Name: "a", Version: "1", Origin: Origin{Kind: kind, URL: url}}
	}
	inv := Inventory{Packages: []Package{
		of(OriginRegistry, "https://r/a"), of(OriginRegistry, "http://r/a"), of("", ""), of(OriginPrivate, "https://p/a"), of(OriginPrivate, "https://q/a"),
	}}
	if inv.Seal(); len(inv.Packages) != 3 {
		t.Errorf("packages %v", inv.Packages)
	}
}

// TestManyMentions: a package that is named a million times costs no more than sorting them.
func TestManyMentions(t *testing.T) {
	inv := Inventory{Packages: make([]Package, 300_000)}
	for i := range inv.Packages {
		inv.Packages[i] = Package{Ecosystem: "npm", Name: "a", Version: "1", Location: []Location{{Path: "f", Line: len(inv.Packages) - i}}}
	}
	if inv.Seal(); len(inv.Packages) != 1 || len(inv.Packages[0].Location) != maxLocations || inv.Packages[0].Location[0].Line != 1 {
		t.Errorf("%d packages, %d places", len(inv.Packages), len(inv.Packages[0].Location))
	}
}
