package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

func npm(name, version string) tocsin.Package {
	return tocsin.Package{Ecosystem: "npm", Name: name, Version: version}
}

func decided(project, class string, private bool, p tocsin.Package, gate tocsin.Gate) tocsin.Decision {
	return tocsin.Decision{
		Project: project, Gate: gate, Response: tocsin.ResponseIssue, At: day, Inventory: "i", Snapshot: "s", Policy: "p",
		Finding: tocsin.Finding{Package: p, Status: tocsin.StatusAffected, Class: tocsin.Class{ID: class, Aliases: []string{class}, Private: private}},
	}
}

// judge keeps that projects have packages, and what was decided about them.
func judge(t *testing.T, s *Store, projects map[string][]tocsin.Decision) {
	t.Helper()
	for slug, decisions := range projects {
		w := tocsin.Watched{Project: tocsin.Project{Slug: slug, Group: strings.TrimRight(slug, "0123456789")}, Managed: tocsin.ManagedAPI}
		if err := s.PutProject(t.Context(), w, day); err != nil {
			t.Fatal(err)
		}
		inv := tocsin.Inventory{Project: slug, TakenAt: day}
		for _, d := range decisions {
			inv.Packages = append(inv.Packages, d.Finding.Package)
		}
		inv.Seal()
		if err := s.Commit(t.Context(), Outcome{Judged: []Judged{{Project: slug, At: day, Inventory: &inv, Decisions: decisions}}}); err != nil {
			t.Fatal(err)
		}
	}
}

func portfolioOfFour(t *testing.T, s *Store) {
	judge(t, s, map[string][]tocsin.Decision{
		"a1": {decided("a1", "CVE-1", false, npm("left", "1"), tocsin.GateFail), decided("a1", "SECRET-1", true, npm("left", "1"), tocsin.GateFail)},
		"a2": {decided("a2", "CVE-1", false, npm("left", "2"), tocsin.GateWarn)},
		"b1": {decided("b1", "CVE-1", false, npm("left", "1"), tocsin.GateFail), decided("b1", "CVE-2", false, npm("under_score", "1"), tocsin.GateFail)},
		"b2": {decided("b2", "SECRET-2", true, npm("hidden", "1"), tocsin.GateFail)},
	})
}

func TestListedShowsWhatIsSeen(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := db.open(t)
		portfolioOfFour(t, s)
		everything := Sight{All: true, Embargoed: true}
		for name, c := range map[string]struct {
			query DecisionQuery
			want  string
		}{
			"all":                 {DecisionQuery{Sight: everything}, "a1/CVE-1 a1/SECRET-1 a2/CVE-1 b1/CVE-1 b1/CVE-2 b2/SECRET-2"},
			"nothing":             {DecisionQuery{}, ""},
			"all but embargoed":   {DecisionQuery{Sight: Sight{All: true}}, "a1/CVE-1 a2/CVE-1 b1/CVE-1 b1/CVE-2"},
			"all, and one secret": {DecisionQuery{Sight: Sight{All: true, Projects: map[string]bool{"b2": true}}}, "a1/CVE-1 a2/CVE-1 b1/CVE-1 b1/CVE-2 b2/SECRET-2"},
			"two":                 {DecisionQuery{Sight: Sight{Projects: map[string]bool{"a1": true, "b2": false}}}, "a1/CVE-1 a1/SECRET-1"},
			"by class":            {DecisionQuery{Sight: everything, Class: "CVE-1"}, "a1/CVE-1 a2/CVE-1 b1/CVE-1"},
			"by package":          {DecisionQuery{Sight: everything, Ecosystem: "npm", Package: "left"}, "a1/CVE-1 a1/SECRET-1 a2/CVE-1 b1/CVE-1"},
			"by gate":             {DecisionQuery{Sight: everything, Gate: tocsin.GateWarn}, "a2/CVE-1"},
			"by project":          {DecisionQuery{Sight: everything, Project: "b1", Status: tocsin.StatusAffected, Response: tocsin.ResponseIssue}, "b1/CVE-1 b1/CVE-2"},
			"gravest first":       {DecisionQuery{Sight: everything, Gravest: true}, "a1/CVE-1 a1/SECRET-1 b1/CVE-1 b1/CVE-2 b2/SECRET-2 a2/CVE-1"},
			"gravest of a class":  {DecisionQuery{Sight: Sight{All: true}, Gravest: true, Class: "CVE-1"}, "a1/CVE-1 b1/CVE-1 a2/CVE-1"},
			"no wildcard":         {DecisionQuery{Sight: everything, Class: "CVE-%", Project: "\x00"}, ""},
		} {
			t.Run(name, func(t *testing.T) {
				for _, limit := range []int{1, 100} { // page by page, and at once
					var got []string
					q := c.query
					for q.Limit = limit; ; {
						page, err := s.Listed(t.Context(), q)
						if err != nil {
							t.Fatal(err)
						}
						for _, r := range page {
							got = append(got, r.Decision.Project+"/"+r.Decision.Finding.Class.ID)
							q.After = r.Place
							if !q.Sight.Sees(r.Decision.Project, r.Decision.Finding.Class.Private) {
								t.Errorf("%s is not seen", got[len(got)-1])
							}
						}
						if len(page) < limit {
							break
						}
					}
					if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
						t.Errorf("pages of %d: %s", limit, diff)
					}
				}
			})
		}
		if _, err := s.Listed(t.Context(), DecisionQuery{After: "x", Limit: 1}); !errors.Is(err, tocsin.ErrInvalid) {
			t.Errorf("a place that is none: %v", err)
		}
	})
}

