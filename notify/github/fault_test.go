package github_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/githubtest"
	"github.com/tocsin-dev/tocsin/notify/github"
)

// compact takes the layout out of the bodies.
func compact(t *testing.T, in []github.Request) []string {
	t.Helper()
	var out []string
	for _, r := range in {
		var b bytes.Buffer
		if err := json.Compact(&b, r.Body); err != nil {
			t.Fatal(err)
		}
		out = append(out, r.Method+" "+r.Path+" "+strings.TrimSpace(b.String()))
	}
	return out
}

// faults are all that can go wrong, with what the first attempt to create comes to; "" is success.
var faults = []struct {
	fault githubtest.Fault
	want  tocsin.Outcome
	after time.Duration
}{
	{githubtest.Fault{Kind: githubtest.ServerError}, tocsin.OutcomeUnclear, 0},
	{githubtest.Fault{Kind: githubtest.BadGatewayBefore}, tocsin.OutcomeUnclear, 0},
	{githubtest.Fault{Kind: githubtest.Unavailable}, tocsin.OutcomeUnclear, 0},
	{githubtest.Fault{Kind: githubtest.Unavailable, RetryAfter: 2 * time.Second}, tocsin.OutcomeUnclear, 2 * time.Second},
	{githubtest.Fault{Kind: githubtest.BadGatewayAfter}, tocsin.OutcomeUnclear, 0},
	{githubtest.Fault{Kind: githubtest.CloseBefore}, tocsin.OutcomeUnclear, 0},
	{githubtest.Fault{Kind: githubtest.CloseAfter}, tocsin.OutcomeUnclear, 0},
	{githubtest.Fault{Kind: githubtest.TornBody}, tocsin.OutcomeUnclear, 0},
	{githubtest.Fault{Kind: githubtest.HangBefore}, tocsin.OutcomeUnclear, 0},
	{githubtest.Fault{Kind: githubtest.HangAfter}, tocsin.OutcomeUnclear, 0},
	{githubtest.Fault{Kind: githubtest.Secondary403}, tocsin.OutcomeTransient, time.Minute},
	{githubtest.Fault{Kind: githubtest.Secondary429}, tocsin.OutcomeTransient, time.Minute},
	{githubtest.Fault{Kind: githubtest.Secondary403, RetryAfter: 2 * time.Minute}, tocsin.OutcomeTransient, 2 * time.Minute},
	{githubtest.Fault{Kind: githubtest.Secondary429, RetryAfter: 2 * time.Minute}, tocsin.OutcomeTransient, 2 * time.Minute},
	{githubtest.Fault{Kind: githubtest.Secondary403, RetryAfter: 2 * time.Second}, "", 0},
	{githubtest.Fault{Kind: githubtest.Secondary429, RetryAfter: 2 * time.Second}, "", 0},
	{githubtest.Fault{Kind: githubtest.Primary403}, tocsin.OutcomeTransient, time.Hour + time.Second},
	{githubtest.Fault{Kind: githubtest.Primary429}, tocsin.OutcomeTransient, time.Hour + time.Second},
}

// Whatever goes wrong with the creation, and whether or not it took effect: in the end there is exactly one.
func TestFaultsOnCreation(t *testing.T) {
	for _, c := range faults {
		for _, kind := range []tocsin.ActionKind{tocsin.ActionIssue, tocsin.ActionComment, tocsin.ActionDraft} {
			t.Run(fmt.Sprint(kind, " ", c.fault.Kind, " ", c.fault.RetryAfter), func(t *testing.T) {
				w := newWorld(t)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				c.fault.Hung = cancel
				var a tocsin.Action
				var parent tocsin.Remote
				count := func() int { return len(w.gh.Issues(repo)) }
				path := "/repos/acme/shop/issues"
				switch kind {
				case tocsin.ActionIssue:
					a = w.issue("Affected.")
				case tocsin.ActionComment:
					parent = w.made(w.issue("Affected."), none, none)
					a, path = w.action(kind, "c", tocsin.CommentPayload{Body: "News."}), "/repos/acme/shop/issues/1/comments"
					count = func() int { return len(w.gh.Comments(repo, 1)) }
				case tocsin.ActionDraft:
					a, path = w.draft("Affected."), "/repos/acme/shop/security-advisories"
					count = func() int { return len(w.gh.Advisories(repo)) }
				}
				w.gh.SetFaults(githubtest.Once(c.fault, func(r githubtest.RequestInfo) bool {
					return r.Method == http.MethodPost && r.Path == path
				}))
				_, err := w.ex.Execute(ctx, a, none, parent)
				w.check(err)
				var de tocsin.DeliveryError
				if p := (*tocsin.DeliveryError)(nil); errors.As(err, &p) {
					de = *p
				}
				if de.Outcome != c.want || de.RetryAfter != c.after {
					t.Errorf("first attempt: %v: want %q after %s", err, c.want, c.after)
				}
				w.clock.advance(c.after)
				r := w.made(a, none, parent)
				if !r.Exists() || count() != 1 {
					t.Errorf("%d made, remote %+v", count(), r)
				}
			})
		}
	}
}

