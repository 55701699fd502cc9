package pipeline

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/advisories/feed"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// changesShare is the share of records, one in so many, up to which changes are laid before the base of the index. Of more
// the index is built anew.
const changesShare = 50

// Build makes the index of the newest revisions in the store and switches to it.
func (s Sync) Build(ctx context.Context) (tocsin.Snapshot, error) {
	now := s.Now()
	info := tocsin.Snapshot{BuiltAt: now, AsOf: now}
	at, err := s.Store.Cursor(ctx, now)
	if err != nil {
		return info, err
	}
	info.Cursor = string(at)
	if info.Feeds, err = s.Store.Feeds(ctx); err != nil {
		return info, err
	}
	// An index that is missing, damaged or of another layout is built anew, from the store.
	x, _, err := advisories.OpenCurrent(IndexDir(s.Dir), advisories.OpenWhole)
	if err == nil {
		defer x.Close()
	} else {
		x = nil
	}
	facts, err := s.facts(ctx, x, now)
	if err != nil {
		return info, err
	}
	if x != nil {
		ids, few, err := s.Store.ChangedSince(ctx, store.Cursor(x.Base()), x.Snapshot().Records/changesShare)
		if err != nil {
			return info, err
		}
		if few {
			return s.changes(ctx, x, ids, facts, info)
		}
	}
	total := 0
	for _, f := range info.Feeds {
		total += f.Records
	}
	b, err := s.builder(s.Store.Advisories(ctx, at), total)
	if err != nil {
		return info, err
	}
	return advisories.Publish(IndexDir(s.Dir), b, facts, info)
}

// changes lays what became of the advisories before the base of an index.
func (s Sync) changes(ctx context.Context, x *advisories.Index, ids []string, facts advisories.FactTables, info tocsin.Snapshot) (tocsin.Snapshot, error) {
	around := ids
	for r, err := range s.Store.RevisionsOf(ctx, ids, store.Cursor(info.Cursor)) {
		if err != nil {
			return info, err
		}
		a, err := advisories.Parse(r.Body)
		if err != nil {
			return info, fmt.Errorf("stored advisory %s: %w", r.ID, err)
		}
		around = append(around, advisories.Aliases(a)...)
	}
	var c advisories.Changes
	var err error
	if c.Replaced, err = x.Reach(around); err != nil {
		return info, err
	}
	if c.Before, err = s.builder(s.Store.RevisionsOf(ctx, c.Replaced, store.Cursor(x.Base())), 0); err != nil {
		return info, err
	}
	if c.After, err = s.builder(s.Store.RevisionsOf(ctx, c.Replaced, store.Cursor(info.Cursor)), 0); err != nil {
		return info, err
	}
	return advisories.PublishChanges(IndexDir(s.Dir), x, c, facts, info)
}

// builder collects revisions. total is how many there will be, 0 if that is soon over.
func (s Sync) builder(revisions iter.Seq2[store.Revision, error], total int) (*advisories.Builder, error) {
	type body struct {
		store.Revision
		err error
	}
	bodies := ahead(func(yield func(body) bool) {
		for r, err := range revisions {
			if !yield(body{r, err}) {
				return
			}
		}
	})
	b := &advisories.Builder{}
	n := 0
	for r := range bodies {
		if r.err != nil {
			return nil, r.err
		}
		a, err := advisories.Parse(r.Body)
		if err != nil {
			return nil, fmt.Errorf("stored advisory %s: %w", r.ID, err)
		}
		a.Private = r.Feed != FeedOSV
		b.Add(a, r.Digest)
		if n++; s.Progress != nil && total > 0 {
			s.Progress("index", "", n, total)
		}
	}
	return b, nil
}

// facts are those that were the newest at a time. Where the index x has them already they are taken from it.
func (s Sync) facts(ctx context.Context, x *advisories.Index, at time.Time) (advisories.FactTables, error) {
	digests := map[string]string{}
	for _, name := range []string{FeedKEV, FeedEPSS} {
		var err error
		if digests[name], err = s.Store.DocumentDigest(ctx, name, at); err != nil {
			return advisories.FactTables{}, err
		}
	}
	week, month, err := s.earlier(ctx, at)
	if err != nil {
		return advisories.FactTables{}, err
	}
	source := digests[FeedKEV] + " " + digests[FeedEPSS] + " " + week + " " + month
	if x != nil {
		if have, ok, err := x.Facts(source); ok || err != nil {
			return have, err
		}
	}
	f := advisories.Facts{Source: source}
	if d := digests[FeedKEV]; d != "" {
		body, err := s.Store.Document(ctx, FeedKEV, d)
		if err == nil {
			f.KEV, err = feed.ParseKEV(body)
		}
		if err != nil {
			return advisories.FactTables{}, err
		}
	}
	var scores [3]map[string]tocsin.EPSS
	for i, d := range []string{digests[FeedEPSS], week, month} {
		if scores[i], err = s.scores(ctx, d); err != nil {
			return advisories.FactTables{}, err
		}
	}
	f.EPSS = scores[0]
	for cve, e := range f.EPSS {
		f.EPSS[cve] = advisories.EPSSChanges(e, scores[1], scores[2])
	}
	return f.Tables(), nil
}

// earlier gives the digests of the scores that those of a time are compared with, "" where there are none.
func (s Sync) earlier(ctx context.Context, at time.Time) (week, month string, err error) {
	documents, err := s.Store.Documents(ctx, FeedEPSS)
	if err != nil {
		return "", "", err
	}
	var seen []time.Time
	for _, d := range documents {
		if !d.SeenAt.After(at) {
			seen = append(seen, d.SeenAt)
		}
	}
	digest := func(days int) string {
		if i := advisories.Earlier(seen, len(seen)-1, days); i >= 0 {
			return documents[i].Digest
		}
		return ""
	}
	return digest(7), digest(30), nil
}

// scores reads the scores with a digest; none for "".
func (s Sync) scores(ctx context.Context, digest string) (map[string]tocsin.EPSS, error) {
	if digest == "" {
		return nil, nil
	}
	body, err := s.Store.Document(ctx, FeedEPSS, digest)
	if err != nil {
		return nil, err
	}
	return feed.ParseEPSS(body)
}
