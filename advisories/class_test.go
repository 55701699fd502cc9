package advisories_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
)

// classes gives the classes of records, in the order of their ids.
func classes(t testing.TB, facts advisories.Facts, list ...tocsin.Advisory) []tocsin.Class {
	t.Helper()
	x := load(t, build(t, facts, list...))
	out := make([]tocsin.Class, x.Snapshot().Classes)
	for i := range out {
		var err error
		if out[i], err = x.Class(i); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestAliasesJoin(t *testing.T) {
	for name, tt := range map[string]struct {
		list []tocsin.Advisory
		want [][]string
	}{
		"one to another": {
			[]tocsin.Advisory{{ID: "GHSA-1", Aliases: []string{"GO-1"}}, {ID: "GO-1"}},
			[][]string{{"GHSA-1", "GO-1"}},
		},
		"through an id that has no record": {
			[]tocsin.Advisory{{ID: "GHSA-1", Aliases: []string{"CVE-2024-1"}}, {ID: "PYSEC-1", Aliases: []string{"CVE-2024-1"}}},
			[][]string{{"CVE-2024-1", "GHSA-1", "PYSEC-1"}},
		},
		"a chain": {
			[]tocsin.Advisory{{ID: "A-1", Aliases: []string{"B-1"}}, {ID: "C-1", Aliases: []string{"D-1"}}, {ID: "B-1", Aliases: []string{"C-1"}}},
			[][]string{{"A-1", "B-1", "C-1", "D-1"}},
		},
		"blanks around an alias": {
			[]tocsin.Advisory{{ID: "GHSA-1", Aliases: []string{" CVE-2024-1 "}}, {ID: "PYSEC-1", Aliases: []string{"CVE-2024-1"}}},
			[][]string{{"CVE-2024-1", "GHSA-1", "PYSEC-1"}},
		},
		"what is no id joins nothing": {
			[]tocsin.Advisory{{ID: "A-1", Aliases: []string{"", "n a", "../x"}}, {ID: "B-1", Aliases: []string{"", "n a", "../x"}}},
			[][]string{{"A-1"}, {"B-1"}},
		},
		"strangers": {
			[]tocsin.Advisory{{ID: "A-1"}, {ID: "B-1"}},
			[][]string{{"A-1"}, {"B-1"}},
		},
	} {
		var got [][]string
		for _, c := range classes(t, advisories.Facts{}, tt.list...) {
			got = append(got, c.Aliases)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Related and upstream records are about another flaw, or the same flaw in another package.
func TestRelatedAndUpstreamDoNotJoin(t *testing.T) {
	var list []tocsin.Advisory
	for _, in := range []string{
		`{"id": "UBUNTU-CVE-1", "upstream": ["CVE-2024-1"], "related": ["USN-1"]}`, `{"id": "GHSA-1", "aliases": ["CVE-2024-1"]}`, `{"id": "USN-1"}`,
	} {
		a, err := advisories.Parse([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, a)
	}
	if got := classes(t, advisories.Facts{}, list...); len(got) != 3 {
		t.Errorf("%d classes, want 3", len(got))
	}
}

func TestClassID(t *testing.T) {
	for _, tt := range []struct {
		ids  []string
		want string
	}{
		{[]string{"PYSEC-1", "GHSA-1", "CVE-2024-2", "CVE-2024-1"}, "CVE-2024-1"},
		{[]string{"PYSEC-1", "GHSA-1"}, "GHSA-1"},
		{[]string{"PYSEC-1", "GO-1"}, "GO-1"},
		{[]string{"CVE-2024-1", "GHSA-1", "MAL-1"}, "MAL-1"},
	} {
		for i := range tt.ids { // whichever is the record
			a := tocsin.Advisory{ID: tt.ids[i], Aliases: slices.Delete(slices.Clone(tt.ids), i, i+1)}
			if i != len(tt.ids)-1 && tt.want == "MAL-1" {
				continue // only a record of malware makes the class malware
			}
			if c := classes(t, advisories.Facts{}, a)[0]; c.ID != tt.want {
				t.Errorf("%v: id %s, want %s", tt.ids, c.ID, tt.want)
			}
		}
	}
}

func TestClassOfMembers(t *testing.T) {
	day := func(n int64) time.Time { return time.Unix(n*86400, 0).UTC() }
	list := []tocsin.Advisory{
		{ID: "PYSEC-1", Aliases: []string{"CVE-2024-1"}, Summary: "pysec", Published: day(1), Modified: day(2), CWEs: []string{"CWE-79"},
			References: []tocsin.Reference{{Type: "WEB", URL: "https://example.com/web"}, {Type: "ADVISORY", URL: "https://example.com/pysec"}}},
		{ID: "GHSA-1", Aliases: []string{"CVE-2024-1"}, Summary: "ghsa", Published: day(3), Modified: day(9), CWEs: []string{"CWE-20", "CWE-79"},
			Severity: []tocsin.Severity{
				{Type: "CVSS_V3", Score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}, {Type: "Ubuntu", Score: "high"}, {Type: "CVSS_V4", Score: "CVSS:4.0/rubbish"},
			},
			References: []tocsin.Reference{{Type: "ADVISORY", URL: "javascript:alert(1)"}, {Type: "ADVISORY", URL: "https://example.com/ghsa"}}},
	}
	facts := advisories.Facts{
		KEV:  map[string]tocsin.KEV{"CVE-2024-1": {CVE: "CVE-2024-1", DateAdded: day(5), Ransomware: true}, "CVE-2024-2": {CVE: "CVE-2024-2"}},
		EPSS: map[string]tocsin.EPSS{"CVE-2024-1": {CVE: "CVE-2024-1", Score: 0.9, Percentile: 0.99, Date: day(6)}},
	}
	want := tocsin.Class{
		ID: "CVE-2024-1", Aliases: []string{"CVE-2024-1", "GHSA-1", "PYSEC-1"}, Kind: tocsin.KindFlaw, Summary: "ghsa",
		Assertions: []tocsin.Assertion{{Record: "GHSA-1", Alias: "CVE-2024-1"}, {Record: "PYSEC-1", Alias: "CVE-2024-1"}},
		Published:  day(1), Modified: day(9), Origins: []string{"GHSA", "PYSEC"}, CWEs: []string{"CWE-20", "CWE-79"},
		CVSS: &tocsin.CVSS{Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Score: 9.8, Source: "GHSA-1"},
		KEV:  &tocsin.KEV{CVE: "CVE-2024-1", DateAdded: day(5), Ransomware: true},
		EPSS: &tocsin.EPSS{CVE: "CVE-2024-1", Score: 0.9, Percentile: 0.99, Date: day(6)}, URL: "https://example.com/ghsa",
	}
	if diff := cmp.Diff(want, classes(t, facts, list...)[0]); diff != "" {
		t.Error(diff)
	}
}

func TestSeveralCVEsOfOneClass(t *testing.T) {
	day := func(n int64) time.Time { return time.Unix(n*86400, 0).UTC() }
	facts := advisories.Facts{
		KEV:  map[string]tocsin.KEV{"CVE-2024-1": {CVE: "CVE-2024-1", DateAdded: day(5)}, "CVE-2024-2": {CVE: "CVE-2024-2", DateAdded: day(4)}},
		EPSS: map[string]tocsin.EPSS{"CVE-2024-1": {CVE: "CVE-2024-1", Score: 0.9}, "CVE-2024-2": {CVE: "CVE-2024-2", Score: 0.1}},
	}
	c := classes(t, facts, tocsin.Advisory{ID: "GHSA-1", Aliases: []string{"CVE-2024-1", "CVE-2024-2"}})[0]
	if c.KEV.CVE != "CVE-2024-2" || c.EPSS.CVE != "CVE-2024-1" {
		t.Errorf("KEV of %s, want the earlier; EPSS of %s, want the higher", c.KEV.CVE, c.EPSS.CVE)
	}
}

func TestCVSS(t *testing.T) {
	for vector, want := range map[string]float64{
		"AV:N/AC:L/Au:N/C:C/I:C/A:C":                                      10,
		"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N":                    7.5,
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H":                    10,
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N": 9.3,
		"": -1, "7.5": -1, "high": -1, "CVSS:3.1/AV:N": -1, "CVSS:3.0/": -1, "CVSS:4.0/AV:N": -1, "CVSS:9.0/AV:N": -1, "AV:X": -1,
	} {
		for _, at := range []string{"record", "affected"} {
			a := advisory("A-1", "npm", "a")
			if at == "record" {
				a.Severity = []tocsin.Severity{{Score: vector}}
			} else {
				a.Affected[0].Severity = []tocsin.Severity{{Score: vector}}
			}
			got := -1.0
			if c := classes(t, advisories.Facts{}, a)[0].CVSS; c != nil {
				got = c.Score
			}
			if got != want {
				t.Errorf("%q in the %s: score %v, want %v", vector, at, got, want)
			}
		}
	}
}

// Two origins confirm each other only if they reported independently.
func TestOriginsAreIndependentReporters(t *testing.T) {
	mal := func(sources string) string {
		return `{"id": "MAL-1", "aliases": ["GHSA-1"], "database_specific": {"malicious-packages-origins": [` + sources + `]}}`
	}
	ghsa := `{"id": "GHSA-1", "database_specific": {"cwe_ids": ["CWE-506"]}}`
	for name, tt := range map[string]struct {
		in   []string
		want []string
	}{
		"imported from GitHub, alone":        {[]string{mal(`{"source": "ghsa-malware"}`)}, []string{"GHSA"}},
		"imported from GitHub, with its own": {[]string{mal(`{"source": "ghsa-malware"}`), ghsa}, []string{"GHSA"}},
		"confirmed by another":               {[]string{mal(`{"source": "ghsa-malware"}, {"source": "amazon-inspector"}`), ghsa}, []string{"GHSA", "amazon-inspector"}},
		"reported twice by the same":         {[]string{mal(`{"source": "ossf-package-analysis"}, {"source": "ossf-package-analysis"}`)}, []string{"ossf-package-analysis"}},
		"no reporter named":                  {[]string{mal(``), ghsa}, []string{"GHSA", "MAL"}},
		"reporters of another shape":         {[]string{mal(`"x", 7`)}, []string{"MAL"}},
		"empty reporter":                     {[]string{mal(`{"source": ""}, {}`)}, []string{"MAL"}},
		"only the malicious-packages database collects": {
			[]string{`{"id": "GHSA-1", "database_specific": {"malicious-packages-origins": [{"source": "amazon-inspector"}]}}`}, []string{"GHSA"},
		},
		"converted from a native format": {[]string{`{"id": "x_RUBYSEC-a-CVE-1"}`}, []string{"RUBYSEC"}},
	} {
		var list []tocsin.Advisory
		for _, in := range tt.in {
			a, err := advisories.Parse([]byte(in))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			list = append(list, a)
		}
		if diff := cmp.Diff(tt.want, classes(t, advisories.Facts{}, list...)[0].Origins); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestKind(t *testing.T) {
	for _, tt := range []struct {
		a    tocsin.Advisory
		want tocsin.Kind
	}{
		{tocsin.Advisory{ID: "MAL-2024-1"}, tocsin.KindMalware},
		{tocsin.Advisory{ID: "GHSA-1", CWEs: []string{"CWE-506"}}, tocsin.KindMalware},
		{tocsin.Advisory{ID: "GHSA-1", CWEs: []string{"CWE-79"}}, tocsin.KindFlaw},
		{tocsin.Advisory{ID: "MALI-1"}, tocsin.KindFlaw},
	} {
		if got := classes(t, advisories.Facts{}, tt.a)[0].Kind; got != tt.want {
			t.Errorf("%s %v: %s, want %s", tt.a.ID, tt.a.CWEs, got, tt.want)
		}
	}
}

func TestLongTextIsCut(t *testing.T) {
	a := advisory("A-1", "npm", "a")
	for len(a.Summary) < 400 {
		a.Summary += "日本語"
	}
	if got := classes(t, advisories.Facts{}, a)[0].Summary; len(got) > 310 {
		t.Errorf("summary of %d bytes", len(got))
	}
}
