package store

import (
	"testing"

	"github.com/tocsin-dev/tocsin/internal/postgres"
)

// A database is one that tests open, as often as they like: two stores of one database are two processes.
type database struct{ where string }

// onEach runs a test on SQLite, and on PostgreSQL where there is one. All that a store promises it promises on both.
func onEach(t *testing.T, test func(t *testing.T, db database)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, database{Path(t.TempDir())}) })
	t.Run("postgres", func(t *testing.T) { test(t, database{postgres.Start(t).Database(t)}) })
}

// another is an empty database of the same kind.
func (db database) another(t *testing.T) database {
	t.Helper()
	if isURL(db.where) {
		return database{postgres.Start(t).Database(t)}
	}
	return database{Path(t.TempDir())}
}

func (db database) open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), db.where)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