// A fault anywhere on the way never leads to a second one, and in the end to one.
func TestFaultsEverywhere(t *testing.T) {
	for _, c := range faults {
		if c.fault.Kind == githubtest.HangBefore || c.fault.Kind == githubtest.HangAfter {
			continue // the same as a close, but slower
		}
		for at := range int64(13) {
			w := newWorld(t)
			w.gh.SetFaults(func(r githubtest.RequestInfo) githubtest.Fault {
				if r.Seq == at+1 {
					return c.fault
				}
				return githubtest.Fault{}
			})
			for try := 0; ; try++ {
				_, err := w.do(w.issue("Affected."), none, none)
				if err == nil {
					break
				}
				var de *tocsin.DeliveryError
				if try > 3 || !errors.As(err, &de) || de.Outcome == tocsin.OutcomePermanent {
					t.Fatalf("%s at request %d: %v", c.fault.Kind, at+1, err)
				}
				w.clock.advance(de.RetryAfter)
			}
			if n := len(w.gh.Issues(repo)); n != 1 {
				t.Errorf("%s at request %d: %d issues", c.fault.Kind, at+1, n)
			}
		}
	}
}

// An update that went astray is repeated by the client itself where that is harmless.
func TestFaultsOnUpdate(t *testing.T) {
	for _, c := range faults {
		if c.fault.Kind == githubtest.HangBefore || c.fault.Kind == githubtest.HangAfter {
			continue
		}
		w := newWorld(t)
		r := w.made(w.issue("Affected."), none, none)
		w.gh.SetFaults(githubtest.Once(c.fault, func(r githubtest.RequestInfo) bool { return r.Method == http.MethodPatch }))
		if _, err := w.do(w.issue("Fixed."), r, none); err != nil {
			var de *tocsin.DeliveryError
			errors.As(err, &de)
			w.clock.advance(de.RetryAfter)
			w.made(w.issue("Fixed."), r, none)
		}
		if !strings.Contains(w.only().Body, "Fixed.") {
			t.Errorf("%s: body %q", c.fault.Kind, w.only().Body)
		}
	}
}

// A search that fails creates nothing, however often it is tried.
func TestFailedSearchCreatesNothing(t *testing.T) {
	for _, c := range faults {
		if c.fault.Kind == githubtest.HangBefore || c.fault.Kind == githubtest.HangAfter || c.want == "" {
			continue
		}
		w := newWorld(t)
		w.gh.SetFaults(func(r githubtest.RequestInfo) githubtest.Fault {
			if r.Method == http.MethodGet && r.Path == "/repos/acme/shop/issues" {
				return c.fault
			}
			return githubtest.Fault{}
		})
		for range 3 {
			de := w.refused(w.issue("Affected."), none, none, tocsin.OutcomeTransient, "")
			w.clock.advance(de.RetryAfter)
		}
		if got := w.writes(0); len(got) != 0 {
			t.Errorf("%s: written: %+v", c.fault.Kind, got)
		}
	}
}

