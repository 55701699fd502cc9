package advisories

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// write lays out what the builder collected, as the six sections of the names given. What is long goes out as it comes.
func (b *Builder) write(l *layout, sections []string) (classes int, err error) {
	classOf, groups := b.groups()
	keys, err := b.writePostings(l, sections[0], classOf)
	if err != nil {
		return 0, err
	}
	l.section(sections[1], encodeTable(keys))
	b.writeClasses(l, sections[2:5], groups)
	l.section(sections[5], encodeTable(b.ids(groups)))
	return len(groups), l.err
}

// writePostings gives the place of each key.
func (b *Builder) writePostings(l *layout, section string, classOf []int32) ([]tableEntry, error) {
	l.begin(section)
	at := 0
	var keys []tableEntry
	var block []byte
	for rest := b.postings; len(rest) > 0 && l.err == nil; {
		key, _ := b.key(rest[0])
		n := 1
		for n < len(rest) && b.hasKey(rest[n], key) {
			n++
		}
		if at > math.MaxUint32 {
			return nil, fmt.Errorf("%w: the postings would be larger than 4 GiB", tocsin.ErrInvalid)
		}
		keys = append(keys, tableEntry{hashOf(key), uint32(at)})
		block = b.block(block[:0], string(key), rest[:n], classOf)
		size := appendUint(nil, len(block))
		_, _ = l.Write(size)
		_, _ = l.Write(block) // the layout tells at its end
		at += len(size) + len(block)
		rest = rest[n:]
	}
	return keys, nil
}

func (b *Builder) hasKey(p posting, key []byte) bool {
	k, _ := b.key(p)
	return bytes.Equal(k, key)
}

// block is what the index holds under one key, behind the key itself.
func (b *Builder) block(out []byte, key string, postings []posting, classOf []int32) []byte {
	entries := make([]tocsin.Affected, len(postings))
	var named []string
	for i, p := range postings {
		_, entry := b.key(p)
		entries[i] = readAffected(entry)
		named = append(named, texts(entries[i])...)
	}
	ecosystem, _, _ := strings.Cut(key, "\x00")
	s := newScale(ecosystem, named)
	out = appendScale(appendString(out, key), s)
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

// ids gives the class of every id.
func (b *Builder) ids(groups []group) []tableEntry {
	var out []tableEntry
	for n, g := range groups {
		for _, id := range g.ids {
			out = append(out, tableEntry{hashOf([]byte(b.joiner.ids[id])), uint32(n)})
		}
	}
	return out
}
