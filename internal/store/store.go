package store

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/tocsin-dev/tocsin"
)

//go:embed migrations/*.sql
var migrations embed.FS

// A Store is an open database. It is safe for concurrent use.
type Store struct {
	db     *sql.DB
	packer *zstd.Encoder
	opener *zstd.Decoder
}

// maxBody bounds what a packed body may unpack to.
const maxBody = 1 << 30

// Path is where the store lies in a data folder.
func Path(dir string) string { return filepath.Join(dir, "tocsin.db") }

// Open opens the database file, makes it if it is not there, and brings its schema up to date. A database that a newer
// program wrote is an [tocsin.ErrInvalid].
func Open(ctx context.Context, path string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	db, err := sql.Open("sqlite", DSN(path))
	if err != nil {
		return nil, fmt.Errorf("opening the database %s: %w", path, err)
	}
	s, err := New(ctx, db)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: %w", path, err), db.Close())
	}
	return s, nil
}

// DSN names a database file for the driver "sqlite", with the settings that the store relies on.
func DSN(path string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_txlock=immediate"
}

// New is [Open] for a database that the caller opened.
func New(ctx context.Context, db *sql.DB) (*Store, error) {
	db.SetMaxOpenConns(1) // SQLite has one writer; a second connection would only wait
	if err := migrate(ctx, db); err != nil {
		return nil, err
	}
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, fmt.Errorf("starting zstd: %w", err)
	}
	opener, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBody))
	if err != nil {
		return nil, fmt.Errorf("starting zstd: %w", err)
	}
	return &Store{db: db, packer: packer, opener: opener}, nil
}

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("reading migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return fmt.Errorf("reading migrations: %w", err)
	}
	have, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema version: %w", err)
	}
	sources := p.ListSources()
	if newest := sources[len(sources)-1].Version; have > newest {
		return fmt.Errorf("%w: its schema has version %d, this program knows %d: use a newer tocsin", tocsin.ErrInvalid, have, newest)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bringing the schema up to date: %w", err)
	}
	return nil
}

// Close closes the database.
func (s *Store) Close() error {
	s.opener.Close()
	return errors.Join(s.packer.Close(), s.db.Close())
}

// transact runs f in one transaction, which is rolled back if f fails.
func (s *Store) transact(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

func (s *Store) pack(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding %T: %w", v, err)
	}
	return s.packer.EncodeAll(b, nil), nil
}

func (s *Store) unpack(b []byte, v any) error {
	text, err := s.opener.DecodeAll(b, nil)
	if err != nil {
		return fmt.Errorf("unpacking %T: %w", v, err)
	}
	if err := jsonv2.Unmarshal(text, v); err != nil { // three times as fast on an inventory
		return fmt.Errorf("decoding %T: %w", v, err)
	}
	return nil
}

func stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// Meta reads a named value that belongs to this installation, or makes it with the given function and keeps it.
func (s *Store) Meta(ctx context.Context, name string, make func() (string, error)) (string, error) {
	var value string
	err := s.transact(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = $1`, name).Scan(&value)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if value, err = make(); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ($1, $2)`, name, value)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", name, err)
	}
	return value, nil
}
