package advisories

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/blevesearch/vellum"

	"github.com/tocsin-dev/tocsin"
)

// A layer is one set of postings and classes in an open index.
type layer struct {
	keys, ids                      *vellum.FST
	postings, ends, classes, names []byte
	finders                        sync.Pool // of *finder
}

// A finder is what one look-up needs, kept so that a look-up that finds nothing allocates nothing.
type finder struct {
	keys *vellum.Reader
	key  []byte
}

// openLayer takes the parts in the order of baseSections.
func openLayer(part [][]byte) (*layer, error) {
	l := &layer{postings: part[0], classes: part[2], ends: part[3], names: part[4]}
	var err error
	if l.keys, err = vellum.Load(part[1]); err != nil {
		return nil, fmt.Errorf("%w: section keys: %v", tocsin.ErrInvalid, err)
	}
	if l.ids, err = vellum.Load(part[5]); err != nil {
		return nil, fmt.Errorf("%w: section ids: %v", tocsin.ErrInvalid, err)
	}
	l.finders.New = func() any {
		r, err := l.keys.Reader()
		if err != nil {
			return nil
		}
		return &finder{keys: r}
	}
	return l, nil
}

// lookup gives the postings under a name; none if there are none.
func (l *layer) lookup(ecosystem, name string) (tocsin.Postings, error) {
	var out tocsin.Postings
	at, ok, err := l.find(ecosystem, name)
	if err != nil || !ok {
		return out, err
	}
	if at > uint64(len(l.postings)) {
		return out, errShort
	}
	size, n := binary.Uvarint(l.postings[at:])
	if rest := l.postings[at:]; n <= 0 || size > uint64(len(rest)-n) {
		return out, errShort
	}
	c := cursor{s: string(l.postings[at+uint64(n):][:size])}
	c.scale(&out)
	out.List = make([]tocsin.Posting, c.count())
	for i := range out.List {
		out.List[i] = c.posting(len(out.Versions))
	}
	return out, c.err
}

func (l *layer) find(ecosystem, name string) (at uint64, ok bool, err error) {
	f, _ := l.finders.Get().(*finder)
	if f == nil {
		return 0, false, errKeys
	}
	defer l.finders.Put(f)
	f.key = appendKey(f.key[:0], ecosystem, name)
	return f.keys.Get(f.key)
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
