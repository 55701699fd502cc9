package advisories_test

import (
	"bytes"
	order "cmp"
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

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/internal/version"
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
	if _, err := b.Build(&out, facts.Tables(), tocsin.Snapshot{BuiltAt: time.Unix(1, 0).UTC()}); err != nil {
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

func lookup(t testing.TB, x *advisories.Index, ecosystem, name string) []tocsin.Postings {
	t.Helper()
	list, err := x.Lookup(ecosystem, name)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func records(list []tocsin.Postings) []string {
	var out []string
	for _, l := range list {
		for _, p := range l.List {
			out = append(out, p.Record)
		}
	}
	slices.Sort(out)
	return out
}

// ranges spells the ranges of a posting out, a line each.
func ranges(l tocsin.Postings, p tocsin.Posting) []string {
	var out []string
	for _, r := range p.Ranges {
		var words []string
		for _, b := range r {
			version := "*"
			if b.At >= 0 {
				version = l.Versions[b.At]
			} else if b.Kind == tocsin.BoundIntroduced {
				version = "0"
			}
			words = append(words, [...]string{"introduced", "fixed", "last", "limit"}[b.Kind]+" "+version)
		}
		out = append(out, strings.Join(words, ", "))
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
	// A package of another release finds the entry too: whether it is about it is for matching to say.
	got := lookup(t, x, "Debian:13", "openssl")
	if len(got) != 1 || len(got[0].List) != 1 {
		t.Fatalf("postings %+v", got)
	}
	l, p := got[0], got[0].List[0]
	if diff := cmp.Diff([]string{"1.0", "1.1", "2", "3", "5", "7", "9"}, l.Versions); diff != "" || len(l.Ranks) != 7 {
		t.Error(diff, l.Ranks)
	}
	if p.Record != "A-1" || p.Class != 0 || p.Ecosystem != "Debian:12" || !slices.Equal(p.Versions, []int{0, 1}) {
		t.Errorf("posting %+v", p)
	}
	if diff := cmp.Diff([]string{"introduced 0, fixed 2, introduced 3, last 5, limit 9", "introduced 7"}, ranges(l, p)); diff != "" {
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
	for name, want := range map[string]string{
		"plain":                      "introduced 0, fixed 1.9.0, introduced 1.10.0, fixed 2.0.0",
		"adjacent intervals":         "introduced 1.0.0, fixed 2.0.0, introduced 2.0.0, fixed 3.0.0",
		"adjacent, last affected":    "introduced 1.0.0, last 2.0.0, introduced 2.0.0, last 3.0.0",
		"empty interval":             "introduced 1.0.0, fixed 1.0.0, introduced 2.0.0, fixed 3.0.0",
		"one version":                "introduced 4.4.2, last 4.4.2",
		"any limit goes last":        "introduced 1.0.0, fixed 2.0.0, limit *",
		"what is no version is last": "introduced 0, fixed 1.0.0, introduced abc",
	} {
		var events []tocsin.Event
		for _, e := range strings.Split(want, ", ") {
			kind, v, _ := strings.Cut(e, " ")
			events = append(events, map[string]tocsin.Event{"introduced": {Introduced: v}, "fixed": {Fixed: v}, "last": {LastAffected: v}, "limit": {Limit: v}}[kind])
		}
		for range 20 {
			a := advisory("A-1", "npm", "a")
			rand.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
			a.Affected[0].Ranges[0].Events = events
			got := lookup(t, load(t, build(t, advisories.Facts{}, a)), "npm", "a")[0]
			if diff := cmp.Diff([]string{want}, ranges(got, got.List[0])); diff != "" {
				t.Errorf("%s: from %v: %s", name, events, diff)
			}
		}
	}
}

// The places of versions agree with the order that the library gives them, for whatever a record may name.
func TestScale(t *testing.T) {
	for ecosystem, all := range map[string][]string{
		"npm":       {"1.0.0", "v1.0.0", "1.0.0-rc.1", "1.10.0", "1.9.0", "2", "latest", ""},
		"PyPI":      {"1.0", "1.0.0", "1.0rc1", "1.0.post1", "1!0.1", "banana", "1.0+local"},
		"Maven":     {"1.0", "1", "1.0-SNAPSHOT", "1.0.Final", "1.0-alpha-1", "LATEST"},
		"Debian:12": {"1.0-1", "1:0.5", "1.0~rc1", "1.0-1+deb12u1"},
	} {
		r := rand.New(rand.NewPCG(1, 2))
		for range 50 {
			a := advisory("A-1", ecosystem, "a")
			a.Affected[0].Ranges = nil
			for range 1 + r.IntN(len(all)) {
				a.Affected[0].Versions = append(a.Affected[0].Versions, all[r.IntN(len(all))])
			}
			l := lookup(t, load(t, build(t, advisories.Facts{}, a)), ecosystem, "a")[0]
			for i, v := range l.Versions {
				p, err := version.Parse(ecosystem, v)
				if (err != nil) != (i >= len(l.Ranks)) {
					t.Errorf("%s %q: %v, at %d of %d that have an order", ecosystem, v, err, i, len(l.Ranks))
				}
				for j := range min(i, len(l.Ranks)) {
					q, qerr := version.Parse(ecosystem, l.Versions[j])
					if err != nil || qerr != nil {
						continue
					}
					if c, err := q.Compare(p); err != nil || c != order.Compare(l.Ranks[j], l.Ranks[i]) {
						t.Errorf("%s: %q and %q compare as %d, their ranks are %d and %d", ecosystem, l.Versions[j], v, c, l.Ranks[j], l.Ranks[i])
					}
				}
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
			a.Aliases = append(a.Aliases, fmt.Sprintf("CVE-2024-%d", r.IntN(40)))
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
		KEV:  map[string]tocsin.KEV{"CVE-2024-1": {CVE: "CVE-2024-1"}, "CVE-2024-2": {CVE: "CVE-2024-2"}},
		EPSS: map[string]tocsin.EPSS{"CVE-2024-1": {CVE: "CVE-2024-1", Score: 0.5}, "CVE-2024-2": {CVE: "CVE-2024-2", Score: 0.5}},
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
		"KEV":              id(advisories.Facts{KEV: map[string]tocsin.KEV{"CVE-2024-1": {}}}, a),
		"EPSS":             id(advisories.Facts{EPSS: map[string]tocsin.EPSS{"CVE-2024-1": {Score: 0.1}}}, a),
	} {
		if other == one {
			t.Errorf("%s: the snapshot id is the same", name)
		}
	}
	if id(advisories.Facts{}, a, a) != one {
		t.Error("a record added twice changes the snapshot id")
	}
	score := func(day int64) advisories.Facts {
		return advisories.Facts{EPSS: map[string]tocsin.EPSS{"CVE-2024-1": {Score: 0.1, Date: time.Unix(day*86400, 0)}}}
	}
	if id(score(1), a) == id(score(2), a) {
		t.Error("scores of another day give the same snapshot id, but another index")
	}
}

// Every single flipped bit and every truncation is noticed when all of the index is checked, and the part is named.
func TestDamage(t *testing.T) {
	facts := advisories.Facts{KEV: map[string]tocsin.KEV{"CVE-2024-1": {}}, EPSS: map[string]tocsin.EPSS{"CVE-2024-1": {}}}
	good := build(t, facts, advisory("A-1", "npm", "a", "CVE-2024-1"), advisory("A-2", "PyPI", "b"))
	named := map[string]int{}
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			_, err := advisories.Load(bad)
			if !errors.Is(err, tocsin.ErrInvalid) {
				t.Fatalf("byte %d, bit %d: error %v, want ErrInvalid", i, bit, err)
			}
			for _, part := range []string{"magic", "header", "table of checksums", "section postings to epss"} {
				if strings.Contains(err.Error(), part) {
					named[part]++
				}
			}
		}
	}
	if len(named) != 4 {
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
	f.Add([]byte("TOCSIX05"))
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
