package advisories

import (
	"bytes"
	"cmp"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// A Builder collects records and writes the index. Its result depends on the set of records and facts only, not on
// their order. What it keeps of a record is a few hundred bytes. It is not safe for concurrent use.
type Builder struct {
	joiner   joiner
	members  []member
	postings []posting
	// withdrawn records match nothing, but that they are is part of what the snapshot says.
	withdrawn []revision
	shared    names // of the members' data; their numbers depend on the order of adding
	arena     arena
}

// posting is one affected entry of one record, under the key of its package.
type posting struct {
	key      []byte // see appendKey
	affected []byte // see appendAffected
	record   int32  // index into members
}

// Add takes a record in its current revision. A withdrawn record adds nothing but is remembered in the snapshot id.
// digest identifies the revision; a revision that was added before is not added again. The record is not changed.
func (b *Builder) Add(a tocsin.Advisory, digest string) {
	r := newRevision(a.ID, digest)
	if !a.Withdrawn.IsZero() {
		b.withdrawn = append(b.withdrawn, r)
		return
	}
	n := len(b.members)
	b.members = append(b.members, member{
		id: b.joiner.ids[b.joiner.add(a.ID)], revision: r, data: b.arena.keep(func(buf []byte) []byte { return appendClass(buf, single(a), &b.shared) }),
	})
	for _, alias := range Aliases(a) {
		b.joiner.join(a.ID, alias)
	}
	for _, aff := range a.Affected {
		if aff.Package.Name == "" || aff.Package.Ecosystem == "" {
			continue // GIT-only entries: no package to look up
		}
		b.postings = append(b.postings, posting{
			key:      b.arena.keep(func(buf []byte) []byte { return appendKey(buf, aff.Package.Ecosystem, aff.Package.Name) }),
			affected: b.arena.keep(func(buf []byte) []byte { return appendAffected(buf, aff) }),
			record:   int32(n),
		})
	}
}

// appendKey appends what a package is looked up by: releases of one distribution share it, and each posting keeps its own.
func appendKey(b []byte, ecosystem, name string) []byte {
	b = append(b, purl.Base(ecosystem)...)
	b = append(b, 0)
	return purl.AppendKey(b, ecosystem, name)
}

// Build writes the index of everything that was added. It fills the counts and the id of info, which it stores with the
// index and returns. The builder is spent afterwards.
func (b *Builder) Build(w io.Writer, facts FactTables, info tocsin.Snapshot) (tocsin.Snapshot, error) {
	b.settle()
	l := newLayout(w)
	classes, err := b.write(l, baseSections)
	if err != nil {
		return info, err
	}
	base := baseInfo{Cursor: info.Cursor, Records: len(b.members), Classes: classes}
	for r := range b.revisions() {
		base.Sum.add(r)
	}
	info.Records, info.Classes = base.Records, base.Classes
	return finish(l, header{Snapshot: info, Base: base}, base.Sum, facts)
}

// Snapshot is the id that [Builder.Build] would give, without building. Nothing may be added afterwards.
func (b *Builder) Snapshot(facts FactTables) string {
	b.settle()
	var s sum
	for r := range b.revisions() {
		s.add(r)
	}
	return s.id(facts)
}

// finish writes the facts and the header.
func finish(l *layout, h header, s sum, facts FactTables) (tocsin.Snapshot, error) {
	l.section("kev", facts.kev)
	l.section("epss", facts.epss)
	h.Facts, h.Snapshot.ID = facts.source, s.id(facts)
	h.Snapshot.KEV, h.Snapshot.EPSS = len(facts.kev)/kevRow, len(facts.epss)/epssRow
	return h.Snapshot, l.finish(h)
}

// settle sorts what was added, and forgets what was added twice.
func (b *Builder) settle() {
	order := make([]int32, len(b.members))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(x, y int32) int { return compareMembers(b.members[x], b.members[y]) })
	members := make([]member, 0, len(order))
	now := make([]int32, len(order)) // the new number of each, -1 for one that is there already
	for i, n := range order {
		if i > 0 && b.members[n].revision == b.members[order[i-1]].revision {
			now[n] = -1
			continue
		}
		now[n] = int32(len(members))
		members = append(members, b.members[n])
	}
	b.members = members
	kept := b.postings[:0]
	for _, p := range b.postings {
		if p.record = now[p.record]; p.record >= 0 {
			kept = append(kept, p)
		}
	}
	b.postings = kept
	// Of one record, entries are in the order of what they say.
	slices.SortFunc(b.postings, func(x, y posting) int {
		return cmp.Or(bytes.Compare(x.key, y.key), cmp.Compare(x.record, y.record))
	})
	slices.SortFunc(b.withdrawn, func(x, y revision) int { return bytes.Compare(x[:], y[:]) })
	b.withdrawn = slices.Compact(b.withdrawn)
}

// revisions are all that was added.
func (b *Builder) revisions() iter.Seq[revision] {
	return func(yield func(revision) bool) {
		for _, m := range b.members {
			if !yield(m.revision) {
				return
			}
		}
		for _, r := range b.withdrawn {
			if !yield(r) {
				return
			}
		}
	}
}

// group is the ids and members of one class, by their numbers.
type group struct {
	id           string
	ids, members []int32
}

// groups gives the classes in the order of their ids, and says to which each member belongs.
func (b *Builder) groups() (classOf []int32, groups []group) {
	ids := make([]int32, len(b.joiner.ids))
	for i := range ids {
		ids[i] = int32(i)
	}
	root := make([]int32, len(ids))
	for i := range root {
		root[i] = int32(b.joiner.find(i))
	}
	slices.SortFunc(ids, func(x, y int32) int { return cmp.Compare(root[x], root[y]) })
	memberRoot := make([]int32, len(b.members))
	members := make([]int32, len(b.members))
	for i, m := range b.members {
		members[i], memberRoot[i] = int32(i), root[b.joiner.number[m.id]]
	}
	slices.SortFunc(members, func(x, y int32) int { return cmp.Or(cmp.Compare(memberRoot[x], memberRoot[y]), cmp.Compare(x, y)) })
	for len(members) > 0 {
		r := memberRoot[members[0]]
		n := 1
		for n < len(members) && memberRoot[members[n]] == r {
			n++
		}
		g := group{members: members[:n]}
		members = members[n:]
		for root[ids[0]] != r { // ids that only a duplicate named
			ids = ids[1:]
		}
		n = 0
		for n < len(ids) && root[ids[n]] == r {
			n++
		}
		g.ids, ids = ids[:n], ids[n:]
		g.id = b.class(g).ID
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(x, y group) int { return strings.Compare(x.id, y.id) })
	classOf = make([]int32, len(b.members))
	for i, g := range groups {
		for _, n := range g.members {
			classOf[n] = int32(i)
		}
	}
	return classOf, groups
}

func unixTime(s int64) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}

func unixOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// arena keeps many small things in few pieces of memory.
type arena struct{ free []byte }

const arenaPiece = 1 << 20

// keep gives what fill appends, in memory that nobody else appends to.
func (a *arena) keep(fill func([]byte) []byte) []byte {
	if cap(a.free)-len(a.free) < arenaPiece/16 {
		a.free = make([]byte, 0, arenaPiece)
	}
	start := len(a.free)
	out := fill(a.free[start:start:cap(a.free)])
	if cap(out) != cap(a.free)-start { // it did not fit, and lies elsewhere now
		return slices.Clip(out)
	}
	a.free = a.free[:start+len(out)]
	return slices.Clip(out)
}
