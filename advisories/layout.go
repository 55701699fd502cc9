package advisories

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/tocsin-dev/tocsin"
)

// The index file:
//
//	magic, 8 bytes
//	the sections, one after another
//	the CRC-32C of each block of all that, 4 bytes each, little endian
//	header, JSON: the snapshot, where each section lies, and the CRC-32C of the checksums
//	length of the header, 4 bytes, little endian
//	CRC-32C of the header, 4 bytes
//	magic, 8 bytes
//
// A layer is six sections: postings; keys, a table from package (appendKey) to the offset of its postings; classes; ends,
// where each class ends, 4 bytes each; names; ids, a table from any id of a class to its number. There is a base layer, and
// after small syncs one of changes, which goes before it, with the ids of the base that it replaces. The facts come last.
//
// A change of this layout changes the magic; an older file is then rebuilt from the stored revisions.
const magic = "TOCSIX05"

const footerSize = 4 + 4 + int64(len(magic))

// The names of the sections, in their order. Those of the changes are there together or not at all.
var (
	baseSections   = []string{"postings", "keys", "classes", "ends", "names", "ids"}
	changeSections = []string{"changed postings", "changed keys", "changed classes", "changed ends", "changed names", "changed ids", "replaced"}
	factSections   = []string{"kev", "epss"}
)

type header struct {
	Snapshot tocsin.Snapshot `json:"snapshot"`
	// Base is what the base layer was built from.
	Base baseInfo `json:"base"`
	// Facts is what the facts were read from.
	Facts    string    `json:"facts"`
	Sections []section `json:"sections"`
	// Sums is the CRC-32C of the checksums of the blocks.
	Sums uint32 `json:"sums"`
}

// baseInfo says what the base layer holds.
type baseInfo struct {
	// Cursor is that of the snapshot that it was built as.
	Cursor  string `json:"cursor"`
	Sum     sum    `json:"sum"`
	Records int    `json:"records"`
	Classes int    `json:"classes"`
}

type section struct {
	Name   string `json:"name"`
	Offset int64  `json:"offset"`
	Size   int64  `json:"size"`
}

// A layout writes an index file. After the first error every write fails with it.
type layout struct {
	w        io.Writer
	at       int64
	sections []section
	sum      uint32 // of the block that was begun
	sums     []byte // of those before it
	err      error
}

func newLayout(w io.Writer) *layout {
	l := &layout{w: w}
	l.bytes([]byte(magic))
	return l
}

// bytes writes what the checksums cover.
func (l *layout) bytes(b []byte) {
	l.write(b)
	for len(b) > 0 {
		n := min(len(b), blockSize-int(l.at%blockSize))
		l.sum = crc32.Update(l.sum, castagnoli, b[:n])
		l.at, b = l.at+int64(n), b[n:]
		if l.at%blockSize == 0 {
			l.seal()
		}
	}
}

// seal ends a block.
func (l *layout) seal() {
	l.sums = binary.LittleEndian.AppendUint32(l.sums, l.sum)
	l.sum = 0
}

func (l *layout) write(b []byte) {
	if l.err == nil {
		_, l.err = l.w.Write(b)
	}
}

// begin starts a section, which Write then fills.
func (l *layout) begin(name string) {
	l.sections = append(l.sections, section{Name: name, Offset: l.at})
}

// Write adds to the section that was begun.
func (l *layout) Write(b []byte) (int, error) {
	l.sections[len(l.sections)-1].Size += int64(len(b))
	l.bytes(b)
	return len(b), l.err
}

func (l *layout) section(name string, b []byte) {
	l.begin(name)
	_, _ = l.Write(b) // finish tells
}

func (l *layout) finish(h header) error {
	if l.at%blockSize > 0 {
		l.seal()
	}
	h.Sections, h.Sums = l.sections, crc32.Checksum(l.sums, castagnoli)
	head, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encoding the header: %w", err)
	}
	l.write(l.sums)
	l.write(head)
	tail := binary.LittleEndian.AppendUint32(nil, uint32(len(head)))
	tail = binary.LittleEndian.AppendUint32(tail, crc32.Checksum(head, castagnoli))
	l.write(append(tail, magic...))
	return l.err
}

// readHeader reads the header and the checksums of the blocks, and checks that the sections fill the rest of the file.
func readHeader(file io.ReaderAt, size int64) (h header, sums []byte, err error) {
	footer := make([]byte, footerSize)
	if size < int64(len(magic))+footerSize {
		return h, nil, fmt.Errorf("%w: not an index: %d bytes", tocsin.ErrInvalid, size)
	}
	if _, err := file.ReadAt(footer[:len(magic)], 0); err != nil {
		return h, nil, fmt.Errorf("reading the magic: %w", err)
	}
	if string(footer[:len(magic)]) != magic {
		return h, nil, fmt.Errorf("%w: not an index of this version (want magic %s)", tocsin.ErrInvalid, magic)
	}
	end := size - footerSize
	if _, err := file.ReadAt(footer, end); err != nil {
		return h, nil, fmt.Errorf("reading the end: %w", err)
	}
	if string(footer[8:]) != magic {
		return h, nil, fmt.Errorf("%w: the file is cut off, or its last magic is damaged", tocsin.ErrInvalid)
	}
	n := int64(binary.LittleEndian.Uint32(footer))
	if n > end-int64(len(magic)) {
		return h, nil, fmt.Errorf("%w: header: it cannot be %d bytes long", tocsin.ErrInvalid, n)
	}
	head := make([]byte, n)
	if _, err := file.ReadAt(head, end-n); err != nil {
		return h, nil, fmt.Errorf("reading the header: %w", err)
	}
	if crc32.Checksum(head, castagnoli) != binary.LittleEndian.Uint32(footer[4:]) {
		return h, nil, fmt.Errorf("%w: header is damaged (checksum)", tocsin.ErrInvalid)
	}
	if err := json.Unmarshal(head, &h); err != nil {
		return h, nil, fmt.Errorf("%w: header: %v", tocsin.ErrInvalid, err)
	}
	at, err := h.end(end - n)
	if err != nil {
		return h, nil, err
	}
	sums = make([]byte, 4*countBlocks(int(at)))
	if end-n-at != int64(len(sums)) {
		return h, nil, fmt.Errorf("%w: %d bytes between the last section and the header, want %d", tocsin.ErrInvalid, end-n-at, len(sums))
	}
	if _, err := file.ReadAt(sums, at); err != nil {
		return h, nil, fmt.Errorf("reading the checksums: %w", err)
	}
	if crc32.Checksum(sums, castagnoli) != h.Sums {
		return h, nil, fmt.Errorf("%w: the table of checksums is damaged", tocsin.ErrInvalid)
	}
	return h, sums, nil
}

// end checks that the sections lie one after another within so many bytes, and says where the last one ends.
func (h header) end(size int64) (int64, error) {
	names := slices.Concat(baseSections, factSections)
	if len(h.Sections) > len(names) {
		names = slices.Concat(baseSections, changeSections, factSections)
	}
	if len(h.Sections) != len(names) {
		return 0, fmt.Errorf("%w: header: %d sections, want %d", tocsin.ErrInvalid, len(h.Sections), len(names))
	}
	at := int64(len(magic))
	for i, s := range h.Sections {
		if s.Name != names[i] || s.Offset != at || s.Size < 0 || s.Size > size-at {
			return 0, fmt.Errorf("%w: header: section %d is %q, %d bytes at %d; want %s at %d", tocsin.ErrInvalid, i, s.Name, s.Size, s.Offset, names[i], at)
		}
		at += s.Size
	}
	return at, nil
}
