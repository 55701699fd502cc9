package advisories

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/tocsin-dev/tocsin"
)

// A layer is one set of postings and classes in an open index.
type layer struct {
	keys, ids                      table
	postings, ends, classes, names part
}

// openLayer takes the parts in the order of baseSections.
func openLayer(parts []part) (*layer, error) {
	l := &layer{postings: parts[0], classes: parts[2], ends: parts[3], names: parts[4]}
	var err error
	if l.keys, err = openTable("keys", parts[1]); err != nil {
		return nil, err
	}
	l.ids, err = openTable("ids", parts[5])
	return l, err
}

// lookup gives the postings under a key; none if there are none.
func (l *layer) lookup(key []byte) (tocsin.Postings, error) {
	var out tocsin.Postings
	from, to, err := l.keys.find(hashOf(key))
	for i := from; i < to && err == nil; i++ {
		block, err := l.block(i)
		if err != nil {
			return out, err
		}
		rest, ok := cutKey(block, key)
		if !ok {
			continue
		}
		c := cursor{s: string(rest)}
		c.scale(&out)
		out.List = make([]tocsin.Posting, c.count())
		for i := range out.List {
			out.List[i] = c.posting(len(out.Versions))
		}
		return out, c.err
	}
	return out, err
}

// block is what lies in the postings for a row of the keys.
func (l *layer) block(row int) ([]byte, error) {
	at, err := l.keys.number(row)
	if err != nil {
		return nil, err
	}
	head, err := l.postings.view(at, min(binary.MaxVarintLen64, l.postings.size-at))
	if err != nil {
		return nil, err
	}
	size, n := binary.Uvarint(head)
	if n <= 0 || size > uint64(l.postings.size) {
		return nil, errShort
	}
	return l.postings.view(at+n, int(size))
}

// cutKey takes the key from the front of a block, if it is the one.
func cutKey(block, key []byte) (rest []byte, ok bool) {
	size, n := binary.Uvarint(block)
	if n <= 0 || size != uint64(len(key)) {
		return nil, false
	}
	return bytes.CutPrefix(block[n:], key)
}

// classOf gives the number of the class with an id.
func (l *layer) classOf(id string) (n int, c tocsin.Class, ok bool, err error) {
	from, to, err := l.ids.find(hashOf([]byte(id)))
	for i := from; i < to && err == nil; i++ {
		n, err := l.ids.number(i)
		if err != nil {
			return 0, c, false, err
		}
		c, err := l.class(n)
		if err != nil {
			return 0, c, false, err
		}
		if _, found := slices.BinarySearch(c.Aliases, id); found {
			return n, c, true, nil
		}
	}
	return 0, c, false, err
}

// count is the number of classes.
func (l *layer) count() int { return l.ends.size / 4 }

func (l *layer) class(n int) (tocsin.Class, error) {
	from, to, err := between(l.ends, 0, n)
	if err != nil {
		return tocsin.Class{}, err
	}
	text, err := l.classes.view(from, to-from)
	if err != nil {
		return tocsin.Class{}, err
	}
	c := cursor{s: string(text)}
	class := c.class(func(i int) (string, error) { return nameAt(l.names, i) })
	return class, c.err
}
