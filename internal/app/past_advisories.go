package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/advisories/feed"
	"github.com/tocsin-dev/tocsin/advisories/landmark"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/internal/replay"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// PastAdvisories adds what was known when to a history whose projects are set: every revision of the records that speak of
// one of their packages, KEV and EPSS. It reads a database, or the embedded landmarks if x is of them.
func PastAdvisories(ctx context.Context, database string, x *advisories.Index, h *replay.History) error {
	if x.Snapshot().Landmarks {
		return pastAdvisories(ctx, nil, x, h)
	}
	st, err := store.Open(ctx, database)
	if err != nil {
		return err
	}
	defer st.Close()
	return pastAdvisories(ctx, st, x, h)
}

func pastAdvisories(ctx context.Context, st *store.Store, x *advisories.Index, h *replay.History) (err error) {
	h.Records, h.KEV, h.EPSS = nil, nil, nil
	if x.Snapshot().Landmarks {
		return pastLandmarks(h)
	}
	p := past{store: st, index: x, names: packageNames(h.Projects)}
	if p.synced, err = st.FirstSync(ctx); err != nil {
		return err
	}
	if h.Records, err = p.records(ctx); err != nil {
		return err
	}
	if h.KEV, err = p.kev(ctx); err != nil {
		return err
	}
	h.EPSS, err = p.epss(ctx, h.Records)
	return err
}

type past struct {
	store  *store.Store
	index  *advisories.Index
	names  map[[2]string]bool
	synced map[string]time.Time // first sync, by feed
}

// packageNames are the names that inventories have, with the base of their ecosystem.
func packageNames(projects []replay.Project) map[[2]string]bool {
	out := map[[2]string]bool{}
	for _, p := range projects {
		for _, inv := range p.Inventories {
			for _, pkg := range inv.Packages {
				for _, name := range []string{pkg.Name, pkg.SourceName} {
					if name != "" {
						out[[2]string{purl.Base(pkg.Ecosystem), purl.Key(pkg.Ecosystem, name)}] = true
					}
				}
			}
		}
	}
	return out
}

// records reads what the index knows of the names, what it does not know (withdrawn, gone) or once knew otherwise, and
// everything that is of one class with them.
func (p past) records(ctx context.Context) ([]replay.Record, error) {
	ids, err := p.store.IDs(ctx)
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for name := range p.names {
		lists, err := p.index.Lookup(name[0], name[1])
		if err != nil {
			return nil, err
		}
		for _, list := range lists {
			for _, posting := range list.List {
				wanted[posting.Record] = true
			}
		}
	}
	var unsure []string
	for id, moved := range ids {
		if wanted[id] {
			continue
		}
		_, err := p.index.ClassOf(id)
		if err != nil && !errors.Is(err, tocsin.ErrNotFound) {
			return nil, err
		}
		if moved || err != nil {
			unsure = append(unsure, id)
		}
	}
	byID := map[string][]replay.Record{}
	if err := p.read(ctx, unsure, byID, p.concerns); err != nil {
		return nil, err
	}
	for id := range byID {
		wanted[id] = true
	}
	all, err := p.index.Reach(slices.Sorted(maps.Keys(wanted)))
	if err != nil {
		return nil, err
	}
	for _, list := range byID { // a withdrawn record joins what it named
		for _, r := range list {
			all = append(all, advisories.Aliases(r.Advisory)...)
		}
	}
	slices.Sort(all)
	all = slices.DeleteFunc(slices.Compact(all), func(id string) bool { _, have := byID[id]; return have })
	if err := p.read(ctx, all, byID, func(tocsin.Advisory) bool { return true }); err != nil {
		return nil, err
	}
	var out []replay.Record
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		out = append(out, byID[id]...)
	}
	return out, nil
}

// concerns says whether a record speaks of one of the names.
func (p past) concerns(a tocsin.Advisory) bool {
	return slices.ContainsFunc(a.Affected, func(aff tocsin.Affected) bool {
		return p.names[[2]string{purl.Base(aff.Package.Ecosystem), purl.Key(aff.Package.Ecosystem, aff.Package.Name)}]
	})
}

