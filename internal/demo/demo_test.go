package demo_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	g, url, err := demo.Forge(demo.Projects(t.TempDir()))
	if err != nil || !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Fatal(url, err)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	twice := append(demo.Projects("x"), demo.Projects("x")...)
	if _, _, err := demo.Forge(twice); err == nil {
		t.Error("two repositories have one name")
	}
}
