package web

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// A Project is one of the portfolio, as it is told.
type Project struct {
	tocsin.Project
	Source  Source               `json:"source"`
	Managed tocsin.Managed       `json:"managed"`
	Status  tocsin.ProjectReport `json:"status"`
}

// A ProjectInput is what a project is to be.
type ProjectInput struct {
	tocsin.Project
	Source Source `json:"source"`
}

// A Source is where a project's inventories come from.
type Source struct {
	Kind     tocsin.SourceKind `json:"kind"`
	Location string            `json:"location,omitempty"`
	Ref      string            `json:"ref,omitempty"`
	Folder   string            `json:"folder,omitempty"`
	// Every is how often to look, as "6h" or "90m"; missing: as the service does by default.
	Every        string `json:"every,omitempty"`
	Reachability bool   `json:"reachability,omitempty"`
}

func shownProject(w tocsin.Watched) Project {
	s := w.Source
	out := Project{Project: w.Project, Managed: w.Managed, Status: w.Status, Source: Source{
		Kind: s.Kind, Location: s.Location, Ref: s.Ref, Folder: s.Folder, Reachability: s.Reachability,
	}}
	if s.Every != 0 {
		out.Source.Every = s.Every.String()
	}
	return out
}

func (c *call) listProjects(ctx context.Context) (answer, error) {
	after, limit, err := c.listing()
	if err != nil {
		return answer{}, err
	}
	v, err := c.sight(ctx)
	if err != nil {
		return answer{}, err
	}
	var items []Project
	for len(items) <= limit {
		// What is filtered out here makes no page shorter.
		q := store.ProjectQuery{After: after, Limit: maxPage}
		if !v.All {
			if q.Slugs = nextSlugs(v, after, maxPage); len(q.Slugs) == 0 {
				break
			}
		}
		batch, err := c.api.store.Projects(ctx, q)
		if err != nil {
			return answer{}, err
		}
		for _, w := range batch {
			if matches(c.query["group"], w.Group) && matches(c.query["criticality"], string(w.Criticality)) && matches(c.query["source"], string(w.Source.Kind)) {
				items = append(items, shownProject(w))
			}
		}
		if len(q.Slugs) == 0 && len(batch) < maxPage {
			break
		}
		if after = last(q.Slugs, batch); after == "" {
			break
		}
	}
	return answer{body: paged(c, items, limit, func(p Project) string { return p.Slug })}, nil
}

func matches(want, got string) bool { return want == "" || want == got }

// nextSlugs are the first of those that are seen after one.
func nextSlugs(v store.Sight, after string, n int) []string {
	var out []string
	for slug := range v.Projects {
		if slug > after {
			out = append(out, slug)
		}
	}
	slices.Sort(out)
	return out[:min(n, len(out))]
}

func last(slugs []string, batch []tocsin.Watched) string {
	switch {
	case len(slugs) > 0:
		return slugs[len(slugs)-1]
	case len(batch) > 0:
		return batch[len(batch)-1].Slug
	default:
		return ""
	}
}

func (c *call) getProject(context.Context) (answer, error) {
	return answer{body: shownProject(*c.project)}, nil
}

func (c *call) putProject(ctx context.Context) (answer, error) {
	var in ProjectInput
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	slug := c.r.PathValue("slug")
	w, err := in.watched(slug)
	if err != nil {
		return answer{}, err
	}
	if !c.who.May(tocsin.MayManage, w.Project) {
		return answer{}, fault(tocsin.ErrForbidden, "/group", "name a group whose projects you manage", "You do not manage projects of the group %q.", clip(w.Group))
	}
	// Who may not do it leaves no entry, and what is in the way is told first.
	if err := c.unchanged(c.project); err != nil {
		return answer{}, err
	}
	if err := c.note(ctx, slug, w); err != nil {
		return answer{}, err
	}
	status := 200
	err = c.api.store.ChangeProject(ctx, slug, c.now, func(before *tocsin.Watched) (tocsin.Watched, error) {
		if before == nil {
			status = 201
		} else if !c.who.May(tocsin.MayManage, before.Project) { // somebody made it meanwhile
			return w, tocsin.ErrForbidden
		}
		return w, c.unchanged(before)
	})
	if err != nil {
		return answer{}, err
	}
	now, err := c.api.store.Project(ctx, slug)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: status, body: shownProject(now), header: map[string][]string{"Etag": {tagOf(shownProject(now))}}}
	return a, nil
}

