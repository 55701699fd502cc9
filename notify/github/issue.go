package github

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	api "github.com/google/go-github/v62/github"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
)

const (
	// labelColor and labelText describe the labels we make.
	labelColor = "b60205"
	labelText  = "Opened and kept up to date by Tocsin"
	// GitHub's limits. A longer list of assignees is cut.
	maxLabelName = 50
	maxAssignees = 10
)

// loginPattern is what GitHub allows, so that nothing else gets into a path.
var loginPattern = pattern.Lazy(`^[A-Za-z0-9][A-Za-z0-9-]*$`)

func validLogin(login string) bool { return len(login) <= 39 && loginPattern().MatchString(login) }

// issueWork makes an issue as described.
type issueWork struct {
	task
	payload tocsin.IssuePayload
	labels  []string // ours, the common one first
}

func newIssueWork(t task) (work, error) {
	w := issueWork{task: t}
	p := &w.payload
	if err := t.payload(p); err != nil {
		return nil, err
	}
	p.Title = title(p.Title)
	switch {
	case p.Title == "":
		return nil, permanent("%w: action %s: issue without a title", tocsin.ErrInvalid, t.action.Key)
	case p.Closed && p.StateReason == "":
		p.StateReason = "completed"
	case p.Closed && p.StateReason != "completed" && p.StateReason != "not_planned":
		return nil, permanent("%w: action %s: state reason %q: want completed or not_planned",
			tocsin.ErrInvalid, t.action.Key, p.StateReason)
	}
	for _, l := range append([]string{Label}, p.Labels...) {
		if strings.Trim(l, ". ") == "" || strings.ContainsAny(l, ",\r\n") || utf8.RuneCountInString(l) > maxLabelName {
			return nil, permanent("%w: action %s: label %q: want 1 to %d characters without commas",
				tocsin.ErrInvalid, t.action.Key, l, maxLabelName)
		}
		if !holds(w.labels, l) {
			w.labels = append(w.labels, l)
		}
	}
	var people []string
	for _, l := range p.Assignees {
		if validLogin(l) && !holds(people, l) && len(people) < maxAssignees {
			people = append(people, l)
		}
	}
	p.Assignees = people
	return w, nil
}

// holds says whether the list has the name in any case.
func holds(list []string, name string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, name) })
}

// requests implements [work].
func (w issueWork) requests() []Request {
	if w.remote.Number != 0 {
		body, _ := w.merge("", w.payload.Body)
		return []Request{w.update(w.remote.Number, change{body: body, close: w.payload.Closed})}
	}
	if w.payload.Closed {
		return nil
	}
	var out []Request
	for _, l := range w.labels {
		out = append(out, w.label(l))
	}
	return append(out, w.create(w.payload.Assignees))
}

func (w issueWork) label(name string) Request {
	return newRequest(http.MethodPost, w.path("/labels"), struct {
		Name        string `json:"name"`
		Color       string `json:"color"`
		Description string `json:"description"`
	}{name, labelColor, labelText})
}

// create builds the one request that makes the issue with all that belongs to it.
func (w issueWork) create(assignees []string) Request {
	body, _ := w.merge("", w.payload.Body)
	in := api.IssueRequest{Title: &w.payload.Title, Body: &body, Labels: &w.labels}
	if len(assignees) > 0 {
		in.Assignees = &assignees
	}
	return newRequest(http.MethodPost, w.path("/issues"), in)
}

// change is what an update does beside the title and the body, which always go along.
type change struct {
	body          string
	labels        []string // all of them, nil for no change
	close, reopen bool
}

func (w issueWork) update(number int64, c change) Request {
	in := api.IssueRequest{Title: &w.payload.Title, Body: &c.body}
	if c.labels != nil {
		in.Labels = &c.labels
	}
	switch {
	case c.close:
		in.State, in.StateReason = api.String("closed"), &w.payload.StateReason
	case c.reopen:
		in.State = api.String("open")
	}
	return newRequest(http.MethodPatch, w.path("/issues/%d", number), in)
}

// execute implements [work].
func (w issueWork) execute(ctx context.Context) (tocsin.Remote, error) {
	if err := w.enter(ctx, true); err != nil {
		return tocsin.Remote{}, err
	}
	number := w.remote.Number
	if number == 0 {
		var err error
		if number, err = w.find(ctx); err != nil {
			return tocsin.Remote{}, explain(err, "searching %s for the issue before opening one", w.action.Repository)
		}
	}
	if number != 0 {
		return w.adjust(ctx, number)
	}
	if w.payload.Closed {
		return tocsin.Remote{}, nil
	}
	return w.open(ctx)
}

