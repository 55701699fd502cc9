package app_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/githubtest"
	"github.com/tocsin-dev/tocsin/internal/outbox"
	"github.com/tocsin-dev/tocsin/internal/store"
	"github.com/tocsin-dev/tocsin/notify/github"
)

// TestSchedules: whatever goes wrong in whatever order, with processes that die between any two steps and others beside them, in the end there is one
// issue for each incident and repository, one draft and one comment of each kind, as they were last wanted, and what people wrote is there. A
// schedule is made of its seed alone: TOCSIN_SEED=7 plays one, TOCSIN_SEEDS=10000 plays so many.
func TestSchedules(t *testing.T) {
	template := filepath.Join(t.TempDir(), "template.db")
	s, err := store.Open(t.Context(), template)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	empty, err := os.ReadFile(template)
	if err != nil {
		t.Fatal(err)
	}
	from, to := uint64(0), uint64(25)
	if n, err := strconv.ParseUint(os.Getenv("TOCSIN_SEEDS"), 10, 32); err == nil {
		to = n
	}
	if n, err := strconv.ParseUint(os.Getenv("TOCSIN_SEED"), 10, 32); err == nil {
		from, to = n, n+1
	}
	var total tally
	for seed := from; seed < to; seed++ {
		w := newSchedule(t, seed, empty)
		w.play()
		w.end()
		w.close()
		total.add(w.tally)
		if t.Failed() {
			t.Fatalf("TOCSIN_SEED=%d go test ./internal/app -run TestSchedules plays it again", seed)
		}
	}
	t.Logf("%d schedules: %+v", to-from, total)
	if to-from >= 25 && (total.Deaths == 0 || total.Ends == 0 || total.Faults == 0 || total.Beside == 0 || total.Edits == 0) {
		t.Errorf("something never happened: %+v", total)
	}
}

// A tally is what happened.
type tally struct{ Deaths, Ends, Faults, Beside, Edits, Writes int }

func (a *tally) add(b tally) {
	a.Deaths, a.Ends, a.Faults, a.Beside, a.Edits, a.Writes = a.Deaths+b.Deaths, a.Ends+b.Ends, a.Faults+b.Faults, a.Beside+b.Beside, a.Edits+b.Edits, a.Writes+b.Writes
}

// A schedule is a forge, a store, a clock, and processes that carry out what is wanted. All of it runs in one goroutine, but for the forge.
type schedule struct {
	*testing.T
	tally
	// mu is for what the forge asks for too.
	mu    sync.Mutex
	r     *rand.Rand
	now   time.Time
	forge *githubtest.Server
	url   string
	store *store.Store
	// calm: nothing goes wrong any more.
	calm atomic.Bool
	// deep is how many processes run, each in the middle of a request of the one before.
	deep   int
	wanted map[string]tocsin.Action
	people map[string]string // what somebody wrote into an issue
	shut   map[string]bool   // issues that somebody closed: nothing opens them but a regression
}

var errDead = errors.New("the process was killed")

// A process carries out what is wanted until it dies. Then nothing that it does has an effect.
type process struct {
	*store.Store
	w    *schedule
	dead bool
	end  context.CancelFunc
}

func (p *process) die() {
	p.dead = true
	p.w.Deaths++
	p.end()
}

// step dies now and then, before what it is called for. Or the process is asked to end, and does so in its own time.
func (p *process) step() error {
	p.ask(60)
	if !p.dead && !p.w.calm.Load() && p.w.chance(40) == 0 {
		p.die()
	}
	if p.dead {
		return errDead
	}
	return nil
}

// ask asks the process to end, once in so many times.
func (p *process) ask(once int) {
	if !p.dead && !p.w.calm.Load() && p.w.chance(once) == 0 {
		p.w.Ends++
		p.end()
	}
}

func (p *process) Open(ctx context.Context) ([]tocsin.ActionRow, error) {
	if err := p.step(); err != nil {
		return nil, err
	}
	return p.Store.Open(ctx)
}

func (p *process) Remote(ctx context.Context, key string) (tocsin.Remote, error) {
	if err := p.step(); err != nil {
		return tocsin.Remote{}, err
	}
	return p.Store.Remote(ctx, key)
}

