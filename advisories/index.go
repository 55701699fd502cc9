package advisories

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"

	"github.com/blevesearch/mmap-go"
	"github.com/blevesearch/vellum"
	"github.com/go-json-experiment/json"

	"github.com/tocsin-dev/tocsin"
)

// An Index is an open index file. It is safe for concurrent use until Close.
type Index struct {
	info     tocsin.Snapshot
	data     mmap.MMap // nil for an index in memory
	keys     *vellum.FST
	postings []byte
	offsets  []byte
	classes  []byte
	finders  sync.Pool // of *finder
}

// A finder is what one look-up needs, kept so that a look-up that finds nothing allocates nothing.
type finder struct {
	keys *vellum.Reader
	key  []byte
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
	x.data = data
	return x, nil
}

// Load opens an index that is already in memory. The bytes must not change afterwards.
func Load(b []byte) (*Index, error) {
	return load(b, func(part []byte, _, _ int64) (uint32, error) { return crc32.Checksum(part, castagnoli), nil })
}

// load reads the layout. checksum is asked for the CRC of a section, which lies at an offset of the file.
func load(b []byte, checksum func(part []byte, at, size int64) (uint32, error)) (*Index, error) {
	if len(b) < len(magic)+8 || string(b[:len(magic)]) != magic {
		return nil, fmt.Errorf("%w: not an index of this version (want magic %s)", tocsin.ErrInvalid, magic)
	}
	rest := b[len(magic):]
	n := int64(binary.LittleEndian.Uint32(rest))
	rest = rest[4:]
	if n > int64(len(rest))-4 {
		return nil, fmt.Errorf("%w: header ends early", tocsin.ErrInvalid)
	}
	head, rest := rest[:n], rest[n:]
	if crc32.Checksum(head, castagnoli) != binary.LittleEndian.Uint32(rest) {
		return nil, fmt.Errorf("%w: header is damaged (checksum)", tocsin.ErrInvalid)
	}
	rest = rest[4:]
	var h header
	if err := json.Unmarshal(head, &h); err != nil {
		return nil, fmt.Errorf("%w: header: %v", tocsin.ErrInvalid, err)
	}
	var part [4][]byte
	end := int64(0)
	for i, s := range h.Sections {
		if s.Name != sectionNames[i] || s.Offset != end {
			return nil, fmt.Errorf("%w: header: section %d is %q at %d, want %s at %d", tocsin.ErrInvalid, i, s.Name, s.Offset, sectionNames[i], end)
		}
		end += s.Size
		if s.Offset < 0 || s.Size < 0 || s.Offset > int64(len(rest)) || s.Size > int64(len(rest))-s.Offset {
			return nil, fmt.Errorf("%w: section %s is cut off", tocsin.ErrInvalid, s.Name)
		}
		part[i] = rest[s.Offset : s.Offset+s.Size]
		sum, err := checksum(part[i], int64(len(b)-len(rest))+s.Offset, s.Size)
		if err != nil {
			return nil, fmt.Errorf("reading section %s: %w", s.Name, err)
		}
		if sum != s.CRC {
			return nil, fmt.Errorf("%w: section %s is damaged (checksum)", tocsin.ErrInvalid, s.Name)
		}
	}
	if end != int64(len(rest)) {
		return nil, fmt.Errorf("%w: %d bytes after the last section", tocsin.ErrInvalid, int64(len(rest))-end)
	}
	x := &Index{info: h.Snapshot, postings: part[1], offsets: part[2], classes: part[3]}
	keys, err := vellum.Load(part[0])
	if err != nil {
		return nil, fmt.Errorf("%w: section keys: %v", tocsin.ErrInvalid, err)
	}
	x.keys = keys
	x.finders.New = func() any { return newFinder(keys) }
	return x, nil
}

// newFinder gives nil if the keys cannot be read.
func newFinder(keys *vellum.FST) *finder {
	r, err := keys.Reader()
	if err != nil {
		return nil
	}
	return &finder{keys: r}
}

// Snapshot describes the data in the index.
func (x *Index) Snapshot() tocsin.Snapshot { return x.info }

// Lookup gives the postings for a package name of an ecosystem, releases of a distribution together. No posting is not
// an error. The name is normalised here.
func (x *Index) Lookup(ecosystem, name string) ([]tocsin.Posting, error) {
	at, ok, err := x.find(ecosystem, name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("looking up %s %s: %w", ecosystem, name, err)
	case !ok:
		return nil, nil
	case at > uint64(len(x.postings)):
		return nil, fmt.Errorf("looking up %s %s: %w", ecosystem, name, errShort)
	}
	c := cursor{b: x.postings[at:]}
	out := make([]tocsin.Posting, c.count())
	for i := range out {
		out[i].Record, out[i].Class, out[i].Affected = c.posting()
	}
	if c.err != nil {
		return nil, fmt.Errorf("reading postings of %s %s: %w", ecosystem, name, c.err)
	}
	return out, nil
}

func (x *Index) find(ecosystem, name string) (at uint64, ok bool, err error) {
	f, _ := x.finders.Get().(*finder)
	if f == nil {
		return 0, false, errKeys
	}
	defer x.finders.Put(f)
	f.key = appendKey(f.key[:0], ecosystem, name)
	return f.keys.Get(f.key)
}

// Class gives the class with the number that a [tocsin.Posting] carries.
func (x *Index) Class(n int) (tocsin.Class, error) {
	if n < 0 || (n+1)*4 > len(x.offsets) {
		return tocsin.Class{}, fmt.Errorf("class %d: %w", n, tocsin.ErrNotFound)
	}
	from := uint32(0)
	if n > 0 {
		from = binary.LittleEndian.Uint32(x.offsets[(n-1)*4:])
	}
	to := binary.LittleEndian.Uint32(x.offsets[n*4:])
	if from > to || int64(to) > int64(len(x.classes)) {
		return tocsin.Class{}, fmt.Errorf("class %d: %w", n, errShort)
	}
	var c tocsin.Class
	if err := json.Unmarshal(x.classes[from:to], &c); err != nil {
		return tocsin.Class{}, fmt.Errorf("reading class %d: %w", n, err)
	}
	return c, nil
}

// Close unmaps the file. Nothing that Lookup or Class returned refers to it.
func (x *Index) Close() error {
	if x.data == nil {
		return nil
	}
	return x.data.Unmap()
}