// find searches for the issue by its marker: among those with our label, and, should a person have removed that,
// among those of our own. Only what we wrote ourselves counts. 0 means that there is none, for certain.
func (w issueWork) find(ctx context.Context) (int64, error) {
	login, err := w.e.whoami(ctx)
	if err != nil {
		return 0, err
	}
	var found int64
	for _, q := range []url.Values{{"labels": {Label}}, {"creator": {login}}} {
		q.Set("state", "all")
		q.Set("sort", "created")
		q.Set("direction", "asc") // pages do not shift when issues are added meanwhile
		err := each(ctx, w.e, w.path("/issues"), q, func(i *api.Issue) bool {
			if i.GetNumber() > 0 && !i.IsPullRequest() && strings.EqualFold(i.GetUser().GetLogin(), login) && w.marks(i.GetBody()) {
				found = int64(i.GetNumber())
			}
			return found != 0
		})
		if err != nil || found != 0 {
			return found, err
		}
	}
	return 0, nil
}

// open creates the issue, with the labels there and the assignees who can be.
func (w issueWork) open(ctx context.Context) (tocsin.Remote, error) {
	if err := w.ensureLabels(ctx, w.labels); err != nil {
		return tocsin.Remote{}, err
	}
	var assignees []string
	for _, login := range w.payload.Assignees {
		_, err := w.e.call(ctx, Request{Method: http.MethodGet, Path: w.path("/assignees/%s", login)}, nil)
		switch {
		case err == nil:
			assignees = append(assignees, login)
		case status(err) == http.StatusNotFound:
			w.e.log.InfoContext(ctx, "github assignee left out", "repository", w.action.Repository, "login", login)
		default:
			return tocsin.Remote{}, explain(err, "asking whether %s can be assigned in %s", login, w.action.Repository)
		}
	}
	var made api.Issue
	if _, err := w.e.call(ctx, w.create(assignees), &made); err != nil {
		return tocsin.Remote{}, w.refused(err, "opening the issue in %s", w.action.Repository)
	}
	if made.GetNumber() <= 0 {
		return tocsin.Remote{}, &tocsin.DeliveryError{Outcome: tocsin.OutcomeUnclear, Err: errUnnumbered}
	}
	w.e.log.InfoContext(ctx, "github issue opened", "key", w.action.Key, "repository", w.action.Repository, "number", made.GetNumber())
	return tocsin.Remote{Number: int64(made.GetNumber()), URL: made.GetHTMLURL()}, nil
}

// ensureLabels creates those that are missing. Where we may not, GitHub leaves them off the issue, and so do we.
func (w issueWork) ensureLabels(ctx context.Context, names []string) error {
	for _, name := range names {
		_, err := w.e.call(ctx, Request{Method: http.MethodGet, Path: w.path("/labels/%s", url.PathEscape(name))}, nil)
		if status(err) == http.StatusNotFound {
			_, err = w.e.call(ctx, w.label(name), nil)
		}
		switch {
		case err == nil || exists(err):
		case outcome(err) == tocsin.OutcomePermanent && (status(err) == http.StatusForbidden || status(err) == http.StatusNotFound):
			w.e.log.WarnContext(ctx, "github label not created", "repository", w.action.Repository, "label", name, "err", err)
		default:
			out := explain(err, "creating label %q in %s", name, w.action.Repository)
			if out.Outcome == tocsin.OutcomeUnclear {
				out.Outcome = tocsin.OutcomeTransient // of the issue, nothing was done
			}
			return out
		}
	}
	return nil
}

