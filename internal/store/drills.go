package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/tocsin-dev/tocsin"
)

// AddDrill keeps how a drill went, and gives it with its id, which is made up unless it has one.
func (s *Store) AddDrill(ctx context.Context, one tocsin.DrillRun) (tocsin.DrillRun, error) {
	if one.ID == "" {
		one.ID = rand.Text()
	}
	body, err := json.Marshal(one)
	if err != nil {
		return one, fmt.Errorf("encoding a drill: %w", err)
	}
	err = s.transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO drills (id, at, drill, by_id, body) VALUES ($1, $2, $3, $4, $5)`, one.ID, stamp(one.At), one.Drill, plain(one.By.ID), plain(string(body)))
		return err
	})
	if err != nil {
		return one, fmt.Errorf("keeping a drill: %w", err)
	}
	return one, nil
}

// Drills gives those that were held, the newest first, up to a limit.
func (s *Store) Drills(ctx context.Context, limit int) ([]tocsin.DrillRun, error) {
	return list[tocsin.DrillRun](ctx, s.db, `SELECT body FROM drills ORDER BY at DESC, id LIMIT $1`, limit)
}

// Drill gives one, or [tocsin.ErrNotFound].
func (s *Store) Drill(ctx context.Context, id string) (tocsin.DrillRun, error) {
	found, err := list[tocsin.DrillRun](ctx, s.db, `SELECT body FROM drills WHERE id = $1`, plain(id))
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("drill %s: %w", id, tocsin.ErrNotFound)
	}
	if err != nil {
		return tocsin.DrillRun{}, err
	}
	return found[0], nil
}
