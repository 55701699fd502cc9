package github

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	api "github.com/google/go-github/v62/github"

	"github.com/tocsin-dev/tocsin"
)

// errUnnumbered is an answer of success that does not say what was made.
var errUnnumbered = errors.New("GitHub did not say what it made")

// commentWork writes a comment once.
type commentWork struct {
	task
	payload tocsin.CommentPayload
	issue   int64
}

func newCommentWork(t task, parent tocsin.Remote) (work, error) {
	w := commentWork{task: t, issue: parent.Number}
	if err := t.payload(&w.payload); err != nil {
		return nil, err
	}
	switch {
	case strings.TrimSpace(w.payload.Body) == "":
		return nil, permanent("%w: action %s: empty comment", tocsin.ErrInvalid, t.action.Key)
	case parent.Number <= 0:
		return nil, permanent("%w: action %s: no issue to comment on: %q has not made one", tocsin.ErrInvalid, t.action.Key, t.action.After)
	case parent.Repository != "" && !strings.EqualFold(parent.Repository, t.action.Repository):
		return nil, permanent("%w: action %s: the issue is in %s, the comment is for %s",
			tocsin.ErrInvalid, t.action.Key, parent.Repository, t.action.Repository)
	}
	return w, nil
}

// requests implements [work].
func (w commentWork) requests() []Request {
	if w.remote.Number != 0 {
		return nil
	}
	return []Request{w.create()}
}

func (w commentWork) create() Request {
	head := w.marker() + "\n\n"
	return newRequest(http.MethodPost, w.path("/issues/%d/comments", w.issue), struct {
		Body string `json:"body"`
	}{head + cut(disarm(w.payload.Body), maxBody-len(head))})
}

// execute implements [work].
func (w commentWork) execute(ctx context.Context) (tocsin.Remote, error) {
	if w.remote.Number != 0 {
		return w.remote, nil // written once, and never again
	}
	if err := w.enter(ctx, true); err != nil {
		return tocsin.Remote{}, err
	}
	repo := w.action.Repository
	login, err := w.e.whoami(ctx)
	if err != nil {
		return tocsin.Remote{}, err
	}
	var found *api.IssueComment
	err = each(ctx, w.e, w.path("/issues/%d/comments", w.issue), url.Values{}, func(c *api.IssueComment) bool {
		if c.GetID() != 0 && strings.EqualFold(c.GetUser().GetLogin(), login) && w.marks(c.GetBody()) {
			found = c
		}
		return found != nil
	})
	switch {
	case gone(err):
		return tocsin.Remote{}, explain(err, "issue %s#%d was deleted or moved out of sight: find out by whom and why", repo, w.issue)
	case err != nil:
		return tocsin.Remote{}, explain(err, "searching issue %s#%d for the comment before writing it", repo, w.issue)
	case found != nil:
		return tocsin.Remote{Number: found.GetID(), URL: found.GetHTMLURL()}, nil
	}
	var made api.IssueComment
	if _, err := w.e.call(ctx, w.create(), &made); err != nil {
		return tocsin.Remote{}, refusedWrite(explain(err, "commenting on issue %s#%d", repo, w.issue), repo)
	}
	if made.GetID() == 0 {
		return tocsin.Remote{}, &tocsin.DeliveryError{Outcome: tocsin.OutcomeUnclear, Err: errUnnumbered}
	}
	w.e.log.InfoContext(ctx, "github comment written", "key", w.action.Key, "repository", repo, "number", w.issue)
	return tocsin.Remote{Number: made.GetID(), URL: made.GetHTMLURL()}, nil
}