// After a limit nothing is sent until it is over.
func TestLimitSilencesAllCalls(t *testing.T) {
	w := newWorld(t)
	w.gh.SetFaults(githubtest.Once(githubtest.Fault{Kind: githubtest.Secondary429, RetryAfter: 90 * time.Second},
		func(githubtest.RequestInfo) bool { return true }))
	w.refused(w.issue("x"), none, none, tocsin.OutcomeTransient, "secondary rate limit")
	at := len(w.gh.Log())
	w.clock.advance(30 * time.Second)
	if de := w.refused(w.draft("x"), none, none, tocsin.OutcomeTransient, "asked us to wait"); de.RetryAfter != time.Minute {
		t.Errorf("retry after %s", de.RetryAfter)
	}
	if len(w.gh.Log()) != at {
		t.Error("GitHub was asked in spite of its limit")
	}
	w.clock.advance(time.Minute)
	w.made(w.issue("x"), none, none)
}

// Real budgets: a hundred issues do not fit into a minute, and all of them get there once.
func TestContentBudget(t *testing.T) {
	w := newWorld(t)
	waits := 0
	for i := range 100 {
		a := w.action(tocsin.ActionIssue, fmt.Sprint("issue/", i), tocsin.IssuePayload{Title: fmt.Sprint(i), Body: "x"})
		for {
			_, err := w.do(a, none, none)
			if err == nil {
				break
			}
			var de *tocsin.DeliveryError
			if errors.As(err, &de); de.Outcome != tocsin.OutcomeTransient || de.RetryAfter == 0 {
				t.Fatal(err)
			}
			waits++
			w.clock.advance(de.RetryAfter)
		}
	}
	if n := len(w.gh.Issues(repo)); n != 100 || waits != 1 {
		t.Errorf("%d issues, %d waits", n, waits)
	}
}

func TestConcurrentActions(t *testing.T) {
	w := newWorld(t)
	var g sync.WaitGroup
	for i := range 20 {
		g.Go(func() {
			w.check(func() error {
				_, err := w.ex.Execute(t.Context(), w.action(tocsin.ActionIssue, fmt.Sprint("issue/", i),
					tocsin.IssuePayload{Title: "x", Body: "y"}), none, none)
				return err
			}())
		})
	}
	g.Wait()
	if n := len(w.gh.Issues(repo)); n != 20 {
		t.Errorf("%d issues", n)
	}
}

func TestTimeout(t *testing.T) {
	w := newWorld(t)
	w.ex = w.executor(func(o *github.Options) { o.Timeout = 500 * time.Millisecond })
	w.gh.SetFaults(githubtest.Once(githubtest.Fault{Kind: githubtest.HangBefore}, func(r githubtest.RequestInfo) bool {
		return r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/issues")
	}))
	w.refused(w.issue("x"), none, none, tocsin.OutcomeUnclear, "deadline exceeded")
}

func TestCancelled(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.gh.SetFaults(func(r githubtest.RequestInfo) githubtest.Fault {
		if r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/issues") {
			cancel()
			return githubtest.Fault{Kind: githubtest.HangBefore}
		}
		return githubtest.Fault{}
	})
	_, err := w.ex.Execute(ctx, w.issue("x"), none, none)
	var de *tocsin.DeliveryError
	if !errors.As(err, &de) || de.Outcome != tocsin.OutcomeUnclear || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while writing: %v", err)
	}
	_, err = w.ex.Execute(ctx, w.issue("x"), none, none)
	if !errors.As(err, &de) || de.Outcome != tocsin.OutcomeTransient || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: %v", err)
	}
}