// unchanged checks what the request says of the project as it is.
func (c *call) unchanged(before *tocsin.Watched) error {
	match, none := c.r.Header.Values("If-Match"), c.r.Header.Values("If-None-Match")
	switch {
	case before == nil && len(match) > 0:
		return fault(errPrecondition, "If-Match", "leave If-Match away to make it", "There is no such project.")
	case before == nil:
		return nil
	case before.Managed == tocsin.ManagedFile:
		return fault(tocsin.ErrConflict, "", "change it there", "The project stands in the configuration file of the service.")
	case len(match) > 0 && !hasTag(match, tagOf(shownProject(*before))), len(none) > 0 && hasTag(none, tagOf(shownProject(*before))):
		return errPrecondition
	}
	return nil
}

// tagOf is the tag that reading a thing gives.
func tagOf(v any) string {
	var b bytes.Buffer
	_ = encode(&b, v) // texts and times cannot fail
	return etag(b.Bytes())
}

func (in ProjectInput) watched(slug string) (tocsin.Watched, error) {
	w := tocsin.Watched{Project: in.Project, Managed: tocsin.ManagedAPI, Source: tocsin.ProjectSource{
		Kind: in.Source.Kind, Location: in.Source.Location, Ref: in.Source.Ref, Folder: in.Source.Folder, Reachability: in.Source.Reachability,
	}}
	if in.Slug != "" && in.Slug != slug {
		return w, invalid("/slug", "leave it away, or send it to the other address", "it is %q and the address has %q", clip(in.Slug), clip(slug))
	}
	w.Slug = slug
	if in.Source.Every != "" {
		d, err := time.ParseDuration(in.Source.Every)
		if err != nil || d < time.Minute {
			return w, invalid("/source/every", `write it as "6h" or "90m"`, "want a duration of at least a minute")
		}
		w.Source.Every = d
	}
	for field, text := range map[string]string{
		"/group": w.Group, "/publishes": w.Publishes, "/source/ref": w.Source.Ref, "/source/folder": w.Source.Folder, "/source/location": w.Source.Location,
		"/owners": strings.Join(w.Owners, " "),
	} {
		if !printable(text) || len(text) > maxParameter {
			return w, invalid(field, "", "it is no text of at most %d bytes without control characters", maxParameter)
		}
	}
	if err := w.Validate(); err != nil {
		return w, err
	}
	if err := w.Source.Validate(); err != nil {
		return w, err
	}
	return w, foreign(w.Source)
}

// foreign refuses sources that would read this machine: only who writes its configuration may say that.
func foreign(s tocsin.ProjectSource) error {
	if s.Kind == tocsin.SourcePath {
		return invalid("/source/kind", "write the project into the configuration file", "a path on the machine of the service cannot be set from outside")
	}
	if s.Kind != tocsin.SourceURL && s.Kind != tocsin.SourceGit {
		return nil
	}
	u, err := url.Parse(s.Location)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return invalid("/source/location", "", "want an address that begins with https://")
	case u.User != nil:
		return invalid("/source/location", "write the project into the configuration file, which names secrets without holding them", "an address with a user or password would be shown to all who read the project")
	}
	return nil
}

func (c *call) deleteProject(ctx context.Context) (answer, error) {
	if err := c.unchanged(c.project); err != nil {
		return answer{}, err
	}
	if err := c.note(ctx, c.project.Slug, nil); err != nil {
		return answer{}, err
	}
	return answer{status: 204}, c.api.store.RemoveProject(ctx, c.project.Slug, c.now)
}

func (c *call) rescan(ctx context.Context) (answer, error) {
	if k := c.project.Source.Kind; k == "" || k == tocsin.SourceUpload {
		return answer{}, fault(tocsin.ErrConflict, "", "send an inventory", "The project has no source to look at: its inventories are sent.")
	}
	if err := c.note(ctx, c.project.Slug, nil); err != nil {
		return answer{}, err
	}
	if err := c.api.parts.Engine.Look(ctx, c.project.Slug); err != nil {
		return answer{}, fmt.Errorf("asking for a look at %s: %w", c.project.Slug, err)
	}
	return answer{status: 202, body: Accepted{Project: c.project.Slug}}, nil
}

// Accepted says that something will be done soon.
type Accepted struct {
	Project string `json:"project"`
}
