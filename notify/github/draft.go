package github

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	api "github.com/google/go-github/v62/github"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/pattern"
)

// ghsaPattern is what an advisory is called, so that nothing else gets into a path.
var ghsaPattern = pattern.Lazy(`^GHSA(-[23456789cfghjmpqrvwx]{4}){3}$`)

// draftWork makes a repository advisory draft as described. The library knows neither their creation nor their
// update, so that both are our own.
// https://docs.github.com/rest/security-advisories/repository-advisories
type draftWork struct {
	task
	payload tocsin.DraftPayload
}

// draftBody is the request to create or update. Empty fields are left as they are.
type draftBody struct {
	Summary         string               `json:"summary"`
	Description     string               `json:"description"`
	Severity        string               `json:"severity,omitempty"`
	CVSS            string               `json:"cvss_vector_string,omitempty"`
	CVE             string               `json:"cve_id,omitempty"`
	CWEs            []string             `json:"cwe_ids,omitempty"`
	Credits         []tocsin.DraftCredit `json:"credits,omitempty"`
	Vulnerabilities []draftVulnerability `json:"vulnerabilities"`
}

type draftVulnerability struct {
	Package draftPackage `json:"package"`
	Range   string       `json:"vulnerable_version_range,omitempty"`
	Patched string       `json:"patched_versions,omitempty"`
}

type draftPackage struct {
	Ecosystem string `json:"ecosystem"`
	Name      string `json:"name"`
}

// draft is the answer, as far as it concerns us.
type draft struct {
	ID          string               `json:"ghsa_id"`
	URL         string               `json:"html_url"`
	Summary     string               `json:"summary"`
	Description string               `json:"description"`
	Severity    string               `json:"severity"`
	CVE         string               `json:"cve_id"`
	CWEs        []string             `json:"cwe_ids"`
	State       string               `json:"state"`
	Credits     []tocsin.DraftCredit `json:"credits"`
	Author      *api.User            `json:"author"`
	// Submission is there if an outsider reported it privately.
	Submission *struct{} `json:"submission"`
	// Fork is there if the fix is made in private.
	Fork            *struct{}            `json:"private_fork"`
	Vulnerabilities []draftVulnerability `json:"vulnerabilities"`
	CVSS            struct {
		Vector string `json:"vector_string"`
	} `json:"cvss"`
	Severities map[string]*struct {
		Vector string `json:"vector_string"`
	} `json:"cvss_severities"`
}

func newDraftWork(t task) (work, error) {
	w := draftWork{task: t}
	p := &w.payload
	if err := t.payload(p); err != nil {
		return nil, err
	}
	p.Summary = markdown.Line(p.Summary, 1000)
	switch {
	case p.Summary == "" || strings.TrimSpace(p.Description) == "":
		return nil, permanent("%w: action %s: draft without summary or description", tocsin.ErrInvalid, t.action.Key)
	case p.Severity != "" && p.CVSS != "":
		return nil, permanent("%w: action %s: draft with both a severity and a CVSS vector: GitHub takes one", tocsin.ErrInvalid, t.action.Key)
	case len(p.Vulnerabilities) == 0:
		return nil, permanent("%w: action %s: draft that names no affected package", tocsin.ErrInvalid, t.action.Key)
	case t.remote.Name != "" && !ghsaPattern().MatchString(t.remote.Name):
		return nil, permanent("%w: action %s: recorded advisory %q is not a GHSA id", tocsin.ErrInvalid, t.action.Key, t.remote.Name)
	}
	return w, nil
}

// requests implements [work].
func (w draftWork) requests() []Request {
	description, _ := w.merge("", w.payload.Description)
	if w.remote.Name != "" {
		return []Request{w.update(w.remote.Name, description)}
	}
	return []Request{w.create(description)}
}

func (w draftWork) body(description string) draftBody {
	p := w.payload
	b := draftBody{Summary: p.Summary, Description: description, Severity: p.Severity, CVSS: p.CVSS, CVE: p.CVE, CWEs: p.CWEs, Credits: p.Credits}
	for _, v := range p.Vulnerabilities {
		b.Vulnerabilities = append(b.Vulnerabilities,
			draftVulnerability{Package: draftPackage{Ecosystem: v.Ecosystem, Name: v.Name}, Range: v.Range, Patched: v.Patched})
	}
	return b
}

func (w draftWork) create(description string) Request {
	return newRequest(http.MethodPost, w.path("/security-advisories"), w.body(description))
}

func (w draftWork) update(id, description string) Request {
	return newRequest(http.MethodPatch, w.path("/security-advisories/%s", id), w.body(description))
}

