package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories/draft"
	"github.com/tocsin-dev/tocsin/incidents/drill"
	"github.com/tocsin-dev/tocsin/internal/auth"
	"github.com/tocsin-dev/tocsin/internal/secret"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/policies"
	"github.com/tocsin-dev/tocsin/scanner/report"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A world is a small portfolio with an API before it. Two groups have one project each, pay/shop and web/site; a flaw that all know of
// is in both, and one under embargo too.
type world struct {
	t     testing.TB
	store *store.Store
	api   *API
	log   *bytes.Buffer

	mu       sync.Mutex
	entries  []Entry
	looks    []string
	retried  []int64
	commands []tocsin.Command
	remarks  []tocsin.Remark
	replays  []ReplayRequest
	ended    []string
	syncs    int
	// fail is what the engine and the auditor fail with.
	fail error
	// slow holds each verdict back until it is closed.
	slow, entered chan struct{}
	leak          bool
}

func newWorld(t testing.TB, options ...func(*Options)) *world {
	t.Helper()
	return newWorldIn(t, store.Path(t.TempDir()), options...)
}

// newWorldIn has its portfolio in a database.
func newWorldIn(t testing.TB, database string, options ...func(*Options)) *world {
	t.Helper()
	w := openWorld(t, database, options...)
	w.settle()
	return w
}

