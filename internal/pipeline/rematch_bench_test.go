package pipeline_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/incidents/playbooks"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/postgres"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/policies"
	"github.com/tocsin-dev/tocsin/policies/packs"
)

// A large is a portfolio of many projects with as many packages each, of which ten resolve the package "needle".
type large struct {
	packages int
	feed     string
	now      time.Time
	sync     pipeline.Sync
	run      pipeline.Portfolio
	x        *advisories.Index
	// excused is what people decided.
	excused []tocsin.Exception
}

const largeUsers = 10

func shippedSet(t testing.TB) policies.Set {
	t.Helper()
	var list []*policies.Policy
	for _, name := range []string{"emergency", "release-gate"} {
		text, err := packs.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		p, err := policies.Load(name, text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	return policies.NewSet(list...)
}

func newLarge(t testing.TB, projects int) *large {
	t.Helper()
	dir := t.TempDir()
	return newLargeIn(t, projects, 60, dir, store.Path(dir))
}

// newLargeIn keeps the portfolio in a database.
func newLargeIn(t testing.TB, projects, packages int, dir, database string) *large {
	t.Helper()
	st, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	l := &large{packages: packages, feed: filepath.Join(dir, "feed"), now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	if err := os.MkdirAll(l.feed, 0o755); err != nil {
		t.Fatal(err)
	}
	books, err := playbooks.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	writer, err := incidents.NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return l.now }
	l.sync = pipeline.Sync{Store: st, Dir: dir, Now: clock}
	l.run = pipeline.Portfolio{Log: slog.New(slog.DiscardHandler), Store: st, Policies: shippedSet(t), Rules: incidents.Rules{Playbooks: books}, Writer: writer, Now: clock}
	for i := range 300 { // every project has flaws that are known already
		l.advisory(fmt.Sprintf("GHSA-0000-0000-%04d", i), fmt.Sprintf("package-%d", i*17), "9.0.0")
	}
	l.update(t)
	var batch []pipeline.Source
	for i := range projects {
		batch = append(batch, l.source(i, projects))
		if len(batch) == 200 || i == projects-1 {
			l.now = l.now.Add(time.Second)
			if _, err := l.run.Run(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	return l
}

// source is project number i, an inventory as a lockfile gives it.
func (l *large) source(i, of int) pipeline.Source {
	slug := fmt.Sprintf("project-%05d", i)
	inv := &tocsin.Inventory{Project: slug, Source: slug, TakenAt: l.now}
	inv.Coverage.Files = []tocsin.FileCoverage{{Path: "package-lock.json", Format: "npm/package-lock", Status: tocsin.FileRead, Packages: l.packages}}
	for n := range l.packages {
		name := fmt.Sprintf("package-%d", (i*31+n*7)%6000)
		if n == 0 && i%(of/largeUsers) == 0 {
			name = "needle"
		}
		version := fmt.Sprintf("%d.%d.0", 1+i%3, n%10)
		inv.Packages = append(inv.Packages, tocsin.Package{
			Ecosystem: "npm", Name: name, Version: version, PURL: "pkg:npm/" + name + "@" + version, Relation: tocsin.RelationTransitive,
			Integrity: fmt.Sprintf("sha512-%064d", n), Location: []tocsin.Location{{Path: "package-lock.json", Line: 10 * n}},
		})
		inv.Edges = append(inv.Edges, tocsin.Edge{From: n/3 - 1, To: n})
	}
	inv.Seal()
	return pipeline.Source{Project: tocsin.Project{
		Slug: slug, Repository: "example/" + slug, Criticality: tocsin.CriticalityMedium, Exposure: tocsin.ExposureInternal, Visibility: tocsin.VisibilityPrivate,
		OptIn: tocsin.OptIn{Issues: true},
	}, Origin: slug, Inventory: inv}
}

// advisory writes a record for the feed.
func (l *large) advisory(id, name, fixed string) {
	text := fmt.Sprintf(`{"schema_version":"1.7.0","id":%q,"modified":%q,"published":%[2]q,"summary":"a flaw","severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
		"affected":[{"package":{"ecosystem":"npm","name":%q},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":%q}]}]}]}`, id, l.now.Format(time.RFC3339), name, fixed)
	if err := os.WriteFile(filepath.Join(l.feed, id+".json"), []byte(text), 0o600); err != nil {
		panic(err)
	}
}

// update syncs the feed and opens the new index.
func (l *large) update(t testing.TB) {
	t.Helper()
	l.updateFrom(t, []pipeline.FeedSource{{Name: pipeline.FeedOSV, From: l.feed}})
}

func (l *large) updateFrom(t testing.TB, sources []pipeline.FeedSource) {
	t.Helper()
	l.now = l.now.Add(time.Second)
	if _, err := l.sync.Run(context.Background(), sources); err != nil {
		t.Fatal(err)
	}
	x, _, err := advisories.OpenCurrent(pipeline.IndexDir(l.sync.Dir), advisories.Open)
	if err != nil {
		t.Fatal(err)
	}
	if l.x != nil {
		l.x.Close()
	}
	l.x, l.run.Index = x, x
	t.Cleanup(func() { x.Close() })
}

// rematch takes what changed since an older snapshot to decisions.
func (l *large) rematch(t testing.TB, from tocsin.Snapshot) pipeline.Result {
	t.Helper()
	names, ok, err := pipeline.Touched(context.Background(), l.run.Store, l.x, from, l.x.Snapshot())
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	r, err := l.run.Rematch(context.Background(), names, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// BenchmarkRematch is the way of one changed advisory from the index to the decisions that it makes, and their incident, committed
// in the database. Ten projects are affected, whatever the size of the portfolio.
func BenchmarkRematch(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		for _, projects := range []int{1000, 10000} {
			b.Run(fmt.Sprintf("%s/projects=%d", kind, projects), func(b *testing.B) {
				dir := b.TempDir()
				database := store.Path(dir)
				if kind == "postgres" {
					database = postgres.Start(b).Database(b)
				}
				began := time.Now()
				l := newLargeIn(b, projects, 500, dir, database)
				b.Logf("%d projects with %d packages were taken in in %s", projects, l.packages, time.Since(began).Round(time.Second))
				fixed := 1
				for b.Loop() {
					b.StopTimer()
					from := l.x.Snapshot()
					fixed++ // the flaw is said to be in one version more each time
					l.advisory("GHSA-9999-9999-9999", "needle", fmt.Sprintf("%d.0.0", 3+fixed))
					l.update(b)
					b.StartTimer()
					if r := l.rematch(b, from); len(r.Scanned) != largeUsers || len(r.Scanned[0].Decisions) == 0 {
						b.Fatalf("%d projects", len(r.Scanned))
					}
				}
			})
		}
	}
}
