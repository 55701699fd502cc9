package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// A Revision is one advisory as one feed had it.
type Revision struct {
	Feed     string
	ID       string
	Digest   string
	Modified time.Time
	SeenAt   time.Time
	// Body is the record's own JSON.
	Body []byte
}

// Known is what the store has of an advisory.
type Known struct {
	Modified time.Time
	Digest   string
}

// KnownAdvisories gives the newest revision of each advisory that a feed has, by id.
func (s *Store) KnownAdvisories(ctx context.Context, feed string) (map[string]Known, error) {
	rows, err := s.db.QueryContext(ctx,
		`SELECT id, modified, digest FROM advisory_revisions WHERE feed = $1 AND superseded_by IS NULL AND gone = 0`, feed)
	if err != nil {
		return nil, fmt.Errorf("listing advisories: %w", err)
	}
	defer rows.Close()
	out := map[string]Known{}
	for rows.Next() {
		var id, digest string
		var modified int64
		if err := rows.Scan(&id, &modified, &digest); err != nil {
			return nil, fmt.Errorf("listing advisories: %w", err)
		}
		out[id] = Known{Modified: moment(modified), Digest: digest}
	}
	return out, rows.Err()
}

// A FeedUpdate is what one sync of a feed brought, committed as a whole.
type FeedUpdate struct {
	State tocsin.FeedState
	At    time.Time
	// Changed yields new and changed records, to be kept as they come.
	Changed iter.Seq2[Revision, error]
	// Finish is asked after the last of them for the feed's state and the ids that the feed no longer has. Its error
	// undoes the whole update. Nil: State as given.
	Finish func() (tocsin.FeedState, []string, error)
	// Document is the feed's body where it is taken whole; nil if it did not change.
	Document []byte
	Digest   string
}

// UpdateFeed commits a sync in one transaction: all of it is there afterwards, or nothing. One is committed after the other,
// so that generations are seen in their order: who has read one will find nothing new in those before it.
func (s *Store) UpdateFeed(ctx context.Context, u FeedUpdate) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		if err := s.dialect.alone(ctx, tx, placeFeeds); err != nil {
			return fmt.Errorf("waiting for other feeds: %w", err)
		}
		generation, err := nextGeneration(ctx, tx, u.At)
		if err != nil {
			return err
		}
		if u.Changed != nil {
			if err := s.addRevisions(ctx, tx, u, generation); err != nil {
				return err
			}
		}
		var gone []string
		if u.Finish != nil {
			var err error
			if u.State, gone, err = u.Finish(); err != nil {
				return err
			}
		}
		for _, id := range gone {
			if err := supersede(ctx, tx, u, []string{id}, generation); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, `INSERT INTO advisory_revisions (feed, id, seen_at, generation, digest, modified, gone, body) VALUES ($1, $2, $3, $4, '', 0, 1, '')`,
				u.State.Name, id, stamp(u.At), generation)
			if err != nil {
				return fmt.Errorf("noting that %s is gone: %w", id, err)
			}
		}
		if u.Document != nil {
			_, err := tx.ExecContext(ctx, `INSERT INTO feed_documents (feed, seen_at, digest, body) VALUES ($1, $2, $3, $4)`,
				u.State.Name, stamp(u.At), u.Digest, s.packer.EncodeAll(u.Document, nil))
			if err != nil {
				return fmt.Errorf("keeping the document: %w", err)
			}
		}
		return putFeed(ctx, tx, u.State)
	})
	if err != nil {
		return fmt.Errorf("updating feed %s: %w", u.State.Name, err)
	}
	return nil
}

// nextGeneration begins a generation.
func nextGeneration(ctx context.Context, tx *sql.Tx, at time.Time) (int64, error) {
	var n int64
	err := tx.QueryRowContext(ctx, `INSERT INTO generations (generation, at) SELECT COALESCE(MAX(generation), 0) + 1, $1 FROM generations RETURNING generation`,
		stamp(at)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("beginning a generation: %w", err)
	}
	return n, nil
}

// maxBatchBytes bounds the packed bodies that are sent at once.
const maxBatchBytes = 4 << 20

