package github

import (
	"context"
	"net/http"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// reportWork reports privately to the maintainers of a repository that is not ours. It is written once, and theirs from then on.
// https://docs.github.com/rest/security-advisories/repository-advisories#privately-report-a-security-vulnerability
type reportWork struct {
	task
	payload tocsin.ReportPayload
}

func newReportWork(t task) (work, error) {
	w := reportWork{task: t}
	if err := t.payload(&w.payload); err != nil {
		return nil, err
	}
	w.payload.Summary = markdown.Line(w.payload.Summary, 1000)
	if w.payload.Summary == "" || strings.TrimSpace(w.payload.Description) == "" {
		return nil, permanent("%w: action %s: report without summary or description", tocsin.ErrInvalid, t.action.Key)
	}
	return w, nil
}

// requests implements [work].
func (w reportWork) requests() []Request {
	if w.remote.Name != "" {
		return nil
	}
	return []Request{w.create()}
}

func (w reportWork) create() Request {
	description, _ := w.merge("", w.payload.Description)
	in := map[string]string{"summary": w.payload.Summary, "description": description}
	if w.payload.Severity != "" {
		in["severity"] = w.payload.Severity
	}
	return newRequest(http.MethodPost, w.path("/security-advisories/reports"), in)
}

// execute implements [work].
func (w reportWork) execute(ctx context.Context) (tocsin.Remote, error) {
	repo := w.action.Repository
	if w.remote.Name != "" {
		return w.remote, nil
	}
	if err := w.enter(ctx, false); err != nil {
		return tocsin.Remote{}, err
	}
	var reporting struct {
		Enabled bool `json:"enabled"`
	}
	if _, err := w.e.call(ctx, Request{Method: http.MethodGet, Path: w.path("/private-vulnerability-reporting")}, &reporting); err != nil {
		return tocsin.Remote{}, explain(err, "asking whether %s takes private reports", repo)
	}
	if !reporting.Enabled {
		return tocsin.Remote{}, permanent("%s takes no private reports: write to whom its SECURITY.md names", repo)
	}
	found, err := draftWork{task: w.task}.search(ctx, true)
	if err != nil {
		return tocsin.Remote{}, explain(err, "searching the advisories of %s before reporting", repo)
	}
	if found != nil {
		return tocsin.Remote{Name: found.ID, URL: found.URL}, nil
	}
	var made draft
	if _, err := w.e.call(ctx, w.create(), &made); err != nil {
		return tocsin.Remote{}, explain(err, "reporting to %s", repo)
	}
	if !ghsaPattern().MatchString(made.ID) {
		return tocsin.Remote{}, &tocsin.DeliveryError{Outcome: tocsin.OutcomeUnclear, Err: errUnnumbered}
	}
	w.e.log.InfoContext(ctx, "github vulnerability reported", "key", w.action.Key, "repository", repo, "advisory", made.ID)
	return tocsin.Remote{Name: made.ID, URL: made.URL}, nil
}
