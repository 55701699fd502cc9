package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/tocsin-dev/tocsin"
)

// A Store is an open database. It is safe for concurrent use, by several processes too.
type Store struct {
	// db is what is read from. Writing goes through transact: on SQLite these connections refuse it.
	db *sql.DB
	// writer is the same pool on PostgreSQL. SQLite has one writer; a second connection would only wait.
	writer  *sql.DB
	dialect dialect
	packer  *zstd.Encoder
	opener  *zstd.Decoder
}

const (
	// maxBody bounds what a packed body may unpack to.
	maxBody = 1 << 30
	// maxReaders is how many read from one SQLite file at once, beside the writer.
	maxReaders = 4
	// maxConnections to one PostgreSQL server. A server has some hundred in all, for all processes.
	maxConnections = 10
)

// Path is where the store lies in a data folder.
func Path(dir string) string { return filepath.Join(dir, "tocsin.db") }

// Open opens a database and brings its schema up to date: the SQLite file at a path, which is made if it is not there, or the
// PostgreSQL database at a URL (postgres:// or postgresql://), which must be there. A database that a newer program wrote is
// an [tocsin.ErrInvalid]. Errors name the database without its password.
func Open(ctx context.Context, where string) (*Store, error) {
	var s *Store
	var err error
	if isURL(where) {
		s, err = openPostgres(ctx, where)
	} else {
		s, err = openFile(ctx, where)
	}
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", placeName(where), err)
	}
	return s, nil
}

func openPostgres(ctx context.Context, where string) (*Store, error) {
	db, err := postgresDB(where)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, db, onPostgres()); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return newStore(db, db, onPostgres())
}

func openFile(ctx context.Context, path string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	db, err := sql.Open("sqlite", DSN(path))
	if err != nil {
		return nil, err
	}
	if err := first(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s, err := New(ctx, db)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// The first connection makes a new file one with a log beside it, for which SQLite does not wait if another process does the same: it
// says at once that the file is locked.
const (
	firstTries = 100
	firstWait  = 50 * time.Millisecond
)

// first makes the first connection.
func first(ctx context.Context, db *sql.DB) (err error) {
	for range firstTries {
		var busy *sqlite.Error
		if err = db.PingContext(ctx); !errors.As(err, &busy) || busy.Code()&0xff != sqlite3.SQLITE_BUSY {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(firstWait):
		}
	}
	return err
}

// DSN names a database file for the driver "sqlite", with the settings that the store relies on.
func DSN(path string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=cache_size(-32768)&_txlock=immediate"
}

// readDSN is [DSN] for reading only. In WAL mode readers go on beside the writer.
func readDSN(path string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=busy_timeout(10000)&_pragma=query_only(1)&_pragma=cache_size(-32768)"
}

// New is [Open] for a SQLite file that the caller opened by its [DSN]. All writing goes through db; reading has connections
// of its own.
func New(ctx context.Context, db *sql.DB) (*Store, error) {
	db.SetMaxOpenConns(1)
	if err := migrate(ctx, db, onSQLite()); err != nil {
		return nil, err
	}
	var path string
	if err := db.QueryRowContext(ctx, `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&path); err != nil {
		return nil, fmt.Errorf("reading where the file is: %w", err)
	}
	readers, err := sql.Open("sqlite", readDSN(path))
	if err != nil {
		return nil, err
	}
	readers.SetMaxOpenConns(maxReaders)
	readers.SetMaxIdleConns(maxReaders)
	return newStore(readers, db, onSQLite())
}

func newStore(db, writer *sql.DB, d dialect) (*Store, error) {
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, fmt.Errorf("starting zstd: %w", err)
	}
	opener, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBody))
	if err != nil {
		return nil, fmt.Errorf("starting zstd: %w", err)
	}
	return &Store{db: db, writer: writer, dialect: d, packer: packer, opener: opener}, nil
}

// Close closes the database.
func (s *Store) Close() error {
	s.opener.Close()
	return errors.Join(s.packer.Close(), s.db.Close(), s.writer.Close()) // the writer is the last, and clears the log away
}

// transact runs f in one transaction, which is rolled back if f fails. If someone else was faster, by a lock or by a row of
// the same key, it is an [tocsin.ErrConflict].
func (s *Store) transact(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := s.writer.BeginTx(ctx, s.dialect.tx)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	if err := f(tx); err != nil {
		return errors.Join(s.told(err), tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing: %w", s.told(err))
	}
	return nil
}

// write is a transaction of one statement.
func (s *Store) write(ctx context.Context, query string, args ...any) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
}

// told marks what means that someone else was faster.
func (s *Store) told(err error) error {
	if s.dialect.conflict(err) && !errors.Is(err, tocsin.ErrConflict) {
		return fmt.Errorf("%w: %w", tocsin.ErrConflict, err)
	}
	return err
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

// Meta reads a named value that belongs to this installation, or makes it with the given function and keeps it. Where
// several make it at once, the first is kept and all get that.
func (s *Store) Meta(ctx context.Context, name string, make func() (string, error)) (string, error) {
	value, err := meta(ctx, s.db, name)
	if errors.Is(err, sql.ErrNoRows) {
		err = s.transact(ctx, func(tx *sql.Tx) error {
			made, err := make()
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, made)
			if err != nil {
				return err
			}
			value, err = meta(ctx, tx, name)
			return err
		})
	}
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", name, err)
	}
	return value, nil
}

func meta(ctx context.Context, from querier, name string) (value string, err error) {
	err = from.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = $1`, name).Scan(&value)
	return value, err
}

// A querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}
