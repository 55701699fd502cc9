package diff

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

func decision(name, version, class string, gate tocsin.Gate, published time.Time) tocsin.Decision {
	return tocsin.Decision{Gate: gate, Finding: tocsin.Finding{
		Package: tocsin.Package{Ecosystem: "PyPI", Name: name, Version: version}, Class: tocsin.Class{ID: class, Published: published},
	}}
}

func TestCompare(t *testing.T) {
	since := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	old, later := since.AddDate(-1, 0, 0), since.AddDate(0, 1, 0)
	base := []tocsin.Decision{
		decision("kept", "1.0", "CVE-1", tocsin.GateFail, old),
		decision("disclosed", "1.0", "CVE-2", tocsin.GateFail, later),
		decision("worse", "1.0", "CVE-3", tocsin.GateWarn, old),
		decision("fixed", "1.0", "CVE-4", tocsin.GateFail, old),
	}
	head := []tocsin.Decision{
		decision("Kept", "1.1", "CVE-1", tocsin.GateFail, old), // a bump, and another spelling, that keep the flaw
		decision("disclosed", "1.0", "CVE-2", tocsin.GateFail, later),
		decision("worse", "1.0", "CVE-3", tocsin.GateFail, old),
		decision("new", "1.0", "CVE-1", tocsin.GateWarn, old),
		decision("kept", "1.1", "CVE-5", tocsin.GateFail, later),
	}
	r := Compare(base, head, After(since))
	var got []tocsin.Change
	for _, d := range r.Decisions {
		got = append(got, d.Change)
	}
	want := []tocsin.Change{tocsin.ChangeExisting, tocsin.ChangeDisclosed, tocsin.ChangeRaised, tocsin.ChangeIntroduced, tocsin.ChangeIntroduced}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(r.Fixed) != 1 || r.Fixed[0].Finding.Package.Name != "fixed" {
		t.Errorf("fixed: %v", r.Fixed)
	}
	if n := len(r.Answerable()); n != 3 || r.Count(tocsin.ChangeExisting) != 1 {
		t.Errorf("%d answerable, %d existing", n, r.Count(tocsin.ChangeExisting))
	}
	if head[0].Change != "" {
		t.Error("the argument was changed")
	}
}

// Where the base's own findings were kept, news is what is not among them, however old its advisory.
func TestCompareWithWhatWasTold(t *testing.T) {
	old := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	renamed := decision("kept", "1.0", "GHSA-1", tocsin.GateFail, old) // it has a CVE by now
	head := []tocsin.Decision{decision("kept", "1.1", "CVE-1", tocsin.GateFail, old), decision("kept", "1.1", "CVE-2", tocsin.GateFail, old)}
	head[0].Finding.Class.Aliases = []string{"CVE-1", "GHSA-1"}
	r := Compare(head, head, Beyond([]tocsin.Decision{renamed}))
	if got := []tocsin.Change{r.Decisions[0].Change, r.Decisions[1].Change}; got[0] != tocsin.ChangeExisting || got[1] != tocsin.ChangeDisclosed {
		t.Errorf("%q", got)
	}
}

// Of two versions of a package in the base, the graver decision counts, in whichever order they come.
func TestCompareTwoVersions(t *testing.T) {
	worse, milder := decision("two", "1.0", "CVE-1", tocsin.GateFail, time.Time{}), decision("two", "2.0", "CVE-1", tocsin.GateWarn, time.Time{})
	for _, base := range [][]tocsin.Decision{{worse, milder}, {milder, worse}} {
		if got := Compare(base, base, After(time.Now())).Answerable(); len(got) > 0 {
			t.Errorf("a change that changes nothing answers for %v", got)
		}
	}
}
