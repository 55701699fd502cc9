package draft

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin/internal/corpus"
)

// TestMandatory: what CSAF's own test documents show to be wrong is found, and nothing in those that it shows to be right. A test that is not
// named is about what we never write, such as product groups, translations and hashes, or about names of weaknesses.
func TestMandatory(t *testing.T) {
	dir := filepath.Join(corpus.Dir(t), "conformance", "csaf", "csaf_2.0", "test", "validator", "data")
	text, err := os.ReadFile(filepath.Join(dir, "testcases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases struct {
		Tests []struct {
			ID              string
			Failures, Valid []struct{ Name string }
		}
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	// elsewhere are those that are about a part of CSAF which we never write, or that we are stricter about.
	elsewhere := map[string]string{
		"6-1-01-01": "product groups", "6-1-33-01": "product groups", "6-1-27-02-01": "an informational advisory", "6-1-06-14": "a fix of what is not affected",
		"6-1-14-11": "newest first", "6-1-14-12": "newest first", "6-1-16-16": "newest first",
	}
	checked := map[string]bool{"1": true, "2": true, "6": true, "7": true, "13": true, "14": true, "16": true, "17": true, "18": true, "21": true, "22": true, "23": true, "27.1": true,
		"27.2": true, "27.4": true, "27.5": true, "27.6": true, "27.11": true, "29": true, "31": true, "32": true, "33": true}
	bad, good := 0, 0
	for _, one := range cases.Tests {
		if !checked[strings.TrimPrefix(one.ID, "6.1.")] {
			continue
		}
		for _, f := range one.Failures {
			if c, ours := read(t, filepath.Join(dir, f.Name)); ours && elsewhere[number(f.Name)] == "" {
				bad++
				if c.check() == nil {
					t.Errorf("%s: nothing is found wrong with %s", one.ID, f.Name)
				}
			}
		}
		for _, f := range one.Valid {
			if c, ours := read(t, filepath.Join(dir, f.Name)); ours && elsewhere[number(f.Name)] == "" {
				good++
				if err := c.check(); err != nil {
					t.Errorf("%s: %s: %v", one.ID, f.Name, err)
				}
			}
		}
	}
	t.Logf("%d wrong and %d right documents", bad, good)
	if bad < 20 || good < 5 {
		t.Errorf("%d wrong and %d right documents: the test shows little", bad, good)
	}
}

func number(name string) string {
	_, n, _ := strings.Cut(strings.TrimSuffix(name, ".json"), "-2021-")
	return n
}

// read gives a document; ours is false for those with versions that are no whole numbers, which ours always are.
func read(t *testing.T, name string) (c csaf, ours bool) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, r := range c.Document.Tracking.History {
		if strings.Contains(r.Number, ".") {
			return c, false
		}
	}
	return c, true
}
