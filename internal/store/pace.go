package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"time"
)

// A Pace is how much may be written to a forge: so many things in any minute, and in any hour.
type Pace struct{ Minute, Hour int }

// TakeWrite takes room for one thing to be written, out of the pace that all processes share, and notes it. With a wait above zero there is
// none before, and nothing is noted.
func (s *Store) TakeWrite(ctx context.Context, p Pace, now time.Time) (wait time.Duration, err error) {
	err = s.transact(ctx, func(tx *sql.Tx) error {
		if err := s.dialect.alone(ctx, tx, placeWrites); err != nil {
			return err
		}
		wait = 0
		for _, w := range []struct {
			window time.Duration
			most   int
		}{{time.Minute, p.Minute}, {time.Hour, p.Hour}} {
			// Room comes when the oldest of the newest so many leaves the window.
			rows, err := timesOf(ctx, tx, now.Add(-w.window), now, w.most)
			if err != nil {
				return err
			}
			if len(rows) >= w.most && w.most > 0 {
				wait = max(wait, rows[len(rows)-1].Add(w.window).Sub(now), time.Millisecond)
			}
		}
		if wait > 0 {
			return nil
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO writes (id, at) VALUES ($1, $2)`, rand.Text(), stamp(now))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("taking room to write: %w", err)
	}
	return wait, nil
}

// timesOf gives the newest times after one and up to another, newest first.
func timesOf(ctx context.Context, tx *sql.Tx, after, upTo time.Time, most int) (out []time.Time, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT at FROM writes WHERE at > $1 AND at <= $2 ORDER BY at DESC LIMIT $3`, stamp(after), stamp(upTo), most)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var at int64
		if err := rows.Scan(&at); err != nil {
			return nil, err
		}
		out = append(out, moment(at))
	}
	return out, rows.Err()
}

// Writes counts what was written since a time.
func (s *Store) Writes(ctx context.Context, since time.Time) (n int, err error) {
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM writes WHERE at > $1`, stamp(since)).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting what was written: %w", err)
	}
	return n, nil
}
