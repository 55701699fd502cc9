package pipeline_test

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/corpus"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/policies"
	"github.com/tocsin-dev/tocsin/scanner"
)

// TestSecondOpinion compares what we find with what grype finds on a database of the same records: each of its matches is
// ours as well, by package, version and any id of the class, or is explained by a rule below, whose count is in
// docs/differences.md. What only we find is not compared: its database has no lists of versions.
func TestSecondOpinion(t *testing.T) {
	dir := corpus.Dir(t)
	x := corpusIndex(t)
	explained := map[string]int{}
	all, same := 0, 0
	for _, kind := range []string{"lockfiles", "sboms"} {
		for _, e := range corpus.Lines[expectation](t, "expected", "grype", kind+".jsonl") {
			if len(e.Findings) == 0 {
				continue
			}
			s := opinion(t, x, filepath.Join(dir, kind, "open"), e.Input)
			for _, r := range e.Findings {
				all++
				if s.has(r) {
					same++
					continue
				}
				name := s.explain(r)
				if name == "" {
					t.Errorf("%s: only theirs: %s (we have %v)", e.Input, r, s.named(r[1]))
				}
				explained[name]++
			}
		}
	}
	text, err := os.ReadFile("../../docs/differences.md")
	if err != nil {
		t.Fatal(err)
	}
	wants := []string{fmt.Sprintf("Of its %d matches %d are ours", all, same)}
	for _, r := range secondRules() {
		wants = append(wants, fmt.Sprintf("| %s | %d |", r.name, explained[r.name]))
	}
	for _, want := range wants {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("docs/differences.md does not have %q", want)
		}
	}
}

// ours is what we read of one input, and what we found in it by id.
type ours struct {
	packages          []tocsin.Package
	affected, unknown map[string][]tocsin.Package
}

func opinion(t *testing.T, x index, dir, input string) ours {
	t.Helper()
	root, closer, err := scanner.Dir(filepath.Join(dir, path.Dir(input)))
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	src := pipeline.Source{Origin: input, FS: root, Paths: []string{path.Base(input)}}
	scanned, err := pipeline.Scan(t.Context(), []pipeline.Source{src}, x, policies.NewSet(), time.Unix(0, 0), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := ours{packages: scanned[0].Inventory.Packages, affected: map[string][]tocsin.Package{}, unknown: map[string][]tocsin.Package{}}
	for _, d := range scanned[0].Decisions {
		list := s.unknown
		if d.Finding.Status == tocsin.StatusAffected {
			list = s.affected
		}
		for _, id := range d.Finding.Class.Aliases {
			list[id] = append(list[id], d.Finding.Package)
		}
	}
	return s
}

// means says whether a package is the one of a match. grype prints bare names of Java, and versions of Go with their marks.
func means(r row, p tocsin.Package) bool {
	name := purl.Key(p.Ecosystem, r[1]) == purl.Key(p.Ecosystem, p.Name) || purl.Base(p.Ecosystem) == "Maven" && last(p.Name) == r[1]
	version := r[2]
	if purl.Base(p.Ecosystem) == "Go" {
		version = strings.TrimPrefix(strings.TrimPrefix(version, "go"), "v")
	}
	return name && strings.TrimPrefix(p.Version, "v") == strings.TrimPrefix(version, "v")
}

// has says whether a match is ours as well.
func (s ours) has(r row) bool {
	return slices.ContainsFunc(s.affected[r[3]], func(p tocsin.Package) bool { return means(r, p) })
}

// named are the first of our packages that a match may be about.
func (s ours) named(name string) []string {
	var out []string
	for _, p := range s.packages {
		if strings.EqualFold(last(p.Name), last(name)) {
			out = append(out, fmt.Sprintf("%s %s %s %v", p.Ecosystem, p, p.PURL, p.Origin))
		}
	}
	return out[:min(len(out), 5)]
}

func (s ours) explain(r row) string {
	for _, rule := range secondRules() {
		if rule.explain(s, r) {
			return rule.name
		}
	}
	return ""
}

// secondRule explains a kind of match that is not ours. Its name stands in docs/differences.md.
type secondRule struct {
	name    string
	explain func(s ours, r row) bool
}

// secondRules are tried in this order.
func secondRules() []secondRule {
	doubted := func(s ours, r row) bool {
		return slices.ContainsFunc(s.unknown[r[3]], func(p tocsin.Package) bool { return means(r, p) })
	}
	return []secondRule{
		{"gem for a platform", func(s ours, r row) bool {
			version, _, ok := strings.Cut(r[2], "-")
			return ok && r[0] == "gem" && slices.ContainsFunc(s.packages, func(p tocsin.Package) bool { return p.Name == r[1] && p.Version == version })
		}},
		{"name without a purl", func(s ours, r row) bool {
			return r[0] == "" && slices.ContainsFunc(s.packages, func(p tocsin.Package) bool { return p.Name == r[1] && p.Ecosystem == "" && p.PURL == "" })
		}},
		{"crate of the workspace", func(s ours, r row) bool { return r[0] == "rust-crate" && doubted(s, r) }},
		{"no version to compare", func(s ours, r row) bool {
			return r[0] == "go-module" && (r[2] == "" || r[2] == "(devel)") && doubted(s, r)
		}},
		{"upper case in npm", func(s ours, r row) bool { return r[0] == "npm" && r[1] != strings.ToLower(r[1]) }},
	}
}
