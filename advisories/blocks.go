package advisories

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"runtime/debug"
	"sync/atomic"

	"github.com/tocsin-dev/tocsin"
)

// blockSize is what one checksum covers: small, because a look-up checks all of each block that it comes to; large, because
// opening reads four bytes for each. Measured in docs/decisions/index.md.
const blockSize = 16 << 10

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrDamaged is wrapped by the error of everything that comes to a damaged block. What else was read from the index is sound,
// but no verdict: take the newest index that [OpenWhole] opens, and ask it all again.
var ErrDamaged = fmt.Errorf("%w: the advisory index is damaged", tocsin.ErrInvalid)

// blocks are the sections of an index file. No byte is believed before the checksum of its block was compared, which is done
// once, when it is first looked at: a scan looks at a few blocks of many thousand. Safe for concurrent use.
type blocks struct {
	data     []byte          // the file up to the end of the last section
	sums     []byte          // the CRC-32C of each block, four bytes each
	sound    []atomic.Uint64 // a bit for each block that was found whole
	sections []section       // name what is damaged
}

// newBlocks takes the checksums as they are; they must be as many as the blocks of data.
func newBlocks(data, sums []byte, sections []section) *blocks {
	return &blocks{data: data, sums: sums, sound: make([]atomic.Uint64, (countBlocks(len(data))+63)/64), sections: sections}
}

func countBlocks(size int) int { return (size + blockSize - 1) / blockSize }

// view gives the bytes from one place up to another, which must lie in data.
func (b *blocks) view(from, to int) ([]byte, error) {
	for i := from / blockSize; i*blockSize < to; i++ {
		if b.sound[i/64].Load()&(1<<(i%64)) == 0 {
			if err := b.check(i); err != nil {
				return nil, err
			}
		}
	}
	return b.data[from:to:to], nil
}

// check compares a block of data with its checksum. Behind a map, what the disk cannot read is a fault where it is touched.
func (b *blocks) check(i int) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch e := recover().(type) {
		case nil:
		case interface {
			runtime.Error
			Addr() uintptr
		}:
			err = b.damage(i, "it cannot be read")
		default:
			panic(e)
		}
	}()
	return b.compare(i, b.data[i*blockSize:min((i+1)*blockSize, len(b.data))])
}

// compare says whether this is what block i holds.
func (b *blocks) compare(i int, is []byte) error {
	if crc32.Checksum(is, castagnoli) != binary.LittleEndian.Uint32(b.sums[4*i:]) {
		return b.damage(i, "checksum")
	}
	b.sound[i/64].Or(1 << (i % 64))
	return nil
}

// damage names the sections that lie in a block.
func (b *blocks) damage(i int, why string) error {
	from, to := int64(i*blockSize), int64((i+1)*blockSize)
	first, last := "", ""
	for _, s := range b.sections {
		if s.Offset < to && s.Offset+s.Size > from {
			last = s.Name
			if first == "" {
				first = s.Name
			}
		}
	}
	if first != last {
		first += " to " + last
	}
	return fmt.Errorf("%w: section %s, block at %d (%s)", ErrDamaged, first, from, why)
}

// copy copies from one place up to another, checked, through the file rather than the map: what is mapped and touched counts
// as memory of ours.
func (b *blocks) copy(w io.Writer, file io.ReaderAt, from, to int) error {
	buffer := make([]byte, blockSize)
	for i := from / blockSize; i*blockSize < to; i++ {
		at := i * blockSize
		block := buffer[:min(blockSize, len(b.data)-at)]
		if _, err := file.ReadAt(block, int64(at)); err != nil {
			return b.damage(i, err.Error())
		}
		if err := b.compare(i, block); err != nil {
			return err
		}
		if _, err := w.Write(block[max(from-at, 0):min(to-at, len(block))]); err != nil {
			return err
		}
	}
	return nil
}

// A part is one section.
type part struct {
	blocks   *blocks
	at, size int
}

// view gives n bytes from a place of the section.
func (p part) view(at, n int) ([]byte, error) {
	if at < 0 || n < 0 || at > p.size-n {
		return nil, errShort
	}
	return p.blocks.view(p.at+at, p.at+at+n)
}

// all gives the whole section.
func (p part) all() ([]byte, error) { return p.view(0, p.size) }
