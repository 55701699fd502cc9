package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"time"
)

// A Pace is how much may be done at a forge: so many things written in any minute, and in any hour, and so many points spent in any
// minute.
type Pace struct{ Minute, Hour, Points int }

// TakeWrite takes room for one thing to be written, which costs some points with what was read before it, out of the pace that all
// processes share, and notes it. With a wait above zero there is none before, and nothing is noted.
func (s *Store) TakeWrite(ctx context.Context, p Pace, points int, now time.Time) (wait time.Duration, err error) {
	err = s.transact(ctx, func(tx *sql.Tx) error {
		if err := s.dialect.alone(ctx, tx, placeWrites); err != nil {
			return err
		}
		done, err := writesOf(ctx, tx, now.Add(-time.Hour), now)
		if err != nil {
			return err
		}
		if wait = p.room(done, points, now); wait > 0 {
			return nil
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO writes (id, at, points) VALUES ($1, $2, $3)`, rand.Text(), stamp(now), points)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("taking room to write: %w", err)
	}
	return wait, nil
}

// A written is one thing that was written.
type written struct {
	at     time.Time
	points int
}

// room is how long until there is some, after what was written, newest first: it comes as the oldest leave their windows. What costs more
// than all the points that there are has room when nothing else has any.
func (p Pace) room(done []written, points int, now time.Time) (wait time.Duration) {
	until := func(i int, window time.Duration) {
		wait = max(wait, done[i].at.Add(window).Sub(now), time.Millisecond)
	}
	if p.Hour > 0 && len(done) >= p.Hour {
		until(p.Hour-1, time.Hour)
	}
	for i, spent := 0, points; i < len(done) && now.Sub(done[i].at) < time.Minute; i++ {
		if spent += done[i].points; p.Points > 0 && spent > p.Points || p.Minute > 0 && i == p.Minute-1 {
			until(i, time.Minute)
			break
		}
	}
	return wait
}

// writesOf gives what was written after a time and up to another, newest first.
func writesOf(ctx context.Context, tx *sql.Tx, after, upTo time.Time) (out []written, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT at, points FROM writes WHERE at > $1 AND at <= $2 ORDER BY at DESC`, stamp(after), stamp(upTo))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var at int64
		var w written
		if err := rows.Scan(&at, &w.points); err != nil {
			return nil, err
		}
		w.at = moment(at)
		out = append(out, w)
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
