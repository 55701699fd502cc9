package web

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/postgres"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// fold keeps an incident about a project with an action on it.
func fold(t *testing.T, o *store.Outcome, slug, class string, opened time.Time) {
	t.Helper()
	key := fmt.Sprintf("INC-%s-%s", class, slug)
	o.Incidents = append(o.Incidents, tocsin.Incident{
		Key: key, Version: 1, State: tocsin.StateDetected, Urgency: tocsin.UrgencyEmergency, Severity: tocsin.LevelCritical, OpenedAt: opened,
		Class:    tocsin.Class{ID: class, Aliases: []string{class}, Kind: tocsin.KindFlaw, Private: class[0] == 'S'},
		Projects: []tocsin.IncidentProject{{Slug: slug, Status: tocsin.ProjectAffected, Since: opened}},
	})
	for _, project := range []string{slug, ""} { // on the project, and on the whole of it
		a, err := tocsin.NewAction(tocsin.ActionIssue, fmt.Sprintf("issue/%s/%s/%s", class, slug, project), tocsin.IssuePayload{Title: class, Body: "b"})
		if err != nil {
			t.Fatal(err)
		}
		a.Revision, a.Incident, a.Project, a.Approvals, a.CreatedAt = 1, key, project, 1, opened
		o.Actions = append(o.Actions, a)
	}
}

// TestPagesTellNothingOfWhatIsHidden: with many incidents, actions and projects that somebody may not see between those that they may,
// each page is, to the byte, what it is without them.
func TestPagesTellNothingOfWhatIsHidden(t *testing.T) {
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			where := func() string {
				if kind == "postgres" {
					return postgres.Start(t).Database(t)
				}
				return store.Path(t.TempDir())
			}
			plain, crowded := newWorldIn(t, where()), newWorldIn(t, where())
			for w, hidden := range map[*world]bool{plain: false, crowded: true} {
				var o store.Outcome
				for i := range 6 * batch {
					opened := noon.Add(time.Duration(i/7) * time.Minute) // some at once
					if i%(2*batch) == 17 {
						fold(t, &o, "pay/shop", fmt.Sprintf("CVE-%04d", i), opened)
					} else if hidden && i%2 == 0 {
						fold(t, &o, "pay/shop", fmt.Sprintf("SECRET-%04d", i), opened)
					} else if hidden {
						fold(t, &o, "web/site", fmt.Sprintf("CVE-%04d", i), opened)
					}
				}
				if err := w.store.Commit(t.Context(), o); err != nil {
					t.Fatal(err)
				}
				for i := range 20 {
					slug := fmt.Sprintf("%s/%02d", map[bool]string{true: "pay", false: "ops"}[i%5 == 0], i)
					if i%5 == 0 || hidden {
						w.watchMore(slug)
					}
				}
			}
			for _, list := range []struct {
				path string
				want int
			}{
				{"/v1/incidents?open=true", 4}, {"/v1/incidents?urgency=emergency&class=CVE-0017", 1}, {"/v1/incidents?project=pay/shop&state=detected", 4},
				{"/v1/actions?kind=issue", 7}, {"/v1/actions?state=waiting&project=pay/shop", 4}, {"/v1/actions?incident=INC-CVE-0117-pay/shop", 2},
				{"/v1/who?package=npm/left", 5}, {"/v1/who?package=npm/left@1.0.0&to=2100-01-01", 5},
			} {
				for _, limit := range []int{1, 2, 100} {
					var want []string
					for _, w := range []*world{plain, crowded} {
						pages, items := w.pages("viewer", list.path, limit)
						if want == nil {
							want = pages
						}
						if items != list.want || !slices.Equal(pages, want) {
							t.Errorf("%s by %d: %d, want %d: %q, want %q", list.path, limit, items, list.want, pages, want)
						}
					}
				}
			}
			if _, items := crowded.pages("all-security", "/v1/incidents?urgency=emergency", 40); items < 6*batch {
				t.Errorf("who may see all sees %d", items)
			}
		})
	}
}

// watchMore keeps another project that resolves left.
func (w *world) watchMore(slug string) {
	w.t.Helper()
	group, _, _ := strings.Cut(slug, "/")
	inv := tocsin.Inventory{Project: slug, TakenAt: noon.Add(-time.Hour), Packages: []tocsin.Package{{Ecosystem: "npm", Name: "left", Version: "1.0.0"}}}
	inv.Seal()
	err := w.store.PutProject(w.t.Context(), tocsin.Watched{Project: tocsin.Project{Slug: slug, Group: group}, Managed: tocsin.ManagedAPI}, noon)
	if err == nil {
		err = w.store.Commit(w.t.Context(), store.Outcome{Judged: []store.Judged{{Project: slug, At: noon, Inventory: &inv}}})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// pages are those of a list, and how many items are on them.
func (w *world) pages(as, path string, limit int) (pages []string, items int) {
	w.t.Helper()
	for cursor := ""; ; {
		rec := w.wants(200, asked{as: as, path: path + fmt.Sprintf("&limit=%d&cursor=%s", limit, url.QueryEscape(cursor))})
		var page Page[json.RawMessage]
		if err := json.Unmarshal(rec.Body.Bytes(), &page); err != nil {
			w.t.Fatal(err)
		}
		if len(page.Items) > limit || len(page.Items) < limit && page.Next != "" {
			w.t.Errorf("%s: a page of %d that is not the last", path, len(page.Items))
		}
		pages, items = append(pages, rec.Body.String()), items+len(page.Items)
		if cursor = page.Next; cursor == "" {
			return pages, items
		}
	}
}
