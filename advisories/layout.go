package advisories

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/go-json-experiment/json"

	"github.com/tocsin-dev/tocsin"
)

// The index file:
//
//	magic, 8 bytes
//	the sections, one after another
//	header, JSON: the snapshot, and where each section lies, with its CRC-32C
//	length of the header, 4 bytes, little endian
//	CRC-32C of the header, 4 bytes
//	magic, 8 bytes
//
// A layer is six sections: postings; keys, a table from package (appendKey) to the offset of its postings; classes; ends,
// where each class ends, 4 bytes each; names; ids, a table from any id of a class to its number. There is a base layer, and
// after small syncs one of changes, which goes before it, with the ids of the base that it replaces. The facts come last.
//
// A change of this layout changes the magic; an older file is then rebuilt from the stored revisions.
const magic = "TOCSIX03"

const footerSize = 4 + 4 + len(magic)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

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
	CRC    uint32 `json:"crc"`
}

// A layout writes an index file. After the first error every write fails with it.
type layout struct {
	w        io.Writer
	at       int64
	sections []section
	err      error
}

func newLayout(w io.Writer) *layout {
	l := &layout{w: w}
	l.bytes([]byte(magic))
	return l
}

func (l *layout) bytes(b []byte) {
	if l.err != nil {
		return
	}
	n, err := l.w.Write(b)
	l.at += int64(n)
	l.err = err
}

// begin starts a section, which Write then fills.
func (l *layout) begin(name string) {
	l.sections = append(l.sections, section{Name: name, Offset: l.at})
}

// Write adds to the section that was begun.
func (l *layout) Write(b []byte) (int, error) {
	s := &l.sections[len(l.sections)-1]
	s.CRC = crc32.Update(s.CRC, castagnoli, b)
	s.Size += int64(len(b))
	l.bytes(b)
	return len(b), l.err
}

func (l *layout) section(name string, b []byte) {
	l.begin(name)
	_, _ = l.Write(b) // finish tells
}

func (l *layout) finish(h header) error {
	h.Sections = l.sections
	head, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encoding the header: %w", err)
	}
	l.bytes(head)
	tail := binary.LittleEndian.AppendUint32(nil, uint32(len(head)))
	tail = binary.LittleEndian.AppendUint32(tail, crc32.Checksum(head, castagnoli))
	l.bytes(append(tail, magic...))
	return l.err
}

// readHeader reads the header and checks that the sections fill the file.
func readHeader(b []byte) (header, error) {
	var h header
	if len(b) < len(magic)+footerSize || string(b[:len(magic)]) != magic {
		return h, fmt.Errorf("%w: not an index of this version (want magic %s)", tocsin.ErrInvalid, magic)
	}
	footer := b[len(b)-footerSize:]
	if string(footer[8:]) != magic {
		return h, fmt.Errorf("%w: the file is cut off, or its last magic is damaged", tocsin.ErrInvalid)
	}
	n := int64(binary.LittleEndian.Uint32(footer))
	end := int64(len(b) - footerSize)
	if n > end-int64(len(magic)) {
		return h, fmt.Errorf("%w: header: it cannot be %d bytes long", tocsin.ErrInvalid, n)
	}
	head := b[end-n : end]
	if crc32.Checksum(head, castagnoli) != binary.LittleEndian.Uint32(footer[4:]) {
		return h, fmt.Errorf("%w: header is damaged (checksum)", tocsin.ErrInvalid)
	}
	if err := json.Unmarshal(head, &h); err != nil {
		return h, fmt.Errorf("%w: header: %v", tocsin.ErrInvalid, err)
	}
	names := append(append([]string{}, baseSections...), factSections...)
	if len(h.Sections) > len(names) {
		names = append(append(append([]string{}, baseSections...), changeSections...), factSections...)
	}
	if len(h.Sections) != len(names) {
		return h, fmt.Errorf("%w: header: %d sections, want %d", tocsin.ErrInvalid, len(h.Sections), len(names))
	}
	at := int64(len(magic))
	for i, s := range h.Sections {
		if s.Name != names[i] || s.Offset != at || s.Size < 0 || s.Size > end-n-at {
			return h, fmt.Errorf("%w: header: section %d is %q, %d bytes at %d; want %s at %d", tocsin.ErrInvalid, i, s.Name, s.Size, s.Offset, names[i], at)
		}
		at += s.Size
	}
	if at != end-n {
		return h, fmt.Errorf("%w: %d bytes between the last section and the header", tocsin.ErrInvalid, end-n-at)
	}
	return h, nil
}
