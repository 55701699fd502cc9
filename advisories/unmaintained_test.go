package advisories_test

import (
	"fmt"
	"testing"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
)

// TestUnmaintained: that nobody looks after a package is a class of its own kind, unless a record or a member tells of a flaw.
func TestUnmaintained(t *testing.T) {
	const plain, cve, scored = ``, `"aliases": ["CVE-2020-1"],`, `"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],`
	record := func(id, more string, says ...string) tocsin.Advisory {
		entries := ""
		for _, s := range says {
			entries += fmt.Sprintf(`,{"package": {"ecosystem": "crates.io", "name": "a"}, "database_specific": {"informational": %s}}`, s)
		}
		a, err := advisories.Parse(fmt.Appendf(nil, `{"id": %q, %s "modified": "2024-01-01T00:00:00Z", "affected": [%s]}`, id, more, entries[min(1, len(entries)):]))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	const rustsec = "RUSTSEC-2020-1"
	for name, c := range map[string]struct {
		list []tocsin.Advisory
		want tocsin.Kind
	}{
		"unmaintained":               {[]tocsin.Advisory{record(rustsec, plain, `"unmaintained"`, `"unmaintained"`)}, tocsin.KindUnmaintained},
		"one of its packages only":   {[]tocsin.Advisory{record(rustsec, plain, `"unmaintained"`, `null`)}, tocsin.KindFlaw},
		"unsound":                    {[]tocsin.Advisory{record(rustsec, plain, `"unsound"`)}, tocsin.KindFlaw},
		"a notice":                   {[]tocsin.Advisory{record(rustsec, plain, `"notice"`)}, tocsin.KindFlaw},
		"another shape":              {[]tocsin.Advisory{record(rustsec, plain, `{"unmaintained": true}`)}, tocsin.KindFlaw},
		"no package":                 {[]tocsin.Advisory{record(rustsec, plain)}, tocsin.KindFlaw},
		"with a score":               {[]tocsin.Advisory{record(rustsec, scored, `"unmaintained"`)}, tocsin.KindFlaw},
		"with a CVE":                 {[]tocsin.Advisory{record(rustsec, cve, `"unmaintained"`)}, tocsin.KindFlaw},
		"joined with a flaw":         {[]tocsin.Advisory{record(rustsec, plain, `"unmaintained"`), record("GHSA-1", `"aliases": ["RUSTSEC-2020-1"],`, `null`)}, tocsin.KindFlaw},
		"joined with malware":        {[]tocsin.Advisory{record(rustsec, plain, `"unmaintained"`), record("MAL-1", `"aliases": ["RUSTSEC-2020-1"],`, `null`)}, tocsin.KindMalware},
		"an alias without a record":  {[]tocsin.Advisory{record(rustsec, `"aliases": ["GHSA-1"],`, `"unmaintained"`)}, tocsin.KindUnmaintained},
		"two records that both do":   {[]tocsin.Advisory{record(rustsec, plain, `"unmaintained"`), record("RUSTSEC-2", `"aliases": ["RUSTSEC-2020-1"],`, `"unmaintained"`)}, tocsin.KindUnmaintained},
		"a flaw of the same package": {[]tocsin.Advisory{record("RUSTSEC-2", plain, `null`)}, tocsin.KindFlaw},
	} {
		if got := classes(t, advisories.Facts{}, c.list...); len(got) != 1 || got[0].Kind != c.want {
			t.Errorf("%s: %+v, want %s", name, got, c.want)
		}
	}
}
