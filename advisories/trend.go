package advisories

import (
	"math"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// EPSSChanges notes how far a score moved, given all scores of about 7 and 30 days before; nil where there are none. A CVE that
// had no score then has not moved.
func EPSSChanges(e tocsin.EPSS, week, month map[string]tocsin.EPSS) tocsin.EPSS {
	change := func(then map[string]tocsin.EPSS) float64 {
		if was, ok := then[e.CVE]; ok {
			return float64(millionths(e.Score-was.Score)) / million
		}
		return 0
	}
	e.Change7d, e.Change30d = change(week), change(month)
	return e
}

// million makes whole numbers of scores: EPSS has five decimals.
const million = 1e6

func millionths(change float64) int32 { return int32(math.Round(min(max(change, -1), 1) * million)) }

// Earlier gives the place of the newest document that was first seen at least so many days before another one, given when each
// was, in order; -1 if there is none, or none in twice the time, which would tell of another trend. Days are counted as those of
// UTC, since no two syncs come at the same second.
func Earlier(seen []time.Time, of, days int) int {
	day := func(i int) int64 { return seen[i].Unix() / int64(tocsin.Day/time.Second) }
	for i := of - 1; i >= 0; i-- {
		if age := day(of) - day(i); age >= int64(days) {
			if age > 2*int64(days) {
				return -1
			}
			return i
		}
	}
	return -1
}
