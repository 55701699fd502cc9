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
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/internal/corpus"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/policies"
	"github.com/tocsin-dev/tocsin/scanner"
)

// row is one finding as both sides tell it: ecosystem, name, version, record.
type row [4]string

func (r row) String() string { return strings.Join(r[:], " ") }

// expectation is a line of the peer's results.
type expectation struct {
	Input      string `json:"input"`
	RC         int    `json:"rc"`
	Findings   []row  `json:"findings"`
	KnownWrong []row  `json:"known_wrong"`
}

// TestDifferential compares what we find in every real lockfile and SBOM with what osv-scanner finds on the same
// advisories. Each difference must be explained by a rule of differences.go, and the number that each rule explains is
// kept in docs/differences.md, so that a rule that suddenly explains more fails too.
func TestDifferential(t *testing.T) {
	dir := corpus.Dir(t)
	x := corpusIndex(t)
	explained := map[string]int{}
	same := 0
	for _, kind := range []string{"lockfiles", "sboms"} {
		for _, e := range corpus.Lines[expectation](t, "expected", "osv-scanner", kind+".jsonl") {
			c := compare(t, x, filepath.Join(dir, kind, "open"), e)
			same += c.same
			for _, d := range c.differences {
				name := explain(d)
				if name == "" {
					t.Errorf("%s: %s", e.Input, d)
				}
				explained[name]++
			}
		}
	}
	delete(explained, "")
	t.Logf("%d findings are the same", same)
	text, err := os.ReadFile("../../docs/differences.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules() {
		want := fmt.Sprintf("| %s | %d |", r.name, explained[r.name])
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("docs/differences.md does not have %q", want)
		}
	}
	if want := fmt.Sprintf("%d findings are the same", same); !bytes.Contains(text, []byte(want)) {
		t.Errorf("docs/differences.md does not have %q", want)
	}
}

// index is the corpus' advisories, with the names and versions that each record uses.
type index struct {
	*advisories.Index
	names, versions map[string][]string
}

// corpusIndex builds the index of the corpus' advisories in memory.
func corpusIndex(t testing.TB) index {
	t.Helper()
	var b advisories.Builder
	seen, names, versions := map[string]bool{}, map[string][]string{}, map[string][]string{}
	for _, body := range corpus.Records(t) {
		a, err := advisories.Parse(body)
		if err != nil {
			t.Fatal(err)
		}
		if !seen[a.ID] {
			seen[a.ID] = true
			b.Add(a, "corpus")
			for _, aff := range a.Affected {
				names[a.ID] = append(names[a.ID], aff.Package.Name)
				for _, r := range aff.Ranges {
					for _, e := range r.Events {
						versions[a.ID] = append(versions[a.ID], e.Introduced+e.Fixed+e.LastAffected)
					}
				}
			}
		}
	}
	var file bytes.Buffer
	if _, err := b.Build(&file, advisories.FactTables{}, tocsin.Snapshot{}); err != nil {
		t.Fatal(err)
	}
	x, err := advisories.Load(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return index{x, names, versions}
}

type comparison struct {
	same        int
	differences []difference
}

func compare(t *testing.T, x index, dir string, e expectation) comparison {
	t.Helper()
	root, closer, err := scanner.Dir(filepath.Join(dir, path.Dir(e.Input)))
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	src := pipeline.Source{Origin: e.Input, FS: root, Paths: []string{path.Base(e.Input)}}
	scanned, err := pipeline.Scan(t.Context(), []pipeline.Source{src}, x, policies.NewSet(), time.Unix(0, 0), nil)
	if err != nil {
		t.Fatal(err)
	}
	ours := map[row]tocsin.Finding{}
	names := map[string][]tocsin.Package{}
	for _, p := range scanned[0].Inventory.Packages {
		k := purl.Base(p.Ecosystem) + " " + purl.Key(p.Ecosystem, p.Name)
		names[k] = append(names[k], p)
	}
	for _, d := range scanned[0].Decisions {
		f := d.Finding
		if f.Status != tocsin.StatusAffected {
			continue
		}
		for _, ev := range f.Evidence {
			ours[canonical(row{f.Package.Ecosystem, f.Package.Name, f.Package.Version, ev.Advisory})] = f
		}
	}
	theirs := map[row]bool{}
	for _, r := range e.KnownWrong {
		if _, ok := ours[canonical(r)]; ok {
			t.Errorf("%s: we share a known mistake of the peer: %s", e.Input, r)
		}
	}
	var out comparison
	for _, r := range e.Findings {
		r = canonical(r)
		if theirs[r] {
			continue
		}
		theirs[r] = true
		if _, ok := ours[r]; ok {
			out.same++
			continue
		}
		known := names[purl.Base(r[0])+" "+purl.Key(r[0], r[1])]
		out.differences = append(out.differences, difference{
			row: r, input: e.Input, theirs: true, rc: e.RC, packages: known, all: scanned[0].Inventory.Packages,
			unknown: unknownReason(scanned[0].Decisions, r), recordVersions: x.versions[r[3]],
		})
	}
	for r, f := range ours {
		if !theirs[r] {
			out.differences = append(out.differences, difference{row: r, input: e.Input, rc: e.RC, finding: f, all: scanned[0].Inventory.Packages, recordNames: x.names[r[3]], recordVersions: x.versions[r[3]]})
		}
	}
	for i := range out.differences {
		d := &out.differences[i]
		for _, other := range out.differences {
			if d.theirs != other.theirs && d.row[0] == other.row[0] && d.row[2] == other.row[2] && d.row[3] == other.row[3] {
				d.twin = &other.row
			}
		}
	}
	slices.SortFunc(out.differences, func(a, b difference) int { return strings.Compare(a.String(), b.String()) })
	return out
}

// canonical is the spelling under which both sides are compared.
func canonical(r row) row {
	r[1] = purl.Canonical(r[0], r[1])
	return r
}

// unknownReason is why we do not know of a finding that the peer is sure of; empty if we say it is not affected.
func unknownReason(decisions []tocsin.Decision, r row) string {
	for _, d := range decisions {
		f := d.Finding
		if f.Status == tocsin.StatusUnknown && f.Package.Ecosystem == r[0] && purl.Canonical(r[0], f.Package.Name) == r[1] &&
			f.Package.Version == r[2] && slices.Contains(f.Class.Aliases, r[3]) {
			return f.Reason
		}
	}
	return ""
}
