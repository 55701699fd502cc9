package advisories

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/tocsin-dev/tocsin"
)

// A table finds numbers by the hash of a key: the hashes of all keys, sorted, eight bytes each, then the numbers, four
// bytes each, in the same order. Hashes are spread evenly, so that the place of one can be computed, and a look-up touches
// a page or two. Keys can share a hash, by chance or by malice: what a number leads to says which key it is for.
//
// It was measured against an FST (vellum), a key-value file and a map, see docs/decisions/index.md.
type table struct {
	part part
	n    int
}

// tableRow is the size of a row.
const tableRow = 8 + 4

type tableEntry struct {
	hash   uint64
	number uint32
}

func hashOf(key []byte) uint64 { return xxhash.Sum64(key) }

// encodeTable sorts the entries.
func encodeTable(entries []tableEntry) []byte {
	slices.SortFunc(entries, func(x, y tableEntry) int {
		switch {
		case x.hash < y.hash || x.hash == y.hash && x.number < y.number:
			return -1
		case x == y:
			return 0
		default:
			return 1
		}
	})
	b := make([]byte, 0, tableRow*len(entries))
	for _, e := range entries {
		b = binary.LittleEndian.AppendUint64(b, e.hash)
	}
	for _, e := range entries {
		b = binary.LittleEndian.AppendUint32(b, e.number)
	}
	return b
}

func openTable(name string, p part) (table, error) {
	if p.size%tableRow != 0 {
		return table{}, fmt.Errorf("%w: section %s: %d bytes are no table", tocsin.ErrInvalid, name, p.size)
	}
	return table{part: p, n: p.size / tableRow}, nil
}

// find gives the places of the rows with a hash.
func (t table) find(hash uint64) (from, to int, err error) {
	if from, err = t.first(hash); err != nil {
		return 0, 0, err
	}
	for to = from; to < t.n; to++ {
		if h, err := t.hash(to); h != hash || err != nil {
			return from, to, err
		}
	}
	return from, to, nil
}

func (t table) hash(i int) (uint64, error) {
	b, err := t.part.view(8*i, 8)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}

// number is what stands at a place.
func (t table) number(i int) (int, error) {
	b, err := t.part.view(8*t.n+4*i, 4)
	if err != nil {
		return 0, err
	}
	return int(binary.LittleEndian.Uint32(b)), nil
}

// first is the first place whose hash is not less.
func (t table) first(hash uint64) (int, error) {
	guess, _ := bits.Mul64(hash, uint64(t.n))
	// From the place where it should be, in growing steps to either side, then by halves.
	low, high := int(guess), int(guess)
	for step := 8; low > 0; step *= 2 {
		h, err := t.hash(low)
		if err != nil {
			return 0, err
		}
		if h < hash {
			break
		}
		low = max(0, low-step)
	}
	for step := 8; high < t.n; step *= 2 {
		h, err := t.hash(high)
		if err != nil {
			return 0, err
		}
		if h >= hash {
			break
		}
		high = min(t.n, high+step)
	}
	// All between is looked at as one.
	b, err := t.part.view(8*low, 8*(high-low))
	if err != nil {
		return 0, err
	}
	for from := low; low < high; {
		mid := int(uint(low+high) >> 1)
		if binary.LittleEndian.Uint64(b[8*(mid-from):]) < hash {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low, nil
}
