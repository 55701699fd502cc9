package pipeline_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories/landmark"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/incidents/playbooks"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/store"
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

// TestRunComparesWithBefore: the runs of a portfolio tell what changed until something else does, and a run that could read nothing
// makes nothing look new.
func TestRunComparesWithBefore(t *testing.T) {
	x, err := landmark.Index()
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	st, err := store.Open(t.Context(), store.Path(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	books, err := playbooks.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	writer, err := incidents.NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	policy, err := policies.Load("pins.yaml", []byte("policy: pins\njudges: [pin]\ngate: {default: pass, rules: [{name: moved, when: '\"downgrade\" in pkg.hygiene || \"new\" in pkg.hygiene', then: warn, because: it moved}]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)
	p := pipeline.Portfolio{
		Log: slog.New(slog.DiscardHandler), Store: st, Index: x, Policies: policies.NewSet(policy), Rules: incidents.Rules{Playbooks: books}, Writer: writer, Now: func() time.Time { return now },
	}
	for i, step := range []struct {
		mod  string // what go.mod requires; empty is a file that cannot be read
		want []string
	}{
		{"example.com/a v1.2.0", nil}, // the first time there is nothing to compare with
		{"example.com/a v1.2.0", nil},
		{"example.com/a v1.1.0", []string{"TOCSIN-PIN-DOWNGRADE example.com/a"}},
		{"example.com/a v1.1.0", []string{"TOCSIN-PIN-DOWNGRADE example.com/a"}}, // it is still so
		{"", nil},
		{"example.com/a v1.1.0", []string{"TOCSIN-PIN-DOWNGRADE example.com/a"}}, // nothing changed since it could be read
		{"example.com/b v1.0.0", []string{"TOCSIN-PIN-NEW example.com/b"}},
	} {
		text := "module example.com/x\n\nrequire " + step.mod + "\n"
		if step.mod == "" {
			text = "require ( (\n"
		}
		project := tocsin.Project{Slug: "api", Criticality: tocsin.CriticalityHigh, Exposure: tocsin.ExposurePublic, Visibility: tocsin.VisibilityPrivate}
		r, err := p.Run(t.Context(), []pipeline.Source{{Project: project, Origin: "api", FS: fstest.MapFS{"go.mod": {Data: []byte(text)}}}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range r.Scanned[0].Decisions {
			got = append(got, d.Finding.Class.ID+" "+d.Finding.Package.Name)
		}
		slices.Sort(got)
		if d := cmp.Diff(step.want, got); d != "" {
			t.Errorf("run %d (-want +got):\n%s", i+1, d)
		}
		now = now.Add(time.Hour)
	}
}
