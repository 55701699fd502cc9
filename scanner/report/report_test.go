package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/osv-scanner/v2/pkg/models"

	"github.com/tocsin-dev/tocsin"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func decision(gate tocsin.Gate, name, version, id string, score float64, fixed ...string) tocsin.Decision {
	c := tocsin.Class{ID: id, Aliases: []string{id}, Kind: tocsin.KindFlaw}
	if score > 0 {
		c.CVSS = &tocsin.CVSS{Score: score}
	}
	return tocsin.Decision{Gate: gate, Response: tocsin.ResponseIssue, Finding: tocsin.Finding{
		Package: tocsin.Package{Ecosystem: "npm", Name: name, Version: version, Location: []tocsin.Location{{Path: "package-lock.json", Line: 3}}},
		Class:   c, Status: tocsin.StatusAffected, Match: tocsin.MatchRange, Evidence: []tocsin.Evidence{{Advisory: id, Range: "< 9"}}, Fixed: fixed,
	}}
}

// sample is a report with everything in it.
func sample() Report {
	deep, bad, odd, dup := decision(tocsin.GateWarn, "ms", "2.0.0", "CVE-5", 5.3, "2.1.3"), decision(tocsin.GateFail, "debug", "4.4.2", "MAL-1", 0),
		decision(tocsin.GateUndecided, "loose", "", "CVE-8", 9.8), decision(tocsin.GateUndecided, "loose", "", "CVE-9", 9.8)
	deep.Finding.Paths = [][]string{{"express@4.21.2", "send@0.19.0", "ms@2.0.0"}}
	bad.Finding.Class.Kind = tocsin.KindMalware
	for _, d := range []*tocsin.Decision{&odd, &dup} {
		d.Finding.Status, d.Finding.Match, d.Finding.Reason, d.Finding.Evidence = tocsin.StatusUnknown, "", "no version is pinned", nil
	}
	exploited := decision(tocsin.GateFail, "lodash", "4.17.4", "CVE-1", 9.1, "4.17.12", "4.17.21")
	exploited.Finding.Class.KEV, exploited.Finding.Upgrade = &tocsin.KEV{}, "4.17.21"
	harmless := decision(tocsin.GatePass, "fine", "1", "CVE-7", 9)
	harmless.Finding.Status = tocsin.StatusNotAffected
	contents := Contents{Edges: []tocsin.Edge{{From: tocsin.EdgeRoot, To: 0}}}
	for i := range 12 {
		contents.Packages = append(contents.Packages, tocsin.Package{Ecosystem: "npm", Name: fmt.Sprint("p", i), Version: "1"})
	}
	return Report{
		Tocsin: "v1", At: noon, Gate: tocsin.GateFail, Policies: []string{"release-gate"}, PolicyDigest: "sha256:0123456789abcdef",
		Snapshot: tocsin.Snapshot{ID: "adv:1", Records: 3, Feeds: []tocsin.FeedState{{Name: "osv", Status: tocsin.FeedOK, SyncedAt: noon}, {Name: "kev", Status: tocsin.FeedFailed}}},
		Targets: []Target{
			{Source: "shop", Packages: 12, Contents: contents, Gate: tocsin.GateFail, Why: []string{"3 findings fail", "1 is undecided"},
				Decisions: []tocsin.Decision{harmless, deep, odd, decision(tocsin.GateFail, "ms", "3", "CVE-3", 8), dup, exploited,
					decision(tocsin.GateWarn, "lodash", "4.17.4", "CVE-2", 0, "4.17.21"), bad},
				Coverage: tocsin.Coverage{
					Files: []tocsin.FileCoverage{{Path: "package-lock.json", Format: "npm/package-lock", Status: tocsin.FileRead}, {Path: "pom.xml", Status: tocsin.FileFailed, Reason: "line 3: no end"}},
					Gaps:  []tocsin.Gap{{Reason: tocsin.GapNoVersion, Count: 2}, {Reason: tocsin.GapMinimum, Count: 1}},
				}},
			{Source: "clean", Packages: 1, Contents: Contents{Packages: contents.Packages[:1]}, Gate: tocsin.GatePass, Coverage: tocsin.Coverage{Files: []tocsin.FileCoverage{{Path: "go.mod", Status: tocsin.FileRead}}}},
		},
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", file, diff)
	}
}

