package advisories

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/blevesearch/mmap-go"
	"github.com/blevesearch/vellum"

	"github.com/tocsin-dev/tocsin"
)

var errKeys = errors.New("the key index cannot be read")

// An Index is an open index file. It is safe for concurrent use until Close.
type Index struct {
	header header
	path   string
	data   []byte
	mapped mmap.MMap // nil for an index in memory
	base   *layer
	// changed goes before base, but for the records that it does not replace; nil if there were no changes since.
	changed  *layer
	replaced *vellum.FST // ids of records
	facts    FactTables
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
		if x.replaced, err = vellum.Load(part[len(baseSections)]); err != nil {
			return nil, fmt.Errorf("%w: section replaced: %v", tocsin.ErrInvalid, err)
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
	base, err := x.base.lookup(ecosystem, name)
	if err != nil {
		return nil, fmt.Errorf("looking up %s %s: %w", ecosystem, name, err)
	}
	if x.changed == nil {
		return some(base), nil
	}
	changed, err := x.changed.lookup(ecosystem, name)
	if err != nil {
		return nil, fmt.Errorf("looking up %s %s in the changes: %w", ecosystem, name, err)
	}
	for i := range changed.List {
		changed.List[i].Class += x.base.count()
	}
	kept := base.List[:0]
	for _, p := range base.List {
		gone, err := x.replaced.Contains([]byte(p.Record))
		if err != nil {
			return nil, fmt.Errorf("looking up %s: %w", p.Record, err)
		}
		if !gone {
			kept = append(kept, p)
		}
	}
	base.List = kept
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
	x.facts.attach(&c)
	return c, nil
}

// ClassOf gives the class that an id belongs to, or an [tocsin.ErrNotFound].
func (x *Index) ClassOf(id string) (tocsin.Class, error) {
	if x.changed != nil {
		if n, ok, err := x.changed.ids.Get([]byte(id)); err != nil {
			return tocsin.Class{}, fmt.Errorf("looking up %s: %w", id, err)
		} else if ok {
			return x.Class(x.base.count() + int(n))
		}
	}
	n, ok, err := x.base.ids.Get([]byte(id))
	if err != nil {
		return tocsin.Class{}, fmt.Errorf("looking up %s: %w", id, err)
	}
	if ok {
		// Where a record of the class is replaced, all of it is, and the id has no record left.
		c, err := x.Class(int(n))
		if gone, rerr := x.isReplaced(c); err != nil || rerr != nil || !gone {
			return c, errors.Join(err, rerr)
		}
	}
	return tocsin.Class{}, fmt.Errorf("advisory %s: %w", id, tocsin.ErrNotFound)
}

func (x *Index) isReplaced(c tocsin.Class) (bool, error) {
	if x.replaced == nil {
		return false, nil
	}
	for _, id := range c.Aliases {
		if gone, err := x.replaced.Contains([]byte(id)); gone || err != nil {
			return gone, err
		}
	}
	return false, nil
}

// Close unmaps the file. Nothing that Lookup or Class returned refers to it.
func (x *Index) Close() error {
	if x.mapped == nil {
		return nil
	}
	return x.mapped.Unmap()
}
