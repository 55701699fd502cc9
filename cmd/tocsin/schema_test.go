package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tocsin-dev/tocsin/internal/corpus"
)

// documented checks a JSON report by its published schema.
func documented(t *testing.T, text string) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("..", "..", "docs", "report.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("report.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	report, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(report); err != nil {
		t.Errorf("%v", err)
	}
}

// What a run writes is what the schema says: with findings and without, decided and not, against either base.
func TestReportsAreAsDocumented(t *testing.T) {
	data, none := database(t), t.TempDir()
	dir := branch(t, map[string]string{"package-lock.json": lock("left", "1.0.0")})
	before := told(t, data, dir)
	put(t, dir, "web/package-lock.json", lock("left", "1.9.0"))
	put(t, dir, "torn/package-lock.json", "{")
	put(t, dir, "requirements.txt", "flask\nloose>=1\n")
	for _, args := range [][]string{
		{"scan", "--data", data, dir}, {"scan", "--data", none, dir}, {"scan", "--data", data, t.TempDir()},
		{"scan", "--data", none, filepath.Join("..", "..", "internal", "demo", "portfolio")},
		{"gate", "--data", data, "--base", "main", dir}, {"gate", "--data", data, "--baseline", before, dir},
	} {
		documented(t, call(t, append(args, "--format", "json")...).stdout)
	}
}

// The same over real lockfiles and SBOMs.
func TestReportsOfTheCorpusAreAsDocumented(t *testing.T) {
	dir := corpus.Dir(t)
	for _, folder := range []string{"lockfiles", "sboms"} {
		documented(t, call(t, "scan", "--data", t.TempDir(), "--format", "json", filepath.Join(dir, folder, "open")).stdout)
	}
}
