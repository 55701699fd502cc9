package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// maxSilences bounds those that are in force at once.
const maxSilences = 1000

// putNotice adds a line to the log of who was told what. A line that is there already stays.
func putNotice(ctx context.Context, tx *sql.Tx, r tocsin.NoticeRecord) error {
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encoding what %s was told: %w", r.Receiver, err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO notice_log (receiver, incident, upto, notice, at, body) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (receiver, incident, upto, notice) DO NOTHING`, name(r.Receiver), r.Incident, r.Upto, plain(r.Notice), stamp(r.At), string(body))
	if err != nil {
		return fmt.Errorf("noting what %s was told: %w", r.Receiver, err)
	}
	return nil
}

// NoticeLog gives who was told what, and what was passed over, oldest first: all since a time, and all that is about some incidents.
func (s *Store) NoticeLog(ctx context.Context, since time.Time, incidents []string) ([]tocsin.NoticeRecord, error) {
	query, args := `SELECT body FROM notice_log WHERE at >= $1`, []any{stamp(since)}
	if len(incidents) > 0 {
		only := Sight{Projects: map[string]bool{}}
		for _, key := range incidents {
			only.Projects[key] = false
		}
		query = `SELECT body FROM notice_log WHERE at >= $2 OR ` + s.sees(only, `incident`)
		args = []any{only.list(), stamp(since)}
	}
	return list[tocsin.NoticeRecord](ctx, s.db, query+` ORDER BY at, receiver, incident, upto, notice`, args...)
}

// AddSilence keeps a silence, and gives its id.
func (s *Store) AddSilence(ctx context.Context, one tocsin.Silence) (tocsin.Silence, error) {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		var all, now int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM silences`).Scan(&all); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM silences WHERE until > $1`, stamp(one.From)).Scan(&now); err != nil {
			return err
		}
		if now >= maxSilences {
			return fmt.Errorf("%w: %d silences are in force: end some", tocsin.ErrConflict, now)
		}
		one.ID = fmt.Sprintf("s%d", all+1)
		body, err := json.Marshal(one)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO silences (id, until, body) VALUES ($1, $2, $3)`, one.ID, stamp(one.Until), plain(string(body)))
		return err
	})
	if err != nil {
		return tocsin.Silence{}, fmt.Errorf("keeping a silence: %w", err)
	}
	return one, nil
}

// Silences gives those that end after a time, in the order in which they end.
func (s *Store) Silences(ctx context.Context, after time.Time) ([]tocsin.Silence, error) {
	return list[tocsin.Silence](ctx, s.db, `SELECT body FROM silences WHERE until > $1 ORDER BY until, id`, stamp(after))
}

// EndSilence ends one that is in force.
func (s *Store) EndSilence(ctx context.Context, id, by string, now time.Time) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		var body string
		err := tx.QueryRowContext(ctx, `SELECT body FROM silences WHERE id = $1 AND until > $2`+s.dialect.lock, plain(id), stamp(now)).Scan(&body)
		if errors.Is(err, sql.ErrNoRows) {
			return tocsin.ErrNotFound
		}
		var one tocsin.Silence
		if err := errors.Join(err, json.Unmarshal([]byte(body), &one)); err != nil {
			return err
		}
		one.Until, one.EndedBy = now, by
		text, err := json.Marshal(one)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE silences SET until = $1, body = $2 WHERE id = $3`, stamp(now), plain(string(text)), one.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("ending silence %s: %w", id, err)
	}
	return nil
}
