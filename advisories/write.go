package advisories

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/blevesearch/vellum"

	"github.com/tocsin-dev/tocsin"
)

// write lays out what the builder collected, as the six sections of the names given. What is long goes out as it comes.
func (b *Builder) write(l *layout, sections []string) (classes int, err error) {
	classOf, groups := b.groups()
	keys, err := b.writePostings(l, sections[0], classOf)
	if err != nil {
		return 0, err
	}
	l.section(sections[1], keys)
	b.writeClasses(l, sections[2:5], groups)
	ids, err := b.ids(groups)
	if err != nil {
		return 0, err
	}
	l.section(sections[5], ids)
	return len(groups), l.err
}

// writePostings gives the FST of the keys.
func (b *Builder) writePostings(l *layout, section string, classOf []int32) ([]byte, error) {
	var keys bytes.Buffer
	fst, err := vellum.New(&keys, nil)
	if err != nil {
		return nil, fmt.Errorf("starting the key index: %w", err)
	}
	l.begin(section)
	at := 0
	var block []byte
	for rest := b.postings; len(rest) > 0 && l.err == nil; {
		n := 1
		for n < len(rest) && bytes.Equal(rest[n].key, rest[0].key) {
			n++
		}
		if err := fst.Insert(rest[0].key, uint64(at)); err != nil {
			return nil, fmt.Errorf("indexing key %q: %w", rest[0].key, err)
		}
		block = b.block(block[:0], rest[:n], classOf)
		size := appendUint(nil, len(block))
		_, _ = l.Write(size)
		_, _ = l.Write(block) // the layout tells at its end
		at += len(size) + len(block)
		rest = rest[n:]
	}
	if err := fst.Close(); err != nil {
		return nil, fmt.Errorf("closing the key index: %w", err)
	}
	return keys.Bytes(), nil
}

// block is what the index holds under one key.
func (b *Builder) block(out []byte, postings []posting, classOf []int32) []byte {
	entries := make([]tocsin.Affected, len(postings))
	var named []string
	for i, p := range postings {
		entries[i] = readAffected(p.affected)
		named = append(named, texts(entries[i])...)
	}
	ecosystem, _, _ := strings.Cut(string(postings[0].key[keyDigest:]), "\x00")
	s := newScale(ecosystem, named)
	out = appendScale(out, s)
	out = appendUint(out, len(postings))
	for i, p := range postings {
		entry := s.posting(entries[i])
		entry.Record, entry.Class = b.members[p.record].id, int(classOf[p.record])
		out = appendPosting(out, entry)
	}
	return out
}

// writeClasses writes the sections of classes, ends and names.
func (b *Builder) writeClasses(l *layout, sections []string, groups []group) {
	var ends, text []byte
	var shared names
	end := 0
	l.begin(sections[0])
	for _, g := range groups {
		text = appendClass(text[:0], b.class(g), &shared)
		_, _ = l.Write(text) // the layout tells at its end
		end += len(text)
		ends = binary.LittleEndian.AppendUint32(ends, uint32(end))
	}
	l.section(sections[1], ends)
	l.section(sections[2], shared.encode())
}

// ids is the FST from every id to the number of its class.
func (b *Builder) ids(groups []group) ([]byte, error) {
	class := make([]int32, len(b.joiner.ids))
	var order []int32
	for n, g := range groups {
		for _, id := range g.ids {
			class[id] = int32(n)
		}
		order = append(order, g.ids...)
	}
	slices.SortFunc(order, func(x, y int32) int { return strings.Compare(b.joiner.ids[x], b.joiner.ids[y]) })
	var out bytes.Buffer
	fst, err := vellum.New(&out, nil)
	if err != nil {
		return nil, fmt.Errorf("starting the index of ids: %w", err)
	}
	for _, n := range order {
		if err := fst.Insert([]byte(b.joiner.ids[n]), uint64(class[n])); err != nil {
			return nil, fmt.Errorf("indexing id %q: %w", b.joiner.ids[n], err)
		}
	}
	if err := fst.Close(); err != nil {
		return nil, fmt.Errorf("closing the index of ids: %w", err)
	}
	return out.Bytes(), nil
}