// execute implements [work].
func (w draftWork) execute(ctx context.Context) (tocsin.Remote, error) {
	if err := w.enter(ctx, false); err != nil {
		return tocsin.Remote{}, err
	}
	repo := w.action.Repository
	if w.remote.Name != "" {
		var d draft
		if _, err := w.e.call(ctx, Request{Method: http.MethodGet, Path: w.path("/security-advisories/%s", w.remote.Name)}, &d); err != nil {
			if gone(err) {
				return tocsin.Remote{}, explain(err, "advisory %s of %s is gone, or hidden from the token: %s", w.remote.Name, repo, w.permission())
			}
			return tocsin.Remote{}, w.refused(err, "reading advisory %s of %s", w.remote.Name, repo)
		}
		return w.adjust(ctx, &d)
	}
	found, err := w.search(ctx, false)
	switch {
	case err != nil:
		return tocsin.Remote{}, w.refused(err, "searching the advisories of %s before drafting one", repo)
	case found != nil:
		return w.adjust(ctx, found)
	}
	description, _ := w.merge("", w.payload.Description)
	var made draft
	if _, err := w.e.call(ctx, w.create(description), &made); err != nil {
		return tocsin.Remote{}, w.refused(err, "drafting an advisory in %s", repo)
	}
	if !ghsaPattern().MatchString(made.ID) {
		return tocsin.Remote{}, &tocsin.DeliveryError{Outcome: tocsin.OutcomeUnclear, Err: errUnnumbered}
	}
	w.e.log.InfoContext(ctx, "github advisory drafted", "key", w.action.Key, "repository", repo, "advisory", made.ID)
	return tocsin.Remote{Name: made.ID, URL: made.URL}, nil
}

// search looks through the advisories in every state for our marker: among our drafts, where what an outsider reported is never ours, or
// among our reports.
func (w draftWork) search(ctx context.Context, reported bool) (*draft, error) {
	login, err := w.e.whoami(ctx)
	if err != nil {
		return nil, err
	}
	var found *draft
	err = each(ctx, w.e, w.path("/security-advisories"), url.Values{"direction": {"asc"}}, func(d *draft) bool {
		// An App's advisory has no author.
		ours := (d.Submission != nil) == reported && (d.Author == nil && !reported || strings.EqualFold(d.Author.GetLogin(), login))
		if ours && ghsaPattern().MatchString(d.ID) && w.marks(d.Description) {
			found = d
		}
		return found != nil
	})
	return found, err
}

// adjust updates the draft while it is one. What people have published or closed is theirs.
func (w draftWork) adjust(ctx context.Context, d *draft) (tocsin.Remote, error) {
	repo := w.action.Repository
	description, ok := w.merge(d.Description, w.payload.Description)
	if !ok {
		return tocsin.Remote{}, permanent("advisory %s of %s has no room left for our section: shorten what was written around it", d.ID, repo)
	}
	if w.differs(d, description) {
		if d.State != "draft" && d.State != "triage" {
			return tocsin.Remote{}, permanent("advisory %s of %s is %s and is no longer changed by us: update it by hand", d.ID, repo, d.State)
		}
		if _, err := w.e.call(ctx, w.update(d.ID, description), nil); err != nil {
			return tocsin.Remote{}, w.refused(err, "updating advisory %s of %s", d.ID, repo)
		}
		w.e.log.InfoContext(ctx, "github advisory updated", "key", w.action.Key, "repository", repo, "advisory", d.ID)
	}
	return tocsin.Remote{Name: d.ID, URL: d.URL}, nil
}

// differs compares what we would set with what is there.
func (w draftWork) differs(d *draft, description string) bool {
	p := w.payload
	vectors := []string{d.CVSS.Vector}
	for _, s := range d.Severities {
		if s != nil {
			vectors = append(vectors, s.Vector)
		}
	}
	have := slices.Sorted(slices.Values(d.CWEs))
	return d.Summary != p.Summary || d.Description != description ||
		p.Severity != "" && p.Severity != d.Severity ||
		p.CVSS != "" && !slices.Contains(vectors, p.CVSS) ||
		p.CVE != "" && p.CVE != d.CVE ||
		len(p.Credits) > 0 && !slices.Equal(thanked(p.Credits), thanked(d.Credits)) ||
		len(p.CWEs) > 0 && !slices.Equal(slices.Sorted(slices.Values(p.CWEs)), have) ||
		!slices.Equal(sorted(d.Vulnerabilities), sorted(w.body("").Vulnerabilities))
}

// thanked puts credits in an order of their own, since GitHub promises none, and knows logins in any case.
func thanked(list []tocsin.DraftCredit) []tocsin.DraftCredit {
	out := make([]tocsin.DraftCredit, 0, len(list))
	for _, c := range list {
		out = append(out, tocsin.DraftCredit{Login: strings.ToLower(c.Login), Type: c.Type})
	}
	slices.SortFunc(out, func(a, b tocsin.DraftCredit) int {
		return cmp.Or(cmp.Compare(a.Login, b.Login), cmp.Compare(a.Type, b.Type))
	})
	return out
}

// sorted puts the packages in an order of their own, since GitHub promises none.
func sorted(v []draftVulnerability) []draftVulnerability {
	return slices.SortedFunc(slices.Values(v), func(a, b draftVulnerability) int {
		return cmp.Or(cmp.Compare(a.Package.Ecosystem, b.Package.Ecosystem), cmp.Compare(a.Package.Name, b.Package.Name),
			cmp.Compare(a.Range, b.Range), cmp.Compare(a.Patched, b.Patched))
	})
}

// refused adds what a person can do about a missing permission.
func (w draftWork) refused(err error, doing string, args ...any) error {
	err = explain(err, doing, args...)
	if code := status(err); outcome(err) == tocsin.OutcomePermanent && (code == http.StatusForbidden || code == http.StatusNotFound) {
		return explain(err, "%s", w.permission())
	}
	return err
}

func (w draftWork) permission() string {
	return fmt.Sprintf("the token needs the permission repository_advisories:write, and its user must be an admin or security manager of %s",
		w.action.Repository)
}
