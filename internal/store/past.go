package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"time"
)

// A Past is a revision with the time until which it was the newest, zero if it still is.
type Past struct {
	Revision
	Until time.Time
}

// Past yields all revisions of some advisories, id by id, oldest first. What a feed no longer had ends the last one.
func (s *Store) Past(ctx context.Context, ids []string) iter.Seq2[Past, error] {
	return func(yield func(Past, error) bool) {
		read, err := s.db.PrepareContext(ctx, `SELECT feed, id, seen_at, digest, modified, body, superseded_at FROM advisory_revisions
			WHERE id = $1 AND gone = 0 ORDER BY feed, seen_at`)
		if err != nil {
			yield(Past{}, fmt.Errorf("reading revisions: %w", err))
			return
		}
		defer read.Close()
		for _, id := range ids {
			if !s.pastOf(ctx, read, id, yield) {
				return
			}
		}
	}
}

func (s *Store) pastOf(ctx context.Context, read *sql.Stmt, id string, yield func(Past, error) bool) bool {
	rows, err := read.QueryContext(ctx, id)
	if err != nil {
		yield(Past{}, fmt.Errorf("reading the revisions of %s: %w", id, err))
		return false
	}
	defer rows.Close()
	for rows.Next() {
		var p Past
		var until sql.NullInt64
		p.Revision, err = s.scanRevision(scanMore{rows, &until})
		if until.Valid {
			p.Until = moment(until.Int64)
		}
		if !yield(p, err) || err != nil {
			return false
		}
	}
	if err := rows.Err(); err != nil {
		yield(Past{}, fmt.Errorf("reading the revisions of %s: %w", id, err))
		return false
	}
	return true
}

// scanMore scans one column more than is asked for.
type scanMore struct {
	rows *sql.Rows
	last any
}

func (m scanMore) Scan(dest ...any) error { return m.rows.Scan(append(dest, m.last)...) }

// FirstSync gives when the first revision of each feed was seen.
func (s *Store) FirstSync(ctx context.Context) (map[string]time.Time, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT feed, MIN(seen_at) FROM advisory_revisions GROUP BY feed`)
	if err != nil {
		return nil, fmt.Errorf("reading when feeds were first synced: %w", err)
	}
	defer rows.Close()
	out := map[string]time.Time{}
	for rows.Next() {
		var feed string
		var at int64
		if err := rows.Scan(&feed, &at); err != nil {
			return nil, fmt.Errorf("reading when feeds were first synced: %w", err)
		}
		out[feed] = moment(at)
	}
	return out, rows.Err()
}

// IDs gives the ids of all advisories that were ever seen, and of each whether there is more than one revision.
func (s *Store) IDs(ctx context.Context) (map[string]bool, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT id, COUNT(*) FROM advisory_revisions GROUP BY id`)
	if err != nil {
		return nil, fmt.Errorf("listing advisories: %w", err)
	}
	defer rows.Close()
	out := map[string]bool{}
	for rows.Next() {
		var id string
		var n int
		if err := rows.Scan(&id, &n); err != nil {
			return nil, fmt.Errorf("listing advisories: %w", err)
		}
		out[id] = n > 1
	}
	return out, rows.Err()
}

// A Document is a body of a feed that is taken whole, with when it was first seen.
type Document struct {
	SeenAt time.Time
	Digest string
}

// Documents lists the documents of a feed, oldest first.
func (s *Store) Documents(ctx context.Context, feed string) ([]Document, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT seen_at, digest FROM feed_documents WHERE feed = $1 ORDER BY seen_at`, feed)
	if err != nil {
		return nil, fmt.Errorf("listing the documents of %s: %w", feed, err)
	}
	defer rows.Close()
	var out []Document
	for rows.Next() {
		var d Document
		var at int64
		if err := rows.Scan(&at, &d.Digest); err != nil {
			return nil, fmt.Errorf("listing the documents of %s: %w", feed, err)
		}
		d.SeenAt = moment(at)
		out = append(out, d)
	}
	return out, rows.Err()
}
