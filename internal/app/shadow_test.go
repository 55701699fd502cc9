package app_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/replay"
	"github.com/tocsin-dev/tocsin/policies"
)

const (
	// strictPolicy would take the place of the shipped release gate.
	strictPolicy = `policy: release-gate
mode: shadow
gate: {default: pass, rules: [{name: all, when: 'finding.status == "affected"', then: fail, because: we are strict}]}
`
	// loudPolicy would stand beside the others.
	loudPolicy = `policy: loud
mode: shadow
response: {default: issue}
`
	shyPolicy = `policy: aged
mode: shadow
response: {default: none}
`
	pinPolicy = `policy: pins
mode: shadow
judges: [flaw, pin]
gate: {default: fail}
`
	laterPolicy = `policy: later
mode: shadow
active: {from: 2030-01-01}
gate: {default: fail}
`
)

func shadowPolicies(t *testing.T, texts ...string) []*policies.Policy {
	t.Helper()
	var out []*policies.Policy
	for _, text := range texts {
		p, err := policies.Load("shadow.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// whole is everything that a portfolio said, kept and would send, as bytes.
func (r *recorded) whole() string {
	r.t.Helper()
	var b strings.Builder
	add := func(v any, err error) {
		text, jsonErr := json.MarshalIndent(v, "", " ")
		if err := errors.Join(err, jsonErr); err != nil {
			r.t.Fatal(err)
		}
		b.Write(append(text, '\n'))
	}
	ctx := r.t.Context()
	add(r.results, nil)
	list, err := r.run.Store.Incidents(ctx)
	add(list, err)
	for _, inc := range list {
		events, err := r.run.Store.Timeline(ctx, inc.Key)
		add(events, err)
	}
	actions, err := r.run.Store.Actions(ctx)
	add(actions, err)
	for _, p := range r.projects {
		inventories, err := r.run.Store.Inventories(ctx, p.Slug)
		add(inventories, err)
		decisions, err := r.run.Store.Decided(ctx, p.Slug, r.now)
		add(decisions, err)
	}
	return b.String()
}

// TestShadowTouchesNothing: with shadow policies, which would change nearly everything, everything is the same to the byte.
func TestShadowTouchesNothing(t *testing.T) {
	shadows := shadowPolicies(t, strictPolicy, loudPolicy, shyPolicy, pinPolicy, laterPolicy)
	without, with := record(t).whole(), record(t, shadows...)
	if d := cmp.Diff(without, with.whole()); d != "" {
		t.Fatalf("(-without +with shadow policies):\n%s", d)
	}
	if len(without) < 10_000 {
		t.Fatalf("the story says only %d bytes", len(without))
	}
	runs, err := with.run.Store.ShadowRuns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	reports := map[string]replay.ShadowReport{}
	for _, run := range runs {
		ledger, err := with.run.Store.Shadowed(t.Context(), run.Policy, run.First)
		if err != nil {
			t.Fatal(err)
		}
		reports[run.Name] = replay.ReportShadow(run, ledger, run.First)
		if run.Runs != 9 || !run.Last.Equal(with.now.Add(-tocsin.Day)) {
			t.Errorf("%s: %+v", run.Name, run)
		}
	}
	if len(reports) != 4 { // laterPolicy is not active yet
		t.Fatalf("%d reports: %+v", len(reports), reports)
	}
	strict, loud, shy, pins := reports["release-gate"], reports["loud"], reports["aged"], reports["pins"]
	has := func(r replay.ShadowReport, gate, response replay.IncidentChange) bool {
		return slices.ContainsFunc(r.Differences, func(d replay.ShadowDiff) bool { return d.Gate == gate && d.Response == response })
	}
	switch {
	case !has(strict, replay.Gained, "") && !has(strict, replay.Louder, ""), len(strict.Incidents) != 0, strict.Agreed == strict.Findings:
		t.Errorf("strict: %+v", strict)
	case !has(loud, "", replay.Gained) && !has(loud, "", replay.Louder), has(loud, "", replay.Lost), len(loud.Releases) != 0:
		t.Errorf("loud: %+v", loud)
	case !has(shy, "", replay.Lost) && !has(shy, "", replay.Quieter), has(shy, "", replay.Gained):
		t.Errorf("shy: %+v", shy)
	case !slices.ContainsFunc(pins.Differences, func(d replay.ShadowDiff) bool { return d.Class == "TOCSIN-PIN-NEW" && d.Gate == replay.Gained }):
		t.Errorf("pins: %+v", pins)
	}
}

func TestPoliciesByMode(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name+".yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	loud, off := file("loud", loudPolicy), file("off", "policy: silent\nmode: off\ngate: {default: fail}\n")
	m, err := app.PoliciesByMode([]string{loud, "emergency", off})
	if err != nil || !slices.Equal(m.Live.Names(), []string{"emergency"}) || len(m.Shadow) != 1 || m.Shadow[0].Name != "loud" || len(m.Off) != 1 {
		t.Errorf("%+v, %v", m, err)
	}
	plain, err := app.Policies([]string{"emergency"})
	if err != nil || plain.Digest() != m.Live.Digest() {
		t.Error("the policies in force have another digest with others beside them")
	}
	if _, err = app.PoliciesByMode([]string{loud, off}); !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), "loud is shadow, silent is off") {
		t.Errorf("err = %v", err)
	}
}