func (p *process) Begin(ctx context.Context, key string, revision int, now, until time.Time) (bool, error) {
	if err := p.step(); err != nil {
		return false, err
	}
	ok, err := p.Store.Begin(ctx, key, revision, now, until)
	if err == nil {
		err = p.step()
	}
	return ok, err
}

func (p *process) Finish(ctx context.Context, d tocsin.Delivery) error {
	if err := p.step(); err != nil {
		return err
	}
	return p.Store.Finish(ctx, d)
}

// RoundTrip sends a request, before or after which the process may die, or another one may do its work.
func (p *process) RoundTrip(r *http.Request) (*http.Response, error) {
	beside := func() {
		if !p.w.calm.Load() && p.w.deep < 2 && p.w.chance(12) == 0 {
			p.w.Beside++
			p.w.run()
		}
	}
	beside()
	if err := p.step(); err != nil {
		return nil, err
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	beside()
	if r.Method == http.MethodPost {
		p.ask(8)
	}
	if err := cmp.Or(p.step(), r.Context().Err()); err != nil { // an answer that came too late
		return nil, errors.Join(err, resp.Body.Close())
	}
	return resp, nil
}

func newSchedule(t *testing.T, seed uint64, empty []byte) *schedule {
	t.Helper()
	w := &schedule{T: t, r: rand.New(rand.NewPCG(seed, 7)), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), wanted: map[string]tocsin.Action{}, people: map[string]string{}, shut: map[string]bool{}}
	w.forge = githubtest.New(githubtest.Options{Now: w.clock, Faults: w.fault, Lag: time.Duration(w.chance(4)) * 5 * time.Second})
	w.forge.AddUser("bot", "t")
	w.forge.AddUser("mallory", "m")
	for _, name := range []string{"acme/a", "acme/b"} {
		w.must(w.forge.AddRepository(githubtest.Repository{Name: name, Private: true, Collaborators: map[string]githubtest.Permission{"bot": githubtest.Admin, "alice": githubtest.Write}}))
	}
	var err error
	w.url, err = w.forge.Start()
	w.must(err)
	path := filepath.Join(t.TempDir(), "s.db")
	w.must(os.WriteFile(path, empty, 0o600))
	w.store, err = store.Open(t.Context(), path)
	w.must(err)
	var known []tocsin.Incident
	for _, key := range []string{"INC-1", "INC-2"} {
		known = append(known, tocsin.Incident{Key: key, Version: 1, State: tocsin.StateDetected, Urgency: tocsin.UrgencyEmergency, OpenedAt: w.clock()})
	}
	w.must(w.store.Commit(t.Context(), store.Outcome{Incidents: known}))
	return w
}

func (w *schedule) chance(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.r.IntN(n)
}

func (w *schedule) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *schedule) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *schedule) close() { w.must(errors.Join(w.store.Close(), w.forge.Close())) }

func (w *schedule) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// fault is asked by the forge for each request; the goroutine that sent it waits meanwhile.
func (w *schedule) fault(githubtest.RequestInfo) githubtest.Fault {
	if w.calm.Load() || w.chance(8) > 0 {
		return githubtest.Fault{}
	}
	w.mu.Lock()
	w.Faults++
	w.mu.Unlock()
	kinds := []githubtest.FaultKind{
		githubtest.ServerError, githubtest.BadGatewayBefore, githubtest.BadGatewayAfter, githubtest.CloseBefore, githubtest.CloseAfter, githubtest.TornBody,
		githubtest.Unavailable, githubtest.Secondary403, githubtest.Secondary429, githubtest.Primary403, githubtest.Primary429,
	}
	f := githubtest.Fault{Kind: kinds[w.chance(len(kinds))]}
	if w.chance(2) == 0 {
		f.RetryAfter = time.Duration(1+w.chance(90)) * time.Second
	}
	return f
}

// run is one process from its start to its end, or to its death.
func (w *schedule) run() {
	w.deep++
	defer func() { w.deep-- }()
	ctx, cancel := context.WithCancel(w.Context())
	defer cancel()
	p := &process{Store: w.store, w: w, end: cancel}
	ex, err := github.New(slog.New(slog.DiscardHandler), github.Options{
		BaseURL: w.url, MarkerKey: []byte("0123456789abcdef"), Now: w.clock, HTTP: p,
		Token: func(context.Context, string) (string, error) { return "t", nil },
		Wait:  func(d time.Duration) time.Duration { w.pass(d); return 0 },
	})
	w.must(err)
	executors := map[tocsin.ActionKind]outbox.Executor{tocsin.ActionIssue: ex, tocsin.ActionComment: ex, tocsin.ActionDraft: ex, tocsin.ActionRequest: ex}
	if _, err := outbox.New(slog.New(slog.DiscardHandler), p, executors, w.clock).Run(ctx); err != nil && ctx.Err() == nil {
		w.Fatal(err)
	}
}

