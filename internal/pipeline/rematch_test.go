package pipeline_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/policies"
)

// record writes a record of the feed, with all that an alias or a range can change.
func (l *large) record(t *testing.T, id string, fields map[string]any, packages ...string) {
	t.Helper()
	r := map[string]any{"schema_version": "1.7.0", "id": id, "modified": l.now.Format(time.RFC3339), "published": "2026-01-01T00:00:00Z", "summary": "a flaw"}
	var affected []any
	for _, name := range packages {
		affected = append(affected, map[string]any{
			"package": map[string]any{"ecosystem": "npm", "name": name},
			"ranges":  []any{map[string]any{"type": "SEMVER", "events": []any{map[string]any{"introduced": "0"}, map[string]any{"fixed": "9.0.0"}}}},
		})
	}
	r["affected"] = affected
	for k, v := range fields {
		r[k] = v
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(l.feed, id+".json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// stands is what is decided about all projects, without when.
func (l *large) stands(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	list, err := l.run.Store.Projects(t.Context(), store.ProjectQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range list {
		decisions, err := l.run.Store.Standing(t.Context(), w.Slug)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range decisions {
			f := d.Finding
			out[w.Slug] = append(out[w.Slug], fmt.Sprint(f.Class.ID, f.Class.Aliases, f.Class.KEV != nil, f.Package, f.Status, f.Evidence, f.Fixed, f.Upgrade, f.Paths, d.Gate, d.GateRule, d.Response, d.ResponseRule))
		}
		slices.Sort(out[w.Slug])
	}
	return out
}

// TestRematchIsAsIfScannedAnew: after each kind of change to the advisories, matching what changed leaves the same decisions as a
// scan of everything.
func TestRematchIsAsIfScannedAnew(t *testing.T) {
	l := newLarge(t, 20)
	kev := filepath.Join(filepath.Dir(l.feed), "kev.json")
	catalogue := func(cves ...string) {
		t.Helper()
		entries := []any{}
		for _, id := range cves {
			entries = append(entries, map[string]any{"cveID": id, "dateAdded": "2026-11-01", "dueDate": "2026-11-22", "knownRansomwareCampaignUse": "Known"})
		}
		text, _ := json.Marshal(map[string]any{"title": "KEV", "catalogVersion": "1", "dateReleased": "2026-11-01T00:00:00Z", "count": len(entries), "vulnerabilities": entries})
		if err := os.WriteFile(kev, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	catalogue("CVE-2000-1")
	sources := []pipeline.FeedSource{{Name: pipeline.FeedOSV, From: l.feed}, {Name: pipeline.FeedKEV, From: kev}}
	l.updateFrom(t, sources)
	l.rescan(t, 20)
	before := l.stands(t)
	for _, step := range []struct {
		name   string
		change func()
		same   bool
	}{
		{"a new record", func() { l.record(t, "GHSA-aaaa-aaaa-aaaa", nil, "needle", "package-7") }, false},
		{"it is about one package less", func() { l.record(t, "GHSA-aaaa-aaaa-aaaa", nil, "needle") }, false},
		{"it is said to be a CVE", func() {
			l.record(t, "GHSA-aaaa-aaaa-aaaa", map[string]any{"aliases": []string{"CVE-2026-1"}}, "needle")
		}, false},
		{"another is said to be the same", func() {
			l.record(t, "GHSA-0000-0000-0007", map[string]any{"aliases": []string{"CVE-2026-1"}}, "package-119")
		}, false},
		{"which is exploited", func() { catalogue("CVE-2000-1", "CVE-2026-1") }, false},
		{"the alias is taken back by the record that joined", func() { l.record(t, "GHSA-aaaa-aaaa-aaaa", nil, "needle") }, false},
		{"it is exploited no more", func() { catalogue("CVE-2000-1") }, false},
		{"withdrawn", func() {
			l.record(t, "GHSA-aaaa-aaaa-aaaa", map[string]any{"withdrawn": l.now.Format(time.RFC3339)}, "needle")
		}, false},
		{"gone", func() { os.Remove(filepath.Join(l.feed, "GHSA-0000-0000-0014.json")) }, false},
		{"about what nobody has", func() { l.record(t, "GHSA-bbbb-bbbb-bbbb", nil, "nobody-has-this") }, true},
		{"nothing", func() {}, true},
	} {
		step.change()
		from := l.x.Snapshot()
		l.updateFrom(t, sources)
		result := l.rematch(t, from)
		after := l.stands(t)
		if same := cmp.Equal(before, after); same != step.same {
			t.Errorf("%s: the decisions are the same: %v", step.name, same)
		}
		if step.same && len(result.Scanned) != 0 {
			t.Errorf("%s: %d projects were looked at", step.name, len(result.Scanned))
		}
		l.rescan(t, 20)
		if d := cmp.Diff(l.stands(t), after); d != "" {
			t.Errorf("%s (-scanned anew +matched what changed):\n%s", step.name, d)
		}
		before = after
	}
}

// rescan takes all projects whole.
func (l *large) rescan(t *testing.T, projects int) {
	t.Helper()
	l.now = l.now.Add(time.Second)
	var list []pipeline.Source
	for i := range projects {
		src := l.source(i, projects)
		src.Exceptions = l.excused
		list = append(list, src)
	}
	if _, err := l.run.Run(t.Context(), list); err != nil {
		t.Fatal(err)
	}
}

// TestWho: a package was resolved from the inventory that first had it to the one that had it no more, and in these builds.
func TestWho(t *testing.T) {
	l := newLarge(t, 20)
	start := l.now
	at := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
	send := func(minutes int, ref string, packages ...string) {
		t.Helper()
		l.now = at(minutes)
		inv := &tocsin.Inventory{Project: "shop", Source: "ci", TakenAt: l.now}
		for _, p := range packages {
			inv.Packages = append(inv.Packages, tocsin.Package{Ecosystem: "npm", Name: p, Version: "4.4.2"})
		}
		inv.Seal()
		src := pipeline.Source{Project: tocsin.Project{Slug: "shop"}, Inventory: inv, Build: &tocsin.Build{At: l.now, Inventory: inv.Digest, Ref: ref}}
		if _, err := l.run.Run(t.Context(), []pipeline.Source{src}); err != nil {
			t.Fatal(err)
		}
	}
	send(10, "a", "chalk")
	send(20, "b", "chalk", "debug")
	send(30, "c", "chalk", "debug")
	send(40, "d", "chalk")
	send(50, "e", "debug", "chalk")
	ask := func(name, version string, from, to int) (out []string) {
		t.Helper()
		list, err := l.run.Store.Who(t.Context(), store.WhoQuery{Sight: store.Sight{All: true}, Ecosystem: "npm", Name: name, Version: version, From: at(from), To: at(to)})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			line := fmt.Sprintf("%s %s %d-", r.Project, r.Version, int(r.Since.Sub(start).Minutes()))
			if !r.Until.IsZero() {
				line += fmt.Sprint(int(r.Until.Sub(start).Minutes()))
			}
			for _, b := range r.Builds {
				line += " " + b.Ref
			}
			out = append(out, line)
		}
		return out
	}
	for _, c := range []struct {
		name, version string
		from, to      int
		want          []string
	}{
		{"debug", "4.4.2", 0, 60, []string{"shop 4.4.2 20-40 c b", "shop 4.4.2 50- e"}},
		{"debug", "", 0, 60, []string{"shop 4.4.2 20-40 c b", "shop 4.4.2 50- e"}},
		{"debug", "4.4.1", 0, 60, nil},
		{"debug", "4.4.2", 0, 19, nil},
		{"debug", "4.4.2", 25, 29, []string{"shop 4.4.2 20-40"}}, // it was there, but nothing was built
		{"debug", "4.4.2", 30, 35, []string{"shop 4.4.2 20-40 c"}},
		{"debug", "4.4.2", 40, 49, nil},
		{"chalk", "4.4.2", 0, 15, []string{"shop 4.4.2 10- a"}},
		{"Debug", "", 0, 60, nil}, // npm names have a case
	} {
		if d := cmp.Diff(c.want, ask(c.name, c.version, c.from, c.to)); d != "" {
			t.Errorf("%+v (-want +got):\n%s", c, d)
		}
	}
}

// TestReconsiderIsAsIfScannedAnew: a changed policy, and what people stated, are decided by without matching, and as a scan would.
func TestReconsiderIsAsIfScannedAnew(t *testing.T) {
	l := newLarge(t, 20)
	before := l.stands(t)
	strict, err := policies.Load("strict.yaml", []byte(`policy: strict
gate:
  default: fail
  rules: [{name: low, when: 'pkg.version.startsWith("1.")', then: warn, because: it is old}]
`))
	if err != nil {
		t.Fatal(err)
	}
	excused := []tocsin.Exception{{
		Kind: tocsin.ExceptionNotAffected, Class: "GHSA-0000-0000-0007", Package: "pkg:npm/package-119", Justification: "component_not_present",
		Reason: "x", Owner: "ada", Expires: l.now.AddDate(0, 1, 0),
	}}
	for _, step := range []struct {
		name    string
		set     policies.Set
		excused []tocsin.Exception
	}{{"another policy", policies.NewSet(strict), nil}, {"a statement", policies.NewSet(strict), excused}, {"and taken back", policies.NewSet(strict), nil}, {"the first policies", l.run.Policies, nil}} {
		l.run.Policies = step.set
		l.now = l.now.Add(time.Second)
		if _, err := l.run.Reconsider(t.Context(), l.x, step.excused); err != nil {
			t.Fatal(err)
		}
		after := l.stands(t)
		if cmp.Equal(before, after) {
			t.Errorf("%s: nothing is decided otherwise", step.name)
		}
		l.excused = step.excused
		l.rescan(t, 20)
		if d := cmp.Diff(l.stands(t), after); d != "" {
			t.Errorf("%s (-scanned anew +reconsidered):\n%s", step.name, d)
		}
		before = after
	}
}

// TestCatchUp: nobody commits what was judged by older advisories than those that are being matched with.
func TestCatchUp(t *testing.T) {
	l := newLarge(t, 20)
	catchUp := func() pipeline.Result {
		t.Helper()
		r, err := l.run.CatchUp(t.Context(), l.x, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	catchUp()
	old := l.x.Snapshot()
	behind, _, err := advisories.OpenCurrent(pipeline.IndexDir(l.sync.Dir), advisories.Open)
	if err != nil {
		t.Fatal(err)
	}
	defer behind.Close()
	l.advisory("GHSA-9999-9999-9999", "needle", "9.0.0")
	l.update(t)
	if r := catchUp(); len(r.Scanned) != largeUsers {
		t.Errorf("%d projects were matched", len(r.Scanned))
	}
	if r := catchUp(); len(r.Scanned) != 0 {
		t.Errorf("%d projects were matched for nothing", len(r.Scanned))
	}
	m, err := l.run.Store.Matching(t.Context())
	if err != nil || m.From != m.To || string(m.To) != l.x.Snapshot().Cursor || !m.At.Equal(l.x.Snapshot().AsOf) || string(m.To) == old.Cursor {
		t.Errorf("%+v, %v", m, err)
	}
	late := l.run
	late.Index = behind
	if _, err := late.Run(t.Context(), []pipeline.Source{l.source(0, 20)}); !errors.Is(err, store.ErrBehind) {
		t.Errorf("err = %v", err)
	}
	if _, err := late.CatchUp(t.Context(), behind, nil); !errors.Is(err, store.ErrBehind) {
		t.Errorf("err = %v", err)
	}
	late.Index = l.x
	if _, err := late.Run(t.Context(), []pipeline.Source{l.source(0, 20)}); err != nil {
		t.Error(err)
	}
}
