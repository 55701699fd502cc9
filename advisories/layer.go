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
	postings, ends, classes, names []byte
}

// openLayer takes the parts in the order of baseSections.
func openLayer(part [][]byte) (*layer, error) {
	l := &layer{postings: part[0], classes: part[2], ends: part[3], names: part[4]}
	var err error
	if l.keys, err = openTable("keys", part[1]); err != nil {
		return nil, err
	}
	l.ids, err = openTable("ids", part[5])
	return l, err
}

// lookup gives the postings under a key; none if there are none.
func (l *layer) lookup(key []byte) (tocsin.Postings, error) {
	var out tocsin.Postings
	for at := range l.keys.find(hashOf(key)) {
		block, err := l.block(at)
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
	return out, nil
}

// block is what lies at a place of the postings.
func (l *layer) block(at int) ([]byte, error) {
	if at > len(l.postings) {
		return nil, errShort
	}
	size, n := binary.Uvarint(l.postings[at:])
	if n <= 0 || size > uint64(len(l.postings)-at-n) {
		return nil, errShort
	}
	return l.postings[at+n:][:size], nil
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
	for n := range l.ids.find(hashOf([]byte(id))) {
		if n >= l.count() {
			return 0, c, false, errShort
		}
		c, err := l.class(n)
		if err != nil {
			return 0, c, false, err
		}
		if _, found := slices.BinarySearch(c.Aliases, id); found {
			return n, c, true, nil
		}
	}
	return 0, c, false, nil
}

// count is the number of classes.
func (l *layer) count() int { return len(l.ends) / 4 }

func (l *layer) class(n int) (tocsin.Class, error) {
	from := uint32(0)
	if n > 0 {
		from = binary.LittleEndian.Uint32(l.ends[(n-1)*4:])
	}
	to := binary.LittleEndian.Uint32(l.ends[n*4:])
	if from > to || int64(to) > int64(len(l.classes)) {
		return tocsin.Class{}, errShort
	}
	c := cursor{s: string(l.classes[from:to])}
	class := c.class(func(i int) (string, error) { return nameAt(l.names, i) })
	return class, c.err
}
