package incidents

import (
	"fmt"
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