func TestToken(t *testing.T) {
	w := newWorld(t)
	w.made(w.issue("x"), none, none)
	w.gh.RevokeToken(token)
	w.refused(w.issue("y"), none, none, tocsin.OutcomePermanent, "wrong, expired or revoked")
	for want, f := range map[string]func(context.Context, string) (string, error){
		"token is empty":           func(context.Context, string) (string, error) { return "", nil },
		"reading the GitHub token": func(context.Context, string) (string, error) { return token, errors.New("vault says no to " + token) },
		"invalid header":           func(context.Context, string) (string, error) { return token + "\n", nil },
	} {
		w.ex = w.executor(func(o *github.Options) { o.Token = f })
		_, err := w.do(w.issue("x"), none, none)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// answering answers every request alike, with a repository at first.
func answering(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/repos/acme/shop":
			_, _ = io.WriteString(w, `{"full_name":"acme/shop","has_issues":true}`)
		case "/user":
			_, _ = io.WriteString(w, `{"login":"tocsin-bot"}`)
		default:
			answer(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// Answers that are not GitHub's, or those of a GitHub gone mad, create nothing and give nothing away.
func TestStrangeAnswers(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("followed to another host with %q", r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   tocsin.Outcome
		words  string
	}{
		"empty": {func(http.ResponseWriter, *http.Request) {}, tocsin.OutcomeTransient, "decoding"},
		"null":  {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "null") }, tocsin.OutcomeTransient, "no list"},
		"HTML":  {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>Sign in") }, tocsin.OutcomeTransient, "decoding"},
		"echo": {func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, `{"message":"you sent `+r.Header.Get("Authorization")+`"}`, 400)
		}, tocsin.OutcomePermanent, "you sent Bearer [redacted]"},
		"too big": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, io.LimitReader(zeros{}, 11<<20)) }, tocsin.OutcomeTransient, "10 MB"},
		"away":    {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, tocsin.OutcomePermanent, "has moved"},
		"circle":  {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, tocsin.OutcomePermanent, "has moved"},
		"endless": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", `<http://evil.example/?`+r.URL.RawQuery+`>; rel="next"`)
			_, _ = io.WriteString(w, "[]")
		}, tocsin.OutcomeTransient, "does not end"},
		"old limit": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"message":"You have triggered an abuse detection mechanism."}`, http.StatusForbidden)
		}, tocsin.OutcomeTransient, "abuse"},
		"dated limit": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "Sat, 01 Mar 2025 13:00:00 GMT")
			w.WriteHeader(429)
		}, tocsin.OutcomeTransient, "1h0m0s"},
		"absurd limit": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "soon")
			w.WriteHeader(429)
		}, tocsin.OutcomeTransient, "1m0s"},
		"no reset": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-RateLimit-Remaining", "0")
			w.WriteHeader(403)
		}, tocsin.OutcomeTransient, "1m0s"},
		"conflict": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(409) }, tocsin.OutcomeTransient, "409"},
		"legal":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(451) }, tocsin.OutcomePermanent, "451"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			url := answering(t, func(rw http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet {
					t.Errorf("written: %s %s", r.Method, r.URL)
				}
				c.answer(rw, r)
			})
			w.ex = w.executor(func(o *github.Options) { o.BaseURL = url })
			w.refused(w.issue("x"), none, none, c.want, c.words)
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// Either list is enough to find an issue of ours again: that of our label, and that of our account.
func TestEitherListFinds(t *testing.T) {
	for _, only := range []string{"labels", "creator"} {
		w := newWorld(t)
		plan, err := w.ex.Plan(w.issue("x"), none, none)
		w.must(err)
		var made struct{ Title, Body string }
		w.must(json.Unmarshal(plan[len(plan)-1].Body, &made))
		is, err := json.Marshal(map[string]any{"number": 5, "state": "open", "title": made.Title, "body": made.Body,
			"user": map[string]any{"login": bot}, "labels": []any{map[string]any{"name": "tocsin"}, map[string]any{"name": "security"}}})
		w.must(err)
		url := answering(t, func(rw http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/repos/acme/shop/issues/5":
				_, _ = rw.Write(is)
			case r.URL.Query().Has(only):
				_, _ = io.WriteString(rw, "["+string(is)+"]")
			default:
				_, _ = io.WriteString(rw, "[]")
			}
		})
		w.ex = w.executor(func(o *github.Options) { o.BaseURL = url })
		if r := w.made(w.issue("x"), none, none); r.Number != 5 {
			t.Errorf("by %s alone: %+v", only, r)
		}
	}
}

// A creation that is answered strangely is unclear, or refused; it is never sent twice.
func TestStrangeAnswersToCreation(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		header http.Header
		want   tocsin.Outcome
		words  string
	}{
		"empty":      {201, "", nil, tocsin.OutcomeUnclear, "decoding"},
		"no number":  {201, "{}", nil, tocsin.OutcomeUnclear, "did not say what it made"},
		"moved":      {307, "", http.Header{"Location": {"/elsewhere"}}, tocsin.OutcomePermanent, "has moved"},
		"refused":    {403, `{"message":"Resource not accessible by integration"}`, nil, tocsin.OutcomePermanent, "issues:write"},
		"archived":   {403, `{"message":"Repository was archived so is read-only."}`, nil, tocsin.OutcomePermanent, "unarchive"},
		"disabled":   {410, `{"message":"Issues has been disabled in this repository."}`, nil, tocsin.OutcomePermanent, "enable them"},
		"too quick":  {422, `{"message":"Validation Failed","errors":[{"resource":"Issue","code":"unprocessable","field":"data","message":"was submitted too quickly"}]}`, nil, tocsin.OutcomeTransient, "1m0s"},
		"bad fields": {422, `{"message":"Validation Failed","errors":["one", {"field":"title","code":"missing"}]}`, nil, tocsin.OutcomePermanent, "one; title missing"},
		"timeout":    {408, "", nil, tocsin.OutcomeUnclear, "408"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			posts := 0
			url := answering(t, func(rw http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					_, _ = io.WriteString(rw, "[]")
					return
				}
				posts++
				for k, v := range c.header {
					rw.Header()[k] = v
				}
				rw.WriteHeader(c.status)
				_, _ = io.WriteString(rw, c.body)
			})
			w.ex = w.executor(func(o *github.Options) { o.BaseURL = url })
			w.refused(w.issue("x"), none, none, c.want, c.words)
			if posts != 1 {
				t.Errorf("sent %d times", posts)
			}
		})
	}
}

func TestNotThereAtAll(t *testing.T) {
	w := newWorld(t)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	w.ex = w.executor(func(o *github.Options) { o.BaseURL = gone.URL })
	w.refused(w.issue("x"), none, none, tocsin.OutcomeTransient, "looking at repository")
}

// An App's token does not tell its login.
func TestLogin(t *testing.T) {
	w := newWorld(t)
	w.gh.SetFaults(func(r githubtest.RequestInfo) githubtest.Fault {
		if r.Path == "/user" {
			t.Error("asked for the login in spite of the configuration")
		}
		return githubtest.Fault{}
	})
	w.ex = w.executor(func(o *github.Options) { o.Login = func(context.Context) (string, error) { return bot, nil } })
	r := w.made(w.issue("x"), none, none)
	if again := w.made(w.issue("x"), none, none); again.Number != r.Number {
		t.Errorf("not found: %+v", again)
	}
}

func TestNoLogin(t *testing.T) {
	for want, user := range map[string]struct {
		status int
		body   string
	}{
		"did not say whose":  {200, `{}`},
		"configure a user's": {403, `{"message":"Resource not accessible by integration"}`},
		"asking whose":       {502, ``},
	} {
		w := newWorld(t)
		s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/user" {
				_, _ = io.WriteString(rw, `{"full_name":"acme/shop","has_issues":true}`)
				return
			}
			rw.WriteHeader(user.status)
			_, _ = io.WriteString(rw, user.body)
		}))
		w.ex = w.executor(func(o *github.Options) { o.BaseURL = s.URL })
		_, err := w.do(w.issue("x"), none, none)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
		s.Close()
	}
}

func TestOptions(t *testing.T) {
	good := func() github.Options {
		return github.Options{Token: func(context.Context, string) (string, error) { return token, nil }, MarkerKey: make([]byte, 16)}
	}
	if _, err := github.New(nil, good()); err != nil {
		t.Error(err)
	}
	for name, edit := range map[string]func(*github.Options){
		"no token":      func(o *github.Options) { o.Token = nil },
		"short key":     func(o *github.Options) { o.MarkerKey = make([]byte, 15) },
		"plain http":    func(o *github.Options) { o.BaseURL = "http://github.example/" },
		"no host":       func(o *github.Options) { o.BaseURL = "https:///x" },
		"with password": func(o *github.Options) { o.BaseURL = "https://u:" + token + "@github.example/" },
		"with query":    func(o *github.Options) { o.BaseURL = "https://github.example/?a=" + token },
		"unreadable":    func(o *github.Options) { o.BaseURL = "https://github.example/%" + token },
	} {
		o := good()
		edit(&o)
		_, err := github.New(nil, o)
		if !errors.Is(err, tocsin.ErrInvalid) || strings.Contains(err.Error(), token) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
