package web

import (
	"context"
	"errors"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// A Finding is a decision that stands, without what explains it.
type Finding struct {
	Project string        `json:"project"`
	Class   FindingClass  `json:"class"`
	Package FoundPackage  `json:"package"`
	Status  tocsin.Status `json:"status"`
	Match   tocsin.Match  `json:"match,omitempty"`
	// Reason says why the status is unknown, or the match only possible.
	Reason   string          `json:"reason,omitempty"`
	Gate     tocsin.Gate     `json:"gate"`
	Response tocsin.Response `json:"response"`
	Severity tocsin.Level    `json:"severity,omitempty"`
	Due      time.Time       `json:"due,omitzero"`
	Fixed    []string        `json:"fixed,omitempty"`
	Upgrade  string          `json:"upgrade,omitempty"`
	// FirstAt is when the class was first found in the project, DecidedAt since when it is decided so.
	FirstAt   time.Time `json:"first_at"`
	DecidedAt time.Time `json:"decided_at"`
}

// A FindingClass is a vulnerability class in short.
type FindingClass struct {
	ID      string      `json:"id"`
	Aliases []string    `json:"aliases"`
	Kind    tocsin.Kind `json:"kind"`
	Summary string      `json:"summary,omitempty"`
	URL     string      `json:"url,omitempty"`
	Private bool        `json:"private,omitempty"`
}

// A FoundPackage is a package in short.
type FoundPackage struct {
	Ecosystem string          `json:"ecosystem"`
	Name      string          `json:"name"`
	Version   string          `json:"version"`
	PURL      string          `json:"purl,omitempty"`
	Relation  tocsin.Relation `json:"relation,omitempty"`
	Scope     tocsin.Scope    `json:"scope,omitempty"`
}

// A Decided is a decision for the time that it stood.
type Decided struct {
	Decision tocsin.Decision `json:"decision"`
	FirstAt  time.Time       `json:"first_at"`
	// EndedAt is when something else took its place; missing while it stands.
	EndedAt time.Time `json:"ended_at,omitzero"`
}

func finding(r store.DecisionRow) Finding {
	d, f := r.Decision, r.Decision.Finding
	p, k := f.Package, f.Class
	aliases := k.Aliases
	if aliases == nil {
		aliases = []string{}
	}
	return Finding{
		Project: d.Project, Status: f.Status, Match: f.Match, Reason: f.Reason, Gate: d.Gate, Response: d.Response, Severity: d.Severity, Due: d.Due,
		Fixed: f.Fixed, Upgrade: f.Upgrade, FirstAt: r.FirstAt, DecidedAt: d.At,
		Class:   FindingClass{ID: k.ID, Aliases: aliases, Kind: k.Kind, Summary: k.Summary, URL: k.URL, Private: k.Private},
		Package: FoundPackage{Ecosystem: p.Ecosystem, Name: p.Name, Version: p.Version, PURL: p.PURL, Relation: p.Relation, Scope: p.Scope},
	}
}

// decisions are those that the query's filters let through.
func (c *call) decisions(ctx context.Context, q store.DecisionQuery) ([]store.DecisionRow, int, error) {
	after, limit, err := c.listing()
	if err != nil {
		return nil, 0, err
	}
	if q.Sight, err = c.sight(ctx); err != nil {
		return nil, 0, err
	}
	q.After, q.Limit = after, limit+1
	q.Gravest = c.query["order"] == "gravest"
	q.Ecosystem, q.Package = c.query["ecosystem"], c.query["package"]
	q.Status, q.Gate, q.Response = tocsin.Status(c.query["status"]), tocsin.Gate(c.query["gate"]), tocsin.Response(c.query["response"])
	if id := c.query["class"]; id != "" {
		if q.Class, err = c.classID(ctx, id); err != nil {
			return nil, 0, err
		}
	}
	rows, err := c.api.store.Listed(ctx, q)
	return rows, limit, err
}

// classID is the id of the class that an advisory belongs to, or the advisory's own where none is known.
func (c *call) classID(ctx context.Context, id string) (string, error) {
	class, err := c.api.parts.Engine.Class(ctx, id)
	if errors.Is(err, tocsin.ErrNotFound) {
		return id, nil
	}
	return class.ID, err
}

func (c *call) listFindings(ctx context.Context) (answer, error) {
	rows, limit, err := c.decisions(ctx, store.DecisionQuery{Project: c.query["project"]})
	if err != nil {
		return answer{}, err
	}
	return answer{body: findingsPage(c, rows, limit)}, nil
}

func findingsPage(c *call, rows []store.DecisionRow, limit int) Page[Finding] {
	page := paged(c, rows, limit, func(r store.DecisionRow) string { return r.Place })
	out := Page[Finding]{Items: []Finding{}, Next: page.Next}
	for _, r := range page.Items {
		out.Items = append(out.Items, finding(r))
	}
	return out
}

func (c *call) listDecisions(ctx context.Context) (answer, error) {
	rows, limit, err := c.decisions(ctx, store.DecisionQuery{Project: c.project.Slug, Past: c.query["past"] == "true"})
	if err != nil {
		return answer{}, err
	}
	page := paged(c, rows, limit, func(r store.DecisionRow) string { return r.Place })
	out := Page[Decided]{Items: []Decided{}, Next: page.Next}
	for _, r := range page.Items {
		out.Items = append(out.Items, Decided{Decision: r.Decision, FirstAt: r.FirstAt, EndedAt: r.EndedAt})
	}
	return answer{body: out}, nil
}

// An Advisory is a class with where it is found.
type Advisory struct {
	Class    tocsin.Class  `json:"class"`
	Findings Page[Finding] `json:"findings"`
}

func (c *call) getAdvisory(ctx context.Context) (answer, error) {
	out, _, err := c.advisory(ctx)
	return answer{body: out}, err
}

// AdvisoryRevisions are what became of the records of a class, the newest first; the last fifty of each.
type AdvisoryRevisions struct {
	Items []tocsin.AdvisoryRevision `json:"items"`
}

func (c *call) getAdvisoryRevisions(ctx context.Context) (answer, error) {
	of, v, err := c.advisory(ctx)
	if err != nil {
		return answer{}, err
	}
	list, err := c.api.parts.Engine.Revisions(ctx, of.Class)
	out := AdvisoryRevisions{Items: []tocsin.AdvisoryRevision{}}
	for _, r := range list {
		if !r.Private || v.Embargoed { // what is public may have records that are not
			out.Items = append(out.Items, r)
		}
	}
	return answer{body: out}, err
}

// advisory is the class that the path names, as far as they may see it.
func (c *call) advisory(ctx context.Context) (out Advisory, v store.Sight, err error) {
	id := c.r.PathValue("id")
	if !printable(id) {
		return out, v, tocsin.ErrNotFound
	}
	class, err := c.api.parts.Engine.Class(ctx, id)
	known := err == nil
	if !known {
		if !errors.Is(err, tocsin.ErrNotFound) {
			return out, v, err
		}
		class.ID = id
	}
	rows, limit, err := c.decisions(ctx, store.DecisionQuery{Class: class.ID})
	if err != nil {
		return out, v, err
	}
	v, err = c.sight(ctx)
	switch {
	case err != nil:
		return out, v, err
	case !known && len(rows) > 0: // it was withdrawn, or is no advisory's
		class = rows[0].Decision.Finding.Class
	case !known, class.Private && !v.Embargoed && len(rows) == 0:
		return out, v, tocsin.ErrNotFound
	}
	return Advisory{Class: class, Findings: findingsPage(c, rows, limit)}, v, nil
}
