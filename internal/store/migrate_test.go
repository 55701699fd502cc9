package store

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/postgres"
)

// columns lists all columns of a store's tables, as "table column".
func (s *Store) columns(t *testing.T) []string {
	t.Helper()
	query := `SELECT m.name || ' ' || c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type IN ('table', 'view')`
	if s.dialect.name == goose.DialectPostgres {
		query = `SELECT table_name || ' ' || column_name FROM information_schema.columns WHERE table_schema = current_schema()`
	}
	return slices.DeleteFunc(s.strings(t, query), func(c string) bool { return strings.HasPrefix(c, "goose_") || strings.HasPrefix(c, "sqlite_") })
}

// schema is all that a database says of its schema.
func (s *Store) schema(t *testing.T) []string {
	t.Helper()
	if s.dialect.name == goose.DialectPostgres {
		return slices.Concat(
			s.strings(t, `SELECT concat_ws(' ', table_name, ordinal_position, column_name, data_type, collation_name, is_nullable, column_default)
				FROM information_schema.columns WHERE table_schema = current_schema()`),
			s.strings(t, `SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema()`),
			s.strings(t, `SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = current_schema()::regnamespace`),
			s.strings(t, `SELECT viewname || definition FROM pg_views WHERE schemaname = current_schema()`),
		)
	}
	return s.strings(t, `SELECT type || ' ' || name || ' ' || COALESCE(sql, '') FROM sqlite_master`)
}