// play is what happens while things go wrong.
func (w *schedule) play() {
	for range 12 + w.chance(12) {
		switch w.chance(7) {
		case 0, 1:
			w.want()
		case 2:
			w.meddle()
		case 3:
			w.pass(time.Duration(w.chance(90)) * time.Minute)
		default:
			w.run()
			if w.chance(3) > 0 { // or the next follows at once
				w.pass(time.Duration(w.chance(120)) * time.Second)
			}
		}
	}
}

// want has an issue as it should be now, with what hangs on it.
func (w *schedule) want() {
	incident, repo := []string{"INC-1", "INC-2"}[w.chance(2)], []string{"a", "b"}[w.chance(2)]
	add := func(kind tocsin.ActionKind, key, after string, payload any) {
		a, err := tocsin.NewAction(kind, key, payload)
		w.must(err)
		a.Incident, a.Repository, a.TLP, a.Audience, a.After = incident, "acme/"+repo, tocsin.TLPAmber, tocsin.VisibilityPrivate, after
		if _, told := w.wanted[key]; kind != tocsin.ActionComment || !told {
			w.wanted[key] = a
		}
	}
	key := "issue/" + incident + "/" + repo
	closed := w.chance(3) == 0
	p := tocsin.IssuePayload{Title: incident + " in " + repo, Body: fmt.Sprintf("State %d.", w.chance(1000)), Labels: []string{"tocsin"}, Assignees: []string{"alice", "stranger"}, Closed: closed}
	if closed {
		p.StateReason = "completed"
	}
	add(tocsin.ActionIssue, key, "", p)
	if w.chance(2) == 0 {
		news := fmt.Sprint("news-", w.chance(3))
		add(tocsin.ActionComment, "comment/"+incident+"/"+repo+"/"+news, key, tocsin.CommentPayload{News: news, Body: "There is " + news + "."})
	}
	if w.chance(3) == 0 {
		add(tocsin.ActionDraft, "draft/"+incident+"/"+repo, "", tocsin.DraftPayload{Summary: incident, Description: fmt.Sprintf("Draft %d.", w.chance(1000)), Severity: "high",
			Vulnerabilities: []tocsin.DraftVulnerability{{Ecosystem: "npm", Name: "x", Range: "< 1"}}})
		if w.chance(2) == 0 {
			add(tocsin.ActionRequest, "request/"+incident+"/"+repo+"/private-fork", "draft/"+incident+"/"+repo, tocsin.RequestPayload{Request: tocsin.RequestFork})
		}
	}
	w.pass(time.Second)
	newest, err := w.store.NewestActions(w.Context())
	w.must(err)
	var list []tocsin.Action
	for _, a := range w.wanted {
		list = append(list, a)
	}
	w.must(w.store.Commit(w.Context(), store.Outcome{Actions: outbox.Plan(list, newest, w.clock())}))
}

// meddle is what people do meanwhile.
func (w *schedule) meddle() {
	repo := []string{"a", "b"}[w.chance(2)]
	issues := w.forge.Issues("acme/" + repo)
	if len(issues) == 0 {
		return
	}
	i := issues[w.chance(len(issues))]
	w.Edits++
	switch w.chance(5) {
	case 0: // somebody answers above our text
		mark := fmt.Sprintf("We look at it (%d).", w.Edits)
		w.must(w.forge.HumanEdit("acme/"+repo, i.Number, func(i *githubtest.Issue) { i.Body = mark + "\n\n" + i.Body }))
		w.people[fmt.Sprint(repo, "#", i.Number)] += mark
	case 1:
		w.must(w.forge.HumanEdit("acme/"+repo, i.Number, func(i *githubtest.Issue) { i.Title += " (seen)" }))
	case 2:
		w.must(w.forge.HumanComment("acme/"+repo, i.Number, "alice", i.Body)) // with our marker in it
	case 3: // the same once more, by somebody else
		_, err := w.forge.HumanOpen("acme/"+repo, "mallory", i.Title, i.Body)
		w.must(err)
	case 4:
		w.must(w.forge.HumanClose("acme/"+repo, i.Number, "alice", "completed"))
		w.shut[fmt.Sprint(repo, "#", i.Number)] = true
	}
}

