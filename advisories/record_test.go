package advisories_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
)

func TestParse(t *testing.T) {
	in := `{
		"id": "GHSA-aaaa-bbbb-cccc", "modified": "2024-01-02T03:04:05.678+02:00", "published": "2024-01-01T00:00:00Z",
		"aliases": ["CVE-2024-1"], "related": ["CVE-2024-2"], "upstream": ["CVE-2024-3"], "summary": "s", "new_field": {"a": [1]},
		"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
		"affected": [{
			"package": {"ecosystem": "npm", "name": "a", "purl": "pkg:npm/a"},
			"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.0.0"}]}],
			"versions": ["0.9.0"], "database_specific": {"cwes": [{"cweId": "CWE-79"}]}, "ecosystem_specific": 7
		}],
		"references": [{"type": "WEB", "url": "https://example.com"}],
		"database_specific": {"cwe_ids": ["CWE-89", "CWE-79"]}
	}`
	got, err := advisories.Parse([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	want := tocsin.Advisory{
		ID: "GHSA-aaaa-bbbb-cccc", Modified: time.Date(2024, 1, 2, 1, 4, 5, 678e6, time.UTC), Published: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC),
		Aliases: []string{"CVE-2024-1"}, Summary: "s",
		Severity: []tocsin.Severity{{Type: "CVSS_V3", Score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}},
		Affected: []tocsin.Affected{{
			Package:  tocsin.AffectedPackage{Ecosystem: "npm", Name: "a", PURL: "pkg:npm/a"},
			Ranges:   []tocsin.Range{{Type: tocsin.RangeSemver, Events: []tocsin.Event{{Introduced: "0"}, {Fixed: "1.0.0"}}}},
			Versions: []string{"0.9.0"},
		}},
		References: []tocsin.Reference{{Type: "WEB", URL: "https://example.com"}},
		CWEs:       []string{"CWE-79", "CWE-89"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What is untidy but readable is read.
func TestParseUntidy(t *testing.T) {
	for name, in := range map[string]string{
		"no modified":                `{"id": "A-1"}`,
		"malformed modified":         `{"id": "A-1", "modified": "yesterday"}`,
		"malformed published":        `{"id": "A-1", "published": "2024-13-01"}`,
		"empty withdrawn":            `{"id": "A-1", "withdrawn": ""}`,
		"nulls":                      `{"id": "A-1", "aliases": null, "affected": null, "database_specific": null, "references": null}`,
		"duplicate names":            `{"id": "A-0", "id": "A-1"}`,
		"invalid UTF-8":              "{\"id\": \"A-1\", \"summary\": \"\xff\"}",
		"odd database_specific":      `{"id": "A-1", "database_specific": "text"}`,
		"odd cwe_ids":                `{"id": "A-1", "database_specific": {"cwe_ids": "CWE-1", "cwes": [7], "malicious-packages-origins": {}}}`,
		"duplicates inside database": `{"id": "A-1", "database_specific": {"x": 1, "x": 2}}`,
		"range type of the future":   `{"id": "A-1", "affected": [{"ranges": [{"type": "VERS", "events": [{"introduced": "0", "x": 1}]}]}]}`,
	} {
		a, err := advisories.Parse([]byte(in))
		if err != nil || a.ID != "A-1" || !a.Modified.IsZero() || !a.Published.IsZero() || !a.Withdrawn.IsZero() {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ in, says string }{
		"nothing":             {"", ""},
		"no object":           {`[]`, ""},
		"no id":               {`{"modified": "2024-01-01T00:00:00Z"}`, "field id"},
		"id up the tree":      {`{"id": "../../etc/passwd"}`, "field id"},
		"id with a backslash": {`{"id": "a\\b"}`, "field id"},
		"id with a line feed": {`{"id": "a\nb"}`, "field id"},
		"hidden id":           {`{"id": "..a"}`, "field id"},
		"id with invisible":   {"{\"id\": \"A-1\u202e\"}", "field id"},
		"long id":             {`{"id": "` + strings.Repeat("a", 201) + `"}`, "field id"},
		"malformed withdrawn": {`{"id": "A-1", "withdrawn": "yes"}`, "field withdrawn"},
		"wrong shape":         {`{"id": "A-1", "affected": [{"versions": "all"}]}`, "/affected/0/versions"},
		"cut off":             {`{"id": "A-1"`, "unexpected EOF"},
		"two values":          {`{"id": "A-1"} {}`, ""},
		"too deep":            {`{"id": "A-1", "x": ` + strings.Repeat("[", 1<<20), "depth"},
		"too large":           {`{"id": "A-1", "x": "` + strings.Repeat("a", advisories.MaxRecord) + `"}`, "at most"},
	} {
		_, err := advisories.Parse([]byte(tt.in))
		if !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: error %.200v, want ErrInvalid with %q", name, err, tt.says)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"id": "A-1", "modified": "2024-01-01T00:00:00Z", "affected": [{"package": {"ecosystem": "npm", "name": "a"}}]}`))
	f.Add([]byte(`{"id": "A-1", "database_specific": {"cwes": [{"cweId": "CWE-1"}]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := advisories.Parse(b)
		if err != nil {
			if !errors.Is(err, tocsin.ErrInvalid) {
				t.Errorf("error %v, want ErrInvalid", err)
			}
			return
		}
		if a.ID == "" || strings.ContainsAny(a.ID, "/\\") {
			t.Errorf("accepted the id %q", a.ID)
		}
		build(t, advisories.Facts{}, a) // whatever was read can be indexed
	})
}