// addRevisions supersedes whatever revision stands, also one that another process brought since the sync asked what is known.
// As many go in one statement as the dialect likes best.
func (s *Store) addRevisions(ctx context.Context, tx *sql.Tx, u FeedUpdate, generation int64) error {
	var some bool // the first sync of a feed brings many, and replaces none
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM advisory_revisions WHERE feed = $1)`, u.State.Name).Scan(&some)
	if err != nil {
		return err
	}
	full, err := tx.PrepareContext(ctx, insertRevisions(s.dialect.atOnce))
	if err != nil {
		return err
	}
	defer full.Close()
	shared := []any{u.State.Name, stamp(u.At), generation}
	var ids []string
	args, bytes := shared, 0
	flush := func() error {
		if some {
			if err := supersede(ctx, tx, u, ids, generation); err != nil {
				return err
			}
		}
		var err error
		if len(ids) == s.dialect.atOnce {
			_, err = full.ExecContext(ctx, args...)
		} else {
			_, err = tx.ExecContext(ctx, insertRevisions(len(ids)), args...)
		}
		if err != nil {
			return fmt.Errorf("keeping %s: %w", fromTo(ids), err)
		}
		ids, args, bytes = ids[:0], args[:len(shared)], 0
		return nil
	}
	for r, err := range u.Changed {
		if err != nil {
			return err
		}
		body := s.packer.EncodeAll(r.Body, nil)
		ids, args, bytes = append(ids, r.ID), append(args, r.ID, r.Digest, stamp(r.Modified), body), bytes+len(body)
		if len(ids) < s.dialect.atOnce && bytes < maxBatchBytes {
			continue
		}
		if err := flush(); err != nil {
			return err
		}
	}
	if len(ids) > 0 {
		if err := flush(); err != nil {
			return err
		}
	}
	if some {
		return nil
	}
	return s.dialect.count(ctx, tx, "advisory_revisions")
}

// insertRevisions adds n revisions. They share a feed, a time and a generation, and each has its id, digest, time and body.
func insertRevisions(n int) string {
	var b strings.Builder
	b.WriteString(`INSERT INTO advisory_revisions (feed, seen_at, generation, id, digest, modified, body) VALUES `)
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(`($1, $2, $3, ` + placeholders(3+4*i, 4) + `)`)
	}
	return b.String()
}

func supersede(ctx context.Context, tx *sql.Tx, u FeedUpdate, ids []string, generation int64) error {
	args := []any{stamp(u.At), generation, u.State.Name}
	for _, id := range ids {
		args = append(args, id)
	}
	_, err := tx.ExecContext(ctx, `UPDATE advisory_revisions SET superseded_at = $1, superseded_by = $2 WHERE feed = $3 AND superseded_by IS NULL
		AND id IN (`+placeholders(3, len(ids))+`)`, args...)
	if err != nil {
		return fmt.Errorf("superseding %s: %w", fromTo(ids), err)
	}
	return nil
}

// fromTo names ids that went in one statement.
func fromTo(ids []string) string {
	if len(ids) == 1 {
		return ids[0]
	}
	return ids[0] + " to " + ids[len(ids)-1]
}

func putFeed(ctx context.Context, tx *sql.Tx, f tocsin.FeedState) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO feeds (name, origin, status, reason, synced_at, records, rejected) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (name) DO UPDATE SET origin = excluded.origin, status = excluded.status, reason = excluded.reason,
		synced_at = excluded.synced_at, records = excluded.records, rejected = excluded.rejected`,
		f.Name, f.From, f.Status, plain(f.Reason), stamp(f.SyncedAt), f.Records, f.Rejected)
	if err != nil {
		return fmt.Errorf("noting the feed's state: %w", err)
	}
	return nil
}

// Feeds gives the state of every feed that was ever synced, by name.
func (s *Store) Feeds(ctx context.Context) ([]tocsin.FeedState, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT name, origin, status, reason, synced_at, records, rejected FROM feeds ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("listing feeds: %w", err)
	}
	defer rows.Close()
	var out []tocsin.FeedState
	for rows.Next() {
		var f tocsin.FeedState
		var synced int64
		if err := rows.Scan(&f.Name, &f.From, &f.Status, &f.Reason, &synced, &f.Records, &f.Rejected); err != nil {
			return nil, fmt.Errorf("listing feeds: %w", err)
		}
		f.SyncedAt = moment(synced)
		out = append(out, f)
	}
	return out, rows.Err()
}

// DocumentDigest gives the digest of the newest body at a time of a feed that is taken whole; "" if there is none.
func (s *Store) DocumentDigest(ctx context.Context, feed string, at time.Time) (digest string, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT digest FROM feed_documents WHERE feed = $1 AND seen_at <= $2 ORDER BY seen_at DESC LIMIT 1`,
		feed, stamp(at)).Scan(&digest)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("reading the digest of %s: %w", feed, err)
	}
	return digest, nil
}

// Document gives the body with a digest of a feed that is taken whole, or [tocsin.ErrNotFound].
func (s *Store) Document(ctx context.Context, feed, digest string) (body []byte, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT body FROM feed_documents WHERE feed = $1 AND digest = $2 ORDER BY seen_at LIMIT 1`, feed, digest).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("document %s of feed %s: %w", digest, feed, tocsin.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", feed, err)
	}
	if body, err = s.opener.DecodeAll(body, nil); err != nil {
		return nil, fmt.Errorf("unpacking %s: %w", feed, err)
	}
	return body, nil
}