func tabled(t *testing.T, r Report, o TableOptions) string {
	t.Helper()
	t.Setenv("CLICOLOR_FORCE", "")
	var b bytes.Buffer
	if err := Table(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTable(t *testing.T) {
	got := tabled(t, sample(), TableOptions{})
	golden(t, "table.txt", got)
	if strings.Contains(got, "\x1b") {
		t.Error("colours in a buffer")
	}
	for _, line := range strings.Split(got, "\n") {
		if strings.TrimRight(line, " ") != line {
			t.Errorf("padding at the end of %q", line)
		}
	}
	marks := sample()
	marks.Snapshot = tocsin.Snapshot{Landmarks: true, Records: 88}
	marks.Targets = nil
	if got := tabled(t, marks, TableOptions{}); !strings.Contains(got, "Only the 88 embedded advisories of famous incidents were used. Fetch the rest with: tocsin db update") {
		t.Error(got)
	}
}

// What is excused leaves the rows, or stays among them, but never without a word.
func TestExcusedIsCounted(t *testing.T) {
	r := sample()
	for i, kind := range []tocsin.ExceptionKind{tocsin.ExceptionNotAffected, tocsin.ExceptionAccepted, tocsin.ExceptionAccepted} {
		f := &r.Targets[0].Decisions[i].Finding
		f.Exception = &tocsin.Exception{Kind: kind}
		if kind == tocsin.ExceptionNotAffected {
			f.Status = tocsin.StatusNotAffected
		}
	}
	const want = "; 1 finding stated as not affected; 2 risks accepted"
	var md, page bytes.Buffer
	if err := errors.Join(Markdown(&md, r), HTML(&page, r)); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{"table": tabled(t, r, TableOptions{}), "markdown": md.String(), "html": page.String()} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in the %s", want, name)
		}
	}
}

