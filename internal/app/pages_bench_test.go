package app_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/app"
	"github.com/tocsin-dev/tocsin/internal/config"
	"github.com/tocsin-dev/tocsin/internal/demo"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// BenchmarkPages is one request for each page, answered from SQLite with 10,000 projects and 1,000 incidents. One project has 500
// packages and the others five: no page reads the packages of more than one. The budget is 100 ms a page.
func BenchmarkPages(b *testing.B) {
	handler, tokenOf, _ := crowded(b)
	token := tokenOf("bench")
	for _, path := range []string{"/", "/incidents", "/incidents/INC-0999", "/projects", "/projects/p-00000", "/findings", "/classes/CVE-2021-44228", "/actions", "/notifications", "/lessons",
		"/feeds", "/audit", "/settings", "/search?q=p-0999", "/status", "/who?package=npm/left-0"} {
		b.Run(strings.ReplaceAll(path, "/", "_"), func(b *testing.B) {
			for b.Loop() {
				r := httptest.NewRequest(http.MethodGet, path, nil)
				r.Header.Set("Authorization", "Bearer "+token)
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				if _, _ = io.Copy(io.Discard, w.Body); w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
			}
		})
	}
}

// BenchmarkLivePages is a change of an incident that 200 open pages hear of, each within the second in which it is looked for; and what
// these cost while nothing changes. Without what the pages then ask for, which BenchmarkPages has.
func BenchmarkLivePages(b *testing.B) {
	const pages = 200
	handler, tokenOf, s := crowded(b)
	inc, err := s.Incident(b.Context(), "INC-0999")
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.CloseClientConnections()
	heard := make(chan int, pages)
	var token string
	for n := range pages {
		if n%20 == 0 { // one asker may not have all of them
			token = tokenOf(strconv.Itoa(n))
		}
		r, _ := http.NewRequestWithContext(b.Context(), http.MethodGet, fmt.Sprintf("%s/live?incident=%s&at=%d", server.URL, inc.Key, inc.Version), nil)
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil || answer.StatusCode != http.StatusOK {
			b.Fatal(answer, err)
		}
		defer answer.Body.Close()
		go func() {
			for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
				if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
					n, _ := strconv.Atoi(id)
					heard <- n
				}
			}
		}()
	}
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	const quiet = 10 * time.Second
	before := used()
	<-time.After(quiet)
	idle := used() - before
	before = used()
	for b.Loop() {
		inc.Version++
		if err := s.Commit(b.Context(), store.Outcome{Incidents: []tocsin.Incident{inc}}); err != nil {
			b.Fatal(err)
		}
		for range pages {
			if n := <-heard; n != inc.Version {
				b.Fatalf("told of %d, want %d", n, inc.Version)
			}
		}
	}
	b.ReportMetric(float64((used()-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(idle.Microseconds())/1000/quiet.Seconds(), "idle-cpu-ms/s")
}

// crowded is a service with 10,000 projects and 1,000 incidents, and what makes tokens that see all of it.
func crowded(b *testing.B) (handler http.Handler, tokenOf func(name string) string, s *store.Store) {
	b.Helper()
	feeds, err := demo.Feeds(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	c := config.Config{Data: b.TempDir(), Advisories: feeds, Policies: []string{"emergency", "release-gate"}, Service: config.Service{URL: "http://localhost"}}
	made, err := app.New(b.Context(), slog.New(slog.DiscardHandler), c, app.Options{Now: func() time.Time { return time.Now().UTC() }})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := made.Close(); err != nil {
			b.Error(err)
		}
	})
	if _, err := made.Once(b.Context()); err != nil { // the index of the embedded advisories
		b.Fatal(err)
	}
	fill(b, made.Store())
	server, who, err := made.API(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	admin := tocsin.Principal{Name: "bench", Grants: []tocsin.Grant{{Access: tocsin.AccessAdmin}}}
	return server.Handler, func(name string) string {
		token, _, err := who.CreateToken(b.Context(), admin, tocsin.TokenRequest{Name: name, Grants: admin.Grants, ExpiresAt: time.Now().Add(time.Hour)})
		if err != nil {
			b.Fatal(err)
		}
		return token.Reveal()
	}, made.Store()
}

// fill makes a portfolio and what happened in it.
func fill(b *testing.B, s *store.Store) {
	b.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	var judged []store.Judged
	commit := func(o store.Outcome) {
		if err := s.Commit(b.Context(), o); err != nil {
			b.Fatal(err)
		}
	}
	for n := range 10_000 {
		slug := fmt.Sprintf("p-%05d", n)
		if err := s.PutProject(b.Context(), tocsin.Watched{Managed: tocsin.ManagedAPI, Source: tocsin.ProjectSource{Kind: tocsin.SourceUpload}, Project: tocsin.Project{
			Slug: slug, Group: fmt.Sprintf("g%d", n%20), Criticality: tocsin.CriticalityHigh, Exposure: tocsin.ExposurePublic, Visibility: tocsin.VisibilityPrivate}}, now); err != nil {
			b.Fatal(err)
		}
		inv := tocsin.Inventory{Project: slug, Source: slug, TakenAt: now.Add(-time.Hour)}
		many := 5
		if n == 0 {
			many = 500
		}
		for i := range many {
			inv.Packages = append(inv.Packages, tocsin.Package{Ecosystem: "npm", Name: fmt.Sprintf("left-%d", i), Version: "1.0.0", Relation: tocsin.RelationDirect})
			inv.Edges = append(inv.Edges, tocsin.Edge{From: i - 1, To: i})
		}
		inv.Seal()
		j := store.Judged{Project: slug, At: inv.TakenAt, Inventory: &inv}
		for i, r := range []tocsin.Response{tocsin.ResponseWatch, tocsin.ResponseIssue, tocsin.ResponseEmergency}[:2+min(1, n%10/9)] {
			j.Decisions = append(j.Decisions, tocsin.Decision{Project: slug, Gate: tocsin.GateWarn, Response: r, Severity: tocsin.LevelHigh, At: now.Add(-time.Duration(n%50) * tocsin.Day),
				Inventory: inv.Digest, Snapshot: "snap", Policy: "sha256:p", Reason: tocsin.Reason{Text: "finding.affected", Result: "true"},
				Finding: tocsin.Finding{Package: inv.Packages[i], Class: tocsin.Class{ID: fmt.Sprintf("CVE-2026-%d", n%300), Summary: "a flaw in left"}, Status: tocsin.StatusAffected, Upgrade: "2.0.0"}})
		}
		if judged = append(judged, j); len(judged) == 500 {
			commit(store.Outcome{Judged: judged})
			judged = nil
		}
	}
	for n := range 1_000 {
		key := fmt.Sprintf("INC-%04d", n)
		state, urgency := tocsin.StateReviewed, tocsin.UrgencyRoutine
		if n%20 == 19 {
			state, urgency = tocsin.StateMobilised, tocsin.UrgencyEmergency
		}
		inc := tocsin.Incident{Key: key, Version: 1, State: state, Urgency: urgency, Severity: tocsin.LevelHigh, Class: tocsin.Class{ID: fmt.Sprintf("CVE-2026-%d", n), Summary: "a flaw in left"},
			Playbook: "vulnerable-dependency", PlaybookVersion: 1, OpenedAt: now.Add(-time.Duration(1_000-n) * time.Hour), Cause: "a rule", NextUpdate: now.Add(time.Hour), Due: now.Add(tocsin.Day)}
		for _, role := range tocsin.Roles() {
			inc.Roles = append(inc.Roles, tocsin.Role{Name: role, Holder: tocsin.Actor{ID: "ADA", Name: "ada"}, Since: now})
		}
		for i := range 10 {
			inc.Projects = append(inc.Projects, tocsin.IncidentProject{Slug: fmt.Sprintf("p-%05d", n*10+i), Status: tocsin.ProjectAffected, Since: now, Round: 1, Inventory: "sha256:i",
				Packages: []tocsin.IncidentPackage{{Ecosystem: "npm", Name: "left", Version: "1.0.0", Match: tocsin.MatchRange, Fixed: "2.0.0"}}})
			inc.Tasks = append(inc.Tasks, tocsin.Task{ID: fmt.Sprintf("t%d", i), Title: "do something about the flaw in left", Role: tocsin.RoleTechnical, Due: now.Add(time.Hour)})
		}
		o := store.Outcome{Incidents: []tocsin.Incident{inc}}
		for i := range 50 {
			o.Events = append(o.Events, tocsin.IncidentEvent{Incident: key, At: inc.OpenedAt.Add(time.Duration(i) * time.Minute), Kind: tocsin.EventNote, Actor: "ada", ActorID: "ADA", Text: "something was seen", TLP: tocsin.TLPAmber})
		}
		a, err := tocsin.NewAction(tocsin.ActionIssue, "issue/"+key, tocsin.IssuePayload{Title: "Upgrade left", Body: "b"})
		if err != nil {
			b.Fatal(err)
		}
		a.Revision, a.Incident, a.Repository, a.Audience, a.TLP, a.CreatedAt = 1, key, "o/r", tocsin.VisibilityPrivate, tocsin.TLPAmber, now
		o.Actions = append(o.Actions, a)
		commit(o)
	}
}
