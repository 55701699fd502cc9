package advisories

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/blevesearch/mmap-go"

	"github.com/tocsin-dev/tocsin"
)

// An Index is an open index file. It is safe for concurrent use until Close.
type Index struct {
	header header
	path   string
	blocks *blocks
	mapped mmap.MMap // nil for an index in memory
	base   *layer
	// changed goes before base, but for the records that it does not replace; nil if there were no changes since.
	changed  *layer
	replaced map[string]bool // ids of records and classes
	facts    facts
	keys     sync.Pool // of *[]byte, so that a look-up that finds nothing allocates nothing
}

// Open maps an index file and checks its header. What else is damaged is found, as an [ErrDamaged], by what comes to it. A
// file that is cut off, damaged in its header, or of another layout, is an [tocsin.ErrInvalid] that names the part.
func Open(path string) (*Index, error) {
	return open(path, func(*Index, io.ReaderAt) error { return nil })
}

// OpenWhole is [Open] for a file that is checked to its last byte.
func OpenWhole(path string) (*Index, error) { return open(path, (*Index).check) }

func open(path string, check func(*Index, io.ReaderAt) error) (*Index, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the advisory index: %w", err)
	}
	defer f.Close()
	data, err := mmap.Map(f, mmap.RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: mapping the advisory index %s: %v", tocsin.ErrInvalid, path, err)
	}
	x, err := load(data, f)
	if err == nil {
		err = check(x, f)
	}
	if err != nil {
		_ = data.Unmap()
		return nil, fmt.Errorf("advisory index %s: %w", path, err)
	}
	x.mapped, x.path = data, path
	return x, nil
}

// Load opens an index that is already in memory, and checks all of it. The bytes must not change afterwards.
func Load(b []byte) (*Index, error) {
	file := bytes.NewReader(b)
	x, err := load(b, file)
	if err != nil {
		return nil, err
	}
	return x, x.check(file)
}

// load reads the layout of a file that is also in memory, or mapped.
func load(b []byte, file io.ReaderAt) (*Index, error) {
	h, sums, err := readHeader(file, int64(len(b)))
	if err != nil {
		return nil, err
	}
	last := h.Sections[len(h.Sections)-1]
	x := &Index{header: h, blocks: newBlocks(b[:last.Offset+last.Size], sums, h.Sections)}
	parts := make([]part, len(h.Sections))
	for i, s := range h.Sections {
		parts[i] = part{blocks: x.blocks, at: int(s.Offset), size: int(s.Size)}
	}
	if x.base, err = openLayer(parts); err != nil {
		return nil, err
	}
	parts = parts[len(baseSections):]
	if len(parts) > len(factSections) {
		if x.changed, err = openLayer(parts); err != nil {
			return nil, err
		}
		replaced, err := parts[len(baseSections)].all()
		if err != nil {
			return nil, err
		}
		x.replaced = map[string]bool{}
		for id := range strings.SplitSeq(string(replaced), "\n") {
			x.replaced[id] = true
		}
		parts = parts[len(changeSections):]
	}
	x.facts = facts{source: h.Facts, kev: parts[0], epss: parts[1]}
	return x, nil
}

// check reads all blocks, from a file that holds what is mapped.
func (x *Index) check(file io.ReaderAt) error {
	return x.blocks.copy(io.Discard, file, 0, len(x.blocks.data))
}

// Snapshot describes the data in the index.
func (x *Index) Snapshot() tocsin.Snapshot { return x.header.Snapshot }

// Base is the cursor of the snapshot that the base of the index was built as. What came after it, and only that, is in the
// changes.
func (x *Index) Base() string { return x.header.Base.Cursor }

// Facts gives the facts of the index, if that is what they were read from. They are valid until Close.
func (x *Index) Facts(source string) (t FactTables, ok bool, err error) {
	if x.facts.source != source {
		return t, false, nil
	}
	t.source = source
	if t.kev, err = x.facts.kev.all(); err == nil {
		t.epss, err = x.facts.epss.all()
	}
	return t, err == nil, err
}

// Lookup gives the postings for a package name of an ecosystem, releases of a distribution together; several lists where
// the name has changes. No posting is not an error. The name is normalised here.
func (x *Index) Lookup(ecosystem, name string) ([]tocsin.Postings, error) {
	buffer, _ := x.keys.Get().(*[]byte)
	if buffer == nil {
		buffer = new([]byte)
	}
	defer x.keys.Put(buffer)
	*buffer = appendKey((*buffer)[:0], ecosystem, name)
	base, err := x.base.lookup(*buffer)
	if err != nil {
		return nil, fmt.Errorf("looking up %s %s: %w", ecosystem, name, err)
	}
	if x.changed == nil {
		return some(base), nil
	}
	changed, err := x.changed.lookup(*buffer)
	if err != nil {
		return nil, fmt.Errorf("looking up %s %s in the changes: %w", ecosystem, name, err)
	}
	for i := range changed.List {
		changed.List[i].Class += x.base.count()
	}
	base.List = slices.DeleteFunc(base.List, func(p tocsin.Posting) bool { return x.replaced[p.Record] })
	return some(base, changed), nil
}

// some leaves out what is empty.
func some(lists ...tocsin.Postings) []tocsin.Postings {
	var out []tocsin.Postings
	for _, l := range lists {
		if len(l.List) > 0 {
			out = append(out, l)
		}
	}
	return out
}

// Class gives the class with the number that a [tocsin.Posting] carries.
func (x *Index) Class(n int) (tocsin.Class, error) {
	l, at := x.base, n
	if x.changed != nil && n >= l.count() {
		l, at = x.changed, n-l.count()
	}
	if at < 0 || at >= l.count() {
		return tocsin.Class{}, fmt.Errorf("class %d: %w", n, tocsin.ErrNotFound)
	}
	c, err := l.class(at)
	if err != nil {
		return tocsin.Class{}, fmt.Errorf("reading class %d: %w", n, err)
	}
	if err := x.facts.attach(&c); err != nil {
		return tocsin.Class{}, fmt.Errorf("reading the facts of class %d: %w", n, err)
	}
	return c, nil
}

// ClassOf gives the class that an id belongs to, or an [tocsin.ErrNotFound].
func (x *Index) ClassOf(id string) (tocsin.Class, error) {
	for _, l := range []*layer{x.changed, x.base} {
		if l == nil || l == x.base && x.replaced[id] { // all of a class is replaced where one record of it is
			continue
		}
		_, c, ok, err := l.classOf(id)
		if err != nil {
			return c, fmt.Errorf("looking up %s: %w", id, err)
		}
		if ok {
			return c, x.facts.attach(&c)
		}
	}
	return tocsin.Class{}, fmt.Errorf("advisory %s: %w", id, tocsin.ErrNotFound)
}

// Close unmaps the file. Nothing that Lookup or Class returned refers to it.
func (x *Index) Close() error {
	if x.mapped == nil {
		return nil
	}
	return x.mapped.Unmap()
}
