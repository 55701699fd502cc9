package advisories

import (
	"encoding/binary"
	"fmt"
	"iter"
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
	hashes, numbers []byte
	n               int
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

func openTable(name string, b []byte) (table, error) {
	if len(b)%tableRow != 0 {
		return table{}, fmt.Errorf("%w: section %s: %d bytes are no table", tocsin.ErrInvalid, name, len(b))
	}
	n := len(b) / tableRow
	return table{hashes: b[:8*n], numbers: b[8*n:], n: n}, nil
}

func (t table) hash(i int) uint64 { return binary.LittleEndian.Uint64(t.hashes[8*i:]) }

// find yields the numbers under a hash.
func (t table) find(hash uint64) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := t.first(hash); i < t.n && t.hash(i) == hash; i++ {
			if !yield(int(binary.LittleEndian.Uint32(t.numbers[4*i:]))) {
				return
			}
		}
	}
}

// first is the first place whose hash is not less.
func (t table) first(hash uint64) int {
	if t.n == 0 {
		return 0
	}
	guess, _ := bits.Mul64(hash, uint64(t.n))
	// From the place where it should be, in growing steps to either side, then by halves.
	low, high := int(guess), int(guess)
	for step := 8; low > 0 && t.hash(low) >= hash; step *= 2 {
		low = max(0, low-step)
	}
	for step := 8; high < t.n && t.hash(high) < hash; step *= 2 {
		high = min(t.n, high+step)
	}
	for low < high {
		mid := int(uint(low+high) >> 1)
		if t.hash(mid) < hash {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}
