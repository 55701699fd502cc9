package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/tocsin-dev/tocsin"
)

// An AffectedBy is that a class affects a project through a package.
type AffectedBy struct {
	Class, Project, Ecosystem, Name string
	// Critical says that the project is of high criticality.
	Critical bool
}

// Affected gives the projects and packages that a class affects, as it stands.
func (s *Store) Affected(ctx context.Context, class string) ([]AffectedBy, error) {
	return s.affected(ctx, `d.class`, []string{class})
}

// AffectedIn gives the classes and packages that affect some projects, as it stands.
func (s *Store) AffectedIn(ctx context.Context, projects []string) (out []AffectedBy, err error) {
	for chunk := range slices.Chunk(projects, 500) {
		more, err := s.affected(ctx, `d.project`, chunk)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

func (s *Store) affected(ctx context.Context, column string, values []string) (out []AffectedBy, err error) {
	args := append(slices.Clip(s.dialect.afresh), tocsin.StatusAffected)
	for _, v := range values {
		args = append(args, v)
	}
	rows, err := s.db.QueryContext(ctx, `SELECT DISTINCT d.class, d.project, d.ecosystem, d.name, p.critical FROM decisions d JOIN projects p ON p.slug = d.project
		WHERE `+column+` IN (`+placeholders(1, len(values))+`) AND d.ended_at = 0 AND d.status = $1`, args...)
	if err != nil {
		return nil, fmt.Errorf("asking what is affected: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var a AffectedBy
		var critical int
		if err := rows.Scan(&a.Class, &a.Project, &a.Ecosystem, &a.Name, &critical); err != nil {
			return nil, fmt.Errorf("asking what is affected: %w", err)
		}
		a.Critical = critical == 1
		out = append(out, a)
	}
	return out, rows.Err()
}

// metaCounts is another one whenever projects are affected otherwise.
const metaCounts = "counts"

// Counts names how many projects each class affects, as it stands: what [Store.Affected] says is the same for as long as the name is.
func (s *Store) Counts(ctx context.Context) (string, error) {
	c, err := s.place(ctx, s.db, metaCounts, "")
	return string(cmp.Or(c, "0")), err
}

// countedBy gives the counts another name if they are others now. That they are not those by which something was decided is an
// [tocsin.ErrConflict].
func countedBy(ctx context.Context, tx *sql.Tx, by string, otherwise bool) error {
	var is string
	query := `SELECT value FROM meta WHERE name = $1`
	if otherwise {
		query = `INSERT INTO meta (name, value) VALUES ($1, '1') ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT) RETURNING value`
	}
	err := tx.QueryRowContext(ctx, query, metaCounts).Scan(&is)
	if errors.Is(err, sql.ErrNoRows) {
		is, err = "0", nil
	}
	if err != nil || by == "" {
		return err
	}
	n, err := strconv.Atoi(is)
	if otherwise {
		n--
	}
	if err != nil || strconv.Itoa(n) != by {
		return errors.Join(fmt.Errorf("how many projects are affected has changed: %w", tocsin.ErrConflict), err)
	}
	return nil
}

// askRecount notes that projects are to be decided about anew.
func askRecount(ctx context.Context, tx *sql.Tx, projects []string) error {
	for _, slug := range projects {
		if _, err := tx.ExecContext(ctx, `INSERT INTO recounts (project) VALUES ($1) ON CONFLICT (project) DO NOTHING`, slug); err != nil {
			return fmt.Errorf("asking for another count for %s: %w", slug, err)
		}
	}
	return nil
}

// recountPeers asks it of all projects that have a class in common with one, which counts otherwise.
func recountPeers(ctx context.Context, tx *sql.Tx, project string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO recounts (project) SELECT DISTINCT b.project FROM decisions a JOIN decisions b ON b.class = a.class
		WHERE a.project = $1 AND a.ended_at = 0 AND a.status = $2 AND b.ended_at = 0 AND b.project <> $1
		ON CONFLICT (project) DO NOTHING`, project, tocsin.StatusAffected)
	if err != nil {
		return fmt.Errorf("asking for another count of what %s has: %w", project, err)
	}
	return countedBy(ctx, tx, "", true)
}