// adjust makes an issue that exists as it should be.
func (w issueWork) adjust(ctx context.Context, number int64) (tocsin.Remote, error) {
	repo := w.action.Repository
	var is api.Issue
	if _, err := w.e.call(ctx, Request{Method: http.MethodGet, Path: w.path("/issues/%d", number)}, &is); err != nil {
		if gone(err) {
			return tocsin.Remote{}, explain(err, "issue %s#%d was deleted or moved out of sight: find out by whom and why, then have it filed anew or let it rest", repo, number)
		}
		return tocsin.Remote{}, explain(err, "reading issue %s#%d", repo, number)
	}
	if at, ok := cutRepository(is.GetRepositoryURL()); ok && !strings.EqualFold(at, repo) {
		return tocsin.Remote{}, permanent("issue %s#%d was transferred to %s#%d: go on there by hand, or have it filed anew",
			repo, number, at, is.GetNumber())
	}
	if int64(is.GetNumber()) != number || is.IsPullRequest() {
		return tocsin.Remote{}, permanent("%s#%d is not an issue: correct the record", repo, number)
	}
	c, differs, err := w.difference(ctx, &is)
	if err != nil {
		return tocsin.Remote{}, err
	}
	if differs {
		if c.labels != nil {
			if err := w.ensureLabels(ctx, w.labels); err != nil {
				return tocsin.Remote{}, err
			}
		}
		if _, err := w.e.call(ctx, w.update(number, c), nil); err != nil {
			return tocsin.Remote{}, w.refused(err, "updating issue %s#%d", repo, number)
		}
		w.e.log.InfoContext(ctx, "github issue updated", "key", w.action.Key, "repository", repo, "number", number)
	}
	return tocsin.Remote{Number: number, URL: is.GetHTMLURL()}, nil
}

// difference says what has to change, and refuses to go against a person who closed the issue for good.
func (w issueWork) difference(ctx context.Context, is *api.Issue) (c change, differs bool, err error) {
	repo, number := w.action.Repository, is.GetNumber()
	switch closed := is.GetState() == "closed"; {
	case closed && !w.payload.Closed:
		if reason := is.GetStateReason(); reason == "not_planned" || reason == "duplicate" {
			login, err := w.e.whoami(ctx)
			if err != nil {
				return c, false, err
			}
			if by := is.GetClosedBy().GetLogin(); !strings.EqualFold(by, login) {
				return c, false, permanent("issue %s#%d was closed as %s by %s and stays closed: reopen it by hand to have it kept up to date",
					repo, number, strings.ReplaceAll(reason, "_", " "), orSomeone(by))
			}
		}
		c.reopen = true
	case !closed && w.payload.Closed:
		c.close = true
	}
	var ok bool
	if c.body, ok = w.merge(is.GetBody(), w.payload.Body); !ok {
		return c, false, permanent("issue %s#%d has no room left for our section: shorten what was written around it", repo, number)
	}
	var have []string
	for _, l := range is.Labels {
		have = append(have, l.GetName())
	}
	all := slices.Clone(have)
	for _, l := range w.labels {
		if !holds(all, l) {
			all = append(all, l)
		}
	}
	if len(all) != len(have) {
		c.labels = all
	}
	differs = c.close || c.reopen || c.labels != nil || c.body != is.GetBody() || is.GetTitle() != w.payload.Title
	return c, differs, nil
}

// refused adds what a person can do about GitHub's refusal to write.
func (w issueWork) refused(err error, doing string, args ...any) error {
	return refusedWrite(explain(err, doing, args...), w.action.Repository)
}

// refusedWrite adds what a person can do about a write that was refused for good.
func refusedWrite(err error, repository string) error {
	if outcome(err) != tocsin.OutcomePermanent {
		return err
	}
	message := ""
	if r := refusalOf(err); r != nil {
		message = strings.ToLower(r.message)
	}
	switch code := status(err); {
	case code == http.StatusForbidden && strings.Contains(message, "locked"):
		return explain(err, "the conversation is locked: unlock it, or give the token's user write access to %s", repository)
	case code == http.StatusForbidden && strings.Contains(message, "archived"):
		return explain(err, "repository %s is archived and read-only: unarchive it, or take the project out", repository)
	case code == http.StatusForbidden, code == http.StatusNotFound:
		return explain(err, "the token may not write issues in %s: give it the permission issues:write", repository)
	case code == http.StatusGone:
		return explain(err, "issues are disabled in %s or this one was deleted: enable them, or choose another channel", repository)
	}
	return err
}

// cutRepository takes owner/name from the API's URL of a repository.
func cutRepository(u string) (string, bool) {
	i := strings.LastIndex(u, "/repos/")
	if i < 0 || !tocsin.ValidRepository(u[i+len("/repos/"):]) {
		return "", false
	}
	return u[i+len("/repos/"):], true
}

func orSomeone(login string) string {
	if login == "" {
		return "someone"
	}
	return login
}
