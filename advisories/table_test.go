package advisories

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestTable(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, hashes := range map[string][]uint64{
		"none":      nil,
		"one":       {7},
		"edges":     {0, 0, 1, math.MaxUint64, math.MaxUint64},
		"clustered": {5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 1 << 60},
		"top":       {math.MaxUint64 - 3, math.MaxUint64 - 2, math.MaxUint64 - 1},
		"spread": func() []uint64 {
			list := make([]uint64, 5000)
			for i := range list {
				list[i] = r.Uint64()
			}
			return append(list, list[:10]...)
		}(),
	} {
		want := map[uint64][]int{}
		var entries []tableEntry
		for i, h := range hashes {
			want[h] = append(want[h], i)
			entries = append(entries, tableEntry{h, uint32(i)})
		}
		tab, err := openTable("keys", inMemory(encodeTable(entries)))
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range append(slices.Clone(hashes), 0, 1, 6, 21, 1<<59, math.MaxUint64, r.Uint64()) {
			var got []int
			from, to, err := tab.find(h)
			for i := from; i < to && err == nil; i++ {
				var n int
				n, err = tab.number(i)
				got = append(got, n)
			}
			if err != nil || !slices.Equal(got, want[h]) {
				t.Errorf("%d hashes: %d gives %v, %v, want %v", len(hashes), h, got, err, want[h])
			}
		}
	}
	if _, err := openTable("keys", inMemory(make([]byte, tableRow+1))); err == nil {
		t.Error("no table: no error")
	}
}
