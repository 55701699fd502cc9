package pipeline_test

import (
	"context"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories/landmark"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/policies"
)

// Pins are looked for where a policy judges them, those that pass are dropped, and nobody asks how far the code gets to one.
func TestScanPins(t *testing.T) {
	x, err := landmark.Index()
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	before := tocsin.Inventory{Packages: []tocsin.Package{{Ecosystem: "Go", Name: "example.com/kept", Version: "1.1.0"}}}
	after := tocsin.Inventory{Packages: []tocsin.Package{{Ecosystem: "Go", Name: "example.com/kept", Version: "1.0.0"}, {Ecosystem: "Go", Name: "example.com/new", Version: "1.0.0"}}}
	before.Seal()
	after.Seal()
	asked := 0
	src := pipeline.Source{Inventory: &after, Before: &before, Reach: func(_ context.Context, found []tocsin.Finding) ([]tocsin.Finding, error) {
		asked += len(found)
		return found, nil
	}}
	policy := func(judges string) policies.Set {
		p, err := policies.Load("pins.yaml", []byte("policy: pins\n"+judges+"gate: {default: pass, rules: [{name: down, when: '\"downgrade\" in pkg.hygiene', then: fail, because: it went down}]}\n"))
		if err != nil {
			t.Fatal(err)
		}
		return policies.NewSet(p)
	}
	for judges, want := range map[string]int{"": 0, "judges: [flaw]\n": 0, "judges: [pin]\n": 1} {
		scanned, err := pipeline.Scan(t.Context(), []pipeline.Source{src}, x, policy(judges), time.Unix(0, 0), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := scanned[0].Decisions; len(got) != want || want > 0 && (got[0].Finding.Class.ID != "TOCSIN-PIN-DOWNGRADE" || got[0].Gate != tocsin.GateFail) {
			t.Errorf("%q: %+v", judges, got)
		}
	}
	if asked > 0 {
		t.Errorf("asked how far the code gets to %d pins", asked)
	}
}
