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

// ChangeProject is [Store.PutProject] for what depends on what was there: change gets the watched project, nil if there is none, and
// gives what is to take its place. Nobody else changes the project meanwhile; if two make it at once, one of them gets an
// [tocsin.ErrConflict]. An error of change is given back, and nothing is kept.
func (s *Store) ChangeProject(ctx context.Context, slug string, now time.Time, change func(before *tocsin.Watched) (tocsin.Watched, error)) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		var before *tocsin.Watched
		was, err := scanProject(tx.QueryRowContext(ctx, projectColumns+`WHERE slug = $1 AND removed_at = 0`+s.dialect.lock, slug))
		switch {
		case err == nil:
			before = &was
		case !errors.Is(err, sql.ErrNoRows):
			return fmt.Errorf("reading project %s: %w", slug, err)
		}
		w, err := change(before)
		if err != nil {
			return err
		}
		return putProject(ctx, tx, w, before == nil, now)
	})
}

func putProject(ctx context.Context, tx *sql.Tx, w tocsin.Watched, fresh bool, now time.Time) error {
	w.Status = tocsin.ProjectReport{} // has columns of its own
	body, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("encoding project %s: %w", w.Slug, err)
	}
	critical := 0
	if w.Criticality == tocsin.CriticalityHigh {
		critical = 1
	}
	if !fresh {
		_, err = tx.ExecContext(ctx, `UPDATE projects SET managed = $1, critical = $2, body = $3, next_at = CASE WHEN body = $3 THEN next_at ELSE 0 END WHERE slug = $4`,
			w.Managed, critical, string(body), w.Slug)
		if err != nil {
			return fmt.Errorf("keeping project %s: %w", w.Slug, err)
		}
		return nil
	}
	r, err := tx.ExecContext(ctx, `INSERT INTO projects (slug, managed, critical, body, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (slug) DO UPDATE SET managed = excluded.managed, critical = excluded.critical, body = excluded.body, next_at = 0, removed_at = 0
		WHERE projects.removed_at <> 0`, w.Slug, w.Managed, critical, string(body), stamp(now))
	if err != nil {
		return fmt.Errorf("keeping project %s: %w", w.Slug, err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(fmt.Errorf("project %s was made by someone else: %w", w.Slug, tocsin.ErrConflict), err)
	}
	return nil
}
