package demo_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin/advisories/feed"
	"github.com/tocsin-dev/tocsin/advisories/landmark"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/demo"
)

func TestPortfolio(t *testing.T) {
	dir := t.TempDir()
	if err := demo.Write(dir); err != nil {
		t.Fatal(err)
	}
	projects := demo.Projects(dir)
	for _, p := range projects {
		if err := p.Validate(); err != nil {
			t.Error(err)
		}
		if entries, err := os.ReadDir(p.Source.Location); err != nil || len(entries) == 0 {
			t.Errorf("%s has no files (%v)", p.Slug, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(projects) {
		t.Errorf("%d folders for %d projects (%v)", len(entries), len(projects), err)
	}
	if err := demo.Upgrade(dir); err != nil {
		t.Fatal(err)
	}
	pom, err := os.ReadFile(filepath.Join(dir, "shop-api", "pom.xml"))
	if err != nil || strings.Contains(string(pom), "2.14.1") || !strings.Contains(string(pom), "2.17.1") {
		t.Errorf("%v\n%s", err, pom)
	}
	if err := demo.Upgrade(t.TempDir()); err == nil {
		t.Error("a portfolio that is not there was upgraded")
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := demo.Write(file); err == nil {
		t.Error("a file was taken for a folder")
	}
}

func TestForge(t *testing.T) {
	g, url, err := demo.Forge(demo.Projects(t.TempDir()), nil)
	if err != nil || !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Fatal(url, err)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	twice := append(demo.Projects("x"), demo.Projects("x")...)
	if _, _, err := demo.Forge(twice, nil); err == nil {
		t.Error("two repositories have one name")
	}
}

// TestService: the rules of the service can be read, and its feeds have what the program has.
func TestService(t *testing.T) {
	dir, now := t.TempDir(), time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	var c config.Config
	if err := demo.Settings(dir, "http://127.0.0.1:9", map[string]string{"ada": "id-of-ada"}, now, &c); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(c.Governance)
	if err != nil || !strings.Contains(string(text), `id: "id-of-ada", github: ada, confirmed: 2026-11-01`) || strings.Contains(string(text), "$") {
		t.Errorf("%v\n%s", err, text)
	}
	feeds, err := demo.Feeds(dir)
	if err != nil || len(feeds) != 3 {
		t.Fatal(feeds, err)
	}
	want, err := landmark.Facts()
	if err != nil {
		t.Fatal(err)
	}
	kev, err1 := os.ReadFile(feeds[1].From)
	epss, err2 := os.ReadFile(feeds[2].From)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if got, err := feed.ParseKEV(kev); err != nil || !cmp.Equal(got, want.KEV) {
		t.Errorf("KEV, %v: %s", err, cmp.Diff(want.KEV, got))
	}
	if got, err := feed.ParseEPSS(epss); err != nil || !cmp.Equal(got, want.EPSS) {
		t.Errorf("EPSS, %v: %s", err, cmp.Diff(want.EPSS, got))
	}
	for _, p := range demo.Grouped(demo.Projects(dir), "") {
		if p.Group == "" {
			t.Errorf("%s is in no group", p.Slug)
		}
	}
}
