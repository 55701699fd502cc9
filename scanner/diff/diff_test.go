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
	r := Compare(base, head, since)
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
