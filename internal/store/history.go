package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// A Cursor is a place in the history of the advisories: the store's own id, and a generation. Only the store reads it.
type Cursor string

// Cursor gives the place that was the newest at a time.
func (s *Store) Cursor(ctx context.Context, at time.Time) (Cursor, error) {
	id, err := s.Meta(ctx, "store", func() (string, error) { return rand.Text(), nil })
	if err != nil {
		return "", err
	}
	var n int64
	err = s.db.QueryRowContext(ctx, `SELECT COALESCE(MAX(generation), 0) FROM generations WHERE at <= $1`, stamp(at)).Scan(&n)
	if err != nil {
		return "", fmt.Errorf("reading the newest generation: %w", err)
	}
	return Cursor(id + ":" + strconv.FormatInt(n, 10)), nil
}

// generation is the number in a cursor. The cursor of another store is an [tocsin.ErrInvalid].
func (s *Store) generation(ctx context.Context, c Cursor) (int64, error) {
	now, err := s.Cursor(ctx, farAhead)
	if err != nil {
		return 0, err
	}
	ours, _, _ := strings.Cut(string(now), ":")
	id, number, _ := strings.Cut(string(c), ":")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || id != ours {
		return 0, fmt.Errorf("%w: %q is not a place in the history of this store", tocsin.ErrInvalid, c)
	}
	return n, nil
}

// farAhead is after everything that was seen; clocks go wrong.
var farAhead = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// standing are the revisions that a generation has.
const standing = `generation <= $1 AND (superseded_by IS NULL OR superseded_by > $1) AND gone = 0`

// Advisories yields the revisions that were the newest at a place in the history, in the order of feed and id. What
// is written while they are read is not among them.
func (s *Store) Advisories(ctx context.Context, at Cursor) iter.Seq2[Revision, error] {
	return s.revisions(ctx, at, `ORDER BY feed, id`, [][]any{nil})
}

// RevisionsOf is [Store.Advisories] for some ids.
func (s *Store) RevisionsOf(ctx context.Context, ids []string, at Cursor) iter.Seq2[Revision, error] {
	each := make([][]any, len(ids))
	for i, id := range ids {
		each[i] = []any{id}
	}
	return s.revisions(ctx, at, `AND id = $2 ORDER BY feed`, each)
}

// ChangedSince gives the ids of the advisories that changed, came or went after a place in the history, sorted; ok is
// false if there were more than limit changes, or if the history does not have the place.
func (s *Store) ChangedSince(ctx context.Context, since Cursor, limit int) (ids []string, ok bool, err error) {
	n, err := s.generation(ctx, since)
	if errors.Is(err, tocsin.ErrInvalid) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	// Of one advisory there may be several, but rarely: one in many feeds, or changed at each sync.
	rows, err := s.db.QueryContext(ctx, `SELECT id FROM advisory_revisions WHERE generation > $1 ORDER BY generation DESC LIMIT $2`, n, limit+1)
	if err != nil {
		return nil, false, fmt.Errorf("listing changed advisories: %w", err)
	}
	defer rows.Close()
	count := 0
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, false, fmt.Errorf("listing changed advisories: %w", err)
		}
		ids = append(ids, id)
		count++
	}
	slices.Sort(ids)
	return slices.Compact(ids), count <= limit, rows.Err()
}

// revisions yields what stands at a place in the history, for each of some arguments of the rest of the query.
func (s *Store) revisions(ctx context.Context, at Cursor, rest string, each [][]any) iter.Seq2[Revision, error] {
	return func(yield func(Revision, error) bool) {
		n, err := s.generation(ctx, at)
		if err != nil {
			yield(Revision{}, err)
			return
		}
		read, err := s.db.PrepareContext(ctx, `SELECT feed, id, seen_at, digest, modified, body FROM advisory_revisions WHERE `+standing+` `+rest)
		if err != nil {
			yield(Revision{}, fmt.Errorf("reading advisories: %w", err))
			return
		}
		defer read.Close()
		for _, args := range each {
			if !s.each(ctx, read, yield, append([]any{n}, args...)) {
				return
			}
		}
	}
}

// each yields the revisions that a statement gives, and says whether more are wanted.
func (s *Store) each(ctx context.Context, read *sql.Stmt, yield func(Revision, error) bool, args []any) bool {
	rows, err := read.QueryContext(ctx, args...)
	if err != nil {
		yield(Revision{}, fmt.Errorf("reading advisories: %w", err))
		return false
	}
	defer rows.Close()
	for rows.Next() {
		r, err := s.scanRevision(rows)
		if !yield(r, err) || err != nil {
			return false
		}
	}
	if err := rows.Err(); err != nil {
		yield(Revision{}, fmt.Errorf("reading advisories: %w", err))
		return false
	}
	return true
}

func (s *Store) scanRevision(row interface{ Scan(...any) error }) (Revision, error) {
	var r Revision
	var seen, modified int64
	var body []byte
	if err := row.Scan(&r.Feed, &r.ID, &seen, &r.Digest, &modified, &body); err != nil {
		return r, fmt.Errorf("reading advisories: %w", err)
	}
	r.SeenAt, r.Modified = moment(seen), moment(modified)
	var err error
	if r.Body, err = s.opener.DecodeAll(body, nil); err != nil {
		return r, fmt.Errorf("unpacking %s: %w", r.ID, err)
	}
	return r, nil
}

// Advisory gives the newest revision of one advisory, or [tocsin.ErrNotFound].
func (s *Store) Advisory(ctx context.Context, id string) (Revision, error) {
	row := s.db.QueryRowContext(ctx, `SELECT feed, id, seen_at, digest, modified, body FROM advisory_revisions
		WHERE id = $1 AND superseded_by IS NULL AND gone = 0 ORDER BY modified DESC, feed LIMIT 1`, id)
	r, err := s.scanRevision(row)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fmt.Errorf("advisory %s: %w", id, tocsin.ErrNotFound)
	}
	return r, err
}
