package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// The places in the history of the advisories up to which the portfolio is being matched, and was.
const (
	metaMatching  = "matching"
	metaMatched   = "matched"
	metaMatchedAt = "matched-at"
)

// A Matching is how far the stored inventories were matched against the advisories.
type Matching struct {
	// From is where the last matching ended, To where the one that is going on leads. They are the same when none is.
	From, To Cursor
	// At is the time of the catalogues that were matched by.
	At time.Time
}

// BeginMatching says that the stored inventories are being matched up to a place. From then on nobody can commit what was judged
// by older advisories: what is committed before is seen by the matching, what comes later knows as much as it. A place before
// the one that is there already changes nothing.
func (s *Store) BeginMatching(ctx context.Context, to Cursor) (Matching, error) {
	var m Matching
	if _, err := s.generation(ctx, to); err != nil {
		return m, err
	}
	err := s.transact(ctx, func(tx *sql.Tx) error {
		now, err := s.place(ctx, tx, metaMatching, s.dialect.lock)
		if err != nil {
			return err
		}
		if now != "" {
			if behind, err := before(now, to); err != nil || !behind {
				return err
			}
		}
		return putMeta(ctx, tx, metaMatching, string(to))
	})
	if err != nil {
		return m, fmt.Errorf("beginning to match: %w", err)
	}
	return s.Matching(ctx)
}

// Matching gives how far the inventories were matched. Both places are empty if they never were.
func (s *Store) Matching(ctx context.Context) (m Matching, err error) {
	if m.To, err = s.place(ctx, s.db, metaMatching, ""); err != nil {
		return m, err
	}
	if m.From, err = s.place(ctx, s.db, metaMatched, ""); err != nil {
		return m, err
	}
	at, err := s.place(ctx, s.db, metaMatchedAt, "")
	if err != nil || at == "" {
		return m, err
	}
	us, err := strconv.ParseInt(string(at), 10, 64)
	m.At = moment(us)
	return m, err
}

// EndMatching says that all inventories were matched up to a place, with the catalogues of a time.
func (s *Store) EndMatching(ctx context.Context, to Cursor, at time.Time) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		return errors.Join(putMeta(ctx, tx, metaMatched, string(to)), putMeta(ctx, tx, metaMatchedAt, strconv.FormatInt(stamp(at), 10)))
	})
	if err != nil {
		return fmt.Errorf("ending to match: %w", err)
	}
	return nil
}

// notBehind refuses what was judged by advisories older than those that the portfolio is being matched with.
func (s *Store) notBehind(ctx context.Context, tx *sql.Tx, judgedBy Cursor) error {
	if judgedBy == "" {
		return nil
	}
	matching, err := s.place(ctx, tx, metaMatching, s.dialect.share)
	if err != nil || matching == "" {
		return err
	}
	behind, err := before(judgedBy, matching)
	if err != nil {
		return err
	}
	if behind {
		return fmt.Errorf("the advisories it was judged by are behind: %w", errors.Join(ErrBehind, tocsin.ErrConflict))
	}
	return nil
}

// before says whether one place in the history of a store lies before another.
func before(a, b Cursor) (bool, error) {
	_, first, _ := strings.Cut(string(a), ":")
	_, second, _ := strings.Cut(string(b), ":")
	n, err1 := strconv.ParseInt(first, 10, 64)
	m, err2 := strconv.ParseInt(second, 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return false, fmt.Errorf("comparing %q with %q: %w", a, b, err)
	}
	return n < m, nil
}

// ErrBehind says that a newer index is to be opened before projects are judged again.
var ErrBehind = errors.New("a newer advisory index is needed")

type rowQuerier interface {
	querier
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (s *Store) place(ctx context.Context, from rowQuerier, name, lock string) (Cursor, error) {
	var value string
	err := from.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = $1`+lock, name).Scan(&value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("reading %s: %w", name, err)
	}
	return Cursor(value), nil
}

func putMeta(ctx context.Context, tx *sql.Tx, name, value string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return err
}

func sortedKeys(m map[string]bool) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
