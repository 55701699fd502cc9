package replay

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
)

// A Course is a history that was matched: policies can be run over it. It is safe for concurrent use.
type Course struct {
	window   Window
	projects []Project
	begun    []time.Time // when each project had its first inventory, sorted
	// components are those that something in an inventory may be about.
	components []*component
	kev        map[string]KEV // by CVE id
	epss       []EPSS
	before     [][2]int // the places of what each of epss is compared with, -1 for none
	excused    []tocsin.Exception
	basis      Basis
}

// Basis says what a replay rests on.
type Basis struct {
	Records       int `json:"records"` // revisions that were replayed
	Reconstructed int `json:"reconstructed_records"`
	Inventories   int `json:"inventories"`
	FromHistory   int `json:"inventories_from_git"`
	Packages      int `json:"packages"` // distinct
	EPSSDays      int `json:"epss_days"`
	Exceptions    int `json:"exceptions"` // as they stand today
	// SyncedSince is when the first revision was seen; everything before it is reconstructed.
	SyncedSince time.Time `json:"synced_since,omitzero"`
}

// Prepare lays out a history over a window and matches it. The error is the context's, or that of a record that cannot be
// indexed. progress, if not nil, is told how many of how many inventories are laid out.
func Prepare(ctx context.Context, h History, w Window, progress func(done, total int)) (*Course, error) {
	c := &Course{window: w, kev: map[string]KEV{}, epss: slices.Clone(h.EPSS), excused: h.Exceptions}
	for _, k := range h.KEV {
		if have, ok := c.kev[k.Entry.CVE]; !ok || k.From.Before(have.From) {
			c.kev[k.Entry.CVE] = k
		}
	}
	slices.SortFunc(c.epss, func(a, b EPSS) int { return a.From.Compare(b.From) })
	var seen []time.Time
	for i, e := range c.epss {
		seen = append(seen, e.From)
		c.before = append(c.before, [2]int{advisories.Earlier(seen, i, 7), advisories.Earlier(seen, i, 30)})
	}
	for _, p := range h.Projects {
		p.Inventories = w.Within(p.Inventories)
		if len(p.Inventories) > 0 {
			c.begun = append(c.begun, w.clamp(p.Inventories[0].TakenAt))
		}
		c.projects = append(c.projects, p)
	}
	slices.SortFunc(c.begun, time.Time.Compare)
	slices.SortFunc(c.projects, func(a, b Project) int { return strings.Compare(a.Slug, b.Slug) })
	c.components = components(h.Records, w)
	d := c.distinct()
	if err := c.match(ctx, d); err != nil {
		return nil, err
	}
	if err := c.hold(ctx, d, progress); err != nil {
		return nil, err
	}
	c.weigh(h, len(d.list))
	return c, nil
}

// Within keeps the inventories of a window: the last one from before it, and all that begin in it.
func (w Window) Within(list []tocsin.Inventory) []tocsin.Inventory {
	first := 0
	var out []tocsin.Inventory
	for i, inv := range list {
		if !inv.TakenAt.After(w.Since) {
			first = i
		}
	}
	for _, inv := range list[min(first, len(list)):] {
		if inv.TakenAt.Before(w.Until) {
			out = append(out, inv)
		}
	}
	return out
}

// weigh counts what the course rests on.
func (c *Course) weigh(h History, packages int) {
	b := Basis{Packages: packages, EPSSDays: len(c.epss), Exceptions: len(c.excused)}
	for _, one := range c.components {
		for _, s := range one.states {
			for _, r := range s.records {
				b.Records++
				if !r.Exact {
					b.Reconstructed++
				}
			}
		}
	}
	for _, r := range h.Records {
		if r.Exact && (b.SyncedSince.IsZero() || r.From.Before(b.SyncedSince)) {
			b.SyncedSince = r.From
		}
	}
	for _, p := range c.projects {
		b.Inventories += len(p.Inventories)
		if !p.Exact {
			b.FromHistory += len(p.Inventories)
		}
	}
	c.basis = b
}
