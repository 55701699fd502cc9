package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/advisories/feed"
)

// Export writes the advisories as they were at a time, for a machine without a network. The manifest names the snapshot,
// which [Verify] and [Sync.Import] work out again from what they read. Scores of earlier days are not in it: how far EPSS moved is
// told by each machine from what it took in itself, and a machine that has earlier ones makes another snapshot of it.
func (s Sync) Export(ctx context.Context, w io.Writer, at time.Time) (feed.Manifest, error) {
	m := feed.Manifest{AsOf: at}
	var err error
	if m.Feeds, err = s.Store.Feeds(ctx); err != nil {
		return m, err
	}
	cursor, err := s.Store.Cursor(ctx, at)
	if err != nil {
		return m, err
	}
	out := feed.NewBundleWriter(w)
	var c collector
	count := map[string]int{}
	for r, err := range s.Store.Advisories(ctx, cursor) {
		if err == nil {
			err = c.add(r.Feed, r.Body)
		}
		if err == nil {
			err = out.Record(r.Feed, r.ID, r.Body)
		}
		if err != nil {
			return m, err
		}
		count[r.Feed]++
		s.step("export", len(c.seen), 0)
	}
	if len(c.seen) == 0 {
		return m, fmt.Errorf("advisories as of %s: %w: nothing had been fetched then", at.UTC().Format(time.RFC3339), tocsin.ErrNotFound)
	}
	kept := m.Feeds[:0]
	for _, f := range m.Feeds {
		if f.SyncedAt.After(at) {
			f.SyncedAt = at // the state of then is not kept; it was not fresher than that
		}
		if f.Name == FeedKEV || f.Name == FeedEPSS {
			d, err := s.Store.DocumentDigest(ctx, f.Name, at)
			if err != nil {
				return m, err
			}
			if d == "" {
				continue
			}
			body, err := s.Store.Document(ctx, f.Name, d)
			if err == nil {
				err = c.document(f.Name, body)
			}
			if err == nil {
				err = out.Document(f.Name, body)
			}
			if err != nil {
				return m, err
			}
		} else if f.Records = count[f.Name]; f.Records == 0 {
			continue
		}
		kept = append(kept, f)
	}
	m.Feeds = kept
	m.Snapshot = c.snapshot()
	return m, out.Close(m)
}

// Verify reads a bundle whole and gives the id of the snapshot that it makes. It is an [tocsin.ErrInvalid] if the manifest
// names another, or if something in the bundle cannot be read.
func Verify(ctx context.Context, b *feed.Bundle, progress func(what string, done, total int)) (string, error) {
	var c collector
	for _, f := range b.Feeds {
		if f.Name == FeedKEV || f.Name == FeedEPSS {
			body, err := b.Document(f.Name, documentLimit(f.Name))
			if err == nil {
				err = c.document(f.Name, body)
			}
			if err != nil {
				return "", err
			}
			continue
		}
		for e, err := range b.Source(f.Name).Records(ctx, nil) {
			if err = errors.Join(err, e.Err); err == nil {
				err = c.add(f.Name, e.Body)
			}
			if err != nil {
				return "", fmt.Errorf("feed %s: %s: %w", f.Name, e.Path, err)
			}
			progress("verify", e.Done, e.Total)
		}
	}
	id := c.snapshot()
	if id != b.Snapshot {
		return id, fmt.Errorf("%w: the bundle makes snapshot %s, its manifest says %s: it was damaged or changed after it was written", tocsin.ErrInvalid, id, b.Snapshot)
	}
	return id, nil
}

// Import verifies a bundle, takes it into the store as its feeds would be, and builds the index. The feeds are as fresh as
// the bundle says.
func (s Sync) Import(ctx context.Context, b *feed.Bundle) (tocsin.Snapshot, error) {
	if _, err := Verify(ctx, b, s.step); err != nil {
		return tocsin.Snapshot{}, err
	}
	for _, f := range b.Feeds {
		err := s.attempt(ctx, FeedSource{Name: f.Name, From: f.From}, func(state tocsin.FeedState) error {
			if f.Name != FeedKEV && f.Name != FeedEPSS {
				return s.records(ctx, state, b.Source(f.Name), f.SyncedAt)
			}
			body, err := b.Document(f.Name, documentLimit(f.Name))
			if err != nil {
				return err
			}
			return s.document(ctx, state, body, f.SyncedAt)
		})
		if err != nil {
			return tocsin.Snapshot{}, fmt.Errorf("feed %s: %w", f.Name, err)
		}
	}
	return s.Build(ctx)
}

func (s Sync) step(what string, done, total int) {
	if s.Progress != nil {
		s.Progress(what, "", done, total)
	}
}

// collector works out the snapshot that records and documents make.
type collector struct {
	builder advisories.Builder
	facts   advisories.Facts
	seen    map[string]bool
}

func (c *collector) add(name string, body []byte) error {
	a, err := advisories.Parse(body)
	if err != nil {
		return err
	}
	if c.seen == nil {
		c.seen = map[string]bool{}
	}
	key := name + "/" + a.ID
	if c.seen[key] {
		return fmt.Errorf("%w: record %s is there twice", tocsin.ErrInvalid, a.ID)
	}
	c.seen[key] = true
	a.Private = name != FeedOSV
	c.builder.Add(a, digest(body))
	return nil
}

func (c *collector) document(name string, body []byte) (err error) {
	if name == FeedKEV {
		c.facts.KEV, err = feed.ParseKEV(body)
	} else {
		c.facts.EPSS, err = feed.ParseEPSS(body)
	}
	return err
}

func (c *collector) snapshot() string { return c.builder.Snapshot(c.facts.Tables()) }