func TestListedTellsThePast(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := db.open(t)
		portfolioOfFour(t, s)
		later := day.Add(time.Hour)
		if err := s.Commit(t.Context(), Outcome{Judged: []Judged{{Project: "a1", Version: 1, At: later, Decisions: []tocsin.Decision{}}}}); err != nil {
			t.Fatal(err)
		}
		q := DecisionQuery{Sight: Sight{All: true}, Project: "a1", Limit: 10}
		if now, err := s.Listed(t.Context(), q); err != nil || len(now) != 0 {
			t.Errorf("%v, %v stand", now, err)
		}
		q.Past = true
		past, err := s.Listed(t.Context(), q)
		if err != nil || len(past) != 1 || !past[0].EndedAt.Equal(later) || !past[0].FirstAt.Equal(day) {
			t.Errorf("%+v, %v", past, err)
		}
		if err := s.RemoveProject(t.Context(), "a1", later); err != nil {
			t.Fatal(err)
		}
		if past, err := s.Listed(t.Context(), q); err != nil || len(past) != 0 {
			t.Errorf("of a project that was removed: %v, %v", past, err)
		}
	})
}

func TestSearchFindsWhatIsSeen(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := db.open(t)
		portfolioOfFour(t, s)
		for name, c := range map[string]struct {
			sight Sight
			text  string
			want  []string
		}{
			"all":            {Sight{All: true, Embargoed: true}, "secret", []string{"class SECRET-1", "class SECRET-2"}},
			"under embargo":  {Sight{All: true}, "secret", nil},
			"of one's own":   {Sight{Projects: map[string]bool{"a1": true, "b2": false}}, "SECRET", []string{"class SECRET-1"}},
			"package":        {Sight{Projects: map[string]bool{"a2": false}}, "LEFT", []string{"package left"}},
			"not their own":  {Sight{Projects: map[string]bool{"a2": false}}, "hidden", nil},
			"project":        {Sight{Projects: map[string]bool{"a2": false, "b1": false}}, "a", []string{"project a2"}},
			"an underscore":  {Sight{All: true}, "_", []string{"package under_score"}},
			"a percent sign": {Sight{All: true}, "%", nil},
			"a backslash":    {Sight{All: true}, `\`, nil},
			"a quote":        {Sight{All: true}, `' OR 1=1 --`, nil},
			"NUL":            {Sight{All: true}, "\x00", nil},
		} {
			t.Run(name, func(t *testing.T) {
				var got []string
				packages, err := s.SearchPackages(t.Context(), c.sight, c.text, 10)
				for _, p := range packages {
					got = append(got, "package "+p.Name)
				}
				classes, err2 := s.SearchClasses(t.Context(), c.sight, c.text, 10)
				for _, id := range classes {
					got = append(got, "class "+id)
				}
				projects, err3 := s.SearchProjects(t.Context(), c.sight, c.text, 10)
				for _, slug := range projects {
					got = append(got, "project "+slug)
				}
				if err := errors.Join(err, err2, err3); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Error(diff)
				}
			})
		}
	})
}

