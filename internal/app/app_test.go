package app_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
)

func TestDataDir(t *testing.T) {
	t.Setenv("TOCSIN_DATA", "here")
	if dir, err := app.DataDir(); err != nil || dir != "here" {
		t.Error(dir, err)
	}
	t.Setenv("TOCSIN_DATA", "")
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	if _, err := app.DataDir(); !errors.Is(err, tocsin.ErrInvalid) {
		t.Errorf("err = %v", err)
	}
}

func TestPolicies(t *testing.T) {
	set, err := app.Policies([]string{"emergency", "release-gate"})
	if err != nil || len(set.Names()) != 2 {
		t.Error(set.Names(), err)
	}
	_, err = app.Policies([]string{"no-such", filepath.Join(t.TempDir(), "none.yaml"), "emergency_test"})
	if !errors.Is(err, tocsin.ErrInvalid) || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("err = %v", err)
	}
}

func TestSource(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "go.mod")
	if err := os.WriteFile(file, []byte("module x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{dir: 0, file: 1} {
		src, c := app.Source(path)
		if src.Err != nil || c == nil || len(src.Paths) != want || src.Origin != path {
			t.Fatalf("%s: %+v", path, src)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if src, c := app.Source(filepath.Join(dir, "none")); !errors.Is(src.Err, tocsin.ErrNotFound) || c != nil {
		t.Errorf("%+v", src)
	}
}

func TestRecords(t *testing.T) {
	r, err := app.OpenRecords(t.Context(), t.TempDir(), tocsin.Snapshot{Landmarks: true})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := r.Record(t.Context(), "GHSA-jfh8-c2jp-5v3q"); err != nil || len(text) == 0 {
		t.Error(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if r, err = app.OpenRecords(t.Context(), t.TempDir(), tocsin.Snapshot{}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Record(t.Context(), "GHSA-none"); !errors.Is(err, tocsin.ErrNotFound) {
		t.Errorf("err = %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// TestNewRefuses: what cannot work is said before the first run.
func TestNewRefuses(t *testing.T) {
	ok := config.Config{Data: t.TempDir(), Policies: []string{"emergency"}}
	o := app.Options{Now: time.Now}
	for name, tt := range map[string]struct {
		change func(*config.Config, *app.Options)
		want   string
	}{
		"policy": {func(c *config.Config, _ *app.Options) { c.Policies = []string{"none"} }, "none"},
		"token":  {func(_ *config.Config, o *app.Options) { o.Live = true }, "--live needs github: token:"},
		"forge":  {func(c *config.Config, _ *app.Options) { c.GitHub.API = "http://example.com/" }, "want https://"},
		"store":  {func(c *config.Config, _ *app.Options) { c.Data = filepath.Join(os.DevNull, "x") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, o := ok, o
			tt.change(&c, &o)
			if s, err := app.New(t.Context(), slog.New(slog.DiscardHandler), c, o); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v", err)
				if s != nil {
					_ = s.Close()
				}
			}
		})
	}
}

// TestNoAdvisories: a portfolio is not watched by the landmarks alone; what is missing from them would look clean.
func TestNoAdvisories(t *testing.T) {
	dir := t.TempDir()
	s, err := app.New(t.Context(), slog.New(slog.DiscardHandler), config.Config{Data: dir, Policies: []string{"emergency"}}, app.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := s.Once(t.Context()); !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), "tocsin db update --data "+dir) {
		t.Errorf("err = %v", err)
	}
	if app.Version() == "" {
		t.Error("no version")
	}
}

// Damage that is met half way through voids all that was done; the snapshot before then serves, from the start.
func TestWithIndexStartsAgainOnDamage(t *testing.T) {
	data := t.TempDir()
	for _, id := range []string{"A-1", "A-2"} {
		var b advisories.Builder
		b.Add(tocsin.Advisory{ID: id, Affected: []tocsin.Affected{{Package: tocsin.AffectedPackage{Ecosystem: "npm", Name: "left"}}}}, "digest of "+id)
		if _, err := advisories.Publish(pipeline.IndexDir(data), &b, advisories.FactTables{}, tocsin.Snapshot{BuiltAt: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	damage := func(ids ...string) {
		t.Helper()
		list, _ := filepath.Glob(filepath.Join(pipeline.IndexDir(data), "*.idx"))
		for _, path := range list {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if slices.ContainsFunc(ids, func(id string) bool { return bytes.Contains(b, []byte(id)) }) {
				b[10] ^= 1 // in the postings
				if err := os.WriteFile(path, b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	var log bytes.Buffer
	run := func() (tries int, got string, err error) {
		err = app.WithIndex(slog.New(slog.NewTextHandler(&log, nil)), data, func(x *advisories.Index) error {
			tries++
			list, err := x.Lookup("npm", "left")
			if err != nil {
				return fmt.Errorf("matching: %w", err)
			}
			got = list[0].List[0].Record
			return nil
		})
		return tries, got, err
	}
	if tries, got, err := run(); tries != 1 || got != "A-2" || err != nil || log.Len() > 0 {
		t.Errorf("whole: %s after %d, %v\n%s", got, tries, err, &log)
	}
	damage("A-2")
	if tries, got, err := run(); tries != 2 || got != "A-1" || err != nil || !strings.Contains(log.String(), "section postings") {
		t.Errorf("damaged: %s after %d, %v\n%s", got, tries, err, &log)
	}
	damage("A-1")
	if tries, got, err := run(); tries != 1 || got != "" || !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), "tocsin db update") {
		t.Errorf("both damaged: %s after %d, %v", got, tries, err)
	}
}
