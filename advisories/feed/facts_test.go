package feed

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/corpus"
)

func gzipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func day(s string) time.Time {
	t, _ := time.Parse(time.DateOnly, s)
	return t
}

func TestParseKEV(t *testing.T) {
	in := `{"title": "x", "vulnerabilities": [
		{"cveID": "CVE-2021-44228", "dateAdded": "2021-12-10", "dueDate": "2021-12-24", "knownRansomwareCampaignUse": "Known", "new": 1},
		{"cveID": "CVE-2024-1", "dateAdded": "2024-01-01", "dueDate": "soon", "knownRansomwareCampaignUse": "Unknown"}]}`
	got, err := ParseKEV([]byte(in))
	want := map[string]tocsin.KEV{
		"CVE-2021-44228": {CVE: "CVE-2021-44228", DateAdded: day("2021-12-10"), DueDate: day("2021-12-24"), Ransomware: true},
		"CVE-2024-1":     {CVE: "CVE-2024-1", DateAdded: day("2024-01-01")},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	for in, says := range map[string]string{
		``: "KEV", `[]`: "KEV", `{}`: "no vulnerabilities", `{"vulnerabilities": []}`: "no vulnerabilities", `<html>`: "KEV",
		`{"vulnerabilities": [{"cveID": "CVE-1"}]}`:                                                  "entry 1",
		`{"vulnerabilities": [{"cveID": "CVE-1", "dateAdded": "2024-13-01"}]}`:                       "2024-13-01",
		`{"vulnerabilities": [{"cveID": "GHSA-1", "dateAdded": "2024-01-01", "dueDate": ""}]}`:       "GHSA-1",
		`{"vulnerabilities": [{"cveID": "CVE-1", "dateAdded": "2024-01-01", "dueDate": ""}, "text"`:  "KEV",
		`{"vulnerabilities": [{"cveID": 7, "dateAdded": "2024-01-01", "dueDate": "2024-01-01"}, 1]}`: "KEV",
	} {
		if _, err := ParseKEV([]byte(in)); !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, want ErrInvalid with %q", in, err, says)
		}
	}
}

const epssTable = "#model_version:v2025.03.14,score_date:2026-08-16T00:00:00+0000\ncve,epss,percentile\nCVE-1,0.5,0.9\nCVE-2,0,1\n"

func TestParseEPSS(t *testing.T) {
	want := map[string]tocsin.EPSS{
		"CVE-1": {CVE: "CVE-1", Score: 0.5, Percentile: 0.9, Date: day("2026-08-16")},
		"CVE-2": {CVE: "CVE-2", Score: 0, Percentile: 1, Date: day("2026-08-16")},
	}
	for _, b := range [][]byte{[]byte(epssTable), gzipped(t, epssTable)} {
		got, err := ParseEPSS(b)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	}
	if got, err := ParseEPSS([]byte("cve,epss,percentile\nCVE-1,0.5,0.9\n")); err != nil || !got["CVE-1"].Date.IsZero() {
		t.Errorf("without the comment line: %v, %v", got, err)
	}
	packed := gzipped(t, epssTable)
	for name, tt := range map[string]struct {
		in   []byte
		says string
	}{
		"empty":        {nil, "EPSS"},
		"no rows":      {[]byte("cve,epss,percentile\n"), "empty"},
		"only comment": {[]byte("#x"), "EPSS"},
		"no date":      {[]byte("#model_version:v1\ncve,epss,percentile\n"), "score_date"},
		"odd date":     {[]byte("#score_date:2026-99-16T\ncve,epss,percentile\n"), "score_date"},
		"cut gzip":     {packed[:len(packed)-9], "EPSS"},
		"only magic":   {packed[:2], "EPSS"},
		"no number":    {[]byte(epssTable + "CVE-3,high,0\n"), "row 5"},
		"not a number": {[]byte(epssTable + "CVE-3,NaN,0\n"), "row 5"},
		"too high":     {[]byte(epssTable + "CVE-3,0.5,1.5\n"), "row 5"},
		"negative":     {[]byte(epssTable + "CVE-3,-0.5,0.5\n"), "row 5"},
		"columns":      {[]byte(epssTable + "CVE-3,0.5\n"), "fields"},
		"not a CVE":    {[]byte(epssTable + "<b>,0.5,0.5\n"), "row 5"},
		"quotes":       {[]byte(epssTable + "\"CVE-3,0.5,0.5\n"), "EPSS"},
	} {
		if _, err := ParseEPSS(tt.in); !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: error %v, want ErrInvalid with %q", name, err, tt.says)
		}
	}
}

func TestFactsOfTheCorpus(t *testing.T) {
	dir := corpus.Dir(t)
	b, err := os.ReadFile(filepath.Join(dir, "kev", "known_exploited_vulnerabilities.json"))
	if err != nil {
		t.Fatal(err)
	}
	kev, err := ParseKEV(b)
	if err != nil || len(kev) != 1404 || kev["CVE-2021-44228"].DateAdded != day("2021-12-10") {
		t.Errorf("KEV: %d, %v, want 1404", len(kev), err)
	}
	b, err = os.ReadFile(filepath.Join(dir, "epss", "epss_scores-2026-08-16.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	epss, err := ParseEPSS(b)
	if err != nil || len(epss) < 360_000 || epss["CVE-2021-44228"].Score < 0.9 || epss["CVE-2021-44228"].Date != day("2026-08-16") {
		t.Errorf("EPSS: %d, %v, %+v, want 360,000", len(epss), err, epss["CVE-2021-44228"])
	}
}

func FuzzParseKEV(f *testing.F) {
	f.Add([]byte(`{"vulnerabilities": [{"cveID": "CVE-1", "dateAdded": "2024-01-01", "dueDate": "2024-01-01"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := ParseKEV(b); err != nil && !errors.Is(err, tocsin.ErrInvalid) || err == nil && len(m) == 0 {
			t.Errorf("%v, %v", m, err)
		}
	})
}

func FuzzParseEPSS(f *testing.F) {
	f.Add([]byte(epssTable))
	f.Add(gzipped(f, epssTable))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseEPSS(b)
		if err != nil && !errors.Is(err, tocsin.ErrInvalid) || err == nil && len(m) == 0 {
			t.Errorf("%v, %v", m, err)
		}
		for cve, e := range m {
			if !strings.HasPrefix(cve, "CVE-") || e.CVE != cve || e.Score < 0 || e.Score > 1 {
				t.Errorf("%q: %+v", cve, e)
			}
		}
	})
}
