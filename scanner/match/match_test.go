package match_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/scanner/match"
)

// parse reads OSV records.
func parse(t testing.TB, bodies ...string) []tocsin.Advisory {
	t.Helper()
	var list []tocsin.Advisory
	for _, body := range bodies {
		a, err := advisories.Parse([]byte(body))
		if err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		list = append(list, a)
	}
	return list
}

func index(t testing.TB, list ...tocsin.Advisory) *advisories.Index {
	t.Helper()
	var b advisories.Builder
	for _, a := range list {
		digest, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		b.Add(a, string(digest))
	}
	var out bytes.Buffer
	if _, err := b.Build(&out, advisories.FactTables{}, tocsin.Snapshot{}); err != nil {
		t.Fatal(err)
	}
	x, err := advisories.Load(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func run(t testing.TB, x match.Index, packages ...tocsin.Package) []tocsin.Finding {
	t.Helper()
	inv := tocsin.Inventory{Packages: slices.Clone(packages)}
	inv.Seal()
	found, err := match.Run(context.Background(), inv, x)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// one matches one version of one package with one record, and tells the finding in a line: status, match, evidence or
// reason, fixes.
func one(t testing.TB, ecosystem, name, version string, records ...string) string {
	t.Helper()
	return tell(run(t, index(t, parse(t, records...)...), tocsin.Package{Ecosystem: ecosystem, Name: name, Version: version}))
}

func tell(found []tocsin.Finding) string {
	var lines []string
	for _, f := range found {
		words := []string{string(f.Status)}
		if f.Match != "" {
			words = append(words, string(f.Match))
		}
		for _, e := range f.Evidence {
			words = append(words, e.Advisory+" "+e.Version+e.Range)
		}
		if f.Reason != "" {
			words = append(words, f.Reason)
		}
		if len(f.Fixed) > 0 {
			words = append(words, "fixed "+strings.Join(f.Fixed, " "))
		}
		lines = append(lines, strings.Join(words, "; "))
	}
	return strings.Join(lines, "\n")
}

// record is an OSV record for one package.
func record(id, ecosystem, name, rest string) string {
	return `{"id": "` + id + `", "affected": [{"package": {"ecosystem": "` + ecosystem + `", "name": "` + name + `"}, ` + rest + `}]}`
}

func ranges(typ, events string) string {
	return `"ranges": [{"type": "` + typ + `", "events": [` + events + `]}]`
}

func want(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// Rule 1, and peers 6: a GIT range first hides nothing.
func TestEveryRangeCounts(t *testing.T) {
	body := record("PYSEC-1", "PyPI", "tensorflow-cpu", `"ranges": [
		{"type": "GIT", "repo": "https://example.com", "events": [{"introduced": "0"}, {"fixed": "abc"}]},
		{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.0"}]},
		{"type": "SEMVER", "events": [{"introduced": "2.0"}, {"fixed": "2.1"}]}]`)
	want(t, "in the second", one(t, "PyPI", "tensorflow-cpu", "0.0.1", body), "affected; range; PYSEC-1 < 1.0; fixed 1.0 2.1")
	want(t, "in the third", one(t, "PyPI", "tensorflow-cpu", "2.0.5", body), "affected; range; PYSEC-1 >= 2.0, < 2.1; fixed 2.1")
	want(t, "in none", one(t, "PyPI", "tensorflow-cpu", "1.5", body), "")
	want(t, "only GIT", one(t, "npm", "a", "1.0.0", record("A-1", "npm", "a", ranges("GIT", `{"introduced": "0"}`))), "")
}

// Rule 2, and peers 11.
func TestEventsFollowTheSchema(t *testing.T) {
	for _, tt := range []struct{ name, events, version, want string }{
		{"introduced 0", `{"introduced": "0"}`, "0.0.0-alpha", "affected; range; A-1 >= 0"},
		{"at the fix", `{"introduced": "0"}, {"fixed": "1.0.0"}`, "1.0.0", ""},
		{"before the fix", `{"introduced": "0"}, {"fixed": "1.0.0"}`, "1.0.0-rc1", "affected; range; A-1 < 1.0.0; fixed 1.0.0"},
		{"at the beginning", `{"introduced": "1.0.0"}, {"fixed": "2.0.0"}`, "1.0.0", "affected; range; A-1 >= 1.0.0, < 2.0.0; fixed 2.0.0"},
		{"before the beginning", `{"introduced": "1.0.0"}, {"fixed": "2.0.0"}`, "0.9.0", ""},
		{"at the last affected", `{"introduced": "0"}, {"last_affected": "1.0.0"}`, "1.0.0", "affected; range; A-1 <= 1.0.0"},
		{"after the last affected", `{"introduced": "0"}, {"last_affected": "1.0.0"}`, "1.0.1", ""},
		{"one version", `{"introduced": "4.4.2"}, {"last_affected": "4.4.2"}`, "4.4.2", "affected; range; A-1 >= 4.4.2, <= 4.4.2"},
		{"below the limit", `{"introduced": "0"}, {"limit": "2.0.0"}`, "1.9.0", "affected; range; A-1 >= 0"},
		{"at the limit", `{"introduced": "0"}, {"limit": "2.0.0"}`, "2.0.0", ""},
		{"any limit", `{"introduced": "0"}, {"limit": "2.0.0"}, {"limit": "*"}`, "3.0.0", "affected; range; A-1 >= 0"},
		{"any limit, unsorted", `{"fixed": "2.0.0"}, {"limit": "*"}, {"introduced": "1.0.0"}`, "3.0.0", ""},
		{"unsorted", `{"fixed": "2.0.0"}, {"introduced": "3.0.0"}, {"introduced": "0"}, {"fixed": "4.0.0"}`, "3.5.0", "affected; range; A-1 >= 3.0.0, < 4.0.0; fixed 4.0.0"},
		{"between intervals", `{"fixed": "2.0.0"}, {"introduced": "3.0.0"}, {"introduced": "0"}, {"fixed": "4.0.0"}`, "2.5.0", ""},
		{"adjacent intervals", `{"introduced": "1.0.0"}, {"fixed": "2.0.0"}, {"introduced": "2.0.0"}, {"fixed": "3.0.0"}`, "2.5.0", "affected; range; A-1 >= 2.0.0, < 3.0.0; fixed 3.0.0"},
		{"empty interval", `{"introduced": "2.0.0"}, {"fixed": "2.0.0"}`, "2.0.0", ""},
		{"no events", ``, "1.0.0", ""},
		{"an event of the future", `{"introduced": "0"}, {"paused": "1.0.0"}`, "1.0.0", "affected; range; A-1 >= 0"},
	} {
		want(t, tt.name, one(t, "npm", "a", tt.version, record("A-1", "npm", "a", ranges("SEMVER", tt.events))), tt.want)
	}
	want(t, "nothing at all", one(t, "npm", "a", "1.0.0", record("A-1", "npm", "a", `"versions": []`)), "")
	want(t, "listed", one(t, "npm", "a", "1.0.0", record("A-1", "npm", "a", `"versions": ["1.0.1", "1.0.0"]`)), "affected; exact; A-1 1.0.0")
	want(t, "listed in another spelling", one(t, "PyPI", "a", "1.0", record("A-1", "PyPI", "a", `"versions": ["rubbish", "1.0.0"]`)), "affected; exact; A-1 1.0.0")
	want(t, "withdrawn", one(t, "npm", "a", "1.0.0", `{"id": "A-1", "withdrawn": "2024-01-01T00:00:00Z", "affected": [{"package": {"ecosystem": "npm", "name": "a"}, "versions": ["1.0.0"]}]}`), "")
	want(t, "a record without purl", one(t, "npm", "a", "1.0.0", record("A-1", "npm", "a", `"versions": ["1.0.0"]`)), "affected; exact; A-1 1.0.0")
}

// Rule 3, and peers 9: three answers to one question elsewhere, one here.
func TestWhatCannotBeKnownIsUnknown(t *testing.T) {
	upTo2 := ranges("ECOSYSTEM", `{"introduced": "0"}, {"fixed": "2"}`)
	for _, tt := range []struct{ name, ecosystem, version, rest, want string }{
		{"no version", "Hex", "", upTo2, "unknown; no version is pinned; fixed 2"},
		{"a property", "Maven", "${a.version}", upTo2, `unknown; "${a.version}" is not a version of Maven; fixed 2`},
		{"a range", "npm", "^1.0.0", upTo2, `unknown; "^1.0.0" is not a version of npm; fixed 2`},
		{"a build without tag", "Go", "(devel)", upTo2, `unknown; "(devel)" is not a version of Go; fixed 2`},
		{"a branch", "Packagist", "2.0.x-dev", upTo2, `unknown; "2.0.x-dev" is not a version of Packagist: it is a branch; fixed 2`},
		{"unknown ecosystem", "Nowhere", "1", upTo2, `unknown; version "1" of Nowhere: unsupported ecosystem Nowhere`},
		{"unknown ecosystem, listed", "Nowhere", "1", `"versions": ["1"]`, "affected; exact; A-1 1"},
		{"unreadable event", "npm", "1.0.0", ranges("SEMVER", `{"introduced": "0"}, {"fixed": "next"}`),
			`unknown; the advisory's version "next" cannot be read: invalid: "next" is not a version of npm`},
		{"unreadable, but listed", "npm", "next", `"versions": ["next"]`, "affected; exact; A-1 next"},
	} {
		want(t, tt.name, one(t, tt.ecosystem, "a", tt.version, record("A-1", tt.ecosystem, "a", tt.rest)), tt.want)
	}
	// One record of the class that knows is enough.
	body := `{"id": "B-1", "aliases": ["A-1"], "affected": [{"package": {"ecosystem": "npm", "name": "a"}, "versions": ["1.0.0"]}]}`
	want(t, "another record knows", one(t, "npm", "a", "1.0.0", body, record("A-1", "npm", "a", ranges("SEMVER", `{"introduced": "next"}`))), "affected; exact; B-1 1.0.0")
	// A package that lies in no ecosystem or has no name is a gap in coverage, no finding.
	x := index(t, parse(t, record("A-1", "npm", "a", upTo2))...)
	if got := run(t, x, tocsin.Package{Name: "a", Version: "1"}, tocsin.Package{Ecosystem: "npm", Version: "1"}); got != nil {
		t.Errorf("found %v", got)
	}
}

// Rule 4, and peers 2 and 7; peers 1: a module whose last segment is "go" is not the standard library.
func TestNamesMeet(t *testing.T) {
	rest := `"versions": ["1.0.0"]`
	for _, tt := range [][3]string{
		{"Go", "github.com/Azure/azure-sdk-for-go/sdk/azidentity", "github.com/azure/azure-sdk-for-go/sdk/azidentity"},
		{"Go", "github.com/Masterminds/goutils", "github.com/masterminds/goutils"},
		{"NuGet", "jQuery", "jquery"},
		{"PyPI", "Werkzeug", "werkzeug"},
		{"PyPI", "ruamel_yaml", "ruamel.yaml"},
	} {
		for _, side := range [][2]string{{tt[1], tt[2]}, {tt[2], tt[1]}} {
			want(t, side[1], one(t, tt[0], side[1], "1.0.0", record("A-1", tt[0], side[0], rest)), "affected; exact; A-1 1.0.0")
		}
	}
	for _, tt := range [][3]string{
		{"Go", "stdlib", "cloud.google.com/go"}, {"Go", "stdlib", "github.com/json-iterator/go"}, {"npm", "@scope/a", "a"}, {"Maven", "org.a:b", "org.c:b"}, {"npm", "A", "a"},
	} {
		want(t, tt[2], one(t, tt[0], tt[2], "1.0.0", record("A-1", tt[0], tt[1], rest)), "")
	}
	want(t, "Go toolchain", one(t, "Go", "stdlib", "go1.21rc2", record("GO-1", "Go", "stdlib", ranges("SEMVER", `{"introduced": "1.21.0-rc.1"}, {"fixed": "1.21.0-rc.3"}`))),
		"affected; range; GO-1 >= 1.21.0-rc.1, < 1.21.0-rc.3; fixed 1.21.0-rc.3")
}

// Peers 8: a hyphen in a version of RubyGems is ".pre.", so that this fix lies after its introduction.
func TestRubyPrerelease(t *testing.T) {
	body := record("RUBYSEC-1", "RubyGems", "sinatra", `"ranges": [
		{"type": "ECOSYSTEM", "events": [{"introduced": "2.0.0.beta1"}, {"fixed": "2.0.0-alpha"}]},
		{"type": "ECOSYSTEM", "events": [{"introduced": "2.0.0-alpha"}, {"fixed": "2.0.2"}]}]`)
	want(t, "after both", one(t, "RubyGems", "sinatra", "2.2.2", body), "")
	want(t, "in the second", one(t, "RubyGems", "sinatra", "2.0.1", body), "affected; range; RUBYSEC-1 >= 2.0.0-alpha, < 2.0.2; fixed 2.0.2")
}

const hijacked = `{"id": "MAL-2025-46974", "affected": [{"package": {"ecosystem": "npm", "name": "debug"},
	"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}], "versions": ["4.4.2"]}]}`

// Rule 5: the list of a hijacked package is exact, its open range only possible.
func TestMalwareListAgainstOpenRange(t *testing.T) {
	want(t, "listed", one(t, "npm", "debug", "4.4.2", hijacked), "affected; exact; MAL-2025-46974 4.4.2")
	want(t, "clean", one(t, "npm", "debug", "4.4.3", hijacked),
		"unknown; possible; the record lists other versions as malicious; only its open range holds this one")
	only := strings.Replace(hijacked, `, "versions": ["4.4.2"]`, "", 1)
	want(t, "no list", one(t, "npm", "debug", "4.4.3", only), "affected; range; MAL-2025-46974 >= 0")
	closed := strings.Replace(hijacked, `{"introduced": "0"}`, `{"introduced": "4.4.2"}, {"last_affected": "4.4.2"}`, 1)
	want(t, "closed range", one(t, "npm", "debug", "4.4.3", closed), "")
	flaw := strings.Replace(hijacked, "MAL-2025-46974", "GHSA-1", 1)
	want(t, "a flaw's range counts", one(t, "npm", "debug", "4.4.3", flaw), "affected; range; GHSA-1 >= 0")
	want(t, "possible is told before other doubts", tell(run(t, index(t, parse(t, hijacked,
		`{"id": "MAL-2", "aliases": ["MAL-2025-46974"], "affected": [{"package": {"ecosystem": "npm", "name": "debug"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "a"}]}]}]}`)...),
		tocsin.Package{Ecosystem: "npm", Name: "debug", Version: "4.4.3"})),
		"unknown; possible; the record lists other versions as malicious; only its open range holds this one")
}

// Rule 5: behind a company's proxy every package has a private origin; its flaws are the public package's flaws.
func TestOrigins(t *testing.T) {
	flaw := record("GHSA-1", "npm", "debug", ranges("SEMVER", `{"introduced": "0"}, {"fixed": "5.0.0"}`))
	const affected, local = "affected; range; GHSA-1 < 5.0.0; fixed 5.0.0", "unknown; comes from a local path; it may be another package of that name; fixed 5.0.0"
	const malicious = "affected; exact; MAL-2025-46974 4.4.2"
	for _, tt := range []struct {
		origin        tocsin.Origin
		flaw, malware string
	}{
		{tocsin.Origin{}, affected, malicious},
		{tocsin.Origin{Kind: tocsin.OriginRegistry}, affected, malicious},
		{tocsin.Origin{Kind: tocsin.OriginPrivate, URL: "https://npm.example"}, affected, "unknown; comes from https://npm.example, not from the public registry"},
		{tocsin.Origin{Kind: tocsin.OriginGit}, affected, "unknown; comes from git, not from the public registry"},
		{tocsin.Origin{Kind: tocsin.OriginURL}, affected, "unknown; comes from url, not from the public registry"},
		{tocsin.Origin{Kind: tocsin.OriginLocal}, local, "unknown; comes from a local path; it may be another package of that name"},
	} {
		p := tocsin.Package{Ecosystem: "npm", Name: "debug", Version: "4.4.2", Origin: tt.origin}
		want(t, string(tt.origin.Kind)+" flaw", tell(run(t, index(t, parse(t, flaw)...), p)), tt.flaw)
		want(t, string(tt.origin.Kind)+" malware", tell(run(t, index(t, parse(t, hijacked)...), p)), tt.malware)
	}
}

func TestMovingTags(t *testing.T) {
	action := func(rest string) string { return record("GHSA-1", "GitHub Actions", "tj-actions/changed-files", rest) }
	upTo46 := action(ranges("ECOSYSTEM", `{"introduced": "0"}, {"fixed": "46.0.1"}`))
	middle := action(ranges("ECOSYSTEM", `{"introduced": "4.1.0"}, {"fixed": "4.1.6"}`))
	const moving = " is a moving tag; part of what it may mean is affected"
	for _, tt := range []struct{ name, version, body, want string }{
		{"all of it", "v45", upTo46, "affected; range; GHSA-1 < 46.0.1; fixed 46.0.1"},
		{"part of it, at its end", "v46", upTo46, "unknown; v46" + moving + "; fixed 46.0.1"},
		{"none of it", "v47", upTo46, ""},
		{"a tag that stands still", "v46.0.0", upTo46, "affected; range; GHSA-1 < 46.0.1; fixed 46.0.1"},
		{"part of it, in the middle", "v4", middle, "unknown; v4" + moving + "; fixed 4.1.6"},
		{"part of it, listed", "v4", action(`"versions": ["4.1.2"]`), "unknown; v4" + moving},
		{"another line", "v5", middle, ""},
		{"two numbers", "v4.2", middle, ""},
		{"a commit", "0e58ed8671d6b60d0890c21b07f8835ace038e67", upTo46, "unknown; pinned to commit 0e58ed8671d6b60d0890c21b07f8835ace038e67, whose version is not known here; fixed 46.0.1"},
		{"a branch", "main", upTo46, `unknown; "main" is not a version of GitHub Actions; fixed 46.0.1`},
	} {
		want(t, tt.name, one(t, "GitHub Actions", "tj-actions/changed-files", tt.version, tt.body), tt.want)
	}
}

func TestReleasesOfDistributions(t *testing.T) {
	rest := ranges("ECOSYSTEM", `{"introduced": "0"}, {"fixed": "1.2.3-r4"}`)
	for _, tt := range []struct{ pkg, entry, want string }{
		{"Alpine:v3.17", "Alpine:v3.17", "affected; range; A-1 < 1.2.3-r4; fixed 1.2.3-r4"},
		{"Alpine:v3.17", "Alpine:v3.18", ""},
		{"Alpine:v3.17", "Alpine", "affected; range; A-1 < 1.2.3-r4; fixed 1.2.3-r4"},
		{"Alpine", "Alpine:v3.18", "unknown; release of Alpine is not known; the advisory is for Alpine:v3.18; fixed 1.2.3-r4"},
		{"Debian", "Debian:12", "unknown; release of Debian is not known; the advisory is for Debian:12; fixed 1.2.3-r4"},
		{"Debian:12", "Debian:1", ""},
		{"Ubuntu:22.04:LTS", "Ubuntu:Pro:22.04:LTS", ""},
	} {
		got := one(t, tt.pkg, "a", "1.0.0-r0", record("A-1", tt.entry, "a", rest))
		want(t, tt.pkg+" with "+tt.entry, got, tt.want)
	}
	want(t, "a version that no release holds", one(t, "Debian", "a", "9", record("A-1", "Debian:12", "a", rest)), "")
}

func TestSourcePackages(t *testing.T) {
	rest := ranges("ECOSYSTEM", `{"introduced": "0"}, {"fixed": "2"}`)
	for _, tt := range []struct{ ecosystem, entry, want string }{
		{"Debian:12", "openssl", "affected; range; A-1 < 2; fixed 2"},
		{"Debian:12", "libssl3", ""}, // Debian's advisories name source packages; another source may have this name
		{"AlmaLinux:8", "openssl", "affected; range; A-1 < 2; fixed 2"},
		{"AlmaLinux:8", "libssl3", "affected; range; A-1 < 2; fixed 2"},
	} {
		p := tocsin.Package{Ecosystem: tt.ecosystem, Name: "libssl3", SourceName: "openssl", Version: "1"}
		want(t, tt.ecosystem+" "+tt.entry, tell(run(t, index(t, parse(t, record("A-1", tt.ecosystem, tt.entry, rest))...), p)), tt.want)
	}
}

func TestFixes(t *testing.T) {
	log4j := func(id, alias, events string) string {
		return `{"id": "` + id + `", "aliases": ["` + alias + `"], "affected": [{"package": {"ecosystem": "Maven", "name": "org.apache.logging.log4j:log4j-core"}, ` + ranges("ECOSYSTEM", events) + `}]}`
	}
	name := "org.apache.logging.log4j:log4j-core"
	first := log4j("GHSA-1", "CVE-1", `{"introduced": "2.13.0"}, {"fixed": "2.15.0"}, {"introduced": "2.4"}, {"fixed": "2.12.2"}`)
	want(t, "lowest first, none before", one(t, "Maven", name, "2.14.1", first), "affected; range; GHSA-1 >= 2.13.0, < 2.15.0; fixed 2.15.0")
	want(t, "the nearest", one(t, "Maven", name, "2.10.0", first), "affected; range; GHSA-1 >= 2.4, < 2.12.2; fixed 2.12.2 2.15.0")
	second := log4j("GHSA-2", "CVE-1", `{"introduced": "2.13.0"}, {"fixed": "2.16.0"}`)
	want(t, "a fix that another record of the class still names", one(t, "Maven", name, "2.14.1", first, second),
		"affected; range; GHSA-1 >= 2.13.0, < 2.15.0; GHSA-2 >= 2.13.0, < 2.16.0; fixed 2.16.0")
	listed := strings.Replace(second, `, "ranges"`, `, "versions": ["2.15.0"], "ranges"`, 1)
	want(t, "or lists", one(t, "Maven", name, "2.14.1", first, listed),
		"affected; range; GHSA-1 >= 2.13.0, < 2.15.0; GHSA-2 >= 2.13.0, < 2.16.0; fixed 2.16.0")
	want(t, "two spellings of one", one(t, "PyPI", "a", "1", record("A-1", "PyPI", "a", `"ranges": [
		{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}, {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}]`)),
		"affected; range; A-1 < 2; fixed 2")
}

// A fix of one flaw is not a fix of all: the upgrade that is named clears every class that affects the package.
func TestUpgradeClearsAllClasses(t *testing.T) {
	upTo := func(id, fixed string) string {
		return record(id, "npm", "a", ranges("SEMVER", `{"introduced": "0"}, {"fixed": "`+fixed+`"}`))
	}
	worse := record("MAL-1", "npm", "a", `"versions": ["9.9.9"], `+ranges("SEMVER", `{"introduced": "0"}`))
	found := run(t, index(t, parse(t, upTo("A-1", "2.15.0"), upTo("A-2", "2.17.1"), upTo("A-3", "2.16.0"), worse)...),
		tocsin.Package{Ecosystem: "npm", Name: "a", Version: "2.14.1"})
	fixed := map[string]string{"A-1": "2.15.0", "A-2": "2.17.1", "A-3": "2.16.0"}
	for _, f := range found {
		switch {
		case f.Status != tocsin.StatusAffected:
			if f.Upgrade != "" {
				t.Errorf("%s is %s, and yet names an upgrade", f.Class.ID, f.Status)
			}
		case f.Fixed[0] != fixed[f.Class.ID] || f.Upgrade != "2.17.1":
			t.Errorf("%s: fixed in %v, upgrade to %q", f.Class.ID, f.Fixed, f.Upgrade)
		}
	}
	if len(found) != 4 {
		t.Errorf("%d findings", len(found))
	}
	never := record("A-4", "npm", "a", ranges("SEMVER", `{"introduced": "0"}`))
	for _, f := range run(t, index(t, parse(t, upTo("A-1", "2.15.0"), never)...), tocsin.Package{Ecosystem: "npm", Name: "a", Version: "1.0.0"}) {
		if f.Upgrade != "" {
			t.Errorf("%s: no version clears both, and yet %s is named", f.Class.ID, f.Upgrade)
		}
	}
}

func TestOneFindingPerClass(t *testing.T) {
	upTo2 := ranges("SEMVER", `{"introduced": "0"}, {"fixed": "2.0.0"}`)
	list := parse(t, strings.Replace(record("GHSA-1", "npm", "a", upTo2), `{`, `{"aliases": ["CVE-1"], `, 1),
		strings.Replace(record("OTHER-1", "npm", "a", `"versions": ["1.0.0"]`), `{`, `{"aliases": ["CVE-1"], `, 1), record("GHSA-2", "npm", "a", upTo2))
	found := run(t, index(t, list...), tocsin.Package{Ecosystem: "npm", Name: "a", Version: "1.0.0"})
	want(t, "classes", tell(found), "affected; exact; GHSA-1 < 2.0.0; OTHER-1 1.0.0; fixed 2.0.0\naffected; range; GHSA-2 < 2.0.0; fixed 2.0.0")
	if found[0].Class.ID != "CVE-1" || found[1].Class.ID != "GHSA-2" {
		t.Errorf("classes %s, %s", found[0].Class.ID, found[1].Class.ID)
	}
}

func TestPaths(t *testing.T) {
	names := func(list ...string) []tocsin.Package {
		var out []tocsin.Package
		for _, n := range list {
			out = append(out, tocsin.Package{Ecosystem: "npm", Name: n, Version: "1.0.0"})
		}
		return out
	}
	bad := index(t, parse(t, record("A-1", "npm", "bad", `"versions": ["1.0.0"]`))...)
	for name, tt := range map[string]struct {
		packages []tocsin.Package
		edges    []tocsin.Edge
		want     []string
	}{
		"no graph": {names("bad"), nil, nil},
		"direct":   {names("bad"), []tocsin.Edge{{From: tocsin.EdgeRoot, To: 0}}, []string{"bad"}},
		"diamond": {
			names("a", "b", "bad", "c"), []tocsin.Edge{{From: tocsin.EdgeRoot, To: 3}, {From: 3, To: 0}, {From: 3, To: 1}, {From: 0, To: 2}, {From: 1, To: 2}},
			[]string{"c > a > bad", "c > b > bad"},
		},
		"the shortest only": {
			names("a", "b", "bad"), []tocsin.Edge{{From: tocsin.EdgeRoot, To: 0}, {From: 0, To: 1}, {From: 1, To: 2}, {From: 0, To: 2}}, []string{"a > bad"},
		},
		"cycle": {
			names("a", "bad"), []tocsin.Edge{{From: tocsin.EdgeRoot, To: 0}, {From: 0, To: 1}, {From: 1, To: 0}, {From: 1, To: 1}}, []string{"a > bad"},
		},
		"no root":                          {names("a", "bad"), []tocsin.Edge{{From: 0, To: 1}}, []string{"a > bad"}},
		"a root, and a source without one": {names("a", "b", "bad"), []tocsin.Edge{{From: tocsin.EdgeRoot, To: 0}, {From: 1, To: 2}}, []string{"b > bad"}},
		"cycle without root":               {names("a", "bad"), []tocsin.Edge{{From: 0, To: 1}, {From: 1, To: 0}}, nil},
		"not reached":                      {names("a", "bad"), []tocsin.Edge{{From: tocsin.EdgeRoot, To: 0}}, nil},
		"at most three": {
			names("a", "b", "bad", "c", "d"), []tocsin.Edge{
				{From: tocsin.EdgeRoot, To: 0}, {From: tocsin.EdgeRoot, To: 1}, {From: tocsin.EdgeRoot, To: 3}, {From: tocsin.EdgeRoot, To: 4},
				{From: 0, To: 2}, {From: 1, To: 2}, {From: 3, To: 2}, {From: 4, To: 2},
			}, []string{"a > bad", "b > bad", "c > bad"},
		},
	} {
		inv := tocsin.Inventory{Packages: tt.packages, Edges: tt.edges}
		inv.Seal()
		found, err := match.Run(context.Background(), inv, bad)
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %v, %v", name, found, err)
		}
		var got []string
		for _, p := range found[0].Paths {
			got = append(got, strings.ReplaceAll(strings.Join(p, " > "), "@1.0.0", ""))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// What an SBOM is about is matched as any package, but a project is not malware for having its name.
func TestSubject(t *testing.T) {
	x := index(t, parse(t, record("GHSA-1", "npm", "backend", `"versions": ["1.0.0"]`), record("MAL-1", "npm", "backend", `"versions": ["1.0.0"]`))...)
	p := tocsin.Package{Ecosystem: "npm", Name: "backend", Version: "1.0.0"}
	want(t, "a part", tell(run(t, x, p)), "affected; exact; GHSA-1 1.0.0\naffected; exact; MAL-1 1.0.0")
	p.Origin.Kind = tocsin.OriginSubject
	want(t, "the subject", tell(run(t, x, p)), "affected; exact; GHSA-1 1.0.0\nunknown; is what the SBOM is about, not what a registry served")
}

// broken is an index that cannot be read.
type broken struct {
	match.Index
	at string
}

var errBroken = errors.New("broken")

func (b broken) Lookup(ecosystem, name string) ([]tocsin.Postings, error) {
	if b.at == name {
		return nil, errBroken
	}
	return []tocsin.Postings{{List: []tocsin.Posting{{Record: "A-1", Ecosystem: ecosystem}}}}, nil
}

func (b broken) Class(int) (tocsin.Class, error) { return tocsin.Class{}, errBroken }

func TestErrors(t *testing.T) {
	p := tocsin.Package{Ecosystem: "Red Hat", Name: "a", SourceName: "b", Version: "1"}
	for _, at := range []string{"a", "b", "class"} {
		if _, err := match.Run(context.Background(), tocsin.Inventory{Packages: []tocsin.Package{p}}, broken{at: at}); !errors.Is(err, errBroken) {
			t.Errorf("%s: error %v, want that of the index", at, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := match.Run(ctx, tocsin.Inventory{Packages: []tocsin.Package{p}}, broken{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
}

// That nobody maintains a package hides no fix: it is said of every version, and is no flaw.
func TestUpgradeOfWhatIsUnmaintained(t *testing.T) {
	flaw := record("A-1", "npm", "a", ranges("SEMVER", `{"introduced": "0"}, {"fixed": "1.2.0"}`))
	unmaintained := record("RUSTSEC-1", "npm", "a", `"database_specific": {"informational": "unmaintained"}, `+ranges("SEMVER", `{"introduced": "0"}`))
	found := run(t, index(t, parse(t, flaw, unmaintained)...), tocsin.Package{Ecosystem: "npm", Name: "a", Version: "1.0.0"})
	if len(found) != 2 || found[0].Upgrade != "1.2.0" || found[1].Class.Kind != tocsin.KindUnmaintained || found[1].Upgrade != "" {
		t.Errorf("%+v", found)
	}
}
