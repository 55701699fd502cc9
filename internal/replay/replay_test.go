package replay_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents/playbooks"
	"github.com/tocsin-dev/tocsin/internal/replay"
	"github.com/tocsin-dev/tocsin/policies"
	"github.com/tocsin-dev/tocsin/policies/packs"
)

func at(s string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		panic(err)
	}
	return t
}

func set(t testing.TB, names ...string) policies.Set {
	t.Helper()
	var list []*policies.Policy
	for _, name := range names {
		text, err := packs.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		p, err := policies.Load(name, text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	return policies.NewSet(list...)
}

func run(t testing.TB, h replay.History, w replay.Window, s policies.Set) replay.Result {
	t.Helper()
	books, err := playbooks.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	course, err := replay.Prepare(t.Context(), h, w, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := course.Run(t.Context(), s, books, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// npm gives an inventory of "name version" packages.
func npm(project, when string, packages ...string) tocsin.Inventory {
	inv := tocsin.Inventory{Project: project, Source: project, TakenAt: at(when)}
	for _, p := range packages {
		name, version, _ := strings.Cut(p, " ")
		inv.Packages = append(inv.Packages, tocsin.Package{Ecosystem: "npm", Name: name, Version: version, Relation: tocsin.RelationDirect})
	}
	inv.Seal()
	return inv
}

func project(slug string, inventories ...tocsin.Inventory) replay.Project {
	return replay.Project{Project: tocsin.Project{Slug: slug, Criticality: "medium", Exposure: "public", Visibility: "private"}, Inventories: inventories, Exact: true}
}

// malware is a revision of a record of the malicious-packages database: an open range, and the versions that are listed.
func malware(id, name, from, to, withdrawn string, reporters []string, versions ...string) replay.Record {
	a := tocsin.Advisory{ID: id, Published: at(from), Modified: at(from), Summary: "Malicious code in " + name, Reporters: reporters}
	a.Affected = []tocsin.Affected{{Package: tocsin.AffectedPackage{Ecosystem: "npm", Name: name}, Versions: versions}}
	if versions == nil {
		a.Affected[0].Ranges = []tocsin.Range{{Type: tocsin.RangeSemver, Events: []tocsin.Event{{Introduced: "0"}}}}
	}
	r := replay.Record{Advisory: a, Digest: id + from, From: at(from), Exact: true}
	if to != "" {
		r.To = at(to)
	}
	if withdrawn != "" {
		r.Advisory.Withdrawn = at(withdrawn)
	}
	return r
}

func story(r replay.Result) string {
	var b strings.Builder
	for _, inc := range r.Incidents {
		fmt.Fprintf(&b, "%s %s as %s, %s\n", inc.Opened.Format("2006-01-02 15:04"), inc.Class, inc.OpenedAs, inc.State)
		for _, e := range inc.Events {
			fmt.Fprintf(&b, "  %s %s %s: %s\n", e.At.Format("01-02 15:04"), e.Kind, e.Project, e.Text)
		}
	}
	return b.String()
}

// TestFalseAlarms replays the record of malware feeds. On 2025-09-08 the records of debug and chalk first named every version:
// that holds, and is no emergency; when the list came, the clean project was told that it had been told wrongly. On 2026-06-04 a record about a clean release of a package with 1.8 million downloads
// a week was withdrawn on the same day: whoever was told is told again.
func TestFalseAlarms(t *testing.T) {
	origins := []string{"ghsa-malware", "amazon-inspector"}
	h := replay.History{
		Records: []replay.Record{
			malware("MAL-2025-46974", "debug", "2025-09-08 14:26", "2025-09-08 17:54", "", origins),
			malware("MAL-2025-46974", "debug", "2025-09-08 17:54", "", "", origins, "4.4.2"),
			malware("MAL-2025-46969", "chalk", "2025-09-08 17:11", "2025-09-08 18:23", "", origins),
			malware("MAL-2025-46969", "chalk", "2025-09-08 18:23", "", "", origins, "5.6.1"),
			malware("MAL-2026-4000", "supabase", "2026-06-04 08:00", "2026-06-04 19:00", "", []string{"ghsa-malware"}, "2.98.0"),
			malware("MAL-2026-4000", "supabase", "2026-06-04 19:00", "", "2026-06-04 18:30", []string{"ghsa-malware"}, "2.98.0"),
		},
		Projects: []replay.Project{
			project("clean", npm("clean", "2025-01-01 00:00", "debug 4.3.4", "chalk 4.1.2")),
			project("hit", npm("hit", "2025-01-01 00:00", "debug 4.4.1"), npm("hit", "2025-09-08 13:30", "debug 4.4.2", "chalk 5.6.1"), npm("hit", "2025-09-09 09:00", "debug 4.4.1", "chalk 5.6.0")),
			project("data", npm("data", "2026-06-01 00:00", "supabase 2.98.0")),
		},
	}
	r := run(t, h, replay.Window{Since: at("2025-08-01 00:00"), Until: at("2026-08-01 00:00")}, set(t, "emergency", "release-gate"))
	want := `2025-09-08 14:26 MAL-2025-46974 as hold, resolved
  09-08 14:26 opened : opened as hold, severity critical, for clean, hit: the package is reported as malicious, but by one origin only or without naming this version (rule malware-uncorroborated of policy emergency)
  09-08 17:54 severity : urgency rose from hold to emergency: this very version is listed as malicious by two independent origins (rule malware-corroborated of policy emergency)
  09-08 17:54 cleared clean: debug 4.3.4 is no longer named by the advisory
  09-09 09:00 cleared hit: debug is now 4.4.1 (was 4.4.2)
  09-09 09:00 fix-validated : every project was scanned again and is clear
  09-09 09:00 resolved : nothing is affected any more
2025-09-08 17:11 MAL-2025-46969 as hold, resolved
  09-08 17:11 opened : opened as hold, severity critical, for clean, hit: the package is reported as malicious, but by one origin only or without naming this version (rule malware-uncorroborated of policy emergency)
  09-08 18:23 severity : urgency rose from hold to emergency: this very version is listed as malicious by two independent origins (rule malware-corroborated of policy emergency)
  09-08 18:23 cleared clean: chalk 4.1.2 is no longer named by the advisory
  09-09 09:00 cleared hit: chalk is now 5.6.0 (was 5.6.1)
  09-09 09:00 fix-validated : every project was scanned again and is clear
  09-09 09:00 resolved : nothing is affected any more
2026-06-04 08:00 MAL-2026-4000 as hold, stood down
  06-04 08:00 opened : opened as hold, severity critical, for data: the package is reported as malicious, but by one origin only or without naming this version (rule malware-uncorroborated of policy emergency)
  06-04 19:00 cleared data: supabase 2.98.0 is no longer named by the advisory
  06-04 19:00 stood-down : the advisory no longer names what is in use; everyone who was told gets a correction
`
	if d := cmp.Diff(want, story(r)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]replay.Count{{Name: "emergency", Count: 2}, {Name: "stood down", Count: 1}}, r.Measures.HoldsEnded); d != "" {
		t.Error(d)
	}
	for _, inc := range r.Incidents {
		if !inc.Exact || inc.Standing {
			t.Errorf("%s: exact %v, standing %v", inc.Key, inc.Exact, inc.Standing)
		}
	}
}

// TestCompare: what one policy opens and another does not, and what was there before the window.
func TestCompare(t *testing.T) {
	vector := []tocsin.Severity{{Type: "CVSS_V3", Score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}
	flaw := func(id, name, from string) replay.Record {
		return replay.Record{From: at(from), Digest: id, Advisory: tocsin.Advisory{ID: id, Published: at(from), Severity: vector, Affected: []tocsin.Affected{{
			Package: tocsin.AffectedPackage{Ecosystem: "npm", Name: name},
			Ranges:  []tocsin.Range{{Type: tocsin.RangeSemver, Events: []tocsin.Event{{Introduced: "0"}, {Fixed: "2.0.0"}}}},
		}}}}
	}
	h := replay.History{
		Records:  []replay.Record{flaw("CVE-2025-1", "old", "2025-01-01 00:00"), flaw("CVE-2025-2", "new", "2025-07-01 00:00")},
		KEV:      []replay.KEV{{Entry: tocsin.KEV{CVE: "CVE-2025-1", DateAdded: at("2025-02-01 00:00")}, From: at("2025-02-01 00:00")}, {Entry: tocsin.KEV{CVE: "CVE-2025-2", DateAdded: at("2025-07-05 00:00")}, From: at("2025-07-05 00:00")}},
		EPSS:     []replay.EPSS{{From: at("2025-06-01 00:00"), Scores: map[string]tocsin.EPSS{"CVE-2025-2": {Score: 0.8}}}},
		Projects: []replay.Project{project("api", npm("api", "2025-01-01 00:00", "old 1.0.0", "new 1.0.0"), npm("api", "2025-08-01 12:00", "old 1.0.0", "new 2.0.0"))},
	}
	late, err := policies.Load("late.yaml", []byte(`policy: late
gate: {default: pass, rules: [{name: kev, when: advisory.kev, then: fail, because: exploited}]}
response: {default: none, rules: [{name: kev, when: advisory.kev, then: hold, severity: high, because: exploited}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	w := replay.Window{Since: at("2025-06-01 00:00"), Until: at("2026-01-01 00:00")}
	old, now := run(t, h, w, policies.NewSet(late)), run(t, h, w, set(t, "emergency"))
	d := replay.Compare(old, now)
	var got []string
	for _, one := range d.Incidents {
		got = append(got, fmt.Sprintf("%s %s %s → %s", one.Change, one.New.Class, one.Old.Opened.Format(time.DateOnly), one.New.Opened.Format(time.DateOnly)))
	}
	for _, one := range d.Releases {
		got = append(got, fmt.Sprintf("release %s → %s", one.Old.Gate, one.New.Gate))
	}
	// CVE-2025-1 was known before the window: both have it standing, one louder.
	want := []string{"louder CVE-2025-1 2025-06-01 → 2025-06-01", "louder CVE-2025-2 2025-07-05 → 2025-07-01", "release fail → pass"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	m := now.Measures
	if m.Standing != 1 || m.Incidents != 1 || m.Caught != 2 || m.News != 1 || m.Early != 1 || m.MedianLead != 4*tocsin.Day || m.Releases != 1 || old.Measures.Stopped != 1 {
		t.Errorf("%+v", m)
	}
	if inc := now.Incidents[1]; inc.Exact || inc.Ended != at("2025-08-01 12:00") || inc.Exposed(w.Until) != 31*tocsin.Day+12*time.Hour {
		t.Errorf("%+v, exposed %s", inc, inc.Exposed(w.Until))
	}
}

// TestExceptionsHoldForTheirTime: an accepted risk is quiet until it expires, and was not accepted longer than a year before.
func TestExceptionsHoldForTheirTime(t *testing.T) {
	entry := tocsin.KEV{CVE: "CVE-2025-1", DateAdded: at("2025-01-01 00:00")}
	h := replay.History{
		Records: []replay.Record{{From: at("2025-01-01 00:00"), Digest: "1", Advisory: tocsin.Advisory{ID: "CVE-2025-1", Published: at("2025-01-01 00:00"), Affected: []tocsin.Affected{{
			Package: tocsin.AffectedPackage{Ecosystem: "npm", Name: "left"}, Versions: []string{"1.0.0"},
		}}}}},
		KEV:        []replay.KEV{{Entry: entry, From: entry.DateAdded}},
		Projects:   []replay.Project{project("api", npm("api", "2025-01-01 00:00", "left 1.0.0"))},
		Exceptions: []tocsin.Exception{{Kind: tocsin.ExceptionAccepted, Class: "CVE-2025-1", Package: "pkg:npm/left", Reason: "x", Owner: "a", Expires: at("2026-06-30 00:00"), Source: "x:1"}},
	}
	for since, want := range map[string]string{"2025-05-01 00:00": "2025-05-01", "2025-08-01 00:00": "2026-07-01"} {
		r := run(t, h, replay.Window{Since: at(since), Until: at("2026-08-01 00:00")}, set(t, "emergency"))
		if len(r.Incidents) != 1 || r.Incidents[0].Opened.Format(time.DateOnly) != want {
			t.Errorf("from %s: %s, want it opened on %s", since, story(r), want)
		}
	}
}
