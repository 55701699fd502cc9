package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/githubtest"
	"github.com/tocsin-dev/tocsin/internal/postgres"
)

// TestWriteBudget: many issues are written at a pace at which GitHub refuses none, however many processes write them, each once; and it
// is said how long it takes. TOCSIN_ISSUES=1000 has so many of them written.
func TestWriteBudget(t *testing.T) {
	many := 90
	if n, err := strconv.Atoi(os.Getenv("TOCSIN_ISSUES")); err == nil {
		many = n
	}
	if testing.Short() {
		many = 20
	}
	t.Run("sqlite", func(t *testing.T) { writeBudget(t, "", 1, many) })
	t.Run("postgres", func(t *testing.T) { writeBudget(t, postgres.Start(t).Database(t), 3, many) })
}

func writeBudget(t *testing.T, database string, processes, many int) {
	f := newForumOf(t, database, processes, many)
	made := func() (n int) {
		for i := range many {
			n += len(f.gh.Issues(fmt.Sprintf("acme/p%d", i)))
		}
		return n
	}
	b, err := app.BudgetOf(t.Context(), f.s.Store(), f.clock())
	if err != nil || b.Issues != many+3 || b.Written != made()+len(f.gh.Issues("acme/security"))+len(f.gh.Issues("acme/api"))+len(f.gh.Issues("acme/worker")) || b.Written > 64 || b.Left <= 0 {
		t.Errorf("%+v, %v", b, err)
	}
	if !strings.Contains(b.String(), fmt.Sprintf("%d of %d issues written", b.Written, many+3)) || !strings.Contains(b.String(), "min left") {
		t.Error(b)
	}
	began := f.clock()
	for n := 0; made() < many && n < 20*many; n++ { // each has labels to be made too
		f.pass(20 * time.Second)
		var all sync.WaitGroup
		for _, s := range f.all {
			all.Go(func() {
				if _, err := s.Deliver(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	for i := range many {
		if n := len(f.gh.Issues(fmt.Sprintf("acme/p%d", i))); n != 1 {
			t.Errorf("%d issues for p%d in the end", n, i)
		}
	}
	log := f.gh.Log()
	for _, r := range log {
		if r.Status == 403 || r.Status == 429 {
			t.Fatalf("GitHub refused %s %s with %d", r.Method, r.Path, r.Status)
		}
	}
	t.Logf("%d issues by %d processes: %d requests in %s", many, processes, len(log), f.clock().Sub(began))
	rows, err := f.s.Store().Actions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if most := 2 + many/10; r.Attempts > most {
			t.Errorf("%s was tried %d times", r.Action.Key, r.Attempts)
		}
	}
}

// newForumOf is a forum with many projects more.
func newForumOf(t *testing.T, database string, processes, many int) *forum {
	t.Helper()
	return newForumOn(t, database, processes, func(gh *githubtest.Server, c *config.Config) {
		for i := range many {
			name := fmt.Sprintf("p%d", i)
			if err := gh.AddRepository(githubtest.Repository{Name: "acme/" + name, Private: true, Collaborators: map[string]githubtest.Permission{"tocsin-bot": githubtest.Admin}}); err != nil {
				t.Fatal(err)
			}
			p := c.Projects[1]
			p.Slug, p.Repository = name, "acme/"+name
			p.Source.Location = filepath.Join(filepath.Dir(c.Data), "worker")
			c.Projects = append(c.Projects, p)
		}
	})
}

// TestBan: when GitHub keeps refusing that much is written, nothing is written any more, the timeline says so, and a person has it go on.
func TestBan(t *testing.T) {
	f := newForum(t)
	abuse := func(q githubtest.RequestInfo) githubtest.Fault {
		if q.Method != "GET" {
			return githubtest.Fault{Kind: githubtest.Secondary403}
		}
		return githubtest.Fault{}
	}
	f.gh.SetFaults(abuse)
	if _, err := f.s.Handle(t.Context(), forumKey, tocsin.Command{Do: tocsin.DoTake, Role: tocsin.RoleCommander, By: tocsin.Actor{ID: "p-ada", Name: "ada"}, Source: "test"}); err != nil {
		t.Fatal(err)
	}
	writes := func() (n int) {
		for _, q := range f.gh.Log() {
			if q.Method != "GET" {
				n++
			}
		}
		return n
	}
	for range 12 {
		f.pass(4 * time.Minute)
		if _, err := f.s.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	before := writes()
	events, err := f.s.Store().Timeline(t.Context(), forumKey)
	if err != nil {
		t.Fatal(err)
	}
	said := 0
	for _, e := range events {
		if strings.Contains(e.Text, "nothing is written to GitHub any more, by tocsin") && strings.Contains(e.Text, "GitHub refused 5 writes") {
			said++
		}
	}
	if said != 1 {
		t.Errorf("said %d times", said)
	}
	f.gh.SetFaults(nil)
	f.pass(2 * time.Hour)
	if _, err := f.s.Deliver(t.Context()); err != nil || writes() != before {
		t.Errorf("it goes on by itself: %d writes, %v", writes()-before, err)
	}
	if err := f.s.Go(t.Context(), tocsin.Actor{ID: "p-ada", Name: "ada"}); err != nil {
		t.Fatal(err)
	}
	f.pass(2 * time.Hour)
	if _, err := f.s.Deliver(t.Context()); err != nil || writes() == before {
		t.Errorf("it does not go on: %v", err)
	}
}
