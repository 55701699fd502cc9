package github_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/githubtest"
	"github.com/tocsin-dev/tocsin/notify/github"
)

const (
	repo  = "acme/shop"
	bot   = "tocsin-bot"
	token = "ghp_doNotShowThisToAnybody0123456789abcd"
)

// clock stands still unless a test or a wait moves it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// lines is a log that can be written to from many goroutines.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// world is a GitHub, a clock, and an executor that talks to one by the other.
type world struct {
	t      *testing.T
	gh     *githubtest.Server
	clock  *clock
	log    *lines
	url    string
	ex     *github.Executor
	public bool
}

// newWorld has the repository acme/shop, which belongs to acme, and where the bot may write.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{now: time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)}, log: &lines{}, public: true}
	w.gh = githubtest.New(githubtest.Options{Now: w.clock.Now})
	w.gh.AddUser(bot, token)
	w.gh.AddUser("mallory", "mallory-token")
	w.add(githubtest.Repository{Name: repo,
		Collaborators: map[string]githubtest.Permission{bot: githubtest.Admin, "alice": githubtest.Write}})
	var err error
	if w.url, err = w.gh.Start(); err != nil {
		t.Fatal(err)
	}
	w.ex = w.executor(func(*github.Options) {})
	t.Cleanup(func() {
		if err := w.gh.Close(); err != nil {
			t.Error(err)
		}
		w.log.mu.Lock()
		defer w.log.mu.Unlock()
		if strings.Contains(w.log.b.String(), token) {
			t.Error("the token is in the log")
		}
		for _, r := range w.gh.Log() {
			if strings.Contains(r.Path+r.Query.Encode(), token) {
				t.Errorf("the token is in a URL: %s", r.Path)
			}
		}
	})
	return w
}

func (w *world) executor(with func(*github.Options)) *github.Executor {
	w.t.Helper()
	o := github.Options{
		BaseURL: w.url, MarkerKey: []byte("0123456789abcdef"), Now: w.clock.Now,
		Token:   func(context.Context, string) (string, error) { return token, nil },
		Timeout: 5 * time.Second,
		Wait:    func(d time.Duration) time.Duration { w.clock.advance(d); return 0 },
	}
	with(&o)
	ex, err := github.New(slog.New(slog.NewTextHandler(w.log, nil)), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return ex
}

func (w *world) add(r githubtest.Repository) {
	w.t.Helper()
	if err := w.gh.AddRepository(r); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// action builds an action that may be sent.
func (w *world) action(kind tocsin.ActionKind, key string, payload any) tocsin.Action {
	w.t.Helper()
	a, err := tocsin.NewAction(kind, key, payload)
	w.must(err)
	a.Revision, a.Repository, a.TLP, a.Audience = 1, repo, tocsin.TLPClear, tocsin.VisibilityPublic
	return a
}

func (w *world) issue(body string) tocsin.Action {
	return w.action(tocsin.ActionIssue, "issue/INC-1/shop", tocsin.IssuePayload{Title: "log4j-core is affected", Body: body,
		Labels: []string{"security"}, Assignees: []string{"alice", "stranger"}})
}

func (w *world) closing(body string) tocsin.Action {
	return w.action(tocsin.ActionIssue, "issue/INC-1/shop", tocsin.IssuePayload{Title: "log4j-core is affected", Body: body,
		Labels: []string{"security"}, Closed: true})
}

func (w *world) draft(description string) tocsin.Action {
	return w.action(tocsin.ActionDraft, "draft/INC-1/shop", tocsin.DraftPayload{
		Summary: "Remote code execution", Description: description, CVSS: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H",
		CVE: "CVE-2021-44228", CWEs: []string{"CWE-917", "CWE-502"},
		Vulnerabilities: []tocsin.DraftVulnerability{
			{Ecosystem: "maven", Name: "com.acme:shop", Range: "< 2.0.1", Patched: "2.0.1"}},
	})
}

// do executes with the world's executor.
func (w *world) do(a tocsin.Action, remote, parent tocsin.Remote) (tocsin.Remote, error) {
	w.t.Helper()
	return w.with(w.ex, a, remote, parent)
}

func (w *world) with(ex *github.Executor, a tocsin.Action, remote, parent tocsin.Remote) (tocsin.Remote, error) {
	w.t.Helper()
	out, err := ex.Execute(w.t.Context(), a, remote, parent)
	w.check(err)
	return out, err
}

// check holds what is true of every error.
func (w *world) check(err error) {
	w.t.Helper()
	var de *tocsin.DeliveryError
	if err != nil && !errors.As(err, &de) {
		w.t.Errorf("not a DeliveryError: %v", err)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if s := fmt.Sprintf("%v %+v %#v", e, e, e); strings.Contains(s, token) {
			w.t.Errorf("the token is in an error: %s", s)
		}
	}
}

// made executes and wants success.
func (w *world) made(a tocsin.Action, remote, parent tocsin.Remote) tocsin.Remote {
	w.t.Helper()
	out, err := w.do(a, remote, parent)
	if err != nil {
		w.t.Fatalf("Execute: %v", err)
	}
	return out
}

// refused executes and wants the outcome and the words in the error.
func (w *world) refused(a tocsin.Action, remote, parent tocsin.Remote, want tocsin.Outcome, words string) *tocsin.DeliveryError {
	w.t.Helper()
	_, err := w.do(a, remote, parent)
	var de *tocsin.DeliveryError
	if !errors.As(err, &de) {
		w.t.Fatalf("Execute: %v: want %s", err, want)
	}
	if de.Outcome != want || !strings.Contains(err.Error(), words) {
		w.t.Fatalf("Execute: %v: want %s and %q", err, want, words)
	}
	return de
}

// only returns the repository's one issue.
func (w *world) only() githubtest.Issue {
	w.t.Helper()
	all := w.gh.Issues(repo)
	if len(all) != 1 {
		w.t.Fatalf("%d issues, want 1", len(all))
	}
	return all[0]
}

// writes returns the log's writing requests from an entry on.
func (w *world) writes(from int) []githubtest.Request {
	var out []githubtest.Request
	for _, r := range w.gh.Log()[from:] {
		if r.Method != http.MethodGet {
			out = append(out, r)
		}
	}
	return out
}
