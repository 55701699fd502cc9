package advisories

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// A Builder collects records and writes the index. Its result depends on the set of records and facts only, not on
// their order. It is not safe for concurrent use.
type Builder struct {
	joiner   joiner
	members  []member
	postings []posting
	digests  []string
	added    map[string]bool // id and digest
}

// posting is one affected entry of one record, under the key of its package.
type posting struct {
	key      string // see appendKey
	record   int    // index into members
	entry    int    // index into the record's affected entries
	affected tocsin.Affected
}

// Add takes a record in its current revision. A withdrawn record adds nothing but is remembered in the snapshot id.
// digest identifies the revision; a revision that was added before is not added again. The record is not changed.
func (b *Builder) Add(a tocsin.Advisory, digest string) {
	revision := a.ID + "\x00" + digest
	if b.added[revision] {
		return
	}
	if b.added == nil {
		b.added = map[string]bool{}
	}
	b.added[revision] = true
	b.digests = append(b.digests, revision)
	if !a.Withdrawn.IsZero() {
		return
	}
	n := len(b.members)
	b.members = append(b.members, newMember(a, digest))
	b.joiner.add(a.ID)
	for _, alias := range a.Aliases {
		if alias = strings.TrimSpace(alias); validID(alias) {
			b.joiner.join(a.ID, alias)
		}
	}
	for i, aff := range a.Affected {
		if aff.Package.Name == "" || aff.Package.Ecosystem == "" {
			continue // GIT-only entries: no package to look up
		}
		b.postings = append(b.postings, posting{
			key:    string(appendKey(nil, aff.Package.Ecosystem, aff.Package.Name)),
			record: n, entry: i, affected: ordered(aff),
		})
	}
}

// ordered is what the index keeps of an affected entry: its versions, and its ranges without the GIT ones, both in an
// order that does not depend on the record's, since the first range that holds a version is shown as the evidence.
func ordered(a tocsin.Affected) tocsin.Affected {
	out := tocsin.Affected{
		Package:  tocsin.AffectedPackage{Ecosystem: a.Package.Ecosystem, Name: a.Package.Name},
		Versions: slices.Sorted(slices.Values(a.Versions)),
	}
	for _, r := range a.Ranges {
		if r.Type != tocsin.RangeGit {
			out.Ranges = append(out.Ranges, tocsin.Range{Type: r.Type, Events: sortEvents(a.Package.Ecosystem, r.Events)})
		}
	}
	slices.SortFunc(out.Ranges, func(x, y tocsin.Range) int {
		return cmp.Or(strings.Compare(string(x.Type), string(y.Type)), slices.CompareFunc(x.Events, y.Events, compareText))
	})
	return out
}

// appendKey appends what a package is looked up by: releases of one distribution share it, and each posting keeps its own.
// A digest of three bytes stands before ecosystem and name, so that a look-up that finds nothing is over after about as
// many steps in the key index, rather than after the length of what the name shares with others.
func appendKey(b []byte, ecosystem, name string) []byte {
	start := len(b)
	b = append(b, 0, 0, 0)
	b = append(b, purl.Base(ecosystem)...)
	b = append(b, 0)
	b = purl.AppendKey(b, ecosystem, name)
	h := crc32.Checksum(b[start+3:], castagnoli) // a digest that the processor computes
	b[start], b[start+1], b[start+2] = byte(h>>24), byte(h>>16), byte(h>>8)
	return b
}

// Snapshot is the id of what was added: "adv:" and the start of a digest over records and facts.
func (b *Builder) Snapshot(facts Facts) string {
	h := sha256.New()
	slices.Sort(b.digests)
	for _, d := range b.digests {
		fmt.Fprintln(h, d)
	}
	for _, id := range sortedKeys(facts.KEV) {
		fmt.Fprintln(h, "kev", id, facts.KEV[id].DateAdded.Unix(), facts.KEV[id].DueDate.Unix(), facts.KEV[id].Ransomware)
	}
	for _, id := range sortedKeys(facts.EPSS) {
		fmt.Fprintln(h, "epss", id, facts.EPSS[id].Score, facts.EPSS[id].Percentile, facts.EPSS[id].Date.Unix())
	}
	return "adv:" + hex.EncodeToString(h.Sum(nil))[:24]
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Build writes the index of everything that was added. It fills the counts and the id of info, which it stores with the
// index and returns. The builder is spent afterwards.
func (b *Builder) Build(w io.Writer, facts Facts, info tocsin.Snapshot) (tocsin.Snapshot, error) {
	classOf, classes := b.classes(facts)
	slices.SortFunc(b.postings, func(x, y posting) int {
		return cmp.Or(strings.Compare(x.key, y.key), compareMembers(b.members[x.record], b.members[y.record]), cmp.Compare(x.entry, y.entry))
	})
	info.ID = b.Snapshot(facts)
	info.Records, info.Classes, info.KEV, info.EPSS = len(b.members), len(classes), len(facts.KEV), len(facts.EPSS)
	return info, write(w, info, b.postings, func(p posting) (string, int) {
		return b.members[p.record].id, classOf[p.record]
	}, classes)
}

// classes numbers the classes in the order of their ids and says to which each member belongs.
func (b *Builder) classes(facts Facts) (classOf []int, classes []tocsin.Class) {
	ids := map[int][]string{}
	for n, id := range b.joiner.ids {
		root := b.joiner.find(n)
		ids[root] = append(ids[root], id)
	}
	members := map[int][]int{}
	for i, m := range b.members {
		root := b.joiner.find(b.joiner.number[m.id])
		members[root] = append(members[root], i)
	}
	type group struct {
		class tocsin.Class
		of    []int
	}
	groups := make([]group, 0, len(members))
	for root, of := range members {
		ms := make([]member, len(of))
		for i, n := range of {
			ms[i] = b.members[n]
		}
		groups = append(groups, group{class(ids[root], ms, facts), of})
	}
	slices.SortFunc(groups, func(x, y group) int { return strings.Compare(x.class.ID, y.class.ID) })
	classOf = make([]int, len(b.members))
	for i, g := range groups {
		classes = append(classes, g.class)
		for _, n := range g.of {
			classOf[n] = i
		}
	}
	return classOf, classes
}

func unixTime(s int64) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}
