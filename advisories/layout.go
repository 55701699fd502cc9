package advisories

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/blevesearch/vellum"
	"github.com/go-json-experiment/json"

	"github.com/tocsin-dev/tocsin"
)

// The index file:
//
//	magic, 8 bytes
//	length of the header, 4 bytes, little endian
//	header, JSON: the snapshot and where each section lies, with its CRC-32C
//	CRC-32C of the header, 4 bytes
//	section keys: an FST from key (appendKey) to the offset of its postings
//	section postings: for each key a count and its postings, see encodePosting
//	section offsets: the end of each class in section classes, 4 bytes each
//	section classes: each class as JSON
//
// A change of this layout changes the magic; an older file is then rebuilt from the stored revisions.
const magic = "TOCSIX02"

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	errShort   = errors.New("record ends early")
	errKeys    = errors.New("the key index cannot be read")

	sectionNames = [4]string{"keys", "postings", "offsets", "classes"}
)

type header struct {
	Snapshot tocsin.Snapshot `json:"snapshot"`
	Sections [4]section      `json:"sections"`
}

type section struct {
	Name   string `json:"name"`
	Offset int64  `json:"offset"` // from the end of the header's checksum
	Size   int64  `json:"size"`
	CRC    uint32 `json:"crc"`
}

// write lays out the file. Postings are sorted by key.
func write(w io.Writer, info tocsin.Snapshot, postings []posting, of func(posting) (record string, class int), classes []tocsin.Class) error {
	var keys, body, offsets, texts bytes.Buffer
	fst, err := vellum.New(&keys, nil)
	if err != nil {
		return fmt.Errorf("starting the key index: %w", err)
	}
	for i := 0; i < len(postings); {
		n := i
		for n < len(postings) && postings[n].key == postings[i].key {
			n++
		}
		if err := fst.Insert([]byte(postings[i].key), uint64(body.Len())); err != nil {
			return fmt.Errorf("indexing key %q: %w", postings[i].key, err)
		}
		putUint(&body, n-i)
		for ; i < n; i++ {
			record, class := of(postings[i])
			encodePosting(&body, record, class, postings[i].affected)
		}
	}
	if err := fst.Close(); err != nil {
		return fmt.Errorf("closing the key index: %w", err)
	}
	for _, c := range classes {
		b, err := json.Marshal(c)
		if err != nil {
			return fmt.Errorf("encoding class %s: %w", c.ID, err)
		}
		texts.Write(b)
		offsets.Write(binary.LittleEndian.AppendUint32(nil, uint32(texts.Len())))
	}
	return assemble(w, info, &keys, &body, &offsets, &texts)
}

func assemble(w io.Writer, info tocsin.Snapshot, parts ...*bytes.Buffer) error {
	h := header{Snapshot: info}
	var at int64
	for i, name := range sectionNames {
		b := parts[i].Bytes()
		h.Sections[i] = section{Name: name, Offset: at, Size: int64(len(b)), CRC: crc32.Checksum(b, castagnoli)}
		at += int64(len(b))
	}
	head, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encoding the header: %w", err)
	}
	front := append([]byte(magic), binary.LittleEndian.AppendUint32(nil, uint32(len(head)))...)
	front = append(front, head...)
	front = binary.LittleEndian.AppendUint32(front, crc32.Checksum(head, castagnoli))
	if _, err := w.Write(front); err != nil {
		return fmt.Errorf("writing the header: %w", err)
	}
	for _, p := range parts {
		if _, err := p.WriteTo(w); err != nil {
			return fmt.Errorf("writing a section: %w", err)
		}
	}
	return nil
}

const (
	eventIntroduced = iota
	eventFixed
	eventLastAffected
	eventLimit
)

var rangeTypes = []tocsin.RangeType{tocsin.RangeEcosystem, tocsin.RangeSemver}

func encodePosting(b *bytes.Buffer, record string, class int, a tocsin.Affected) {
	putString(b, record)
	putUint(b, class)
	putString(b, a.Package.Ecosystem)
	putUint(b, len(a.Ranges))
	for _, r := range a.Ranges {
		kind := 0
		if r.Type == tocsin.RangeSemver {
			kind = 1
		}
		putUint(b, kind)
		putUint(b, len(r.Events))
		for _, e := range r.Events {
			switch {
			case e.Introduced != "":
				putEvent(b, eventIntroduced, e.Introduced)
			case e.Fixed != "":
				putEvent(b, eventFixed, e.Fixed)
			case e.LastAffected != "":
				putEvent(b, eventLastAffected, e.LastAffected)
			default:
				putEvent(b, eventLimit, e.Limit)
			}
		}
	}
	putUint(b, len(a.Versions))
	for _, v := range a.Versions {
		putString(b, v)
	}
}

func putEvent(b *bytes.Buffer, kind int, version string) {
	putUint(b, kind)
	putString(b, version)
}

func putUint(b *bytes.Buffer, n int) { b.Write(binary.AppendUvarint(nil, uint64(n))) }

func putString(b *bytes.Buffer, s string) {
	putUint(b, len(s))
	b.WriteString(s)
}

// cursor reads what the put functions wrote. After the first error every read gives zero values, so callers check once.
type cursor struct {
	b   []byte
	err error
}

func (c *cursor) uint() int {
	n, size := binary.Uvarint(c.b)
	if size <= 0 || n > 1<<31 {
		c.b, c.err = nil, errShort
		return 0
	}
	c.b = c.b[size:]
	return int(n)
}

// count reads a number of things that take at least one byte each, so that damage cannot make us allocate.
func (c *cursor) count() int {
	n := c.uint()
	if n > len(c.b) {
		c.b, c.err = nil, errShort
		return 0
	}
	return n
}

func (c *cursor) string() string {
	n := c.count()
	s := string(c.b[:n])
	c.b = c.b[n:]
	return s
}

func (c *cursor) posting() (record string, class int, a tocsin.Affected) {
	record, class = c.string(), c.uint()
	a.Package.Ecosystem = c.string()
	a.Ranges = make([]tocsin.Range, c.count())
	for i := range a.Ranges {
		a.Ranges[i].Type = rangeTypes[min(c.uint(), 1)]
		a.Ranges[i].Events = make([]tocsin.Event, c.count())
		for j := range a.Ranges[i].Events {
			e := &a.Ranges[i].Events[j]
			kind, v := c.uint(), c.string()
			switch kind {
			case eventIntroduced:
				e.Introduced = v
			case eventFixed:
				e.Fixed = v
			case eventLastAffected:
				e.LastAffected = v
			default:
				e.Limit = v
			}
		}
	}
	a.Versions = make([]string, c.count())
	for i := range a.Versions {
		a.Versions[i] = c.string()
	}
	return record, class, a
}
