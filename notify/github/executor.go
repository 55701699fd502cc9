package github

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	api "github.com/google/go-github/v62/github"

	"github.com/tocsin-dev/tocsin"
)

// Label is on every issue we open.
const Label = "tocsin"

// Options of an [Executor]. Token and MarkerKey are required.
type Options struct {
	// BaseURL of the REST API; empty is https://api.github.com/. Plain http is refused but for the loopback.
	BaseURL string
	// Token returns the token to use now. It is asked before each request, so that it can be renewed, and what it
	// returns never appears in a log, an error or a URL.
	// owner is the account of the repository; it is empty where none is meant.
	Token func(ctx context.Context, owner string) (string, error)
	// Login gives what the token acts as. nil asks GitHub, which tells users but not installations of Apps theirs.
	Login func(ctx context.Context) (string, error)
	// MarkerKey signs the markers. At least 16 bytes; with another key nothing of before is recognised.
	MarkerKey []byte
	// HTTP is the transport beneath the retries; nil is an ordinary one.
	HTTP http.RoundTripper
	// Pace is asked before each request that writes; points is what it costs with all that was read in the minute before and not told yet,
	// creates says that it makes something new, and does not keep up to date what is there. An error is returned as it is, and nothing is sent.
	// nil: there is none.
	// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#calculating-points-for-the-secondary-rate-limit
	Pace func(ctx context.Context, points int, creates bool) error
	// Limited is told that GitHub refused a write because there were too many; nil: nobody is.
	Limited func(ctx context.Context, said string)
	// Now is the clock; nil is [time.Now].
	Now func() time.Time
	// Timeout of a single request with its answer; 0 is 30 seconds.
	Timeout time.Duration
	// MaxWait is the longest wait that is sat out within a call; a longer one is returned as RetryAfter. 0 is ten
	// seconds.
	MaxWait time.Duration
	// Wait turns a wait that is due into the one that is made; nil makes it as it is.
	Wait func(time.Duration) time.Duration
}

// An Executor carries out actions as one account. It is safe for concurrent use, by different keys: two executions
// of one key at the same time could both search and both create.
type Executor struct {
	log    *slog.Logger
	opts   Options
	client *api.Client
	http   *http.Client

	mu    sync.Mutex
	login string
	pause time.Time   // GitHub asked us to be quiet until then
	reads []time.Time // within the last minute, which the pace was not told of
}

// New checks the options, as [tocsin.ErrInvalid]. It makes no request.
func New(log *slog.Logger, opts Options) (*Executor, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	switch {
	case opts.Token == nil:
		return nil, fmt.Errorf("%w: github: no token", tocsin.ErrInvalid)
	case len(opts.MarkerKey) < 16:
		return nil, fmt.Errorf("%w: github: marker key of %d bytes: want 16 or more", tocsin.ErrInvalid, len(opts.MarkerKey))
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Timeout == 0 {
		opts.Timeout = 30 * time.Second
	}
	if opts.MaxWait == 0 {
		opts.MaxWait = 10 * time.Second
	}
	if opts.Wait == nil {
		opts.Wait = func(d time.Duration) time.Duration { return d }
	}
	if opts.BaseURL == "" {
		opts.BaseURL = "https://api.github.com/"
	}
	base, err := baseURL(opts.BaseURL)
	if err != nil {
		return nil, err
	}
	client := api.NewClient(nil)
	client.BaseURL, client.UserAgent = base, "tocsin"
	return &Executor{log: log, opts: opts, client: client, http: newClient(opts)}, nil
}

// baseURL refuses what could leak the token.
func baseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("%w: github: base URL cannot be parsed", tocsin.ErrInvalid)
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	switch {
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%w: github: base URL: want no user, query or fragment", tocsin.ErrInvalid)
	case u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !local):
		return nil, fmt.Errorf("%w: github: base URL %s: want https://host/path/", tocsin.ErrInvalid, u)
	}
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	return u, nil
}

// Execute makes the world as the action says and returns what is there now. The remote is our record of the thing,
// zero if there is none; the parent is the record of the action named by After. Executing again changes nothing.
//
// Every error is a [tocsin.DeliveryError]. After an unclear one, Execute must be called again with the same remote, and
// some seconds later, since GitHub's lists can lag behind what was just written.
// A closing of an issue that was never opened opens none: the returned remote then does not exist.
func (e *Executor) Execute(ctx context.Context, a tocsin.Action, remote, parent tocsin.Remote) (tocsin.Remote, error) {
	w, err := e.plan(a, remote, parent)
	if err != nil {
		return tocsin.Remote{}, err
	}
	out, err := w.execute(ctx)
	if err != nil {
		e.log.WarnContext(ctx, "github action failed", "key", a.Key, "repository", a.Repository, "err", err)
		return tocsin.Remote{}, err
	}
	out.Key, out.Repository, out.Revision = a.Key, a.Repository, a.Revision
	return out, nil
}

// Plan returns the writing requests that Execute would make, in order, without asking GitHub: for a remote that does
// not exist, if the search finds nothing and no label is there yet; for one that does, if it is as we left it, open,
// and no one has written beside our section. Requests for assignees who are refused, for labels that exist and for
// an update that changes nothing are left out when it comes to it.
func (e *Executor) Plan(a tocsin.Action, remote, parent tocsin.Remote) ([]Request, error) {
	w, err := e.plan(a, remote, parent)
	if err != nil {
		return nil, err
	}
	return w.requests(), nil
}

