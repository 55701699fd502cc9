package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/tocsin-dev/tocsin"
)

// Migrations are numbered alike for both databases and only go forward.
//
//go:embed migrations/sqlite/*.sql migrations/postgres/*.sql
var migrations embed.FS

func provider(db *sql.DB, d dialect) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, d.files)
	if err != nil {
		return nil, fmt.Errorf("reading migrations: %w", err)
	}
	p, err := goose.NewProvider(d.name, db, files)
	if err != nil {
		return nil, fmt.Errorf("reading migrations: %w", err)
	}
	return p, nil
}

// migrate brings the schema up to date. Several processes may do so at once: on PostgreSQL they wait for each other; on
// SQLite one that finds a step done by another goes on from there.
func migrate(ctx context.Context, db *sql.DB, d dialect) error {
	p, err := provider(db, d)
	if err != nil {
		return err
	}
	if d.name == goose.DialectPostgres {
		// The lock is held by a transaction beside those of the steps, and goes with it even through a pooler.
		tx, err := db.BeginTx(ctx, d.tx)
		if err != nil {
			return fmt.Errorf("connecting: %w", err)
		}
		defer func() { _ = tx.Rollback() }() // it did nothing
		if err := d.alone(ctx, tx, placeMigration); err != nil {
			return fmt.Errorf("waiting for other processes: %w", err)
		}
	}
	have, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema version: %w", err)
	}
	sources := p.ListSources()
	newest := sources[len(sources)-1].Version
	if have > newest {
		return fmt.Errorf("%w: its schema has version %d, this program knows %d: use a newer tocsin", tocsin.ErrInvalid, have, newest)
	}
	for have < newest {
		before := have
		_, up := p.Up(ctx)
		if have, err = p.GetDBVersion(ctx); err != nil || up != nil && have == before {
			return fmt.Errorf("bringing the schema up to date: %w", errors.Join(up, err))
		}
	}
	return nil
}

// schemaVersion is the number of the newest migration, which an open store has.
func (s *Store) schemaVersion() (int64, error) {
	p, err := provider(s.writer, s.dialect)
	if err != nil {
		return 0, err
	}
	sources := p.ListSources()
	return sources[len(sources)-1].Version, nil
}
