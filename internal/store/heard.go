package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// ErrHeard refuses an outcome that follows from a comment that somebody else took in already.
var ErrHeard = errors.New("the comment was taken in already")

// A Heard is a comment that was taken in.
type Heard struct {
	Comment int64
	// Digest is of what it says.
	Digest string
	// Obeyed says that something was done because of it.
	Obeyed bool
	At     time.Time
}

// Heard says whether a comment is known, by what it says or since it was obeyed before.
func (s *Store) Heard(ctx context.Context, comment int64, digest string) (yes bool, err error) {
	yes, _, err = s.heard(ctx, s.db, comment, digest)
	return yes, err
}

// HeardBefore says whether a comment was ever taken in, whatever it said then.
func (s *Store) HeardBefore(ctx context.Context, comment int64) (yes bool, err error) {
	_, yes, err = s.heard(ctx, s.db, comment, "")
	return yes, err
}

func (s *Store) heard(ctx context.Context, from querier, comment int64, digest string) (same, before bool, err error) {
	var was string
	var obeyed int
	err = from.QueryRowContext(ctx, `SELECT digest, obeyed FROM heard WHERE comment = $1`, comment).Scan(&was, &obeyed)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, false, nil
	case err != nil:
		return false, false, fmt.Errorf("looking for comment %d: %w", comment, err)
	}
	return obeyed != 0 || was == digest, true, nil
}

// putHeard notes a comment, or gives [ErrHeard].
func putHeard(ctx context.Context, tx *sql.Tx, h Heard) error {
	obeyed := 0
	if h.Obeyed {
		obeyed = 1
	}
	r, err := tx.ExecContext(ctx, `INSERT INTO heard (comment, digest, obeyed, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (comment) DO UPDATE SET digest = excluded.digest, obeyed = excluded.obeyed, at = excluded.at WHERE heard.obeyed = 0 AND heard.digest <> excluded.digest`,
		h.Comment, plain(h.Digest), obeyed, stamp(h.At))
	if err != nil {
		return fmt.Errorf("noting comment %d: %w", h.Comment, err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrHeard, err)
	}
	return nil
}

// PutHeard notes a comment that nothing follows from. One that was taken in already is left as it is.
func (s *Store) PutHeard(ctx context.Context, h Heard) error {
	err := s.transact(ctx, func(tx *sql.Tx) error { return putHeard(ctx, tx, h) })
	if errors.Is(err, ErrHeard) {
		return nil
	}
	return err
}
