package advisories

import (
	"fmt"
	"hash/crc32"
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
	data   []byte
	mapped mmap.MMap // nil for an index in memory
	base   *layer
	// changed goes before base, but for the records that it does not replace; nil if there were no changes since.
	changed  *layer
	replaced map[string]bool // ids of records and classes
	facts    FactTables
	keys     sync.Pool // of *[]byte, so that a look-up that finds nothing allocates nothing
}

// Open maps an index file and checks it whole. A file that is damaged, or of another layout, is an [tocsin.ErrInvalid] that
// names the part.
func Open(path string) (*Index, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the advisory index: %w", err)
	}
	defer f.Close()
	data, err := mmap.Map(f, mmap.RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: mapping the advisory index %s: %v", tocsin.ErrInvalid, path, err)
	}
	// The sections are checked through a small buffer, not through the map: what is mapped and touched counts as memory of
	// ours, and a scan touches a few pages only.
	buffer := make([]byte, 256<<10)
	x, err := load(data, func(_ []byte, at, size int64) (uint32, error) {
		sum := crc32.New(castagnoli)
		_, err := io.CopyBuffer(sum, struct{ io.Reader }{io.NewSectionReader(f, at, size)}, buffer)
		return sum.Sum32(), err
	})
	if err != nil {
		_ = data.Unmap()
		return nil, fmt.Errorf("advisory index %s: %w", path, err)
	}
	x.mapped, x.path = data, path
	return x, nil
}

// Load opens an index that is already in memory. The bytes must not change afterwards.
func Load(b []byte) (*Index, error) {
	return load(b, func(part []byte, _, _ int64) (uint32, error) { return crc32.Checksum(part, castagnoli), nil })
}

// load reads the layout. checksum is asked for the CRC of a section, which lies at an offset of the file.
func load(b []byte, checksum func(part []byte, at, size int64) (uint32, error)) (*Index, error) {
	h, err := readHeader(b)
	if err != nil {
		return nil, err
	}
	part := make([][]byte, len(h.Sections))
	for i, s := range h.Sections {
		part[i] = b[s.Offset : s.Offset+s.Size]
		sum, err := checksum(part[i], s.Offset, s.Size)
		if err != nil {
			return nil, fmt.Errorf("reading section %s: %w", s.Name, err)
		}
		if sum != s.CRC {
			return nil, fmt.Errorf("%w: section %s is damaged (checksum)", tocsin.ErrInvalid, s.Name)
		}
	}
	x := &Index{header: h, data: b}
	if x.base, err = openLayer(part); err != nil {
		return nil, err
	}
	part = part[len(baseSections):]
	if len(part) > len(factSections) {
		if x.changed, err = openLayer(part); err != nil {
			return nil, err
		}
		x.replaced = map[string]bool{}
		for id := range strings.SplitSeq(string(part[len(baseSections)]), "\n") {
			x.replaced[id] = true
		}
		part = part[len(changeSections):]
	}
	x.facts = FactTables{source: h.Facts, kev: part[0], epss: part[1]}
	return x, nil
}

// Snapshot describes the data in the index.
func (x *Index) Snapshot() tocsin.Snapshot { return x.header.Snapshot }

// Base is the cursor of the snapshot that the base of the index was built as. What came after it, and only that, is in the
// changes.
func (x *Index) Base() string { return x.header.Base.Cursor }

// Facts gives the facts of the index, if that is what they were read from. They are valid until Close.
func (x *Index) Facts(source string) (FactTables, bool) { return x.facts, x.facts.source == source }

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
	x.facts.Attach(&c)
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
			x.facts.Attach(&c)
			return c, nil
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
