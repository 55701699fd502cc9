package incidents

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin"
)

// TestReachOfPackages: of several findings about one package the one counts that is nearest to the flaw.
func TestReachOfPackages(t *testing.T) {
	var list []tocsin.Decision
	for i, reach := range []tocsin.Reach{tocsin.ReachPresent, tocsin.ReachCalled, tocsin.ReachImported} {
		d := says(tocsin.ResponseIssue, class("CVE-1", fmt.Sprint("GHSA-", i)), "left", "1")
		d.Finding.Reachability = &tocsin.Reachability{Reach: reach}
		list = append(list, d)
	}
	list = append(list, says(tocsin.ResponseIssue, class("CVE-1"), "right", "1"))
	got := packages(list, class("CVE-1"))
	if len(got) != 2 || got[0].Reach != tocsin.ReachCalled || got[1].Reach != "" {
		t.Errorf("%+v", got)
	}
}

// TestReachIsSaid: an issue says how far the code gets to the flaw where somebody looked, and that it is not known where nobody did.
func TestReachIsSaid(t *testing.T) {
	w, err := NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	for reach, want := range map[tocsin.Reach]string{
		tocsin.ReachCalled: "calls what is flawed", tocsin.ReachImported: "no call to what is flawed was found", tocsin.ReachPresent: "not compiled in",
		tocsin.ReachUnknown: "We do not know whether the affected code is reachable", "": "We do not know whether the affected code is reachable",
	} {
		inc := tocsin.Incident{
			Key: "INC-1", State: tocsin.StateDetected, Urgency: tocsin.UrgencyEmergency, Class: class("CVE-1"),
			Projects: []tocsin.IncidentProject{{Slug: "shop", Status: tocsin.ProjectAffected, Packages: []tocsin.IncidentPackage{{Ecosystem: "Go", Name: "m", Version: "1", Reach: reach}}}},
		}
		shop := tocsin.Project{Slug: "shop", Repository: "a/shop", Visibility: tocsin.VisibilityPrivate, OptIn: tocsin.OptIn{Issues: true}}
		list, err := w.Actions(inc, map[string]tocsin.Project{"shop": shop}, nil, Coordination{})
		if err != nil || len(list) == 0 {
			t.Fatal(list, err)
		}
		text := string(list[0].Payload)
		if !strings.Contains(text, want) || reach != "" && reach != tocsin.ReachUnknown && strings.Contains(text, "reachable") {
			t.Errorf("%q: %s", reach, text)
		}
	}
}
