package advisories_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
)

// TestEPSSChanges: how far a score moved reaches the class through the index, and what is not known is 0.
func TestEPSSChanges(t *testing.T) {
	scores := func(list map[string]float64) map[string]tocsin.EPSS {
		out := map[string]tocsin.EPSS{}
		for id, s := range list {
			out[id] = tocsin.EPSS{CVE: id, Score: s}
		}
		return out
	}
	now := scores(map[string]float64{"CVE-2024-1": 0.30001, "CVE-2024-2": 0.5, "CVE-2024-3": 1})
	week, month := scores(map[string]float64{"CVE-2024-1": 0.1, "CVE-2024-3": 0}), scores(map[string]float64{"CVE-2024-1": 0.90002})
	want := map[string][2]float64{"CVE-2024-1": {0.20001, -0.60001}, "CVE-2024-2": {}, "CVE-2024-3": {1, 0}}
	for id, e := range now {
		now[id] = advisories.EPSSChanges(e, week, month)
	}
	facts := advisories.Facts{EPSS: now}
	x := load(t, build(t, facts, advisory("A-1", "npm", "a", "CVE-2024-1"), advisory("A-2", "npm", "b", "CVE-2024-2"), advisory("A-3", "npm", "c", "CVE-2024-3")))
	for id, changes := range want {
		indexed, err := x.ClassOf(id)
		if err != nil {
			t.Fatal(err)
		}
		attached := tocsin.Class{Aliases: indexed.Aliases}
		facts.Attach(&attached)
		if d := cmp.Diff(attached.EPSS.Change7d, indexed.EPSS.Change7d) + cmp.Diff(attached.EPSS.Change30d, indexed.EPSS.Change30d); d != "" || indexed.EPSS.Change7d != changes[0] || indexed.EPSS.Change30d != changes[1] {
			t.Errorf("%s: %+v, want %v\n%s", id, indexed.EPSS, changes, d)
		}
	}
	if e := advisories.EPSSChanges(tocsin.EPSS{CVE: "CVE-2024-2", Score: 0.5}, nil, nil); e.Change7d != 0 || e.Change30d != 0 {
		t.Errorf("%+v", e)
	}
}

func TestEarlier(t *testing.T) {
	at := func(day, hour int) time.Time { return time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		seen []time.Time
		want int
	}{
		"none":                     {nil, -1},
		"too young":                {[]time.Time{at(14, 6)}, -1},
		"the newest that is old":   {[]time.Time{at(10, 6), at(12, 6), at(14, 6)}, 1},
		"an hour short of a week":  {[]time.Time{at(13, 23)}, 0},
		"too old to tell of it":    {[]time.Time{at(5, 23)}, -1},
		"just young enough":        {[]time.Time{at(6, 0)}, 0},
		"two in a day, the latter": {[]time.Time{at(13, 3), at(13, 9)}, 1},
	} {
		seen := append(c.seen, at(20, 6))
		if got := advisories.Earlier(seen, len(seen)-1, 7); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	if got := advisories.Earlier(nil, -1, 7); got != -1 {
		t.Errorf("of nothing: %d", got)
	}
}
