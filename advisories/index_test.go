package advisories_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
)

// build gives the index file of the records.
func build(t testing.TB, facts advisories.Facts, list ...tocsin.Advisory) []byte {
	t.Helper()
	var b advisories.Builder
	for _, a := range list {
		digest, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		b.Add(a, string(digest))
	}
	var out bytes.Buffer
	if _, err := b.Build(&out, facts, tocsin.Snapshot{BuiltAt: time.Unix(1, 0).UTC()}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func load(t testing.TB, b []byte) *advisories.Index {
	t.Helper()
	x, err := advisories.Load(b)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func lookup(t testing.TB, x *advisories.Index, ecosystem, name string) []tocsin.Posting {
	t.Helper()
	list, err := x.Lookup(ecosystem, name)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func records(list []tocsin.Posting) []string {
	var out []string
	for _, p := range list {
		out = append(out, p.Record)
	}
	return out
}

// advisory has one affected package, with every version before 2 affected.
func advisory(id, ecosystem, name string, aliases ...string) tocsin.Advisory {
	return tocsin.Advisory{ID: id, Aliases: aliases, Affected: []tocsin.Affected{{
		Package: tocsin.AffectedPackage{Ecosystem: ecosystem, Name: name},
		Ranges:  []tocsin.Range{{Type: tocsin.RangeEcosystem, Events: []tocsin.Event{{Introduced: "0"}, {Fixed: "2"}}}},
	}}}
}

func TestRoundTrip(t *testing.T) {
	a := advisory("A-1", "Debian:12", "openssl", "CVE-2024-1")
	a.Affected[0].Versions = []string{"1.1", "1.0"}
	a.Affected[0].Package.PURL = "pkg:deb/debian/openssl"
	a.Affected[0].Ranges = []tocsin.Range{
		{Type: tocsin.RangeGit, Repo: "https://example.com", Events: []tocsin.Event{{Introduced: "0"}, {Fixed: "abc"}}},
		{Type: tocsin.RangeEcosystem, Events: []tocsin.Event{{Limit: "9"}, {LastAffected: "5"}, {Introduced: "3"}, {Fixed: "2"}, {Introduced: "0"}}},
		{Type: tocsin.RangeSemver, Events: []tocsin.Event{{Introduced: "7"}}},
	}
	before, _ := json.Marshal(a)
	x := load(t, build(t, advisories.Facts{}, a))
	if after, _ := json.Marshal(a); !bytes.Equal(before, after) {
		t.Errorf("Add changed the record to %s", after)
	}
	want := []tocsin.Posting{{Record: "A-1", Class: 0, Affected: tocsin.Affected{
		Package: tocsin.AffectedPackage{Ecosystem: "Debian:12"},
		Ranges: []tocsin.Range{
			{Type: tocsin.RangeEcosystem, Events: []tocsin.Event{{Introduced: "0"}, {Fixed: "2"}, {Introduced: "3"}, {LastAffected: "5"}, {Limit: "9"}}},
			{Type: tocsin.RangeSemver, Events: []tocsin.Event{{Introduced: "7"}}},
		},
		Versions: []string{"1.0", "1.1"},
	}}}
	// A package of another release finds the entry too: whether it is about it is for matching to say.
	if diff := cmp.Diff(want, lookup(t, x, "Debian:13", "openssl"), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if c, err := x.Class(0); err != nil || c.ID != "CVE-2024-1" {
		t.Errorf("class %+v, %v", c, err)
	}
	for _, n := range []int{-1, 1, 1 << 40} {
		if _, err := x.Class(n); !errors.Is(err, tocsin.ErrNotFound) {
			t.Errorf("class %d: error %v, want ErrNotFound", n, err)
		}
	}
	if s := x.Snapshot(); s.Records != 1 || s.Classes != 1 || !strings.HasPrefix(s.ID, "adv:") || s.BuiltAt.Unix() != 1 {
		t.Errorf("snapshot %+v", s)
	}
	if err := x.Close(); err != nil {
		t.Error(err)
	}
}

func TestSortEvents(t *testing.T) {
	introduced := func(v string) tocsin.Event { return tocsin.Event{Introduced: v} }
	fixed := func(v string) tocsin.Event { return tocsin.Event{Fixed: v} }
	last := func(v string) tocsin.Event { return tocsin.Event{LastAffected: v} }
	limit := func(v string) tocsin.Event { return tocsin.Event{Limit: v} }
	for name, want := range map[string][]tocsin.Event{
		"plain":                      {introduced("0"), fixed("1.9.0"), introduced("1.10.0"), fixed("2.0.0")},
		"adjacent intervals":         {introduced("1.0.0"), fixed("2.0.0"), introduced("2.0.0"), fixed("3.0.0")},
		"adjacent, last affected":    {introduced("1.0.0"), last("2.0.0"), introduced("2.0.0"), last("3.0.0")},
		"empty interval":             {introduced("1.0.0"), fixed("1.0.0"), introduced("2.0.0"), fixed("3.0.0")},
		"one version":                {introduced("4.4.2"), last("4.4.2")},
		"any limit goes last":        {introduced("1.0.0"), fixed("2.0.0"), limit("*")},
		"what is no version is last": {introduced("0"), fixed("1.0.0"), introduced("abc")},
	} {
		for range 20 {
			a := advisory("A-1", "npm", "a")
			events := slices.Clone(want)
			rand.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
			a.Affected[0].Ranges[0].Events = events
			got := lookup(t, load(t, build(t, advisories.Facts{}, a)), "npm", "a")[0].Affected.Ranges[0].Events
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: from %v: %s", name, events, diff)
			}
		}
	}
}

// Two spellings of one name meet, whichever side has which.
func TestLookupNormalisesNames(t *testing.T) {
	for _, tt := range [][3]string{
		{"Go", "github.com/Masterminds/goutils", "github.com/masterminds/goutils"},
		{"PyPI", "Foo__bar.Baz", "foo-bar-baz"},
		{"NuGet", "jQuery", "jquery"},
		{"Packagist", "Vendor/Name", "vendor/name"},
		{"Hex", "Phoenix", "phoenix"},
		{"Pub", "Http", "http"},
		{"GitHub Actions", "tj-actions/Changed-Files", "tj-actions/changed-files"},
		{"SwiftURL", "https://github.com/Apple/swift-nio.git", "github.com/apple/swift-nio"},
		{"NuGet", "Ünïcode", "ünïcode"},
	} {
		for _, side := range [][2]string{{tt[1], tt[2]}, {tt[2], tt[1]}} {
			x := load(t, build(t, advisories.Facts{}, advisory("A-1", tt[0], side[0])))
			if got := lookup(t, x, tt[0], side[1]); len(got) != 1 {
				t.Errorf("%s: advisory for %s does not meet package %s", tt[0], side[0], side[1])
			}
		}
	}
	x := load(t, build(t, advisories.Facts{}, advisory("A-1", "npm", "@scope/A"), advisory("A-2", "Maven", "org.a:B")))
	for _, tt := range [][2]string{{"npm", "@scope/a"}, {"npm", "scope/A"}, {"Maven", "org.a:b"}, {"PyPI", "@scope/A"}, {"npm", ""}, {"", "a"}, {"Nowhere:1", "a"}} {
		if got := lookup(t, x, tt[0], tt[1]); got != nil {
			t.Errorf("%v found %v", tt, got)
		}
	}
}

func TestEntriesWithoutPackageAreSkipped(t *testing.T) {
	a := advisory("A-1", "npm", "a")
	a.Affected = append(a.Affected, tocsin.Affected{Ranges: []tocsin.Range{{Type: tocsin.RangeGit}}},
		tocsin.Affected{Package: tocsin.AffectedPackage{Ecosystem: "npm"}}, tocsin.Affected{Package: tocsin.AffectedPackage{Name: "a"}})
	if got := lookup(t, load(t, build(t, advisories.Facts{}, a)), "npm", "a"); len(got) != 1 {
		t.Errorf("postings %v", got)
	}
}

func TestWithdrawnMatchesAndJoinsNothing(t *testing.T) {
	a, b := advisory("A-1", "npm", "a"), advisory("B-1", "npm", "a")
	w := advisory("C-1", "npm", "a", "A-1", "B-1")
	w.Withdrawn = time.Unix(1, 0)
	x := load(t, build(t, advisories.Facts{}, a, b, w))
	if got := records(lookup(t, x, "npm", "a")); !slices.Equal(got, []string{"A-1", "B-1"}) {
		t.Errorf("records %v", got)
	}
	if n := x.Snapshot().Classes; n != 2 {
		t.Errorf("%d classes, want 2: a withdrawn record joins nothing", n)
	}
	if x.Snapshot().ID == load(t, build(t, advisories.Facts{}, a, b)).Snapshot().ID {
		t.Error("a withdrawal does not show in the snapshot id")
	}
}

// generated gives records with every untidiness that order could show in: shared names, chains of aliases, an id that
// occurs twice with different content, and one twice with the same.
func generated(seed uint64) []tocsin.Advisory {
	r := rand.New(rand.NewPCG(seed, 1))
	var list []tocsin.Advisory
	for i := range 40 {
		a := advisory(fmt.Sprintf("GHSA-%d", i), "npm", fmt.Sprint("p", r.IntN(8)))
		for range r.IntN(3) {
			a.Aliases = append(a.Aliases, fmt.Sprintf("CVE-%d", r.IntN(40)))
		}
		a.Summary = fmt.Sprint("summary ", r.IntN(5))
		a.Published = time.Unix(r.Int64N(1000)+1, 0).UTC()
		a.CWEs = []string{fmt.Sprint("CWE-", r.IntN(5))}
		a.Severity = []tocsin.Severity{{Type: "CVSS_V3", Score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}
		a.References = []tocsin.Reference{{Type: "ADVISORY", URL: fmt.Sprint("https://example.com/", i)}}
		list = append(list, a)
	}
	twin := advisory("GHSA-3", "npm", "p1")
	twin.Summary = "another revision"
	return append(list, twin, list[5])
}

func TestSameBytesForAnyOrder(t *testing.T) {
	facts := advisories.Facts{
		KEV:  map[string]tocsin.KEV{"CVE-1": {CVE: "CVE-1"}, "CVE-2": {CVE: "CVE-2"}},
		EPSS: map[string]tocsin.EPSS{"CVE-1": {CVE: "CVE-1", Score: 0.5}, "CVE-2": {CVE: "CVE-2", Score: 0.5}},
	}
	for seed := range uint64(10) {
		list := generated(seed)
		want := build(t, facts, list...)
		for range 10 {
			rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
			if !bytes.Equal(want, build(t, facts, list...)) {
				t.Fatalf("seed %d: another order of records gives another index", seed)
			}
		}
	}
}

func TestSnapshotDependsOnContentOnly(t *testing.T) {
	a := advisory("A-1", "npm", "a")
	id := func(facts advisories.Facts, list ...tocsin.Advisory) string {
		return load(t, build(t, facts, list...)).Snapshot().ID
	}
	one := id(advisories.Facts{}, a)
	changed := a
	changed.Summary = "x"
	for name, other := range map[string]string{
		"another revision": id(advisories.Facts{}, changed),
		"another record":   id(advisories.Facts{}, a, advisory("A-2", "npm", "a")),
		"KEV":              id(advisories.Facts{KEV: map[string]tocsin.KEV{"CVE-1": {}}}, a),
		"EPSS":             id(advisories.Facts{EPSS: map[string]tocsin.EPSS{"CVE-1": {Score: 0.1}}}, a),
	} {
		if other == one {
			t.Errorf("%s: the snapshot id is the same", name)
		}
	}
	if id(advisories.Facts{}, a, a) != one {
		t.Error("a record added twice changes the snapshot id")
	}
	score := func(day int64) advisories.Facts {
		return advisories.Facts{EPSS: map[string]tocsin.EPSS{"CVE-1": {Score: 0.1, Date: time.Unix(day*86400, 0)}}}
	}
	if id(score(1), a) == id(score(2), a) {
		t.Error("scores of another day give the same snapshot id, but another index")
	}
}

// Every single flipped bit and every truncation is noticed when the index is opened, and the part is named.
func TestDamage(t *testing.T) {
	good := build(t, advisories.Facts{}, advisory("A-1", "npm", "a", "CVE-1"), advisory("A-2", "PyPI", "b"))
	named := map[string]int{}
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			_, err := advisories.Load(bad)
			if !errors.Is(err, tocsin.ErrInvalid) {
				t.Fatalf("byte %d, bit %d: error %v, want ErrInvalid", i, bit, err)
			}
			for _, part := range []string{"magic", "header", "section keys", "section postings", "section offsets", "section classes"} {
				if strings.Contains(err.Error(), part) {
					named[part]++
				}
			}
		}
	}
	if len(named) != 6 {
		t.Errorf("parts that were named: %v", named)
	}
	for n := range good {
		if _, err := advisories.Load(good[:n]); !errors.Is(err, tocsin.ErrInvalid) {
			t.Fatalf("cut to %d bytes: error %v, want ErrInvalid", n, err)
		}
	}
	if _, err := advisories.Load(append(bytes.Clone(good), 0)); !errors.Is(err, tocsin.ErrInvalid) {
		t.Errorf("a byte too many: error %v, want ErrInvalid", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(build(f, advisories.Facts{}, advisory("A-1", "npm", "a", "CVE-1")))
	f.Add([]byte("TOCSIX02"))
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := advisories.Load(b)
		if err != nil {
			if !errors.Is(err, tocsin.ErrInvalid) {
				t.Errorf("error %v, want ErrInvalid", err)
			}
			return
		}
		_, _ = x.Lookup("npm", "a")
		_, _ = x.Class(0)
	})
}

func TestLookupIsSafeForConcurrentUse(t *testing.T) {
	x := load(t, build(t, advisories.Facts{}, generated(1)...))
	want := records(lookup(t, x, "npm", "p1"))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				list, err := x.Lookup("npm", "p1")
				if err != nil || !slices.Equal(records(list), want) {
					t.Errorf("records %v, %v", records(list), err)
					return
				}
				if list, err := x.Lookup("npm", "absent"); err != nil || list != nil {
					t.Errorf("absent: %v, %v", list, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestMissAllocatesNothing(t *testing.T) {
	if raceDetector {
		return // pools are not kept under the race detector
	}
	x := load(t, build(t, advisories.Facts{}, generated(1)...))
	for _, tt := range [][2]string{{"npm", "absent"}, {"PyPI", "Absent_Name"}, {"Go", "github.com/Azure/absent"}, {"Debian:12", "absent"}} {
		if n := testing.AllocsPerRun(100, func() { _, _ = x.Lookup(tt[0], tt[1]) }); n > 0 {
			t.Errorf("%v: %.0f allocations", tt, n)
		}
	}
}
