package pipeline_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/postgres"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// TestRecountIsAsIfScannedTogether: whoever has a flaw that reaches further as others are scanned, or less far as they mend it or
// are watched no more, is decided about as if all had been scanned at once.
func TestRecountIsAsIfScannedTogether(t *testing.T) {
	const projects = 20
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			database := func(dir string) string {
				if kind == "postgres" {
					return postgres.Start(t).Database(t)
				}
				return store.Path(dir)
			}
			// Two portfolios with the same feed: in one projects come one by one, in the other all at once.
			one, all := t.TempDir(), t.TempDir()
			single, together := newLargeIn(t, 0, 60, one, database(one)), newLargeIn(t, 0, 60, all, database(all))
			for _, l := range []*large{single, together} {
				l.advisory("GHSA-9999-9999-9999", "needle", "9.0.0")
				l.update(t)
			}
			list := make([]pipeline.Source, projects)
			for i := range list {
				list[i] = single.source(i, projects)
				if i == 2 {
					list[i].Project.Criticality = tocsin.CriticalityHigh
				}
				for _, l := range []*large{single, together} {
					if err := l.run.Store.PutProject(t.Context(), tocsin.Watched{Project: list[i].Project, Managed: tocsin.ManagedFile}, l.now); err != nil {
						t.Fatal(err)
					}
				}
			}
			recount := func() pipeline.Result {
				t.Helper()
				r, err := single.run.Recount(t.Context(), single.x, nil)
				if err != nil {
					t.Fatal(err)
				}
				return r
			}
			same := func(step string) (emergencies int) {
				t.Helper()
				if _, err := together.run.Run(t.Context(), list); err != nil {
					t.Fatal(err)
				}
				stands := single.stands(t)
				if d := cmp.Diff(together.stands(t), stands); d != "" {
					t.Errorf("%s (-together +one by one):\n%s", step, d)
				}
				for slug := range stands {
					decided, err := single.run.Store.Standing(t.Context(), slug)
					if err != nil {
						t.Fatal(err)
					}
					for _, d := range decided {
						if d.Response == tocsin.ResponseEmergency {
							emergencies++
						}
					}
				}
				return emergencies
			}
			anew := 0
			for _, src := range list {
				if _, err := single.run.Run(t.Context(), []pipeline.Source{src}); err != nil {
					t.Fatal(err)
				}
				anew += recount().Projects
			}
			if n := same("one after the other"); n != largeUsers {
				t.Errorf("%d emergencies", n)
			}
			if anew == 0 || anew > projects {
				t.Errorf("%d projects were decided about anew", anew)
			}
			if r := recount(); r.Projects != 0 {
				t.Errorf("%d projects were decided about for nothing", r.Projects)
			}

			// The one of high criticality mends it, and then nobody has an emergency.
			mended := *list[2].Inventory
			mended.Packages = append([]tocsin.Package(nil), mended.Packages...)
			for i := range mended.Packages {
				mended.Packages[i].Version = "9.9.9"
			}
			mended.Seal()
			list[2].Inventory = &mended
			if _, err := single.run.Run(t.Context(), list[2:3]); err != nil {
				t.Fatal(err)
			}
			recount()
			if n := same("the critical one is mended"); n != 0 {
				t.Errorf("%d emergencies", n)
			}

			// Another one is said to be critical, and is watched no more.
			list[4].Project.Criticality = tocsin.CriticalityHigh
			for _, l := range []*large{single, together} {
				if err := l.run.Store.PutProject(t.Context(), tocsin.Watched{Project: list[4].Project, Managed: tocsin.ManagedFile}, l.now); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := single.run.Run(t.Context(), list[4:5]); err != nil {
				t.Fatal(err)
			}
			recount()
			if n := same("another is critical"); n != largeUsers-1 {
				t.Errorf("%d emergencies", n)
			}
			for _, l := range []*large{single, together} {
				if err := l.run.Store.RemoveProject(t.Context(), list[4].Project.Slug, l.now); err != nil {
					t.Fatal(err)
				}
			}
			recount()
			list = append(list[:4:4], list[5:]...)
			if n := same("it is gone"); n != 0 {
				t.Errorf("%d emergencies", n)
			}
		})
	}
}

// TestRecountTogether: projects that come at the same time are counted too, whoever is first.
func TestRecountTogether(t *testing.T) {
	const projects = 20
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			database := store.Path(dir)
			if kind == "postgres" {
				database = postgres.Start(t).Database(t)
			}
			l := newLargeIn(t, 0, 60, dir, database)
			l.advisory("GHSA-9999-9999-9999", "needle", "9.0.0")
			l.update(t)
			var all sync.WaitGroup
			for i := range projects {
				src := l.source(i, projects)
				src.Project.Criticality = tocsin.CriticalityHigh
				if err := l.run.Store.PutProject(t.Context(), tocsin.Watched{Project: src.Project, Managed: tocsin.ManagedFile}, l.now); err != nil {
					t.Fatal(err)
				}
				all.Go(func() {
					if _, err := l.run.Run(t.Context(), []pipeline.Source{src}); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if _, err := l.run.Recount(t.Context(), l.x, nil); err != nil {
				t.Fatal(err)
			}
			emergencies := map[string]int{}
			for i := range projects {
				slug := fmt.Sprintf("project-%05d", i)
				decided, err := l.run.Store.Standing(t.Context(), slug)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range decided {
					if d.Finding.Class.ID == "GHSA-9999-9999-9999" {
						emergencies[string(d.Response)]++
					}
				}
			}
			if d := cmp.Diff(map[string]int{"emergency": largeUsers}, emergencies); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}
