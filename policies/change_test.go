package policies_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin/policies"
)

// TestChanges tells what would have made an emergency of a finding that is watched.
func TestChanges(t *testing.T) {
	set := policies.NewSet(pack(t, "emergency"))
	in := policies.BaseInput()
	in.Advisory.Rating, in.Advisory.Scored, in.Advisory.CVSS, in.Advisory.EPSS = "critical", true, 9.8, 0.2
	in.Project.Exposure = "public"
	var got []string
	for _, c := range set.Changes(in) {
		for _, i := range c.Inputs {
			got = append(got, string(c.Response)+": "+i)
		}
	}
	want := []string{
		"emergency: advisory.epss ≥ 0.5", "emergency: advisory.kev is true",
		"emergency: portfolio.critical ≥ 1", "emergency: portfolio.projects ≥ 3",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