func TestTableRows(t *testing.T) {
	got := tabled(t, sample(), TableOptions{Rows: 2})
	golden(t, "table-rows.txt", got)
	for _, want := range []string{"MAL-1", "CVE-1", "… and 4 more, less grave (--all shows them)"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestTableWidth(t *testing.T) {
	got := tabled(t, sample(), TableOptions{Width: 100})
	golden(t, "table-width.txt", got)
	head, _, _ := strings.Cut(got, "read 12")
	for _, line := range strings.Split(head, "\n") {
		if n := len([]rune(line)); n > 100 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

func TestColour(t *testing.T) {
	t.Setenv("CLICOLOR_FORCE", "1")
	t.Setenv("TERM", "xterm-256color")
	var b bytes.Buffer
	if err := Table(&b, sample(), TableOptions{}); err != nil || !strings.Contains(b.String(), "\x1b[") {
		t.Errorf("no colours where they are asked for (%v)", err)
	}
	t.Setenv("NO_COLOR", "1")
	t.Setenv("CLICOLOR_FORCE", "")
	b.Reset()
	if err := Table(&b, sample(), TableOptions{}); err != nil || strings.Contains(b.String(), "\x1b[3") {
		t.Errorf("NO_COLOR is not heard (%v):\n%q", err, b.String())
	}
}

func TestManyUnreadableFiles(t *testing.T) {
	r := Report{Targets: []Target{{Source: "x", Gate: tocsin.GateUndecided}}}
	for i := range 30 {
		r.Targets[0].Coverage.Files = append(r.Targets[0].Coverage.Files, tocsin.FileCoverage{Path: fmt.Sprint("f", i), Status: tocsin.FilePartial, Reason: "torn"})
	}
	if got := tabled(t, r, TableOptions{}); !strings.Contains(got, "partial f19: torn") || !strings.Contains(got, "… and 10 more files") || strings.Contains(got, "f20:") {
		t.Error(got)
	}
}

func TestHostileTextStaysOffTheTerminal(t *testing.T) {
	evil := "a\x1b[2J\x1b]0;x\x07\u009b31m\r\nFAKE\u202eb\u2066\u200b\x00\xff"
	d := decision(tocsin.GateFail, evil, evil, evil, 9, evil)
	d.Finding.Upgrade, d.Finding.Paths, d.Finding.Package.Location[0].Path = evil+"2", [][]string{{evil, evil}}, evil
	u := decision(tocsin.GateUndecided, evil, evil, evil, 9)
	u.Finding.Status, u.Finding.Reason = tocsin.StatusUnknown, evil
	got := tabled(t, Report{Policies: []string{evil}, PolicyDigest: "x", Snapshot: tocsin.Snapshot{Feeds: []tocsin.FeedState{{Name: evil}}}, Targets: []Target{{
		Source: evil, Gate: tocsin.GateFail, Why: []string{evil}, Decisions: []tocsin.Decision{d, u},
		Coverage: tocsin.Coverage{Files: []tocsin.FileCoverage{{Path: evil, Status: tocsin.FileFailed, Reason: evil}}},
	}}}, TableOptions{})
	for _, r := range got {
		if r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf) {
			t.Errorf("%U survives in\n%q", r, got)
			break
		}
	}
	if strings.Contains(got, "\nFAKE") {
		t.Errorf("a line was forged:\n%s", got)
	}
}

func TestJSON(t *testing.T) {
	r := sample()
	r.Targets = append(r.Targets, Target{Source: "none", Gate: tocsin.GatePass})
	var b bytes.Buffer
	if err := JSON(&b, r); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.json", b.String())
	var back Report
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || back.Targets[0].Decisions[1].Finding.Package.Name != "ms" {
		t.Errorf("%v: %+v", err, back)
	}
	if r.Targets[2].Decisions != nil {
		t.Error("the caller's report was changed")
	}
	b.Reset()
	if err := JSON(&b, Report{}); err != nil || strings.Contains(b.String(), `"targets": null`) || strings.Contains(b.String(), `"policies": null`) {
		t.Errorf("%v\n%s", err, b.String())
	}
	for name, err := range map[string]error{"json": JSON(full{}, r), "table": Table(full{}, r, TableOptions{}), "osv": OSVScanner(full{}, Report{}, func(string) ([]byte, error) { return nil, nil })} {
		if !errors.Is(err, errFull) {
			t.Errorf("%s on a full disk: %v", name, err)
		}
	}
}

var errFull = errors.New("disk full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestOSVScanner(t *testing.T) {
	r := sample()
	two := r.Targets[0].Decisions[5] // lodash, known by two records
	two.Finding.Class.Aliases = []string{"CVE-1", "GHSA-1"}
	two.Finding.Evidence = append(two.Finding.Evidence, tocsin.Evidence{Advisory: "GHSA-1"}, tocsin.Evidence{Advisory: "CVE-1"})
	again := two // the same version from another registry
	homeless := decision(tocsin.GateFail, "homeless", "1", "CVE-4", 9)
	homeless.Finding.Package.Location = nil
	sbom := decision(tocsin.GateFail, "openssl", "1", "CVE-6", 9)
	sbom.Finding.Package.Location = []tocsin.Location{{Path: "x.cdx.json"}, {Path: "x.cdx.json", Line: 2}}
	r.Targets[0].Coverage.Files = append(r.Targets[0].Coverage.Files, tocsin.FileCoverage{Path: "x.cdx.json", Format: "cyclonedx/json", Status: tocsin.FileRead})
	r.Targets[0].Decisions[5] = two
	r.Targets[0].Decisions = append(r.Targets[0].Decisions, again, homeless, sbom)
	record := func(id string) ([]byte, error) {
		return []byte(`{"id": "` + id + `", "schema_version": "1.7.0", "modified": "2026-01-01T00:00:00Z", "brand_new": {"x": [1]}, "affected": [{"newer": true}]}`), nil
	}
	var b bytes.Buffer
	if err := OSVScanner(&b, r, record); err != nil {
		t.Fatal(err)
	}
	golden(t, "osv-scanner.json", b.String())
	var back models.VulnerabilityResults
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range back.Results {
		for _, p := range s.Packages {
			for _, g := range p.Groups {
				got = append(got, fmt.Sprintf("%s %s %s@%s %v max %s of %d", s.Source.Type, s.Source.Path, p.Package.Name, p.Package.Version, g.IDs, g.MaxSeverity, len(p.Vulnerabilities)))
			}
		}
	}
	want := []string{
		"lockfile package-lock.json debug@4.4.2 [MAL-1] max  of 1", "lockfile package-lock.json lodash@4.17.4 [CVE-1 GHSA-1] max 9.1 of 3",
		"lockfile package-lock.json lodash@4.17.4 [CVE-2] max  of 3", "lockfile package-lock.json ms@2.0.0 [CVE-5] max 5.3 of 1",
		"lockfile package-lock.json ms@3 [CVE-3] max 8.0 of 1", "lockfile shop homeless@1 [CVE-4] max 9.0 of 1", "sbom x.cdx.json openssl@1 [CVE-6] max 9.0 of 1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	missing := func(string) ([]byte, error) { return nil, tocsin.ErrNotFound }
	if err := OSVScanner(&b, r, missing); !errors.Is(err, tocsin.ErrNotFound) {
		t.Errorf("a record that is missing: %v", err)
	}
	torn := func(string) ([]byte, error) { return []byte(`{"id": `), nil }
	if err := OSVScanner(&b, r, torn); !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), "record ") {
		t.Errorf("a torn record: %v", err)
	}
	b.Reset()
	if err := OSVScanner(&b, Report{}, record); err != nil || !strings.Contains(b.String(), `"results": []`) {
		t.Errorf("nothing found: %v\n%s", err, b.String())
	}
}
