package advisories_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
)

// collect gives a builder of the records whose id is among some, of all if that is nil.
func collect(t testing.TB, list []tocsin.Advisory, ids []string) *advisories.Builder {
	t.Helper()
	b := &advisories.Builder{}
	for _, a := range list {
		if _, ok := slices.BinarySearch(ids, a.ID); ids != nil && !ok {
			continue
		}
		digest, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		b.Add(a, string(digest))
	}
	return b
}

// change lays what became of the records before an index of what they were.
func change(t testing.TB, x *advisories.Index, facts advisories.Facts, before, after []tocsin.Advisory, changed []string) *advisories.Index {
	t.Helper()
	around := changed
	for _, a := range after {
		if slices.Contains(changed, a.ID) {
			around = append(around, advisories.Aliases(a)...)
		}
	}
	replaced, err := x.Reach(around)
	if err != nil {
		t.Fatal(err)
	}
	c := advisories.Changes{Replaced: replaced, Before: collect(t, before, replaced), After: collect(t, after, replaced)}
	var out bytes.Buffer
	if _, err := c.Build(&out, x, facts.Tables(), tocsin.Snapshot{BuiltAt: time.Unix(1, 0).UTC()}); err != nil {
		t.Fatal(err)
	}
	return load(t, out.Bytes())
}

// content is all that an index says, in words: the postings of every name with their classes, and the class of every id.
func content(t testing.TB, x *advisories.Index, ids []string) []string {
	t.Helper()
	var out []string
	for i := range 8 {
		for _, l := range lookup(t, x, "npm", fmt.Sprint("p", i)) {
			for _, p := range l.List {
				class, err := x.Class(p.Class)
				if err != nil {
					t.Fatal(err)
				}
				c, err := json.Marshal(class)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, fmt.Sprintf("p%d %s %s %s", i, p.Record, strings.Join(ranges(l, p), "; "), c))
			}
		}
	}
	slices.Sort(out)
	for _, id := range ids {
		c, err := x.ClassOf(id)
		if err != nil {
			continue
		}
		out = append(out, fmt.Sprintf("%s %s %v", id, c.ID, c.Aliases))
	}
	s := x.Snapshot()
	return append(out, fmt.Sprint(s.ID, s.Records, s.Classes))
}

// An index with changes says what one says that is built anew, whatever came, changed, was withdrawn, went, or came back.
func TestChangesAreAsIfBuiltAnew(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 2))
		all := generated(seed)
		before := slices.Clone(all[:20])
		x := load(t, build(t, advisories.Facts{}, before...))
		after := slices.Clone(before)
		var changed []string
		for round := range 3 { // each on the same base
			for range 4 {
				a := all[r.IntN(len(all))]
				changed = append(changed, a.ID)
				after = slices.DeleteFunc(after, func(b tocsin.Advisory) bool { return b.ID == a.ID })
				a.Aliases = nil
				for range r.IntN(3) {
					a.Aliases = append(a.Aliases, []string{fmt.Sprintf("CVE-2024-%d", r.IntN(40)), fmt.Sprintf("GHSA-%d", r.IntN(40))}[r.IntN(2)])
				}
				a.Summary = fmt.Sprint("round ", round)
				switch r.IntN(4) {
				case 0: // gone
					continue
				case 1:
					a.Withdrawn = time.Unix(5, 0)
				}
				after = append(after, a)
			}
			facts := advisories.Facts{EPSS: map[string]tocsin.EPSS{fmt.Sprintf("CVE-2024-%d", r.IntN(40)): {Score: 0.5}}}
			x = change(t, x, facts, before, after, slices.Clone(changed))
			var ids []string
			for i := range 40 {
				ids = append(ids, fmt.Sprintf("CVE-2024-%d", i), fmt.Sprintf("GHSA-%d", i))
			}
			want := content(t, load(t, build(t, facts, after...)), ids)
			if diff := cmp.Diff(want, content(t, x, ids)); diff != "" {
				t.Fatalf("seed %d, round %d: anew (-), changed (+):\n%s", seed, round, diff)
			}
		}
	}
}

// A record that takes its alias back leaves two classes where there was one; the class says who joined it.
func TestRevokedAliasSplitsTheClass(t *testing.T) {
	a, b := advisory("GHSA-1", "npm", "p1", "CVE-2024-1"), advisory("PYSEC-1", "npm", "p1", "CVE-2024-1")
	x := load(t, build(t, advisories.Facts{}, a, b))
	c, err := x.ClassOf("PYSEC-1")
	if err != nil || c.ID != "CVE-2024-1" || len(c.Aliases) != 3 || x.Snapshot().Classes != 1 {
		t.Fatalf("before: %+v, %v", c, err)
	}
	if want := []tocsin.Assertion{{Record: "GHSA-1", Alias: "CVE-2024-1"}, {Record: "PYSEC-1", Alias: "CVE-2024-1"}}; !slices.Equal(c.Assertions, want) {
		t.Errorf("assertions %v, want %v", c.Assertions, want)
	}
	revoked := b
	revoked.Aliases = nil
	x = change(t, x, advisories.Facts{}, []tocsin.Advisory{a, b}, []tocsin.Advisory{a, revoked}, []string{"PYSEC-1"})
	for id, want := range map[string]string{"PYSEC-1": "PYSEC-1", "GHSA-1": "CVE-2024-1", "CVE-2024-1": "CVE-2024-1"} {
		if c, err := x.ClassOf(id); err != nil || c.ID != want {
			t.Errorf("%s is of class %s, %v; want %s", id, c.ID, err, want)
		}
	}
	if n := x.Snapshot().Classes; n != 2 {
		t.Errorf("%d classes, want 2", n)
	}
}

func TestReplacedIDWithoutRecordIsUnknown(t *testing.T) {
	a := advisory("GHSA-1", "npm", "p1", "CVE-2024-1")
	x := load(t, build(t, advisories.Facts{}, a))
	x = change(t, x, advisories.Facts{}, []tocsin.Advisory{a}, nil, []string{"GHSA-1"})
	if c, err := x.ClassOf("CVE-2024-1"); err == nil {
		t.Errorf("class %+v of a record that is gone", c)
	}
	if got := lookup(t, x, "npm", "p1"); got != nil {
		t.Errorf("postings %v of a record that is gone", got)
	}
}
