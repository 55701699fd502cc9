package landmark_test

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	gocvss20 "github.com/pandatix/go-cvss/20"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/advisories/feed"
	"github.com/tocsin-dev/tocsin/advisories/landmark"
	"github.com/tocsin-dev/tocsin/internal/corpus"
	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/internal/version"
)

// record is a record as it is written, with the fields that [advisories.Parse] does not keep.
type record struct {
	Schema    string            `json:"schema_version"`
	ID        string            `json:"id"`
	Modified  time.Time         `json:"modified"`
	Published time.Time         `json:"published"`
	Withdrawn *time.Time        `json:"withdrawn"`
	Aliases   []string          `json:"aliases"`
	Related   []string          `json:"related"`
	Upstream  []string          `json:"upstream"`
	Summary   string            `json:"summary"`
	Details   string            `json:"details"`
	Severity  []tocsin.Severity `json:"severity"`
	Affected  []struct {
		Package  tocsin.AffectedPackage `json:"package"`
		Severity []tocsin.Severity      `json:"severity"`
		Versions []string               `json:"versions"`
		Ranges   []span                 `json:"ranges"`
	} `json:"affected"`
	References []tocsin.Reference `json:"references"`
	Database   struct {
		Incident string   `json:"incident"`
		CWEs     []string `json:"cwe_ids"`
	} `json:"database_specific"`
}

// span is a range with its events as they are written.
type span struct {
	Type   tocsin.RangeType    `json:"type"`
	Repo   string              `json:"repo"`
	Events []map[string]string `json:"events"`
}

