package app_test

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/githubtest"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// forum is a service with an emergency, its issues on a forge, and people who write there.
type forum struct {
	t  *testing.T
	gh *githubtest.Server
	s  *app.Service
	// all are the processes, of which s is one.
	all []*app.Service
	mu  sync.Mutex // the forge asks for the time too
	at  time.Time
}

func (f *forum) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at
}

func (f *forum) pass(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = f.at.Add(d)
}

const forumKey = "INC-CVE-2021-44228"

// newForum has ada, a responder who may write in acme/security alone; dora, who may write in acme/api; and others who may not.
func newForum(t *testing.T) *forum {
	t.Helper()
	return newForumWith(t, func(*githubtest.Server, *config.Config) {})
}

func newForumWith(t *testing.T, with func(*githubtest.Server, *config.Config)) *forum {
	t.Helper()
	return newForumOn(t, "", 1, with)
}

// newForumOn has as many processes as told on one database; "" is a SQLite file of its own.
func newForumOn(t *testing.T, database string, processes int, with func(*githubtest.Server, *config.Config)) *forum {
	t.Helper()
	f := &forum{t: t, at: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
	f.gh = githubtest.New(githubtest.Options{Now: f.clock})
	for login, token := range map[string]string{"tocsin-bot": "t", "ada-l": "", "dora": "", "mallory": "", "bea-l": ""} {
		f.gh.AddUser(login, token)
	}
	for name, more := range map[string]map[string]githubtest.Permission{"acme/api": {"dora": githubtest.Write}, "acme/worker": nil, "acme/security": {"ada-l": githubtest.Write}} {
		people := map[string]githubtest.Permission{"tocsin-bot": githubtest.Admin}
		for l, p := range more {
			people[l] = p
		}
		if err := f.gh.AddRepository(githubtest.Repository{Name: name, Private: true, Collaborators: people}); err != nil {
			t.Fatal(err)
		}
	}
	url, err := f.gh.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.gh.Close(); err != nil {
			t.Error(err)
		}
	})
	dir := t.TempDir()
	if err := crashPortfolio(dir, "alarm"); err != nil {
		t.Fatal(err)
	}
	shipped, err := os.ReadFile(filepath.FromSlash("../../incidents/governance/default.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	people := "\npeople:\n  - {person: ada, id: p-ada, github: ada-l}\n  - {person: bea, id: p-bea, github: bea-l}\n" +
		"escalation:\n  - policy: urgent\n    steps:\n      - {all: [person bea]}\n"
	if err := os.WriteFile(filepath.Join(dir, "governance.yaml"), append(shipped, people...), 0o600); err != nil {
		t.Fatal(err)
	}
	c := crashConfig(dir, url)
	c.Governance = filepath.Join(dir, "governance.yaml")
	with(f.gh, &c)
	for range processes {
		s, err := app.New(t.Context(), slog.New(slog.DiscardHandler), c, app.Options{
			Live: true, Landmarks: true, Now: f.clock,
			Open: func(ctx context.Context) (*store.Store, error) {
				return store.Open(ctx, cmp.Or(database, store.Path(filepath.Join(dir, "data"))))
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		f.all = append(f.all, s)
	}
	f.s = f.all[0]
	if _, err := f.s.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f
}

// writes lets somebody comment on the issue of a repository, and has it taken in and answered.
func (f *forum) writes(repo, login, body string) {
	f.t.Helper()
	f.pass(time.Minute)
	if err := f.gh.HumanComment("acme/"+repo, 1, login, body); err != nil {
		f.t.Fatal(err)
	}
	f.listens()
}

func (f *forum) listens() {
	f.t.Helper()
	f.pass(10 * time.Second)
	if err := f.s.Listen(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	if _, err := f.s.Deliver(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

// last gives the reactions to the newest comment of a person, and the newest answer behind it.
func (f *forum) last(repo, login string) (reactions, answer string) {
	var id int64
	for _, c := range f.gh.Comments("acme/"+repo, 1) {
		if c.Author == login {
			id, reactions, answer = c.ID, "", ""
			for _, r := range c.Reactions {
				reactions += r.Content
			}
		} else if strings.Contains(c.Body, fmt.Sprintf("comment %d", id)) || strings.Contains(c.Body, "What a comment can tell") {
			answer = c.Body
		}
	}
	return reactions, answer
}

func (f *forum) incident() tocsin.Incident {
	f.t.Helper()
	inc, err := f.s.Store().Incident(f.t.Context(), forumKey)
	if err != nil {
		f.t.Fatal(err)
	}
	return inc
}

func (f *forum) commander() string {
	inc := f.incident()
	return inc.Role(tocsin.RoleCommander).Holder.ID
}

func (f *forum) status(slug string) tocsin.ProjectStatus {
	for _, p := range f.incident().Projects {
		if p.Slug == slug {
			return p.Status
		}
	}
	return ""
}

func (f *forum) timeline() string {
	f.t.Helper()
	events, err := f.s.Store().Timeline(f.t.Context(), forumKey)
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := tocsin.VerifyTimeline(events); err != nil {
		f.t.Error(err)
	}
	var out []string
	for _, e := range events {
		if e.Source == "github" {
			out = append(out, e.ActorID+" "+e.Text)
		}
	}
	return strings.Join(out, "\n")
}

// TestOrders: what people order by comments is done as far as they may, answered, and stands on the timeline once.
func TestOrders(t *testing.T) {
	f := newForum(t)
	wants := func(repo, login, reactions, answer string) {
		t.Helper()
		got, said := f.last(repo, login)
		if got != reactions || answer == "" && said != "" || !strings.Contains(said, answer) {
			t.Errorf("%s: %q with %q, want %q with %q\n%s", login, got, said, reactions, answer, f.timeline())
		}
	}
	f.writes("security", "ada-l", "/take incident-commander\n/note I have it\n\nand now some prose\n/escalate")
	wants("security", "ada-l", "+1", "")
	if inc := f.incident(); inc.Role(tocsin.RoleCommander).Holder.ID != "p-ada" || inc.Escalation.AckBy.Name != "ada" {
		t.Errorf("%+v %+v", inc.Roles, inc.Escalation)
	}
	f.writes("security", "ada-l", "/assign technical lead @bea-l")
	wants("security", "ada-l", "+1", "")
	f.writes("security", "ada-l", "/assign technical lead @mallory")
	wants("security", "ada-l", "confused", "nobody with the login mallory")
	f.writes("security", "ada-l", "/accept-risk 30d the next release")
	wants("security", "ada-l", "confused", "several projects")
	f.writes("security", "ada-l", "/help")
	wants("security", "ada-l", "+1", "What a comment can tell")

	f.writes("api", "dora", "/accept-risk 30d it is behind a proxy")
	wants("api", "dora", "+1", "")
	if f.status("api") != tocsin.ProjectAccepted || f.status("worker") != tocsin.ProjectAffected {
		t.Errorf("%+v", f.incident().Projects)
	}
	if !strings.Contains(f.timeline(), "is accepted until 2026-04-01") {
		t.Error(f.timeline())
	}
	f.writes("api", "dora", "/not-affected vulnerable_code_not_in_execute_path we log nothing")
	wants("api", "dora", "+1", "")
	if f.status("api") != tocsin.ProjectUnaffected {
		t.Errorf("%+v", f.incident().Projects)
	}
	f.writes("api", "dora", "/take release manager")
	wants("api", "dora", "-1", "for those whom the governance names")
	if i := f.gh.Issues("acme/api")[0]; i.State != "closed" || i.StateReason != "not_planned" {
		t.Errorf("%s %s", i.State, i.StateReason)
	}

	// What is no order, or of somebody who has nothing to order, is answered with nothing.
	before := f.timeline()
	for login, body := range map[string]string{
		"mallory":    "/stand-down\n/ack\n/accept-risk 9d x",
		"ada-l":      "/etc/passwd is not an order, nor is `/ack`", // in acme/api, where she is nobody: no word of ours
		"tocsin-bot": "/ack by ourselves",
	} {
		f.writes("api", login, body)
		wants("api", login, "", "")
	}
	f.writes("api", "dora", "<!-- tocsin:v1 key=x mac=y -->\n/ack")
	wants("api", "dora", "", "")
	if got := f.timeline(); got != before {
		t.Errorf("%s", strings.TrimPrefix(got, before))
	}
	for _, body := range []string{"> /ack", "```\n/ack\n```", "    /ack", "I will /ack this", "- /ack"} {
		f.writes("api", "dora", body)
		wants("api", "dora", "", "")
		if !strings.HasSuffix(f.timeline(), "wrote on acme/api#1: "+body) && !strings.HasSuffix(f.timeline(), body) {
			t.Errorf("%q is not noted:\n%s", body, f.timeline())
		}
	}
	// Again and again: nothing more.
	before = f.timeline()
	for range 3 {
		f.listens()
	}
	if got := f.timeline(); got != before {
		t.Errorf("again: %s", strings.TrimPrefix(got, before))
	}
}

// TestOrdersThatAreChanged: what was obeyed is not obeyed again; what somebody else may have written is not obeyed at all.
func TestOrdersThatAreChanged(t *testing.T) {
	f := newForum(t)
	f.writes("api", "dora", "/note one")
	f.writes("api", "dora", "just talking")
	place := func(body string) int {
		return slices.IndexFunc(f.gh.Comments("acme/api", 1), func(c githubtest.Comment) bool { return c.Body == body })
	}
	for _, was := range []string{"/note one", "just talking"} {
		f.pass(time.Minute)
		if err := f.gh.HumanEditComment("acme/api", 1, place(was), "/accept-risk 30d "+was); err != nil {
			t.Fatal(err)
		}
		f.listens()
	}
	if f.status("api") != tocsin.ProjectAffected {
		t.Error("a changed comment was obeyed without knowing who changed it")
	}
	// A webhook says who changed it.
	c := f.gh.Comments("acme/api", 1)
	hear := func(editor int64, body string) {
		r := tocsin.Remark{Repository: "Acme/API", Issue: 1, ID: c[len(c)-1].ID, Author: "dora", Near: true, Edited: true, EditorID: editor, AuthorID: f.id("dora")}.Said(body)
		if err := f.s.Hear(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	hear(f.id("mallory"), "/accept-risk 30d by mallory")
	if f.status("api") != tocsin.ProjectAffected {
		t.Error("obeyed what another wrote in her name")
	}
	hear(f.id("dora"), "/accept-risk 30d by dora")
	if f.status("api") != tocsin.ProjectAccepted {
		t.Error("her own change of what was never obeyed does not count", f.timeline())
	}
	hear(f.id("dora"), "/not-affected component_not_present")
	if f.status("api") != tocsin.ProjectAccepted {
		t.Error("obeyed twice")
	}
}

// id asks the forge for the id of a user.
func (f *forum) id(login string) int64 {
	f.t.Helper()
	return f.gh.UserID(login)
}

// TestStolenLogin: who has a responder's login now, and may not write where responders may, is not the responder.
func TestStolenLogin(t *testing.T) {
	f := newForum(t)
	err := f.gh.EditRepository("acme/security", func(r *githubtest.Repository) { r.Private, r.Collaborators["ada-l"] = false, "" })
	if err != nil {
		t.Fatal(err)
	}
	f.writes("security", "ada-l", "/take incident commander")
	if got, _ := f.last("security", "ada-l"); got != "" || f.commander() != "" {
		t.Errorf("%s: %s", got, f.timeline())
	}
	f.writes("security", "dora", "/ack") // who may write elsewhere
	if got, _ := f.last("security", "dora"); got != "" {
		t.Error(got)
	}
}

// TestOrdersThroughFaults: whatever goes wrong with an answer, each order is carried out once and answered once.
func TestOrdersThroughFaults(t *testing.T) {
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 1))
		f := newForum(t)
		var mu sync.Mutex
		f.gh.SetFaults(func(q githubtest.RequestInfo) githubtest.Fault {
			mu.Lock()
			defer mu.Unlock()
			kinds := []githubtest.FaultKind{githubtest.CloseAfter, githubtest.BadGatewayAfter, githubtest.BadGatewayBefore, githubtest.TornBody, githubtest.CloseBefore}
			if q.Method != "POST" || r.IntN(2) == 0 {
				return githubtest.Fault{}
			}
			return githubtest.Fault{Kind: kinds[r.IntN(len(kinds))]}
		})
		const n = 4
		for i := range n {
			f.writes("api", "dora", fmt.Sprintf("/note number %d of %d\n/take scribe", i, n))
		}
		f.gh.SetFaults(nil)
		for range 4 {
			f.pass(2 * time.Hour)
			f.listens()
		}
		replies, reactions := 0, 0
		for _, c := range f.gh.Comments("acme/api", 1) {
			if strings.Contains(c.Body, "In answer to comment") {
				replies++
			}
			reactions += len(c.Reactions)
		}
		for i := range n {
			if got := strings.Count(f.timeline(), fmt.Sprintf("number %d of", i)); got != 1 {
				t.Errorf("seed %d: number %d is noted %d times", seed, i, got)
			}
		}
		if replies != n || reactions != n {
			t.Errorf("seed %d: %d replies and %d reactions to %d comments", seed, replies, reactions, n)
		}
	}
}
