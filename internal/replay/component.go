package replay

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
)

// A component is the records that any alias assertion ever joined: what happens in it concerns no other.
type component struct {
	ids     []string // sorted, aliases among them
	records []Record
	states  []state
	places  []place
}

// A state is the records of a component from one moment until the next state.
type state struct {
	from    time.Time
	records []Record
	exact   bool
	// found are the findings, by number of the distinct package.
	found map[int][]tocsin.Finding
}

// components joins records by their ids and aliases, over all revisions. They are sorted by their first id.
func components(records []Record, w Window) []*component {
	parent := map[string]string{}
	var find func(id string) string
	find = func(id string) string {
		p, ok := parent[id]
		if !ok || p == id {
			parent[id] = id
			return id
		}
		root := find(p)
		parent[id] = root
		return root
	}
	for _, r := range records {
		root := find(r.Advisory.ID)
		for _, alias := range advisories.Aliases(r.Advisory) {
			parent[find(alias)] = root
		}
	}
	byRoot := map[string]*component{}
	for id := range parent {
		root := find(id)
		if byRoot[root] == nil {
			byRoot[root] = &component{}
		}
		byRoot[root].ids = append(byRoot[root].ids, id)
	}
	for _, r := range records {
		c := byRoot[find(r.Advisory.ID)]
		c.records = append(c.records, r)
	}
	out := make([]*component, 0, len(byRoot))
	for _, c := range byRoot {
		slices.Sort(c.ids)
		c.settle(w)
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *component) int { return strings.Compare(a.ids[0], b.ids[0]) })
	return out
}

// settle works out the states within the window. What was before it is the first.
func (c *component) settle(w Window) {
	slices.SortFunc(c.records, func(a, b Record) int {
		return cmp.Or(strings.Compare(a.Advisory.ID, b.Advisory.ID), a.From.Compare(b.From), strings.Compare(a.Digest, b.Digest))
	})
	times := []time.Time{w.Since}
	for _, r := range c.records {
		for _, t := range []time.Time{r.From, r.To} {
			if t.After(w.Since) && t.Before(w.Until) {
				times = append(times, t)
			}
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	for _, t := range slices.CompactFunc(times, time.Time.Equal) {
		s := state{from: t, exact: true}
		for _, r := range c.records {
			if !r.From.After(t) && (r.To.IsZero() || t.Before(r.To)) {
				s.records = append(s.records, r)
				s.exact = s.exact && r.Exact
			}
		}
		c.states = append(c.states, s)
	}
	c.records = nil
}

// at gives the number of the state at a time.
func (c *component) at(t time.Time) int {
	n, ok := slices.BinarySearchFunc(c.states, t, func(s state, t time.Time) int { return s.from.Compare(t) })
	if !ok {
		n--
	}
	return n
}