// strings gives the first column of rows, sorted.
func (s *Store) strings(t *testing.T, query string) []string {
	t.Helper()
	rows, err := s.db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		out = append(out, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// old makes a database as the program of a version left it, with one row in each table.
func (db database) old(t *testing.T, version int64) {
	t.Helper()
	d, file := onSQLite(), (*sql.DB)(nil)
	var err error
	if isURL(db.where) {
		d = onPostgres()
		file, err = postgresDB(db.where)
	} else {
		file, err = sql.Open("sqlite", DSN(db.where))
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p, err := provider(file, d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	s, err := newStore(file, file, d)
	if err != nil {
		t.Fatal(err)
	}
	inv := tocsin.Inventory{Project: "p", TakenAt: day, Packages: []tocsin.Package{{Ecosystem: "npm", Name: "left", Version: "1"}}}
	inv.Seal()
	taken, err := s.pack(inv)
	if err != nil {
		t.Fatal(err)
	}
	body := s.packer.EncodeAll([]byte("body"), nil)
	at := stamp(day)
	type statement struct {
		query string
		args  []any
	}
	list := []statement{
		{`INSERT INTO meta (name, value) VALUES ('marker-key', 'k')`, nil},
		{`INSERT INTO advisory_revisions (feed, id, seen_at, superseded_at, digest, modified, body) VALUES ('osv', 'A', $1, $2, 'd1', $1, $3)`, []any{at, at + 1, body}},
		{`INSERT INTO advisory_revisions (feed, id, seen_at, digest, modified, body) VALUES ('osv', 'A', $1, 'd2', $1, $2)`, []any{at + 1, body}},
		{`INSERT INTO feeds (name, origin, status, reason, synced_at, records, rejected) VALUES ('osv', 'x', 'ok', '', $1, 1, 0)`, []any{at}},
		{`INSERT INTO feed_documents (feed, seen_at, digest, body) VALUES ('kev', $1, 'd', $2)`, []any{at, body}},
		{`INSERT INTO inventories (project, taken_at, digest, body) VALUES ('p', $1, $2, $3)`, []any{at, inv.Digest, taken}},
		{`INSERT INTO incidents (key, version, state, urgency, opened_at, body) VALUES ('INC-1', 1, 'detected', 'emergency', $1, '{"key":"INC-1","version":1}')`, []any{at}},
		{`INSERT INTO timeline (incident, seq, at, kind, actor, project, text, tlp) VALUES ('INC-1', 1, $1, 'opened', '', '', 'a', 'AMBER')`, []any{at}},
		{`INSERT INTO actions (key, revision, incident, state, body, attempts) VALUES ('a', 1, 'INC-1', 'sending', '{"key":"a","revision":1,"incident":"INC-1"}', 1)`, nil},
		{`INSERT INTO remotes (key, body) VALUES ('a', '{"number":7}')`, nil},
	}
	if version > 1 {
		list = append(list, statement{`INSERT INTO generations (generation, at) VALUES (1, $1), (2, $2)`, []any{at, at + 1}},
			statement{`UPDATE advisory_revisions SET generation = 1, superseded_by = 2 WHERE digest = 'd1'`, nil},
			statement{`UPDATE advisory_revisions SET generation = 2 WHERE digest = 'd2'`, nil})
	}
	for _, one := range list {
		if _, err := file.ExecContext(t.Context(), one.query, one.args...); err != nil {
			t.Fatalf("%s: %v", one.query, err)
		}
	}
}

// TestOldDatabases: a database of each older version becomes what a new one is, and what it holds is still read.
func TestOldDatabases(t *testing.T) {
	onEach(t, func(t *testing.T, fresh database) {
		want := fresh.open(t).schema(t)
		for version := int64(1); version <= 8; version++ {
			t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
				db := fresh.another(t)
				db.old(t, version)
				s := db.open(t)
				if d := cmp.Diff(want, s.schema(t)); d != "" {
					t.Errorf("(-fresh +migrated)\n%s", d)
				}
				s.readsOld(t)
			})
		}
	})
}

// readsOld checks what [database.old] wrote.
func (s *Store) readsOld(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	if key, err := s.Meta(ctx, "marker-key", nil); err != nil || key != "k" {
		t.Errorf("the marker key is %q, %v", key, err)
	}
	for at, want := range map[time.Time]string{day: "d1", farAhead: "d2"} {
		then, err := s.Cursor(ctx, at)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for r, err := range s.Advisories(ctx, then) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, r.Digest)
		}
		if !slices.Equal(got, []string{want}) {
			t.Errorf("advisories at %v: %v, want %s", at, got, want)
		}
	}
	if inv, err := s.Inventories(ctx, "p"); err != nil || len(inv) != 1 || inv[0].Packages[0].Name != "left" {
		t.Errorf("inventories: %v, %v", inv, err)
	}
	if body, err := s.Document(ctx, "kev", "d"); err != nil || string(body) != "body" {
		t.Errorf("document: %q, %v", body, err)
	}
	if list, err := s.Incidents(ctx); err != nil || len(list) != 1 || list[0].Key != "INC-1" {
		t.Errorf("incidents: %v, %v", list, err)
	}
	if events, err := s.Timeline(ctx, "INC-1"); err != nil || len(events) != 1 {
		t.Errorf("timeline: %v, %v", events, err)
	}
	if r, err := s.Remote(ctx, "a"); err != nil || r.Number != 7 {
		t.Errorf("remote: %v, %v", r, err)
	}
	// Nobody knows who was sending it: it is free at once, as it was for the program before.
	if claimed, err := s.Begin(ctx, "a", 1, day, day.Add(time.Hour)); err != nil || !claimed {
		t.Errorf("the row that was being sent: %v, %v", claimed, err)
	}
}

// TestDialectsAreAlike: the databases have the same columns, and PostgreSQL sorts each text as SQLite does.
func TestDialectsAreAlike(t *testing.T) {
	pg := database{postgres.Start(t).Database(t)}.open(t)
	if d := cmp.Diff(database{Path(t.TempDir())}.open(t).columns(t), pg.columns(t)); d != "" {
		t.Errorf("(-sqlite +postgres)\n%s", d)
	}
	for _, c := range pg.strings(t, `SELECT table_name || ' ' || column_name FROM information_schema.columns
		WHERE table_schema = current_schema() AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'`) {
		t.Errorf("column %s: want TEXT COLLATE \"C\"", c)
	}
	for _, c := range pg.strings(t, `SELECT table_name || ' ' || column_name || ' ' || data_type FROM information_schema.columns
		WHERE table_schema = current_schema() AND table_name NOT LIKE 'goose%' AND data_type NOT IN ('text', 'bigint', 'bytea')`) {
		t.Errorf("column %s: want text, bigint or bytea", c)
	}
}