func read(t *testing.T, body []byte) record {
	t.Helper()
	var r record
	if err := json.Unmarshal(body, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func all(t *testing.T) map[string]record {
	t.Helper()
	out := map[string]record{}
	for name, body := range landmark.Records() {
		r := read(t, body)
		if name != r.ID+".json" {
			t.Errorf("%s: holds record %s", name, r.ID)
		}
		out[r.ID] = r
	}
	return out
}

func (r record) malware() bool {
	return strings.HasPrefix(r.ID, "MAL-") || slices.Contains(r.Database.CWEs, "CWE-506")
}

// undated records come from a database whose files carry no date of publication.
var undated = []string{"GO-2023-2102", "GO-2026-4919"}

// unscored flaws belong to a class for which no database that we excerpt gives a CVSS vector.
var unscored = []string{
	"GHSA-5rqg-jm4f-cqx7", // colors
	"GHSA-6hgm-866r-3cjv", // commons-collections
	"DRUPAL-CORE-2018-002",
	"RUSTSEC-2020-0159",
	"RUSTSEC-2024-0003",
}

// ecosystems that the records may name.
var ecosystems = []string{
	"Bitnami", "ConanCenter", "crates.io", "Debian", "GitHub Actions", "Go", "Julia", "Maven", "npm", "Packagist", "PyPI", "RubyGems", "SwiftURL",
}

var slug = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func TestRecords(t *testing.T) {
	records := all(t)
	incidents := map[string]bool{}
	for name, body := range landmark.Records() {
		a, err := advisories.Parse(body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r := records[a.ID]
		incidents[r.Database.Incident] = true
		if !strings.HasPrefix(r.Schema, "1.7.") {
			t.Errorf("%s: schema_version %q", name, r.Schema)
		}
		if !slug.MatchString(r.Database.Incident) {
			t.Errorf("%s: database_specific.incident %q", name, r.Database.Incident)
		}
		if a.Modified.IsZero() || a.Published.After(a.Modified) || !a.Withdrawn.IsZero() {
			t.Errorf("%s: published %v, modified %v, withdrawn %v", name, a.Published, a.Modified, a.Withdrawn)
		}
		if a.Published.IsZero() != slices.Contains(undated, a.ID) {
			t.Errorf("%s: published is %v", name, a.Published)
		}
		if r.Summary == "" || len(r.Summary) > 120 || strings.HasSuffix(r.Summary, ".") {
			t.Errorf("%s: summary of %d bytes: %q", name, len(r.Summary), r.Summary)
		}
		if len(r.Details) < 20 || !strings.HasSuffix(r.Details, ".") {
			t.Errorf("%s: details %q", name, r.Details)
		}
		if len(a.References) == 0 || slices.ContainsFunc(a.References, func(f tocsin.Reference) bool {
			return f.Type != "ADVISORY" || !strings.HasPrefix(f.URL, "https://")
		}) {
			t.Errorf("%s: references %v", name, a.References)
		}
		for _, host := range []string{"registry.", "proxy.golang.org", "pypi.org", "repo1.maven.org"} {
			if strings.Contains(string(body), host) {
				t.Errorf("%s: names the package registry %s", name, host)
			}
		}
		for _, alias := range r.Aliases {
			if other, ok := records[alias]; ok && !slices.Contains(other.Aliases, r.ID) {
				t.Errorf("%s: names %s as an alias, which does not name it", name, alias)
			}
		}
		lintAffected(t, name, r)
	}
	if len(records) < 45 || len(incidents) < 18 {
		t.Errorf("%d records of %d incidents", len(records), len(incidents))
	}
}

func lintAffected(t *testing.T, name string, r record) {
	t.Helper()
	if len(r.Affected) == 0 {
		t.Errorf("%s: nothing is affected", name)
	}
	for _, a := range r.Affected {
		p := a.Package
		if p.Name == "" || !slices.Contains(ecosystems, purl.Base(p.Ecosystem)) {
			t.Errorf("%s: package %+v", name, p)
		}
		bare, _, _ := strings.Cut(p.PURL, "?")
		if want := purl.Make(p.Ecosystem, p.Name, ""); bare != want {
			t.Errorf("%s: purl %q, want %q", name, p.PURL, want)
		}
		if len(a.Ranges)+len(a.Versions) == 0 {
			t.Errorf("%s: no version of %s", name, p.Name)
		}
		if r.malware() && len(a.Versions) == 0 && !slices.Contains(rangedMalware, r.ID) {
			t.Errorf("%s: malware without a list of its versions of %s", name, p.Name)
		}
		versions := slices.Clone(a.Versions)
		for _, g := range a.Ranges {
			if g.Type != tocsin.RangeEcosystem && g.Type != tocsin.RangeSemver || len(g.Events) == 0 || g.Repo != "" {
				t.Errorf("%s: range %+v", name, g)
			}
			for i, e := range g.Events {
				if len(e) != 1 {
					t.Errorf("%s: event %v has not exactly one key", name, e)
				}
				for key, v := range e {
					if !slices.Contains([]string{"introduced", "fixed", "last_affected"}, key) || i == 0 && key != "introduced" {
						t.Errorf("%s: event %d is %s", name, i, key)
					}
					if key != "introduced" || v != "0" {
						versions = append(versions, v)
					}
				}
			}
		}
		for _, v := range versions {
			if _, err := version.Parse(p.Ecosystem, v); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, s := range slices.Concat(r.Severity, a.Severity) {
			if err := vector(s); err != nil {
				t.Errorf("%s: %s %s: %v", name, s.Type, s.Score, err)
			}
		}
	}
}

// rangedMalware was never anything else, or its bad versions are not known one by one.
var rangedMalware = []string{
	"GHSA-69fq-xp46-6x23", // every tag of two actions; the release is listed
	"GHSA-mrrh-fwg8-r2c3", // every tag of the action
	"RUSTSEC-2022-0042",   // all of rustdecimal, removed from the registry
	"JLSEC-2026-62",       // builds of a backdoored upstream, not malware of that registry
}

func vector(s tocsin.Severity) error {
	var err error
	switch {
	case s.Type == "CVSS_V4":
		_, err = gocvss40.ParseVector(s.Score)
	case s.Type == "CVSS_V3" && strings.HasPrefix(s.Score, "CVSS:3.0/"):
		_, err = gocvss30.ParseVector(s.Score)
	case s.Type == "CVSS_V3":
		_, err = gocvss31.ParseVector(s.Score)
	case s.Type == "CVSS_V2":
		_, err = gocvss20.ParseVector(s.Score)
	default:
		err = errors.New("unknown type")
	}
	return err
}

func TestIndex(t *testing.T) {
	x, err := landmark.Index()
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	records := all(t)
	info := x.Snapshot()
	if !info.Landmarks || info.Records != len(records) || info.Classes == 0 || info.KEV == 0 || info.EPSS == 0 {
		t.Errorf("snapshot %+v", info)
	}
	var newest time.Time
	for _, r := range records {
		if r.Modified.After(newest) {
			newest = r.Modified
		}
	}
	if !info.BuiltAt.Equal(newest) {
		t.Errorf("built at %v, the newest record is of %v", info.BuiltAt, newest)
	}
	if why := info.Stale(newest); len(why) != 1 {
		t.Errorf("a verdict by landmarks alone is doubtful for %q", why)
	}

	for _, c := range []struct {
		ecosystem, name string
		records         []string // all that must be found
		class           string   // of the first
		kind            tocsin.Kind
		origins         int
		kev             bool
		cvss            string
	}{
		{"Maven", "org.apache.logging.log4j:log4j-core", []string{"GHSA-jfh8-c2jp-5v3q", "GHSA-7rjr-3q55-vv33", "GHSA-p6xc-xr62-6r2g", "GHSA-8489-44mv-ggj8"}, "CVE-2021-44228", tocsin.KindFlaw, 1, true, "critical"},
		{"npm", "debug", []string{"MAL-2025-46974", "GHSA-4x49-vf9v-38px"}, "MAL-2025-46974", tocsin.KindMalware, 2, false, "high"},
		{"npm", "chalk", []string{"MAL-2025-46969", "GHSA-2v46-p5h4-248w"}, "MAL-2025-46969", tocsin.KindMalware, 2, false, "unscored"},
		{"npm", "@ctrl/tinycolor", []string{"MAL-2025-47141", "GHSA-qjqf-7j6f-82c4"}, "MAL-2025-47141", tocsin.KindMalware, 2, false, "unscored"},
		{"npm", "axios", []string{"MAL-2026-2307", "GHSA-fw8c-xr5c-95f9"}, "MAL-2026-2307", tocsin.KindMalware, 2, false, "unscored"},
		{"npm", "flatmap-stream", []string{"GHSA-mh6f-8j2x-4483"}, "GHSA-mh6f-8j2x-4483", tocsin.KindMalware, 1, false, "critical"},
		{"GitHub Actions", "TJ-Actions/changed-files", []string{"GHSA-mrrh-fwg8-r2c3"}, "CVE-2025-30066", tocsin.KindMalware, 1, true, "high"},
		{"GitHub Actions", "aquasecurity/trivy-action", []string{"GHSA-69fq-xp46-6x23"}, "CVE-2026-33634", tocsin.KindMalware, 2, false, "critical"},
		{"PyPI", "Requests", []string{"PYSEC-2018-28", "PYSEC-2023-74"}, "CVE-2018-18074", tocsin.KindFlaw, 2, false, "high"},
		{"PyPI", "PyYAML", []string{"PYSEC-2021-142", "GHSA-8q59-q68h-6hv4"}, "CVE-2020-14343", tocsin.KindFlaw, 2, false, "critical"},
		{"Go", "golang.org/x/net", []string{"GO-2023-2102", "GHSA-qppj-fm5r-hxr3"}, "CVE-2023-39325", tocsin.KindFlaw, 2, false, "high"},
		{"Go", "stdlib", []string{"GO-2023-2102"}, "CVE-2023-39325", tocsin.KindFlaw, 2, false, "high"},
		{"crates.io", "libwebp-sys", []string{"RUSTSEC-2023-0061"}, "CVE-2023-4863", tocsin.KindFlaw, 2, true, "high"},
		{"Debian:7", "openssl", []string{"CVE-2014-0160"}, "CVE-2014-0160", tocsin.KindFlaw, 1, true, "high"},
		{"RubyGems", "actionview", []string{"GHSA-86g5-2wh3-gc9j"}, "CVE-2019-5418", tocsin.KindFlaw, 1, true, "high"},
		{"Packagist", "drupal/core", []string{"DRUPAL-CORE-2018-002"}, "CVE-2018-7600", tocsin.KindFlaw, 1, true, "unscored"},
	} {
		postings, err := x.Lookup(c.ecosystem, c.name)
		if err != nil {
			t.Fatal(err)
		}
		class := map[string]int{}
		for _, list := range postings {
			for _, p := range list.List {
				class[p.Record] = p.Class
			}
		}
		for _, id := range c.records {
			if _, ok := class[id]; !ok {
				t.Errorf("%s %s: %s is not found among %v", c.ecosystem, c.name, id, slices.Sorted(maps.Keys(class)))
			}
		}
		got, err := x.Class(class[c.records[0]])
		if err != nil {
			t.Fatal(err)
		}
		if got.ID != c.class || got.Kind != c.kind || len(got.Origins) != c.origins || (got.KEV != nil) != c.kev || got.CVSS.Rating() != c.cvss {
			t.Errorf("%s %s: class %s, %s, from %v, KEV %v, %s: want %+v", c.ecosystem, c.name, got.ID, got.Kind, got.Origins, got.KEV, got.CVSS.Rating(), c)
		}
	}
	if got, err := x.Lookup("npm", "left-pad"); err != nil || len(got) != 0 {
		t.Errorf("left-pad: %v, %v", got, err)
	}

	without := map[string]bool{}
	for _, r := range records {
		for _, a := range r.Affected {
			lists, err := x.Lookup(a.Package.Ecosystem, a.Package.Name)
			if err != nil || len(lists) != 1 {
				t.Fatal(lists, err)
			}
			postings := lists[0].List
			i := slices.IndexFunc(postings, func(p tocsin.Posting) bool { return p.Record == r.ID })
			if i < 0 {
				t.Errorf("%s is not found by %s", r.ID, a.Package.Name)
				continue
			}
			class, err := x.Class(postings[i].Class)
			if err != nil {
				t.Fatal(err)
			}
			if class.Kind == tocsin.KindFlaw && class.CVSS == nil {
				without[r.ID] = true
			}
		}
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(unscored)), slices.Sorted(maps.Keys(without))); diff != "" {
		t.Errorf("flaws without a CVSS vector (-listed +found):\n%s", diff)
	}
}

func TestVersions(t *testing.T) {
	x, err := landmark.Index()
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	const log4j = "org.apache.logging.log4j:log4j-core"
	for _, c := range []struct {
		ecosystem, name, version string
		want                     []string
	}{
		{"Maven", log4j, "2.14.1", []string{"GHSA-7rjr-3q55-vv33", "GHSA-8489-44mv-ggj8", "GHSA-jfh8-c2jp-5v3q", "GHSA-p6xc-xr62-6r2g"}},
		{"Maven", log4j, "2.15.0", []string{"GHSA-7rjr-3q55-vv33", "GHSA-8489-44mv-ggj8", "GHSA-p6xc-xr62-6r2g"}},
		{"Maven", log4j, "2.16.0", []string{"GHSA-8489-44mv-ggj8", "GHSA-p6xc-xr62-6r2g"}},
		{"Maven", log4j, "2.17.0", []string{"GHSA-8489-44mv-ggj8"}},
		{"Maven", log4j, "2.17.1", nil},
		{"Maven", log4j, "2.12.2", []string{"GHSA-8489-44mv-ggj8", "GHSA-p6xc-xr62-6r2g"}},
		{"Maven", log4j, "2.12.3", []string{"GHSA-8489-44mv-ggj8"}},
		{"Maven", log4j, "2.12.4", nil},
		{"Maven", log4j, "2.3.1", []string{"GHSA-8489-44mv-ggj8"}},
		{"Maven", log4j, "2.3.2", nil},
		{"npm", "debug", "4.4.2", []string{"GHSA-4x49-vf9v-38px", "MAL-2025-46974"}},
		{"npm", "debug", "4.4.1", nil},
		{"npm", "debug", "4.4.3", nil},
		{"npm", "event-stream", "3.3.4", nil},
		{"npm", "event-stream", "3.3.6", []string{"GHSA-mh6f-8j2x-4483"}},
		{"npm", "colors", "1.4.0", nil},
		{"npm", "colors", "1.4.44-liberty-2", []string{"GHSA-5rqg-jm4f-cqx7"}},
		{"npm", "axios", "1.14.0", nil},
		{"npm", "@tanstack/router-vite-plugin", "1.166.56", []string{"GHSA-g7cv-rxg3-hmpx"}},
		{"ConanCenter", "xz_utils", "5.6.1", []string{"CVE-2024-3094"}},
		{"ConanCenter", "xz_utils", "5.4.6", nil},
		{"GitHub Actions", "tj-actions/changed-files", "v45.0.7", []string{"GHSA-mrrh-fwg8-r2c3"}},
		{"GitHub Actions", "tj-actions/changed-files", "v46.0.1", nil},
		{"Go", "github.com/aquasecurity/trivy", "v0.69.4", []string{"GHSA-69fq-xp46-6x23", "GO-2026-4919"}},
		{"Go", "github.com/aquasecurity/trivy", "v0.70.0", nil},
		{"Go", "stdlib", "go1.21.2", []string{"GO-2023-2102"}},
		{"Go", "stdlib", "go1.21.3", nil},
		{"PyPI", "urllib3", "2.0.5", []string{"PYSEC-2023-192"}},
		{"PyPI", "urllib3", "1.26.17", nil},
		{"Debian:7", "openssl", "1.0.1e-2+deb7u4", []string{"CVE-2014-0160"}},
		{"Debian:7", "openssl", "1.0.1e-2+deb7u5", nil},
	} {
		lists, err := x.Lookup(c.ecosystem, c.name)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range lists {
			for _, p := range l.List {
				if affects(t, l.Versions, p, c.ecosystem, c.version) {
					got = append(got, p.Record)
				}
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(c.want, slices.Compact(got), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", c.name, c.version, diff)
		}
	}
}

// affects is the schema's own algorithm, over events that the index has sorted.
// https://ossf.github.io/osv-schema/#evaluation
func affects(t *testing.T, versions []string, p tocsin.Posting, ecosystem, s string) bool {
	t.Helper()
	parse := func(s string) version.Version {
		v, err := version.Parse(ecosystem, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	v := parse(s)
	compare := func(bound string) int {
		c, err := v.Compare(parse(bound))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if slices.ContainsFunc(p.Versions, func(listed int) bool { return compare(versions[listed]) == 0 }) {
		return true
	}
	for _, r := range p.Ranges {
		in := false
		for _, b := range r {
			switch {
			case b.Kind == tocsin.BoundIntroduced && (b.At < 0 || compare(versions[b.At]) >= 0):
				in = true
			case b.Kind == tocsin.BoundFixed && compare(versions[b.At]) >= 0, b.Kind == tocsin.BoundLastAffected && compare(versions[b.At]) > 0:
				in = false
			}
		}
		if in {
			return true
		}
	}
	return false
}

func TestIndexIsTheSameEveryTime(t *testing.T) {
	first, err := landmark.Index()
	if err != nil {
		t.Fatal(err)
	}
	second, err := landmark.Index()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.Snapshot(), second.Snapshot()); diff != "" {
		t.Error(diff)
	}
}

func TestRecord(t *testing.T) {
	b, err := landmark.Record("GHSA-jfh8-c2jp-5v3q")
	if err != nil {
		t.Fatal(err)
	}
	if a, err := advisories.Parse(b); err != nil || !slices.Contains(a.Aliases, "CVE-2021-44228") {
		t.Errorf("%+v, %v", a, err)
	}
	for _, id := range []string{"", "GHSA-none", "../facts", "CVE-2021-44228", `..\facts`, "a\x00b"} {
		if b, err := landmark.Record(id); !errors.Is(err, tocsin.ErrNotFound) || b != nil {
			t.Errorf("Record(%q): %d bytes, %v", id, len(b), err)
		}
	}
}

// elsewhere are records that the corpus does not hold, with the public source their facts were checked against.
var elsewhere = map[string]string{
	"CVE-2014-0160":       "CVE list; Debian security tracker DSA-2896-1",
	"CVE-2024-3094":       "CVE list; oss-security 2024/03/29/4",
	"GHSA-2v46-p5h4-248w": "origin of MAL-2025-46969",
	"GHSA-36p3-wjmg-h94x": "GitHub advisory database",
	"GHSA-4374-p667-p6c8": "GitHub advisory database",
	"GHSA-5rqg-jm4f-cqx7": "GitHub advisory database; its open ranges are given as the three bad versions",
	"GHSA-69fq-xp46-6x23": "CVE list, CVE-2026-33634, whose dates it carries",
	"GHSA-73qr-pfmq-6rp8": "GitHub advisory database",
	"GHSA-7rjr-3q55-vv33": "GitHub advisory database; its range to 2.12.2 is split as Apache does, since 2.3.1 has the fix",
	"GHSA-8489-44mv-ggj8": "GitHub advisory database",
	"GHSA-86g5-2wh3-gc9j": "GitHub advisory database",
	"GHSA-8q59-q68h-6hv4": "GitHub advisory database",
	"GHSA-97m3-w2cp-4xx6": "GitHub advisory database; its two bad versions are listed beside the range",
	"GHSA-fw8c-xr5c-95f9": "origin of MAL-2026-2307",
	"GHSA-g2q5-5433-rhrf": "GitHub advisory database",
	"GHSA-g7cv-rxg3-hmpx": "CVE list, CVE-2026-45321, whose dates it carries",
	"GHSA-j77q-2qqg-6989": "GitHub advisory database",
	"GHSA-j8r2-6x86-q33q": "GitHub advisory database",
	"GHSA-jfh8-c2jp-5v3q": "GitHub advisory database; begins at 2.0-beta9 as in Apache's CVE record",
	"GHSA-mh6f-8j2x-4483": "GitHub advisory database; flatmap-stream 0.1.1 is listed beside the open range",
	"GHSA-mrrh-fwg8-r2c3": "GitHub advisory page; CVE list, CVE-2025-30066, whose dates it carries",
	"GHSA-p6xc-xr62-6r2g": "GitHub advisory database",
	"GHSA-pjwm-rvh2-c87w": "GitHub advisory database",
	"GHSA-qjqf-7j6f-82c4": "origin of MAL-2025-47141",
	"GHSA-qmg3-hpqr-gqvc": "CVE list, CVE-2025-30154, whose dates it carries",
	"GHSA-x84v-xcm2-53pg": "GitHub advisory database",
	"MAL-2025-46968":      "OpenSSF malicious-packages",
	"MAL-2025-46970":      "OpenSSF malicious-packages",
	"MAL-2025-46973":      "OpenSSF malicious-packages",
	"MAL-2025-46975":      "OpenSSF malicious-packages",
	"MAL-2025-46976":      "OpenSSF malicious-packages",
	"MAL-2025-46977":      "OpenSSF malicious-packages",
	"MAL-2025-46978":      "OpenSSF malicious-packages",
	"MAL-2025-46979":      "OpenSSF malicious-packages",
	"MAL-2025-46982":      "OpenSSF malicious-packages",
	"MAL-2025-47141":      "OpenSSF malicious-packages; its range from 0 is left out, the list is its second range",
	"MAL-2025-47197":      "OpenSSF malicious-packages; its ranges are left out, the list says the same",
	"MAL-2026-2306":       "OpenSSF malicious-packages",
	"MAL-2026-2307":       "OpenSSF malicious-packages",
	"MAL-2026-3465":       "OpenSSF malicious-packages",
}

// deliberate are the places where a record differs from the corpus, and why.
var deliberate = map[string]map[string]string{
	"GO-2026-4919": {"affected": "the database gives no end to the range, though only 0.69.4 was malicious"},
}

func TestAgreesWithTheCorpus(t *testing.T) {
	found := fromCorpus(t, all(t))
	for id, r := range all(t) {
		theirs, ok := found[id]
		if _, named := elsewhere[id]; ok == named {
			t.Errorf("%s: in the corpus %v, listed as checked elsewhere %v", id, ok, named)
		}
		if !ok {
			continue
		}
		compare := func(field string, want, got any, opts ...cmp.Option) {
			diff := cmp.Diff(want, got, append(opts, cmpopts.EquateEmpty())...)
			if why := deliberate[id][field]; (diff != "") != (why != "") {
				t.Errorf("%s: %s (-corpus +ours; deliberate: %q):\n%s", id, field, why, diff)
			}
		}
		sorted := cmpopts.SortSlices(strings.Compare)
		compare("aliases", theirs.Aliases, r.Aliases, sorted)
		compare("related", theirs.Related, r.Related, sorted)
		compare("upstream", theirs.Upstream, r.Upstream, sorted)
		compare("severity", theirs.Severity, r.Severity)
		compare("modified", theirs.Modified, r.Modified)
		if theirs.Published.Year() > 1 {
			compare("published", theirs.Published, r.Published)
		}
		if len(theirs.Database.CWEs) > 0 {
			compare("cwe_ids", theirs.Database.CWEs, r.Database.CWEs, sorted)
		}
		// GIT ranges are left out, since they match no released version; so are lists of versions where ranges say it.
		for i, a := range theirs.Affected {
			theirs.Affected[i].Package.PURL = ""
			a.Ranges = slices.DeleteFunc(a.Ranges, func(g span) bool { return g.Type == tocsin.RangeGit })
			theirs.Affected[i].Ranges = a.Ranges
			if i < len(r.Affected) && len(r.Affected[i].Versions) == 0 && len(a.Ranges) > 0 {
				theirs.Affected[i].Versions = nil
			}
		}
		for i := range r.Affected {
			r.Affected[i].Package.PURL = ""
		}
		compare("affected", theirs.Affected, r.Affected)
		if strings.EqualFold(theirs.Summary, r.Summary) {
			t.Errorf("%s: the summary is the database's: %q", id, r.Summary)
		}
		text := strings.Join(strings.Fields(theirs.Summary+" "+theirs.Details), " ")
		for s := range strings.SplitSeq(r.Details, ". ") {
			if len(strings.Fields(s)) >= 6 && strings.Contains(text, strings.TrimSuffix(s, ".")) {
				t.Errorf("%s: a sentence is the database's: %q", id, s)
			}
		}
	}
	for id := range deliberate {
		if _, ok := found[id]; !ok {
			t.Errorf("%s: listed as deliberately different, but not in the corpus", id)
		}
	}
}

// fromCorpus reads those of the records that the corpus holds.
func fromCorpus(t *testing.T, ours map[string]record) map[string]record {
	t.Helper()
	dir := filepath.Join(corpus.Dir(t), "osv")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]record{}
	for _, e := range entries {
		z, err := zip.OpenReader(filepath.Join(dir, e.Name(), "all.zip"))
		if errors.Is(err, os.ErrNotExist) || !e.IsDir() {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range z.File {
			id := strings.TrimSuffix(f.Name, ".json")
			if _, ok := ours[id]; !ok {
				continue
			}
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(r)
			if err := errors.Join(err, r.Close()); err != nil {
				t.Fatal(err)
			}
			out[id] = read(t, b)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestFactsAreTheCorpus(t *testing.T) {
	facts, err := landmark.Facts()
	if err != nil {
		t.Fatal(err)
	}
	dir := corpus.Dir(t)
	b, err := os.ReadFile(filepath.Join(dir, "kev", "known_exploited_vulnerabilities.json"))
	if err != nil {
		t.Fatal(err)
	}
	kev, err := feed.ParseKEV(b)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := filepath.Glob(filepath.Join(dir, "epss", "epss_scores-*.csv.gz"))
	if err != nil || len(tables) != 1 {
		t.Fatalf("tables of EPSS scores: %q, %v", tables, err)
	}
	if b, err = os.ReadFile(tables[0]); err != nil {
		t.Fatal(err)
	}
	epss, err := feed.ParseEPSS(b)
	if err != nil {
		t.Fatal(err)
	}
	want := advisories.Facts{KEV: map[string]tocsin.KEV{}, EPSS: map[string]tocsin.EPSS{}}
	for _, r := range all(t) {
		for _, id := range append(r.Aliases, r.ID) {
			if k, ok := kev[id]; ok {
				want.KEV[id] = k
			}
			if e, ok := epss[id]; ok {
				want.EPSS[id] = e
			}
		}
	}
	if diff := cmp.Diff(want, facts); diff != "" {
		t.Errorf("facts (-corpus +ours):\n%s", diff)
	}
}