// openWorld is one whose database has its portfolio already, or is to have none.
func openWorld(t testing.TB, database string, options ...func(*Options)) *world {
	t.Helper()
	s, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, store: s, log: &bytes.Buffer{}}
	o := Options{Rate: 1 << 20, Burst: 1 << 20, Now: func() time.Time { return noon }, CursorKey: []byte("k"), Limits: Limits{TempDir: t.TempDir()}, HookSecret: secret.New(hookSecret)}
	for _, option := range options {
		option(&o)
	}
	log := slog.New(slog.NewTextHandler(&locked{w: w.log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	keys, err := auth.New(log, s, auth.Options{URL: "https://tocsin.example", Now: o.Now})
	if err != nil {
		t.Fatal(err)
	}
	if w.api, err = New(log, Parts{Auth: w, Engine: w, Audit: w, Keys: keys, Work: w, Desk: w, Drills: w, Lab: w, Bench: w, Changes: w, Outreach: w}, s, o); err != nil {
		t.Fatal(err)
	}
	return w
}

// settle keeps the portfolio.
func (w *world) settle() {
	w.t.Helper()
	w.people()
	for _, slug := range []string{"pay/shop", "web/site"} {
		w.watch(slug)
	}
	w.shadow()
	if _, err := w.store.AddDrill(w.t.Context(), tocsin.DrillRun{ID: "DRILL1", Drill: "xz-2024", At: noon, By: tocsin.Actor{ID: "ADA", Name: "Ada"}, Score: 1, Of: 2, Result: json.RawMessage(`{"drill":"xz-2024","score":1,"of":2}`)}); err != nil {
		w.t.Fatal(err)
	}
	quiet := tocsin.Silence{Match: tocsin.NoticeMatch{Group: []string{"web"}}, By: "Ada", Reason: "moving house", From: noon, Until: noon.Add(time.Hour)}
	if _, err := w.store.AddSilence(w.t.Context(), quiet); err != nil {
		w.t.Fatal(err)
	}
}

// fails has an action approved that cannot be carried out.
func (w *world) fails(key string) {
	w.t.Helper()
	_, err := w.store.Judge(w.t.Context(), key, "Bea", true, noon)
	if err := errors.Join(err, w.store.Finish(w.t.Context(), tocsin.Delivery{Key: key, Revision: 1, State: tocsin.ActionFailed, Error: "no such repository"})); err != nil {
		w.t.Fatal(err)
	}
}

// people keeps somebody who signed in, a token for each group, and what was done to the projects.
func (w *world) people() {
	w.t.Helper()
	ada := tocsin.Person{ID: "ADA", Issuer: "https://id.example", Subject: "ada", Name: "Ada", Claimed: []tocsin.Grant{{Access: tocsin.AccessViewer}}}
	_, err := w.store.SignIn(w.t.Context(), tocsin.Session{Person: ada, CreatedAt: noon, ExpiresAt: noon.Add(time.Hour)}, "s", "", tocsin.AuditEntry{At: noon, Kind: tocsin.PrincipalPerson, What: "person.signed_in"})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, slug := range []string{"pay/shop", "web/site"} {
		group, _, _ := strings.Cut(slug, "/")
		token := tocsin.APIToken{ID: "TOKEN-" + group, Name: "ci of " + slug, Grants: []tocsin.Grant{{Access: tocsin.AccessSender, Group: group}}, CreatedAt: noon, CreatedBy: "Ada", ExpiresAt: noon.Add(tocsin.Day)}
		done := tocsin.AuditEntry{At: noon.Add(time.Minute), Kind: tocsin.PrincipalPerson, Who: "Ada", WhoID: "ADA", What: "rescanProject", Target: slug, Project: slug}
		if err := errors.Join(w.store.AddToken(w.t.Context(), token, "hash", tocsin.AuditEntry{At: noon, What: "token.created"}), w.store.Audit(w.t.Context(), done)); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) Outlook(inc tocsin.Incident, who tocsin.Actor) tocsin.Outlook {
	return tocsin.Outlook{Playbook: inc.Playbook, Next: []tocsin.Step{}, Can: []tocsin.Able{{Do: tocsin.DoNote, About: who.ID}}}
}

func (w *world) Playbooks() []tocsin.Playbook {
	return []tocsin.Playbook{{Name: "leaked-secret", Version: 1, Title: "A secret leaked"}}
}

func (w *world) Publications(ctx context.Context) ([]tocsin.Publication, error) {
	p, err := w.Public(ctx, "INC-pay-CVE-2026-1")
	return []tocsin.Publication{p}, err
}

func (w *world) Feed(list []tocsin.Publication, self string) ([]byte, error) {
	return fmt.Appendf(nil, "%d at %s", len(list), self), nil
}

func (w *world) Scenarios() ([]drill.Scenario, error) {
	return []drill.Scenario{{Name: "log4shell-2021", Version: 1, Kind: drill.KindReplay, Title: "Log4Shell", Start: noon, End: noon.Add(4 * time.Hour), Expect: []drill.Expectation{{Points: 5}}}}, w.fail
}

func (w *world) Plan(s drill.Scenario) (string, error) { return "# EXERCISE: " + s.Title, w.fail }

func (w *world) Rehearse(_ context.Context, s drill.Scenario, moves string) (drill.Result, error) {
	if moves == "bad" {
		return drill.Result{}, fmt.Errorf("%w: moves:1: it is no list", tocsin.ErrInvalid)
	}
	return drill.Result{Exercise: true, Drill: s.Name, Title: s.Title, Score: 3, Of: 5, Reference: moves == ""}, w.fail
}

func (w *world) Trend(list []drill.Result) drill.Trend { return drill.TrendOf(list) }

func (w *world) Lessons(known []tocsin.Incident, words string) []tocsin.Lesson {
	var out []tocsin.Lesson
	for _, inc := range known {
		out = append(out, tocsin.Lesson{Incident: inc.Key, Text: words})
	}
	return out
}

func (w *world) Retrospect(_ context.Context, known []tocsin.Incident, from, to time.Time, _ string) (tocsin.Retrospective, error) {
	out := tocsin.Retrospective{From: from, To: to}
	for _, inc := range known {
		one := tocsin.IncidentMarks{Incident: inc.Key, State: inc.State}
		for _, p := range inc.Projects {
			one.Title += p.Slug
		}
		out.All = append(out.All, one)
	}
	return out, w.fail
}

func (w *world) Handle(ctx context.Context, key string, c tocsin.Command) (tocsin.Incident, error) {
	w.commands = append(w.commands, c)
	if w.fail != nil {
		return tocsin.Incident{}, w.fail
	}
	return w.store.Incident(ctx, key)
}

func (w *world) Hear(_ context.Context, r tocsin.Remark) error {
	w.remarks = append(w.remarks, r)
	return w.fail
}

func (w *world) Declare(_ context.Context, d tocsin.Declaration) (tocsin.Incident, error) {
	if w.fail != nil {
		return tocsin.Incident{}, w.fail
	}
	return tocsin.Incident{
		Key: "INC-2026-03-01-" + d.Playbook, Version: 1, State: tocsin.StateDetected, Urgency: tocsin.UrgencyEmergency, Severity: d.Severity, Group: d.Group,
		Class: tocsin.Class{Kind: tocsin.KindEvent, Summary: d.Title}, Playbook: d.Playbook, PlaybookVersion: 1, OpenedAt: noon, Cause: d.Reason, DeclaredBy: d.By,
	}, nil
}

func (w *world) Public(_ context.Context, key string) (tocsin.Publication, error) {
	if key != "INC-pay-CVE-2026-1" {
		return tocsin.Publication{}, fmt.Errorf("incident %s: %w", key, tocsin.ErrNotFound)
	}
	p := tocsin.Publication{Incident: key, State: tocsin.StateResolved, Entries: []tocsin.PublicEntry{{Seq: 1, At: noon, Stage: tocsin.StageFirst, Text: "We look into it."}}}
	p.Entries[0].Hash = p.Entries[0].Chain(key, "")
	return p, nil
}

func (w *world) Advisory(_ context.Context, key, format string, _ int) ([]byte, error) {
	if w.fail != nil {
		return nil, w.fail
	}
	return draft.Write(advisoryOf(key, tocsin.DocumentDraft), draft.Format(format))
}

// advisoryOf is a small one.
func advisoryOf(key string, status tocsin.DocumentStatus) tocsin.Document {
	return tocsin.Document{
		ID: key, Title: "@pay/sdk ships a dependency affected by CVE-2026-1", TLP: tocsin.TLPClear, Status: status, Publisher: tocsin.Publisher{Name: "Pay", URL: "https://pay.example"},
		Flaws:     []tocsin.Flaw{{ID: "CVE-2026-1", Kind: tocsin.KindFlaw}},
		Products:  []tocsin.Product{{PURL: "pkg:npm/%40pay/sdk", Ecosystem: "npm", Name: "@pay/sdk", Status: tocsin.ProductFixed, Versions: []tocsin.Interval{{Before: "2.0.1"}}, Flaws: []string{"CVE-2026-1"}}},
		Revisions: []tocsin.Revision{{Number: 1, At: noon, Summary: "First published"}},
	}
}

func (w *world) PublicAdvisory(_ context.Context, key, format string, revision int) ([]byte, error) {
	if key != "INC-pay-CVE-2026-1" {
		return nil, fmt.Errorf("incident %s: %w", key, tocsin.ErrNotFound)
	}
	if w.fail != nil {
		return nil, w.fail
	}
	if revision > 1 {
		return nil, tocsin.ErrNotFound
	}
	return draft.Write(advisoryOf(key, tocsin.DocumentInterim), draft.Format(format))
}

func (w *world) Undone(context.Context) ([]Job, error) {
	return []Job{{ID: 7, Kind: "look", Args: json.RawMessage(`{"project":"pay/shop"}`), State: "parked", Attempts: 10, At: noon, Error: "it rains"}, {ID: 8, Kind: "feeds", Args: json.RawMessage(`{}`), State: "waiting", At: noon}}, w.fail
}

func (w *world) Retry(_ context.Context, id int64) error {
	if id != 7 {
		return tocsin.ErrNotFound
	}
	w.retried = append(w.retried, id)
	return w.fail
}

type locked struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

func class(id string) tocsin.Class {
	return tocsin.Class{
		ID: id, Aliases: []string{id, "GHSA-" + id}, Kind: tocsin.KindFlaw, Summary: "Flaw " + id, Origins: []string{"osv"}, Private: strings.HasPrefix(id, "SECRET"),
	}
}

// watch keeps a project with what was found in it, an incident for each class and an action that waits.
func (w *world) watch(slug string) {
	w.t.Helper()
	group, _, _ := strings.Cut(slug, "/")
	p := tocsin.Project{Slug: slug, Group: group, Criticality: tocsin.CriticalityHigh, Exposure: tocsin.ExposurePublic, Visibility: tocsin.VisibilityPrivate}
	watched := tocsin.Watched{Project: p, Managed: tocsin.ManagedAPI, Source: tocsin.ProjectSource{Kind: tocsin.SourceGit, Location: "https://git.example/" + slug}}
	if err := w.store.PutProject(w.t.Context(), watched, noon); err != nil {
		w.t.Fatal(err)
	}
	inv := tocsin.Inventory{Project: slug, Source: slug, TakenAt: noon.Add(-time.Hour), Packages: []tocsin.Package{
		{Ecosystem: "npm", Name: "left", Version: "1.0.0", Relation: tocsin.RelationDirect}, {Ecosystem: "npm", Name: "only-" + group, Version: "1.0.0"},
	}}
	inv.Coverage.Files = []tocsin.FileCoverage{{Path: "package-lock.json", Format: "npm/package-lock", Status: tocsin.FileRead, Packages: 2}}
	inv.Seal()
	o := store.Outcome{Judged: []store.Judged{{
		Project: slug, At: inv.TakenAt, Inventory: &inv, Build: &tocsin.Build{Project: slug, At: inv.TakenAt, Inventory: inv.Digest, Ref: "main", URL: "https://ci.example/1", By: "ci"},
	}}}
	for _, id := range []string{"CVE-2026-1", "SECRET-" + group} {
		d := decision(slug, id, inv.Packages[0])
		d.Inventory, d.At = inv.Digest, inv.TakenAt
		o.Judged[0].Decisions = append(o.Judged[0].Decisions, d)
		key := "INC-" + group + "-" + id
		o.Incidents = append(o.Incidents, tocsin.Incident{
			Key: key, Version: 1, State: tocsin.StateDetected, Urgency: tocsin.UrgencyEmergency, Severity: tocsin.LevelCritical, Class: class(id), Group: group,
			Playbook: "flaw", PlaybookVersion: 1, OpenedAt: noon, Cause: "a rule", Projects: []tocsin.IncidentProject{{
				Slug: slug, Status: tocsin.ProjectAffected, Since: noon, Inventory: inv.Digest, Round: 1,
				Packages: []tocsin.IncidentPackage{{Ecosystem: "npm", Name: "left", Version: "1.0.0", Match: tocsin.MatchRange}},
			}},
		})
		o.Events = append(o.Events, tocsin.IncidentEvent{Incident: key, At: noon, Kind: tocsin.EventOpened, Actor: "tocsin", Text: "opened: " + slug, TLP: tocsin.TLPAmber})
		a, err := tocsin.NewAction(tocsin.ActionIssue, "issue/"+key+"/"+slug, tocsin.IssuePayload{Title: "Upgrade left", Body: "b"})
		if err != nil {
			w.t.Fatal(err)
		}
		o.Notices = append(o.Notices, tocsin.NoticeRecord{Receiver: "chat", Incident: key, Upto: 1, At: noon, News: []tocsin.News{tocsin.NewsOpened}, Route: "all", Why: "opened in " + slug})
		a.Revision, a.Incident, a.Project, a.Repository, a.Audience, a.TLP, a.Approvals, a.CreatedAt = 1, key, slug, slug, tocsin.VisibilityPrivate, tocsin.TLPAmber, 1, noon
		o.Actions = append(o.Actions, a)
	}
	if err := w.store.Commit(w.t.Context(), o); err != nil {
		w.t.Fatal(err)
	}
}

func decision(slug, id string, p tocsin.Package) tocsin.Decision {
	return tocsin.Decision{
		Project: slug, Gate: tocsin.GateFail, Response: tocsin.ResponseEmergency, GateRule: "release-gate/flaws", Severity: tocsin.LevelCritical, At: noon,
		Finding: tocsin.Finding{Package: p, Class: class(id), Status: tocsin.StatusAffected, Match: tocsin.MatchRange, Fixed: []string{"2.0.0"}, Upgrade: "2.0.0",
			Evidence: []tocsin.Evidence{{Advisory: id, Range: "< 2.0.0"}}},
		Reason: tocsin.Reason{Text: "gate", Result: "fail", Children: []tocsin.Reason{{Text: "finding.affected", Result: "true"}}}, Inventory: "sha256:i", Snapshot: "snap-1", Policy: "sha256:p",
	}
}

// Authenticate takes the token for what it may, in the group pay; "all-…" for all groups, "web-…" for the other, "bot-…" for a machine.
func (w *world) Authenticate(r *http.Request) (tocsin.Principal, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return tocsin.Principal{}, tocsin.ErrUnauthenticated
	}
	p := tocsin.Principal{Kind: tocsin.PrincipalPerson, Name: token}
	group := "pay"
	if rest, ok := strings.CutPrefix(token, "bot-"); ok {
		p.Kind, token = tocsin.PrincipalToken, rest
	}
	if rest, ok := strings.CutPrefix(token, "all-"); ok {
		group, token = "", rest
	} else if rest, ok := strings.CutPrefix(token, "web-"); ok {
		group, token = "web", rest
	}
	g := tocsin.Grant{Access: tocsin.Access(token), Group: group}
	if g.Validate() != nil {
		return p, fmt.Errorf("%w: the token is not known", tocsin.ErrUnauthenticated)
	}
	p.Grants = []tocsin.Grant{g}
	return p, nil
}

func (w *world) Audit(_ context.Context, e Entry) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.entries = append(w.entries, e)
	return w.fail
}

func (w *world) Gate(ctx context.Context, g GateRequest) (report.Report, error) {
	if w.slow != nil {
		select {
		case w.entered <- struct{}{}:
		default:
		}
		select {
		case <-w.slow:
		case <-ctx.Done():
			return report.Report{}, ctx.Err()
		}
	}
	r := report.Report{Tocsin: "v1", At: noon, Gate: tocsin.GatePass, Snapshot: w.Snapshot(), Policies: []string{"release-gate"}, PolicyDigest: "sha256:p"}
	t := report.Target{
		Source: g.Inventory.Source, Inventory: g.Inventory.Digest, Packages: len(g.Inventory.Packages), Gate: tocsin.GatePass, Coverage: g.Inventory.Coverage,
		Contents: report.Contents{Packages: g.Inventory.Packages, Edges: g.Inventory.Edges},
	}
	for _, p := range g.Inventory.Packages {
		switch {
		case p.Name == "panic":
			panic("a reader broke")
		case p.Name != "left" || g.Base != nil && slices.ContainsFunc(g.Base.Inventory.Packages, func(q tocsin.Package) bool { return q.Name == p.Name }):
			continue
		}
		t.Decisions = append(t.Decisions, decision(g.Inventory.Project, "CVE-2026-1", p))
		if g.Embargoed || w.leak {
			t.Decisions = append(t.Decisions, decision(g.Inventory.Project, "SECRET-pay", p))
		}
		t.Gate, t.Why = tocsin.GateFail, []string{"1 must not be released"}
	}
	if len(t.Coverage.Incomplete()) > 0 {
		t.Gate, t.Why = t.Gate.Worse(tocsin.GateUndecided), append(t.Why, "1 of 1 files could not be read whole")
	}
	r.Gate, r.Targets = t.Gate, []report.Target{t}
	return r, w.fail
}

func (w *world) Take(ctx context.Context, slug string, inv tocsin.Inventory, b tocsin.Build) (Receipt, error) {
	if w.fail != nil {
		return Receipt{}, w.fail
	}
	p, err := w.store.Project(ctx, slug)
	if err != nil {
		return Receipt{}, err
	}
	r := Receipt{Project: slug, Inventory: inv.Digest, TakenAt: inv.TakenAt, Packages: len(inv.Packages), Coverage: inv.Coverage, New: true}
	j := store.Judged{Project: slug, Version: p.Version, At: inv.TakenAt, Inventory: &inv, Build: &b, Decisions: []tocsin.Decision{}}
	if p.Status.Inventory == inv.Digest {
		r.TakenAt, r.New, j.Inventory, j.Names = p.Status.TakenAt, false, nil, store.Names{}
	}
	return r, w.store.Commit(ctx, store.Outcome{Judged: []store.Judged{j}})
}

func (w *world) Look(_ context.Context, slug string) error {
	if w.fail != nil {
		return w.fail
	}
	w.looks = append(w.looks, slug)
	return nil
}

func (w *world) Sync(context.Context) error {
	w.syncs++
	return w.fail
}

func (w *world) Class(_ context.Context, id string) (tocsin.Class, error) {
	for _, known := range []string{"CVE-2026-1", "CVE-2026-2", "SECRET-pay", "SECRET-web", "SECRET-nobody"} {
		if class(known).Has(id) {
			return class(known), nil
		}
	}
	return tocsin.Class{}, fmt.Errorf("advisory %s: %w", id, tocsin.ErrNotFound)
}

func (w *world) Revisions(_ context.Context, c tocsin.Class) ([]tocsin.AdvisoryRevision, error) {
	return []tocsin.AdvisoryRevision{
		{Record: c.ID, Feed: "osv", SeenAt: noon, Modified: noon, Changes: []string{"summary: seen in pay/shop"}},
		{Record: "SECRET-1", Feed: "own", SeenAt: noon, Modified: noon, First: true, Changes: []string{}, Private: true},
	}, nil
}

func (w *world) Routing() Routing {
	return Routing{Name: "routes", Version: 1, Digest: "sha256:1", Receivers: []RoutingReceiver{{Name: "chat", Channel: "chat", Audience: tocsin.VisibilityPrivate, Zone: "UTC"}},
		Routes: []RoutingRoute{{Name: "all", To: []string{"chat"}, Wait: "1m0s"}}, Inhibits: []RoutingInhibit{}}
}

func (w *world) Repositories() Repositories {
	return Repositories{SignsIn: true, Items: []RepositoryNeed{{Repository: "pay/shop", Visibility: tocsin.VisibilityPrivate, Issues: true}}}
}

func (w *world) CheckRepository(_ context.Context, name string) (RepositoryCheck, error) {
	if name != "pay/shop" {
		return RepositoryCheck{}, tocsin.ErrNotFound
	}
	return RepositoryCheck{Repository: name, Findings: []RepositoryFinding{{Name: "issues", State: "missing", Text: "issues are switched off", Fix: "switch them on"}}}, nil
}

func (w *world) Snapshot() tocsin.Snapshot {
	return tocsin.Snapshot{ID: "snap-1", BuiltAt: noon, Records: 2, Classes: 2, Feeds: []tocsin.FeedState{{Name: "osv", From: "https://osv.example", Status: tocsin.FeedOK, SyncedAt: noon, Records: 2}}}
}

func (w *world) Policies() []Policy {
	var out []Policy
	for _, text := range []string{gateText, quietText} {
		p, err := policies.Load("policy.yaml", []byte(text))
		if err != nil {
			panic(err)
		}
		out = append(out, Policy{Name: p.Name, Digest: p.Digest, Mode: string(p.Mode), Description: p.Describe()})
	}
	return out
}

// An asked is one request of a test.
type asked struct {
	as, method, path, body string
	header                 map[string]string
}

// ask sends a request and checks the answer by the document.
func (w *world) ask(q asked) *httptest.ResponseRecorder {
	w.t.Helper()
	method := q.method
	if method == "" {
		method = http.MethodGet
	}
	r := httptest.NewRequestWithContext(w.t.Context(), method, q.path, strings.NewReader(q.body))
	if q.as != "" {
		r.Header.Set("Authorization", "Bearer "+q.as)
	}
	for name, v := range q.header {
		r.Header.Set(name, v)
	}
	rec := httptest.NewRecorder()
	w.api.ServeHTTP(rec, r)
	w.documented(r, rec)
	return rec
}

// wants asks and says where the answer is another one.
func (w *world) wants(status int, q asked, texts ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	rec := w.ask(q)
	if rec.Code != status {
		w.t.Errorf("%s %s as %q: %d, want %d: %s", q.method, q.path, q.as, rec.Code, status, rec.Body)
	}
	for _, text := range texts {
		if without, ok := strings.CutPrefix(text, "!"); ok && strings.Contains(rec.Body.String(), without) || !ok && !strings.Contains(rec.Body.String(), text) {
			w.t.Errorf("%s %s as %q: want %q in %s", q.method, q.path, q.as, text, rec.Body)
		}
	}
	return rec
}

const lockfile = `{"name":"a","lockfileVersion":3,"packages":{"":{"name":"a"},"node_modules/left":{"version":"1.0.0","resolved":"https://registry.npmjs.org/left/-/left-1.0.0.tgz"}}}`

const cleanLockfile = `{"name":"a","lockfileVersion":3,"packages":{"":{"name":"a"},"node_modules/right":{"version":"1.0.0","resolved":"https://registry.npmjs.org/right/-/right-1.0.0.tgz"}}}`

func problem(t *testing.T, rec *httptest.ResponseRecorder) Problem {
	t.Helper()
	var p Problem
	if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil || rec.Header().Get("Content-Type") != "application/problem+json" {
		t.Fatalf("no problem: %v: %s", err, rec.Body)
	}
	return p
}
