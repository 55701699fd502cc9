package github

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// askWork asks for something for an advisory draft. GitHub does each once for an advisory, whoever asks how often: what is there already is
// looked at first, and after an unclear answer too.
// https://docs.github.com/rest/security-advisories/repository-advisories
type askWork struct {
	task
	what     tocsin.AdvisoryRequest
	advisory string
}

func newAskWork(t task, parent tocsin.Remote) (work, error) {
	var p tocsin.RequestPayload
	if err := t.payload(&p); err != nil {
		return nil, err
	}
	switch {
	case !slices.Contains(tocsin.AdvisoryRequests(), p.Request):
		return nil, permanent("%w: action %s: request %q: want one of %q", tocsin.ErrInvalid, t.action.Key, p.Request, tocsin.AdvisoryRequests())
	case !ghsaPattern().MatchString(parent.Name):
		return nil, permanent("%w: action %s: no advisory to ask for: %q has not made one", tocsin.ErrInvalid, t.action.Key, t.action.After)
	case parent.Repository != "" && !strings.EqualFold(parent.Repository, t.action.Repository):
		return nil, permanent("%w: action %s: the advisory is in %s, the request is for %s", tocsin.ErrInvalid, t.action.Key, parent.Repository, t.action.Repository)
	}
	return askWork{t, p.Request, parent.Name}, nil
}

// requests implements [work].
func (w askWork) requests() []Request { return []Request{w.ask()} }

func (w askWork) ask() Request {
	at := w.path("/security-advisories/%s", w.advisory)
	switch w.what {
	case tocsin.RequestCVE:
		return Request{Method: http.MethodPost, Path: at + "/cve"}
	case tocsin.RequestFork:
		return Request{Method: http.MethodPost, Path: at + "/forks"}
	default:
		return newRequest(http.MethodPatch, at, struct {
			State string `json:"state"`
		}{"published"})
	}
}

// done says whether the advisory has what is asked for.
func (w askWork) done(d *draft) bool {
	switch w.what {
	case tocsin.RequestCVE:
		return d.CVE != ""
	case tocsin.RequestFork:
		return d.Fork != nil
	default:
		return d.State == "published"
	}
}

// execute implements [work].
func (w askWork) execute(ctx context.Context) (tocsin.Remote, error) {
	if err := w.enter(ctx, false); err != nil {
		return tocsin.Remote{}, err
	}
	repo := w.action.Repository
	var d draft
	if _, err := w.e.call(ctx, Request{Method: http.MethodGet, Path: w.path("/security-advisories/%s", w.advisory)}, &d); err != nil {
		return tocsin.Remote{}, draftWork{task: w.task}.refused(err, "reading advisory %s of %s", w.advisory, repo)
	}
	made := tocsin.Remote{Name: w.advisory, URL: d.URL}
	switch {
	case w.done(&d):
		return made, nil
	case d.State == "closed" || d.State == "withdrawn" || w.what == tocsin.RequestFork && d.State == "published":
		return tocsin.Remote{}, permanent("advisory %s of %s is %s: there is no %s for it", w.advisory, repo, d.State, w.what)
	}
	_, err := w.e.call(ctx, w.ask(), nil)
	if status(err) == http.StatusUnprocessableEntity && w.what == tocsin.RequestCVE && strings.Contains(err.Error(), "already") { // and waits for an answer
		return made, nil
	}
	if err != nil {
		return tocsin.Remote{}, draftWork{task: w.task}.refused(err, "asking for the %s of advisory %s of %s", w.what, w.advisory, repo)
	}
	w.e.log.InfoContext(ctx, "github asked", "key", w.action.Key, "repository", repo, "advisory", w.advisory, "for", w.what)
	return made, nil
}
