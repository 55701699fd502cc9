package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/tocsin-dev/tocsin"
)

// A dialect is what differs between the databases. The text of all other statements is the same for both.
type dialect struct {
	name  goose.Dialect
	files string // the folder of the migrations
	// tx are the options of a transaction that writes. SQLite's name one writer at a time in [DSN].
	tx *sql.TxOptions
	// alone waits until no other transaction is in the same place, and keeps others out until this one is over.
	alone func(ctx context.Context, tx *sql.Tx, where place) error
	// lock ends a SELECT whose rows nobody else may change, or lock so, before the transaction is over. Others may refer to
	// them meanwhile. It is empty where a transaction is alone anyway.
	lock string
	// share ends a SELECT whose rows nobody may change before the transaction is over, while others read them so too.
	share string
	// still is the isolation in which all reads of a transaction see the same moment.
	still sql.IsolationLevel
	// settle brings the database's own counters up after rows came with their ids.
	settle func(ctx context.Context, tx *sql.Tx) error
	// listed is the first argument of a statement, a JSON array, as a table v with a column value.
	listed string
	// count has the database look at what a table has, after much came to one that had little: before it did, it may read the
	// whole of it for a few rows.
	count func(ctx context.Context, tx *sql.Tx, table string) error
	// atOnce is how many rows of many go in one statement. On SQLite a statement costs no more than its rows.
	atOnce int
	// afresh stands before the arguments of a statement that is to be planned for its values each time: a plan that was made while a
	// table was small, or for all values alike, reads far too much of it later.
	afresh []any
	// conflict says whether an error means that someone else was faster.
	conflict func(error) bool
}

// A place is where one transaction at a time may be, whatever it touches there.
type place int64

// The numbers are those of PostgreSQL's advisory locks, which all that use a database share: these are ours.
const (
	placeMigration place = 0x746f6373_00000001
	placeFeeds     place = 0x746f6373_00000002
	placeWrites    place = 0x746f6373_00000003
)

// onSQLite: a transaction that writes is alone in the file from its beginning.
func onSQLite() dialect {
	return dialect{
		name: goose.DialectSQLite3, files: "migrations/sqlite", listed: `json_each($1) AS v`, atOnce: 1,
		settle: func(context.Context, *sql.Tx) error { return nil },
		alone:  func(context.Context, *sql.Tx, place) error { return nil },
		count:  func(context.Context, *sql.Tx, string) error { return nil },
		conflict: func(err error) bool {
			var e *sqlite.Error
			return errors.As(err, &e) && (e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY || e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE)
		},
	}
}

// onPostgres: each statement sees what was committed before it (READ COMMITTED, whatever the server's default), so that what
// is read after a lock was got is what its last holder left.
func onPostgres() dialect {
	return dialect{
		name: goose.DialectPostgres, files: "migrations/postgres", lock: " FOR NO KEY UPDATE", share: " FOR SHARE", listed: `jsonb_array_elements($1::jsonb) AS v(value)`, still: sql.LevelRepeatableRead, atOnce: 500, afresh: []any{pgx.QueryExecModeCacheDescribe},
		settle: func(ctx context.Context, tx *sql.Tx) error {
			for _, table := range []string{"projects", "components", "audit"} {
				_, err := tx.ExecContext(ctx, `SELECT setval(pg_get_serial_sequence('`+table+`', 'id'), COALESCE((SELECT MAX(id) FROM `+table+`), 0) + 1, false)`)
				if err != nil {
					return err
				}
			}
			return nil
		},
		tx: &sql.TxOptions{Isolation: sql.LevelReadCommitted},
		alone: func(ctx context.Context, tx *sql.Tx, where place) error {
			_, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(where))
			return err
		},
		count: func(ctx context.Context, tx *sql.Tx, table string) error {
			_, err := tx.ExecContext(ctx, `ANALYZE `+table)
			return err
		},
		conflict: func(err error) bool {
			var e *pgconn.PgError
			// unique_violation, serialization_failure, deadlock_detected
			return errors.As(err, &e) && (e.Code == "23505" || e.Code == "40001" || e.Code == "40P01")
		},
	}
}

// isURL says whether a place of a database is the URL of a server, not a path.
func isURL(where string) bool {
	return strings.HasPrefix(where, "postgres://") || strings.HasPrefix(where, "postgresql://")
}

// postgresDB opens a pool. No error has the URL's password in it.
func postgresDB(where string) (*sql.DB, error) {
	u, err := parseURL(where)
	if err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfig(where)
	if err != nil {
		var parse *pgconn.ParseConfigError
		if errors.As(err, &parse) && parse.Unwrap() != nil {
			err = parse.Unwrap() // without the URL
		}
		return nil, fmt.Errorf("%w: its URL: %s", tocsin.ErrInvalid, redact(err.Error(), u))
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxConnections)
	return db, nil
}

// parseURL refuses what a password with a character of its own meaning makes of a URL: parts of it would pass for a host or a
// name, and be told.
func parseURL(where string) (*url.URL, error) {
	u, err := url.Parse(where)
	if err != nil || u.Fragment != "" || strings.Contains(u.EscapedPath(), "@") || u.User == nil && strings.Contains(where, "@") {
		return nil, fmt.Errorf("%w: its URL cannot be read: want postgres://user:password@host:port/name, with special characters as %%XX", tocsin.ErrInvalid)
	}
	return u, nil
}

// placeName names a database in errors: for a URL, without what may be secret.
func placeName(where string) string {
	if !isURL(where) {
		return where
	}
	u, err := parseURL(where)
	if err != nil {
		return "on PostgreSQL"
	}
	return u.Scheme + "://" + u.Host + u.EscapedPath()
}

// redact takes the secrets of a URL out of a text.
func redact(text string, u *url.URL) string {
	password, _ := u.User.Password()
	for _, secret := range []string{password, u.Query().Get("password"), u.Query().Get("sslpassword")} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[redacted]")
		}
	}
	return text
}