// end lets everything come to rest, and looks at what there is.
func (w *schedule) end() {
	w.calm.Store(true)
	if len(w.wanted) == 0 {
		return
	}
	w.want()
	for range 60 {
		open, err := w.store.Open(w.Context())
		w.must(err)
		if len(open) == 0 {
			break
		}
		w.pass(time.Hour)
		w.run()
	}
	rows, err := w.store.Actions(w.Context())
	w.must(err)
	newest := map[string]tocsin.ActionRow{}
	for _, r := range rows {
		newest[r.Action.Key] = r
	}
	for key, a := range w.wanted {
		// What was over before it was ever made is not made, and nothing follows it.
		r := newest[key]
		if never := a.Kind == tocsin.ActionComment && r.State == tocsin.ActionSuperseded; r.State != tocsin.ActionDone && !never {
			w.Errorf("%s is %s after %d attempts: %s", key, r.State, r.Attempts, r.Error)
			continue
		}
		switch a.Kind {
		case tocsin.ActionIssue:
			w.issue(a)
		case tocsin.ActionComment:
			w.comment(a, r.State == tocsin.ActionDone)
		case tocsin.ActionDraft:
			w.draft(a)
		}
	}
	for _, r := range w.forge.Log() {
		if r.Method != http.MethodGet {
			w.Writes++
		}
	}
}

func (w *schedule) ours(a tocsin.Action) []githubtest.Issue {
	var out []githubtest.Issue
	for _, i := range w.forge.Issues(a.Repository) {
		if i.Author == "bot" && strings.HasPrefix(i.Title, a.Incident+" in ") {
			out = append(out, i)
		}
	}
	return out
}

func (w *schedule) issue(a tocsin.Action) {
	var p tocsin.IssuePayload
	w.must(json.Unmarshal(a.Payload, &p))
	list := w.ours(a)
	if len(list) == 0 && p.Closed {
		return
	}
	if len(list) != 1 {
		w.Errorf("%s: %d issues", a.Key, len(list))
		return
	}
	i := list[0]
	_, repo, _ := strings.Cut(a.Repository, "/")
	place := fmt.Sprint(repo, "#", i.Number)
	if !strings.Contains(i.Body, p.Body) || strings.Count(i.Body, "State ") != 1 || (i.State == "closed") != p.Closed && !w.shut[place] {
		w.Errorf("%s is %s: %s\nwant closed %v: %s", a.Key, i.State, i.Body, p.Closed, p.Body)
	}
	for _, mark := range strings.SplitAfter(w.people[place], ").") {
		if !strings.Contains(i.Body, mark) {
			w.Errorf("%s: what somebody wrote is gone: %q", a.Key, mark)
		}
	}
}

func (w *schedule) comment(a tocsin.Action, sent bool) {
	var p tocsin.CommentPayload
	w.must(json.Unmarshal(a.Payload, &p))
	for _, i := range w.ours(a) {
		n := 0
		for _, c := range w.forge.Comments(a.Repository, i.Number) {
			if c.Author == "bot" && strings.Contains(c.Body, p.Body) {
				n++
			}
		}
		if n > 1 || sent && n == 0 {
			w.Errorf("%s: %d comments", a.Key, n)
		}
	}
}

func (w *schedule) draft(a tocsin.Action) {
	var p tocsin.DraftPayload
	w.must(json.Unmarshal(a.Payload, &p))
	n := 0
	for _, d := range w.forge.Advisories(a.Repository) {
		if d.Summary == a.Incident {
			n++
			if !strings.Contains(d.Description, p.Description) {
				w.Errorf("%s: %s, want %s", a.Key, d.Description, p.Description)
			}
			if _, asked := w.wanted["request/"+strings.TrimPrefix(a.Key, "draft/")+"/private-fork"]; asked != (d.Fork != "") {
				w.Errorf("%s: asked for a fork: %v, there is %q", a.Key, asked, d.Fork)
			}
		}
	}
	if n != 1 {
		w.Errorf("%s: %d drafts", a.Key, n)
	}
}