// read adds the revisions of some ids of which any is wanted.
func (p past) read(ctx context.Context, ids []string, into map[string][]replay.Record, want func(tocsin.Advisory) bool) error {
	for r, err := range p.store.Past(ctx, ids) {
		if err != nil {
			return err
		}
		a, err := advisories.Parse(r.Body)
		if err != nil {
			return fmt.Errorf("stored advisory %s: %w", r.ID, err)
		}
		a.Private = r.Feed != pipeline.FeedOSV
		if len(into[r.ID]) > 0 || want(a) {
			into[r.ID] = append(into[r.ID], dated(a, r.Digest, r.SeenAt, r.Until, r.SeenAt.After(p.synced[r.Feed]))...)
		}
	}
	return nil
}

// dated gives a revision its time. What was there at the first sync is dated by what the record says of itself: it came when
// it was published, and went when it was withdrawn.
func dated(a tocsin.Advisory, digest string, seen, until time.Time, exact bool) []replay.Record {
	if exact {
		return []replay.Record{{Advisory: a, Digest: digest, From: seen, To: until, Exact: true}}
	}
	from := a.Published
	if from.IsZero() {
		from = a.Modified
	}
	if a.Withdrawn.IsZero() {
		return []replay.Record{{Advisory: a, Digest: digest, From: from, To: until}}
	}
	before := a
	before.Withdrawn = time.Time{}
	return []replay.Record{
		{Advisory: before, Digest: digest + " before it was withdrawn", From: from, To: a.Withdrawn},
		{Advisory: a, Digest: digest, From: a.Withdrawn, To: until},
	}
}

func (p past) kev(ctx context.Context) ([]replay.KEV, error) {
	documents, err := p.store.Documents(ctx, pipeline.FeedKEV)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var out []replay.KEV
	for i, d := range documents {
		body, err := p.store.Document(ctx, pipeline.FeedKEV, d.Digest)
		if err != nil {
			return nil, err
		}
		entries, err := feed.ParseKEV(body)
		if err != nil {
			return nil, err
		}
		for _, id := range slices.Sorted(maps.Keys(entries)) {
			if seen[id] {
				continue
			}
			seen[id] = true
			k := replay.KEV{Entry: entries[id], From: entries[id].DateAdded}
			if i > 0 {
				k.From, k.Exact = d.SeenAt, true
			}
			out = append(out, k)
		}
	}
	return out, nil
}

// epss reads the scores of the CVEs of some records.
func (p past) epss(ctx context.Context, records []replay.Record) ([]replay.EPSS, error) {
	wanted := map[string]bool{}
	for _, r := range records {
		for _, id := range append(advisories.Aliases(r.Advisory), r.Advisory.ID) {
			if strings.HasPrefix(id, "CVE-") {
				wanted[id] = true
			}
		}
	}
	documents, err := p.store.Documents(ctx, pipeline.FeedEPSS)
	if err != nil {
		return nil, err
	}
	var out []replay.EPSS
	for _, d := range documents {
		body, err := p.store.Document(ctx, pipeline.FeedEPSS, d.Digest)
		if err != nil {
			return nil, err
		}
		scores, err := feed.ParseEPSS(body)
		if err != nil {
			return nil, err
		}
		maps.DeleteFunc(scores, func(id string, _ tocsin.EPSS) bool { return !wanted[id] })
		out = append(out, replay.EPSS{From: d.SeenAt, Scores: scores, Exact: true})
	}
	return out, nil
}

// pastLandmarks takes the embedded advisories, dated by themselves.
func pastLandmarks(h *replay.History) error {
	for name, body := range landmark.Records() {
		a, err := advisories.Parse(body)
		if err != nil {
			return fmt.Errorf("landmark record %s: %w", name, err)
		}
		sum := sha256.Sum256(body)
		h.Records = append(h.Records, dated(a, hex.EncodeToString(sum[:]), time.Time{}, time.Time{}, false)...)
	}
	facts, err := landmark.Facts()
	if err != nil {
		return err
	}
	for _, k := range facts.KEV {
		h.KEV = append(h.KEV, replay.KEV{Entry: k, From: k.DateAdded})
	}
	slices.SortFunc(h.KEV, func(a, b replay.KEV) int { return cmp.Compare(a.Entry.CVE, b.Entry.CVE) })
	scores := replay.EPSS{Scores: facts.EPSS}
	for _, e := range facts.EPSS {
		scores.From = e.Date
	}
	h.EPSS = []replay.EPSS{scores}
	return nil
}
