package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// PutProject keeps a project as it is described now. One that was removed is watched again.
func (s *Store) PutProject(ctx context.Context, w tocsin.Watched, now time.Time) error {
	w.Status = tocsin.ProjectReport{} // has columns of its own
	body, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("encoding project %s: %w", w.Slug, err)
	}
	critical := 0
	if w.Criticality == tocsin.CriticalityHigh {
		critical = 1
	}
	err = s.transact(ctx, func(tx *sql.Tx) error {
		var was int
		err := tx.QueryRowContext(ctx, `SELECT critical FROM projects WHERE slug = $1`, w.Slug).Scan(&was)
		known := err == nil
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO projects (slug, managed, critical, body, created_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (slug) DO UPDATE SET managed = excluded.managed, critical = excluded.critical, body = excluded.body,
			next_at = CASE WHEN projects.body = excluded.body AND projects.removed_at = 0 THEN projects.next_at ELSE 0 END,
			fingerprint = CASE WHEN projects.body = excluded.body THEN projects.fingerprint ELSE '' END, removed_at = 0
			WHERE projects.body <> excluded.body OR projects.removed_at <> 0`,
			w.Slug, w.Managed, critical, string(body), stamp(now))
		if err == nil && known && was != critical {
			err = recountPeers(ctx, tx, w.Slug)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("keeping project %s: %w", w.Slug, err)
	}
	return nil
}

// RemoveProject ends the watch over a project. What it resolved and what was decided about it stays on record.
func (s *Store) RemoveProject(ctx context.Context, slug string, now time.Time) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE projects SET removed_at = $1, version = version + 1, inventory = '' WHERE slug = $2 AND removed_at = 0`, stamp(now), slug)
		if err != nil {
			return fmt.Errorf("removing project %s: %w", slug, err)
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(fmt.Errorf("project %s: %w", slug, tocsin.ErrNotFound), err)
		}
		if err := recountPeers(ctx, tx, slug); err != nil {
			return err
		}
		for _, q := range []string{
			`UPDATE decisions SET ended_at = $1 WHERE project = $2 AND ended_at = 0`,
			`UPDATE resolutions SET until = $1 WHERE until = 0 AND project = (SELECT id FROM projects WHERE slug = $2)`,
		} {
			if _, err := tx.ExecContext(ctx, q, stamp(now), slug); err != nil {
				return fmt.Errorf("removing project %s: %w", slug, err)
			}
		}
		return nil
	})
}

const projectColumns = `SELECT slug, managed, body, version, inventory, taken_at, checked_at, next_at, error, fingerprint FROM projects `

func scanProject(rows interface{ Scan(...any) error }) (tocsin.Watched, error) {
	var w tocsin.Watched
	var slug, managed, body string
	var taken, checked, next int64
	r := &w.Status
	if err := rows.Scan(&slug, &managed, &body, &w.Version, &r.Inventory, &taken, &checked, &next, &r.Error, &r.Fingerprint); err != nil {
		return w, err
	}
	if body != "" { // an older program kept none
		version, report := w.Version, w.Status
		if err := json.Unmarshal([]byte(body), &w); err != nil {
			return w, fmt.Errorf("project %s: %w", slug, err)
		}
		w.Version, w.Status = version, report
	}
	w.Slug, w.Managed = slug, tocsin.Managed(managed)
	w.Status.TakenAt, w.Status.At, w.Status.Next = moment(taken), moment(checked), moment(next)
	return w, nil
}

// A ProjectQuery selects watched projects, in the order of their slugs.
type ProjectQuery struct {
	After string // slugs after this one
	Limit int    // 0: all
	// Slugs are all that are wanted; nil: any.
	Slugs []string
	// DueAt selects those with a source that is to be looked at by then; zero: all.
	DueAt time.Time
	// Recount selects those about which nobody decided anew since how many projects have what they have changed.
	Recount bool
}

// Projects gives watched projects.
func (s *Store) Projects(ctx context.Context, q ProjectQuery) ([]tocsin.Watched, error) {
	where, args := []string{`removed_at = 0`, `slug > $1`}, []any{q.After}
	if q.Slugs != nil {
		where = append(where, `slug IN (`+placeholders(len(args), len(q.Slugs))+`)`)
		for _, slug := range q.Slugs {
			args = append(args, slug)
		}
	}
	if !q.DueAt.IsZero() {
		args = append(args, stamp(q.DueAt))
		where = append(where, fmt.Sprintf(`next_at <= $%d`, len(args)))
	}
	if q.Recount {
		where = append(where, `slug IN (SELECT project FROM recounts)`)
	}
	query := projectColumns + `WHERE ` + strings.Join(where, ` AND `) + ` ORDER BY slug`
	if q.Limit > 0 {
		query += fmt.Sprintf(` LIMIT %d`, q.Limit)
	}
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("listing projects: %w", err)
	}
	defer rows.Close()
	var out []tocsin.Watched
	for rows.Next() {
		w, err := scanProject(rows)
		if err != nil {
			return nil, fmt.Errorf("listing projects: %w", err)
		}
		out = append(out, w)
	}
	return out, rows.Err()
}

// placeholders writes "$a, $b, …" for n arguments after the first have.
func placeholders(have, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", have+i+1)
	}
	return b.String()
}

// Project gives one watched project, or [tocsin.ErrNotFound].
func (s *Store) Project(ctx context.Context, slug string) (tocsin.Watched, error) {
	w, err := scanProject(s.db.QueryRowContext(ctx, projectColumns+`WHERE slug = $1 AND removed_at = 0`, slug))
	if errors.Is(err, sql.ErrNoRows) {
		return w, fmt.Errorf("project %s: %w", slug, tocsin.ErrNotFound)
	}
	if err != nil {
		return w, fmt.Errorf("reading project %s: %w", slug, err)
	}
	return w, nil
}

// Census counts the watched projects, and those of high criticality.
func (s *Store) Census(ctx context.Context) (all, critical int, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(critical), 0) FROM projects WHERE removed_at = 0`).Scan(&all, &critical)
	if err != nil {
		return 0, 0, fmt.Errorf("counting projects: %w", err)
	}
	return all, critical, nil
}

// Checked notes how a look at a project's source went. The inventory that it brought is kept by Commit.
func (s *Store) Checked(ctx context.Context, slug string, r tocsin.ProjectReport) error {
	err := s.write(ctx, `UPDATE projects SET checked_at = $1, next_at = $2, error = $3, fingerprint = $4 WHERE slug = $5`,
		stamp(r.At), stamp(r.Next), plain(r.Error), plain(r.Fingerprint), slug)
	if err != nil {
		return fmt.Errorf("noting the check of project %s: %w", slug, err)
	}
	return nil
}

// FailingSources counts the projects whose source could not be read when it was last looked at.
func (s *Store) FailingSources(ctx context.Context) (n int, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM projects WHERE removed_at = 0 AND error <> ''`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting failing sources: %w", err)
	}
	return n, nil
}
