package advisories

import (
	"bytes"
	"cmp"
	"encoding/binary"
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
	scratch   []byte
}

// posting is one affected entry of one record, under the key of its package.
type posting struct {
	data   kept  // the key (appendKey) behind its length, then the entry (appendAffected)
	record int32 // index into members
}

// key is what the posting is found by, and entry the rest of it.
func (b *Builder) key(p posting) (key, entry []byte) {
	data := b.arena.at(p.data)
	size, n := binary.Uvarint(data)
	return data[n:][:size], data[n+int(size):]
}

// Add takes a record in its current revision. A withdrawn record adds nothing but is remembered in the snapshot id.
// digest identifies the revision; a revision that was added before is not added again. The record is not changed.
func (b *Builder) Add(a tocsin.Advisory, digest string) {
	r := newRevision(a.ID, digest)
	if !a.Withdrawn.IsZero() {
		b.withdrawn = append(b.withdrawn, r)
		return
	}
	n := int32(len(b.members))
	b.scratch = appendClass(b.scratch[:0], single(a), &b.shared)
	b.members = append(b.members, member{id: b.joiner.ids[b.joiner.add(a.ID)], revision: r, data: b.arena.keep(b.scratch), number: n})
	for _, alias := range Aliases(a) {
		b.joiner.join(a.ID, alias)
	}
	for _, aff := range a.Affected {
		if aff.Package.Name == "" || aff.Package.Ecosystem == "" {
			continue // GIT-only entries: no package to look up
		}
		key := appendKey(nil, aff.Package.Ecosystem, aff.Package.Name)
		b.scratch = append(appendUint(b.scratch[:0], len(key)), key...)
		b.scratch = appendAffected(b.scratch, aff)
		b.postings = append(b.postings, posting{data: b.arena.keep(b.scratch), record: n})
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
	slices.SortFunc(b.members, compareMembers)
	now := make([]int32, len(b.members)) // the new number of each, -1 for one that is there already
	members := b.members[:0]
	for _, m := range b.members {
		if n := len(members); n > 0 && members[n-1].revision == m.revision {
			now[m.number] = -1
			continue
		}
		now[m.number] = int32(len(members))
		members = append(members, m)
	}
	for i := range members {
		members[i].number = int32(i)
	}
	b.members = members
	b.postings = slices.DeleteFunc(b.postings, func(p posting) bool { return now[p.record] < 0 })
	for i := range b.postings {
		b.postings[i].record = now[b.postings[i].record]
	}
	// Of one record, entries are in the order in which it has them.
	slices.SortStableFunc(b.postings, func(x, y posting) int {
		k, _ := b.key(x)
		l, _ := b.key(y)
		return cmp.Or(bytes.Compare(k, l), cmp.Compare(x.record, y.record))
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
type arena struct{ pieces [][]byte }

// kept says where a thing lies: the piece, and from where to where.
type kept struct{ piece, from, to int32 }

const arenaPiece = 1 << 20

// keep copies a thing of less than two gigabytes.
func (a *arena) keep(thing []byte) kept {
	last := len(a.pieces) - 1
	if last < 0 || cap(a.pieces[last])-len(a.pieces[last]) < len(thing) {
		a.pieces = append(a.pieces, make([]byte, 0, max(arenaPiece, len(thing))))
		last++
	}
	from := len(a.pieces[last])
	a.pieces[last] = append(a.pieces[last], thing...)
	return kept{int32(last), int32(from), int32(len(a.pieces[last]))}
}

func (a *arena) at(k kept) []byte { return a.pieces[k.piece][k.from:k.to] }