func TestInventoryRowsComeNewestFirst(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := db.open(t)
		var want []time.Time
		for i := range 3 {
			inv := tocsin.Inventory{Project: "a", TakenAt: day.Add(time.Duration(i) * time.Hour), Packages: []tocsin.Package{npm("left", string(rune('1'+i)))}}
			inv.Seal()
			if err := s.Commit(t.Context(), Outcome{Judged: []Judged{{Project: "a", Version: int64(i), At: inv.TakenAt, Inventory: &inv}}}); err != nil {
				t.Fatal(err)
			}
			want = append([]time.Time{inv.TakenAt}, want...)
		}
		first, err := s.InventoryRows(t.Context(), "a", time.Time{}, 2)
		if err != nil || len(first) != 2 {
			t.Fatalf("%v, %v", first, err)
		}
		rest, err := s.InventoryRows(t.Context(), "a", first[1].TakenAt, 2)
		if err != nil || len(rest) != 1 {
			t.Fatalf("%v, %v", rest, err)
		}
		if diff := cmp.Diff(want, []time.Time{first[0].TakenAt, first[1].TakenAt, rest[0].TakenAt}); diff != "" {
			t.Error(diff)
		}
	})
}

func TestChangeProjectSeesWhatWasThere(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s, ctx := db.open(t), t.Context()
		refused := errors.New("no")
		put := func(group string, wantBefore string, fail error) {
			t.Helper()
			err := s.ChangeProject(ctx, "a", day, func(before *tocsin.Watched) (tocsin.Watched, error) {
				was := "none"
				if before != nil {
					was = before.Group
				}
				if was != wantBefore {
					t.Errorf("before was %q, want %q", was, wantBefore)
				}
				return tocsin.Watched{Project: tocsin.Project{Slug: "a", Group: group, Criticality: tocsin.CriticalityHigh}, Managed: tocsin.ManagedAPI}, fail
			})
			if !errors.Is(err, fail) || fail == nil && err != nil {
				t.Fatal(err)
			}
		}
		put("one", "none", refused)
		put("one", "none", nil)
		put("two", "one", refused)
		put("two", "one", nil)
		if err := s.RemoveProject(ctx, "a", day); err != nil {
			t.Fatal(err)
		}
		put("three", "none", nil)
		groups, err := s.Groups(ctx)
		if diff := cmp.Diff([]tocsin.Project{{Slug: "a", Group: "three"}}, groups); diff != "" || err != nil {
			t.Error(err, diff)
		}
		if _, critical, err := s.Census(ctx); err != nil || critical != 1 {
			t.Errorf("%d critical, %v", critical, err)
		}
	})
}

// What asks for the most comes first, and of the same what stops a release. The index is used: a page of a large portfolio is no sort of it.
func TestListedGravestFirst(t *testing.T) {
	onEach(t, func(t *testing.T, db database) {
		s := db.open(t)
		var list []tocsin.Decision
		var want []string
		n := 9
		for _, r := range []tocsin.Response{tocsin.ResponseEmergency, tocsin.ResponseHold, tocsin.ResponseIssue, tocsin.ResponseWatch, tocsin.ResponseNone} {
			for _, g := range []tocsin.Gate{tocsin.GateFail, tocsin.GateUndecided, tocsin.GateWarn, tocsin.GatePass} {
				d := decided("a", fmt.Sprintf("CVE-%03d", 99-n), false, npm("left", "1"), g) // by name they are the other way round
				d.Response, n = r, n+1
				list, want = append(list, d), append(want, string(r)+" "+string(g))
			}
		}
		judge(t, s, map[string][]tocsin.Decision{"a": list})
		rows, err := s.Listed(t.Context(), DecisionQuery{Sight: Sight{All: true}, Gravest: true, Limit: 100})
		var got []string
		for _, r := range rows {
			got = append(got, string(r.Decision.Response)+" "+string(r.Decision.Gate))
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
		if strings.HasPrefix(db.where, "postgres") {
			return // a planner with statistics sorts twenty rows
		}
		var id, parent, zero int
		var plan string
		row := s.db.QueryRow(`EXPLAIN QUERY PLAN SELECT d.body FROM decisions d WHERE d.ended_at = 0 ORDER BY ` + gravity + `, d.project, d.class, d.ecosystem, d.name, d.version, d.origin, d.decided_at LIMIT 10`)
		if err := row.Scan(&id, &parent, &zero, &plan); err != nil || !strings.Contains(plan, "decisions_standing_by_gravity") {
			t.Errorf("%s, %v", plan, err)
		}
	})
}
