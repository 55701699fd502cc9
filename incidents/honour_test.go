package incidents

import (
	"testing"

	"github.com/tocsin-dev/tocsin"
)

// TestExcuse: who agrees to stay with a version accepts what is known of it then, and nothing else.
func TestExcuse(t *testing.T) {
	d := Decided{"INC-1", 1, tocsin.Rollback{Package: "npm/log4j-core", Version: "2.3", ApprovedBy: bea, ApprovedAt: dawn, Until: dawn.Add(tocsin.Day), Reason: "it was clean"}}
	for name, tt := range map[string]struct {
		change func(*tocsin.Finding)
		want   bool
	}{
		"known":           {func(*tocsin.Finding) {}, true},
		"known since":     {func(f *tocsin.Finding) { f.Class.Published = dawn.Add(1) }, false},
		"nobody knows":    {func(f *tocsin.Finding) { f.Class.Published = zero }, false},
		"another version": {func(f *tocsin.Finding) { f.Package.Version = "2.4" }, false},
		"another package": {func(f *tocsin.Finding) { f.Package.Name = "log4j-api" }, false},
		"elsewhere":       {func(f *tocsin.Finding) { f.Package.Ecosystem = "PyPI" }, false},
	} {
		f := says(tocsin.ResponseIssue, class("CVE-1"), "log4j-core", "2.3").Finding
		f.Class.Published = dawn
		tt.change(&f)
		if x, ok := d.Excuse(f, "shop"); ok != tt.want || ok && (x.Owner != "bea" || x.Class != "CVE-1" || x.Kind != tocsin.ExceptionAccepted || x.Project != "shop") {
			t.Errorf("%s: %v, %+v", name, ok, x)
		}
	}
}

// TestInForce: a rollback holds for the projects that it names, while it lasts, and is known to those who may know of the incident.
func TestInForce(t *testing.T) {
	inc := tocsin.Incident{
		Key: "INC-1", Projects: []tocsin.IncidentProject{{Slug: "shop"}, {Slug: "web"}},
		Rollbacks: []tocsin.Rollback{
			{Package: "npm/a", Version: "1", ApprovedAt: dawn, Until: dawn.Add(tocsin.Day)},
			{Package: "npm/b", Version: "1", ApprovedAt: dawn, Until: dawn.Add(tocsin.Day), Projects: []string{"web"}},
			{Package: "npm/c", Version: "1", Until: dawn.Add(tocsin.Day)}, // nobody agreed
			{Package: "npm/d", Version: "1", ApprovedAt: dawn, Until: dawn.Add(tocsin.Day), EndedAt: dawn},
		},
	}
	secret := inc
	secret.Key, secret.Class.Private = "INC-2", true
	known := []tocsin.Incident{secret, inc}
	for _, tt := range []struct {
		project   string
		embargoed bool
		at        int
		want      string
	}{
		{"shop", false, 0, "INC-1 npm/a "}, {"web", false, 0, "INC-1 npm/a INC-1 npm/b "}, {"web", true, 0, "INC-1 npm/a INC-1 npm/b INC-2 npm/a INC-2 npm/b "},
		{"other", true, 0, ""}, {"", true, 0, ""}, {"web", true, 1, ""},
	} {
		got := ""
		for _, d := range InForce(known, tt.project, tt.embargoed, dawn.AddDate(0, 0, tt.at)) {
			got += d.Incident + " " + d.Package + " "
		}
		if got != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}
