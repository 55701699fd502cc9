package store

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/postgres"
)

// filled is a store with something in every table that the pipeline writes.
func filled(t *testing.T, db database) *Store {
	t.Helper()
	s, ctx := db.open(t), t.Context()
	state := tocsin.FeedState{Name: "osv", Status: tocsin.FeedOK}
	err := s.UpdateFeed(ctx, FeedUpdate{State: state, At: day, Changed: revisions(Revision{ID: "A", Digest: "d", Body: []byte("\x00\xff{}")}), Document: []byte("kev"), Digest: "k"})
	if err != nil {
		t.Fatal(err)
	}
	inv := tocsin.Inventory{Project: "p", Source: "s", TakenAt: day, Packages: []tocsin.Package{{Ecosystem: "npm", Name: "a\x00é", Version: "1", SourceName: "b"}}}
	inv.Seal()
	d := tocsin.Decision{Project: "p", Inventory: inv.Digest, At: day, Gate: tocsin.GateFail}
	o := Outcome{
		Judged:    []Judged{{Project: "p", At: day, Inventory: &inv, Build: &tocsin.Build{Project: "p", At: day, Ref: "main"}, Decisions: []tocsin.Decision{d}}},
		Incidents: []tocsin.Incident{incident(1)}, Events: []tocsin.IncidentEvent{{Incident: "INC-1", At: day, Text: "x"}},
		Actions: []tocsin.Action{action("a", 1, 1)},
		Shadows: []Shadow{{Policy: "sha256:1", Name: "strict", At: day, Decisions: []tocsin.Shadowed{{Project: "p", Class: "c"}}}},
	}
	if err := s.Commit(ctx, o); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Judge(ctx, "a", "ada", true, day); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddDrill(ctx, tocsin.DrillRun{ID: "d", Drill: "log4shell-2021", At: day}); err != nil {
		t.Fatal(err)
	}
	return s
}

// content is every row of every table, as a backup writes it, but for its head and end.
func content(t *testing.T, s *Store) []string {
	t.Helper()
	var b bytes.Buffer
	if _, err := s.Backup(t.Context(), &b, day); err != nil {
		t.Fatal(err)
	}
	z, _ := zstd.NewReader(nil)
	text, err := z.DecodeAll(b.Bytes(), nil)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	lines = lines[1 : len(lines)-1]
	slices.Sort(lines)
	return lines
}

// TestBackup: what one database has another gets, of the other kind too, and goes on from there.
func TestBackup(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		from := filled(t, db)
		var file bytes.Buffer
		rows, err := from.Backup(t.Context(), &file, day)
		if err != nil || rows < 15 {
			t.Fatalf("%d rows, %v", rows, err)
		}
		for _, into := range []database{{Path(t.TempDir())}, {postgres.Start(t).Database(t)}} {
			to := into.open(t)
			if n, err := to.Restore(t.Context(), bytes.NewReader(file.Bytes())); err != nil || n != rows {
				t.Fatalf("%d rows, %v", n, err)
			}
			if d := cmp.Diff(content(t, from), content(t, to)); d != "" {
				t.Errorf("into %s (-was +is):\n%s", into.where, d)
			}
			if _, err := to.Restore(t.Context(), bytes.NewReader(file.Bytes())); !errors.Is(err, tocsin.ErrInvalid) {
				t.Errorf("restored twice: %v", err)
			}
			next := tocsin.Inventory{Project: "q", TakenAt: day, Packages: []tocsin.Package{{Ecosystem: "npm", Name: "new", Version: "1"}}}
			next.Seal()
			if err := to.Commit(t.Context(), Outcome{Judged: []Judged{{Project: "q", At: day, Inventory: &next}}}); err != nil {
				t.Errorf("ids that were restored are given again: %v", err)
			}
		}
		damage := func(change func(text string) string) error {
			z, _ := zstd.NewReader(nil)
			text, err := z.DecodeAll(file.Bytes(), nil)
			if err != nil {
				t.Fatal(err)
			}
			w, _ := zstd.NewWriter(nil)
			to := db.another(t).open(t)
			_, err = to.Restore(t.Context(), bytes.NewReader(w.EncodeAll([]byte(change(string(text))), nil)))
			if len(content(t, to)) != len(tables) {
				t.Error("something was kept of a backup that is damaged")
			}
			return err
		}
		for name, change := range map[string]func(string) string{
			"a changed row": func(s string) string { return strings.Replace(s, "main", "evil", 1) },
			"a missing row": func(s string) string {
				lines := strings.SplitAfter(s, "\n")
				return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return strings.Contains(l, "main") }), "")
			},
			"no end":            func(s string) string { return s[:strings.LastIndex(strings.TrimSpace(s), "\n")+1] },
			"another schema":    func(s string) string { return strings.Replace(s, `"schema":`, `"schema":9`, 1) },
			"a table of others": func(s string) string { return strings.Replace(s, `"table":"meta"`, `"table":"goose_db_version"`, 1) },
			"a column that is more": func(s string) string {
				return strings.Replace(s, `"columns":["name"`, `"columns":["name) VALUES (1); DROP TABLE meta; --"`, 1)
			},
			"nothing": func(string) string { return "" }, "something else": func(string) string { return "hello\n" }, "an empty line": func(s string) string { return strings.Replace(s, "\n", "\n\n", 1) },
		} {
			if err := damage(change); !errors.Is(err, tocsin.ErrInvalid) {
				t.Errorf("%s: err = %v", name, err)
			}
		}
		if _, err := db.another(t).open(t).Restore(t.Context(), bytes.NewReader(file.Bytes()[:file.Len()/2])); !errors.Is(err, tocsin.ErrInvalid) {
			t.Errorf("half a file: %v", err)
		}
	})
}

// TestBackupHasAllTables: a table that is added is backed up, or named here with why not.
func TestBackupHasAllTables(t *testing.T) {
	s := database{Path(t.TempDir())}.open(t)
	for _, name := range s.strings(t, `SELECT name FROM sqlite_master WHERE type = 'table'`) {
		if name == "sessions" || name == "first_link" || name == "writes" { // they end with the service that they were begun with, or within the hour
			continue
		}
		if !slices.Contains(tables, name) && !strings.HasPrefix(name, "goose_") && !strings.HasPrefix(name, "sqlite_") {
			t.Errorf("table %s is in no backup", name)
		}
	}
}
