package advisories

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

func TestRevised(t *testing.T) {
	ranged := func(name string, events ...tocsin.Event) tocsin.Affected {
		return tocsin.Affected{Package: tocsin.AffectedPackage{Ecosystem: "npm", Name: name}, Ranges: []tocsin.Range{{Type: tocsin.RangeSemver, Events: events}}}
	}
	base := func(change func(*tocsin.Advisory)) tocsin.Advisory {
		a := tocsin.Advisory{ID: "GHSA-1", Summary: "old", Aliases: []string{"CVE-1"}, Severity: []tocsin.Severity{{Type: "CVSS_V3", Score: "CVSS:3.1/low"}},
			Affected: []tocsin.Affected{ranged("left", tocsin.Event{Introduced: "0"}, tocsin.Event{Fixed: "1.2"})}}
		change(&a)
		return a
	}
	for _, tt := range []struct {
		name   string
		change func(*tocsin.Advisory)
		want   []string
	}{
		{"nothing that decides", func(a *tocsin.Advisory) { a.References = []tocsin.Reference{{URL: "https://example.org"}} }, nil},
		{"a better fix", func(a *tocsin.Advisory) { a.Affected[0].Ranges[0].Events[1].Fixed = "1.3" }, []string{"other versions of npm left: from the first before 1.3"}},
		{"another package", func(a *tocsin.Advisory) {
			a.Affected = append(a.Affected, ranged("right", tocsin.Event{Introduced: "2"}, tocsin.Event{LastAffected: "3"}))
		}, []string{"affects npm right"}},
		{"none of it any more", func(a *tocsin.Advisory) { a.Affected = nil }, []string{"no longer affects npm left"}},
		{"worse", func(a *tocsin.Advisory) { a.Severity[0].Score = "CVSS:3.1/high" }, []string{"severity: CVSS:3.1/high, before CVSS:3.1/low"}},
		{"unscored", func(a *tocsin.Advisory) { a.Severity = nil }, []string{"severity: none, before CVSS:3.1/low"}},
		{"split and joined", func(a *tocsin.Advisory) { a.Aliases = []string{"CVE-2"} }, []string{"is the same as CVE-2", "is no longer the same as CVE-1"}},
		{"withdrawn", func(a *tocsin.Advisory) { a.Withdrawn, a.Summary = time.Unix(1, 0), "new" }, []string{"it was withdrawn", "summary: new"}},
		{"listed versions", func(a *tocsin.Advisory) { a.Affected[0].Versions = []string{"1.1", "1.0"} }, []string{"other versions of npm left: from the first before 1.2; 1.0, 1.1"}},
	} {
		if diff := cmp.Diff(tt.want, Revised(base(func(*tocsin.Advisory) {}), base(tt.change))); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
	many := base(func(a *tocsin.Advisory) {
		for i := range 40 {
			a.Affected = append(a.Affected, ranged(strings.Repeat("x", i+1), tocsin.Event{Introduced: "0"}))
		}
	})
	later := base(func(a *tocsin.Advisory) {
		a.Affected = append(a.Affected, many.Affected...)
		for i := range a.Affected {
			a.Affected[i].Versions = []string{"7"}
		}
	})
	if got := Revised(many, later); len(got) != maxRevised+1 || got[maxRevised] != "and 29 more" {
		t.Errorf("%d: %q", len(got), got[len(got)-1])
	}
	if got := Revised(base(func(*tocsin.Advisory) {}), many); len(got) != 1 || !strings.HasSuffix(got[0], "and 28 more") {
		t.Errorf("%q", got)
	}
}
