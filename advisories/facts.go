package advisories

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// Facts are what other feeds know of a CVE.
type Facts struct {
	// Source says what they were read from, so that the same need not be read again. It is no part of the snapshot id.
	Source string
	KEV    map[string]tocsin.KEV  // by CVE id
	EPSS   map[string]tocsin.EPSS // by CVE id
}

// FactTables are facts as rows of fixed length, sorted by their first eight bytes, the number of a CVE: a tenth of the memory
// of [Facts]. They lie apart from the classes because they change as a whole every day, when few records do.
type FactTables struct {
	source    string
	kev, epss []byte
}

const (
	kevRow  = 8 + 8 + 8 + 1         // number, date added, due date, ransomware
	epssRow = 8 + 8 + 8 + 8 + 4 + 4 // number, score, percentile, date, millionths of change
)

// Tables leaves out what is no CVE id.
func (f Facts) Tables() FactTables {
	return FactTables{
		source: f.Source,
		kev: rows(f.KEV, func(b []byte, k tocsin.KEV) []byte {
			b = binary.BigEndian.AppendUint64(b, uint64(unixOf(k.DateAdded)))
			b = binary.BigEndian.AppendUint64(b, uint64(unixOf(k.DueDate)))
			if k.Ransomware {
				return append(b, 1)
			}
			return append(b, 0)
		}),
		epss: rows(f.EPSS, func(b []byte, e tocsin.EPSS) []byte {
			b = binary.BigEndian.AppendUint64(b, math.Float64bits(e.Score))
			b = binary.BigEndian.AppendUint64(b, math.Float64bits(e.Percentile))
			b = binary.BigEndian.AppendUint64(b, uint64(unixOf(e.Date)))
			b = binary.BigEndian.AppendUint32(b, uint32(millionths(e.Change7d)))
			return binary.BigEndian.AppendUint32(b, uint32(millionths(e.Change30d)))
		}),
	}
}

func rows[F any](facts map[string]F, appendRow func([]byte, F) []byte) []byte {
	type numbered struct {
		number uint64
		id     string
	}
	list := make([]numbered, 0, len(facts))
	for id := range facts {
		if n, ok := cveNumber(id); ok {
			list = append(list, numbered{n, id})
		}
	}
	slices.SortFunc(list, func(a, b numbered) int { return cmp.Compare(a.number, b.number) })
	var b []byte
	for _, n := range list {
		b = binary.BigEndian.AppendUint64(b, n.number)
		b = appendRow(b, facts[n.id])
	}
	return b
}

// cveNumber is a CVE id as one number: year, count of digits, digits. ok is false for what is no CVE id.
// https://www.cve.org/About/Process
func cveNumber(id string) (n uint64, ok bool) {
	year, number, found := strings.Cut(strings.TrimPrefix(id, "CVE-"), "-")
	if !found || len(year) != 4 || len(number) > 12 || len(id) != len("CVE-")+len(year)+1+len(number) {
		return 0, false
	}
	y, err1 := strconv.ParseUint(year, 10, 16)
	n, err2 := strconv.ParseUint(number, 10, 40)
	return y<<44 | uint64(len(number))<<40 | n, err1 == nil && err2 == nil
}

// facts are fact tables in an open index.
type facts struct {
	source    string
	kev, epss part
}

// find gives the row of a CVE without its number.
func find(table part, size int, id string) (row []byte, ok bool, err error) {
	n, ok := cveNumber(id)
	if !ok {
		return nil, false, nil
	}
	low, high := 0, table.size/size
	for low < high {
		mid := int(uint(low+high) >> 1)
		row, err := table.view(mid*size, size)
		if err != nil {
			return nil, false, err
		}
		switch at := binary.BigEndian.Uint64(row); {
		case at == n:
			return row[8:], true, nil
		case at < n:
			low = mid + 1
		default:
			high = mid
		}
	}
	return nil, false, nil
}

// attach adds what is known of the ids of a class: the earliest entry of KEV, the highest score of EPSS.
func (f facts) attach(c *tocsin.Class) error {
	for _, id := range c.Aliases {
		row, ok, err := find(f.kev, kevRow, id)
		if err != nil {
			return err
		}
		if ok {
			addKEV(c, tocsin.KEV{CVE: id, DateAdded: unixTime(int64(binary.BigEndian.Uint64(row))), DueDate: unixTime(int64(binary.BigEndian.Uint64(row[8:]))), Ransomware: row[16] == 1})
		}
		if row, ok, err = find(f.epss, epssRow, id); err != nil {
			return err
		}
		if ok {
			addEPSS(c, tocsin.EPSS{
				CVE: id, Score: math.Float64frombits(binary.BigEndian.Uint64(row)), Percentile: math.Float64frombits(binary.BigEndian.Uint64(row[8:])),
				Date:     unixTime(int64(binary.BigEndian.Uint64(row[16:]))),
				Change7d: float64(int32(binary.BigEndian.Uint32(row[24:]))) / million, Change30d: float64(int32(binary.BigEndian.Uint32(row[28:]))) / million,
			})
		}
	}
	return nil
}

// Attach adds what is known of the ids of a class, as an index with these facts does.
func (f Facts) Attach(c *tocsin.Class) {
	for _, id := range c.Aliases {
		if k, ok := f.KEV[id]; ok {
			addKEV(c, k)
		}
		if e, ok := f.EPSS[id]; ok {
			addEPSS(c, e)
		}
	}
}

// addKEV keeps the earliest entry.
func addKEV(c *tocsin.Class, k tocsin.KEV) {
	if c.KEV == nil || k.DateAdded.Before(c.KEV.DateAdded) {
		c.KEV = &k
	}
}

// addEPSS keeps the highest score.
func addEPSS(c *tocsin.Class, e tocsin.EPSS) {
	if c.EPSS == nil || e.Score > c.EPSS.Score {
		c.EPSS = &e
	}
}