// work is one action, read and checked, with what is known about it.
type work interface {
	execute(context.Context) (tocsin.Remote, error)
	requests() []Request
}

// plan reads the action and refuses what must not be sent.
func (e *Executor) plan(a tocsin.Action, remote, parent tocsin.Remote) (work, error) {
	switch {
	case a.Key == "" || len(a.Key) > 500:
		return nil, permanent("%w: action key %q: want 1 to 500 bytes", tocsin.ErrInvalid, a.Key)
	case !tocsin.ValidRepository(a.Repository) || strings.Trim(a.Repository[strings.IndexByte(a.Repository, '/')+1:], ".") == "":
		return nil, permanent("%w: action %s: repository %q: want owner/name", tocsin.ErrInvalid, a.Key, a.Repository)
	case !a.TLP.Allows(a.Audience):
		return nil, permanent("%w: action %s: a text of TLP:%s must not be shown to audience %q",
			tocsin.ErrForbidden, a.Key, a.TLP, a.Audience)
	}
	t := task{e: e, action: a, remote: remote, names: []string{a.Repository}}
	if remote.Repository != "" && !strings.EqualFold(remote.Repository, a.Repository) {
		// The project has another repository now. Numbers are not the same there, unless it was renamed: the marker
		// written under the former name tells.
		t.names = append(t.names, remote.Repository)
		t.remote = tocsin.Remote{}
	}
	switch a.Kind {
	case tocsin.ActionIssue:
		return newIssueWork(t)
	case tocsin.ActionComment:
		return newCommentWork(t, parent)
	case tocsin.ActionDraft:
		return newDraftWork(t)
	case tocsin.ActionRequest:
		return newAskWork(t, parent)
	case tocsin.ActionReport:
		return newReportWork(t)
	case tocsin.ActionReaction:
		return newReactionWork(t)
	}
	return nil, permanent("%w: action %s: kind %q is not GitHub's", tocsin.ErrInvalid, a.Key, a.Kind)
}

// task is what the kinds of work have in common.
type task struct {
	e      *Executor
	action tocsin.Action
	remote tocsin.Remote
	names  []string // of the repository, that a marker may be signed for
}

// payload decodes the action's payload.
func (t task) payload(into any) error {
	if err := json.Unmarshal(t.action.Payload, into); err != nil {
		return permanent("%w: action %s: payload: %w", tocsin.ErrInvalid, t.action.Key, err)
	}
	return nil
}

// path within the repository, whose name was validated.
func (t task) path(format string, args ...any) string {
	return "repos/" + t.action.Repository + fmt.Sprintf(format, args...)
}

// enter looks at the repository before anything is done in it: settings change, and a text must not follow a
// repository that has become public.
func (t task) enter(ctx context.Context, issues bool) error {
	name := t.action.Repository
	var r api.Repository
	if _, err := t.e.call(ctx, Request{Method: http.MethodGet, Path: t.path("")}, &r); err != nil {
		switch status(err) {
		case http.StatusNotFound:
			return explain(err, "repository %s does not exist or is hidden from the token: correct the project, or give the token access", name)
		}
		return explain(err, "looking at repository %s", name)
	}
	switch {
	case !strings.EqualFold(r.GetFullName(), name):
		return permanent("repository %s is now called %q: change the project's repository", name, r.GetFullName())
	case r.GetArchived():
		return permanent("repository %s is archived and read-only: unarchive it, or take the project out", name)
	case r.GetDisabled():
		return permanent("repository %s was disabled by GitHub: reach its owners another way", name)
	case r.GetFork():
		return permanent("repository %s is a fork, which we never write to: name the original, or take the project out", name)
	case issues && !r.GetHasIssues():
		return permanent("repository %s has issues disabled: enable them, or choose another channel", name)
	case issues && !r.GetPrivate() && t.action.Audience != tocsin.VisibilityPublic:
		return permanent("%w: repository %s is public, but the text is for a private audience: correct the project's visibility",
			tocsin.ErrForbidden, name)
	}
	return nil
}

// whoami returns the login we act as, which is asked for once.
func (e *Executor) whoami(ctx context.Context) (string, error) {
	e.mu.Lock()
	login := e.login
	e.mu.Unlock()
	if login != "" {
		return login, nil
	}
	if e.opts.Login != nil {
		login, err := e.opts.Login(ctx)
		if err != nil {
			return "", &tocsin.DeliveryError{Outcome: tocsin.OutcomeTransient, Err: err}
		}
		return login, nil
	}
	var u api.User
	if _, err := e.call(ctx, Request{Method: http.MethodGet, Path: "user"}, &u); err != nil {
		if status(err) == http.StatusForbidden && outcome(err) == tocsin.OutcomePermanent {
			return "", explain(err, "the token does not say whose it is: configure a user's, or a GitHub App")
		}
		return "", explain(err, "asking whose token this is")
	}
	if u.GetLogin() == "" {
		return "", &tocsin.DeliveryError{Outcome: tocsin.OutcomeTransient, Err: fmt.Errorf("GitHub did not say whose token this is")}
	}
	e.mu.Lock()
	e.login = u.GetLogin()
	e.mu.Unlock()
	return u.GetLogin(), nil
}
