package incidents

import (
	"fmt"
	"slices"

	"github.com/tocsin-dev/tocsin"
)

// request has the forge asked for something for the advisory drafts of projects.
func (a *act) request() error {
	what := a.c.Request
	if !slices.Contains(tocsin.AdvisoryRequests(), what) {
		return fmt.Errorf("%w: request: %q: want one of %q", tocsin.ErrInvalid, what, tocsin.AdvisoryRequests())
	}
	if what == tocsin.RequestPublication && a.inc.Private() {
		return fmt.Errorf("%w: the incident is under embargo: an advisory is published once it is disclosed", tocsin.ErrConflict)
	}
	for _, slug := range a.c.Projects {
		i := slices.IndexFunc(a.inc.Projects, func(p tocsin.IncidentProject) bool { return p.Slug == slug })
		switch {
		case i < 0:
			return fmt.Errorf("%w: projects: %q is not part of the incident", tocsin.ErrInvalid, slug)
		case !drafts(a.inc, a.rules.Projects[slug]):
			return fmt.Errorf("%w: projects: %s has no advisory draft: it did not opt in to one, or to issues, or the incident is no emergency", tocsin.ErrConflict, slug)
		case what == tocsin.RequestCVE && a.rules.Projects[slug].Visibility != tocsin.VisibilityPublic:
			return fmt.Errorf("%w: projects: the repository of %s is private: GitHub gives ids for public ones only; ask another CVE numbering authority, and write the id into the advisory",
				tocsin.ErrConflict, slug)
		case slices.ContainsFunc(a.inc.Projects[i].Asked, func(r tocsin.AskedFor) bool { return r.Request == what }):
			return fmt.Errorf("%w: projects: the %s was asked for already for %s", tocsin.ErrConflict, what, slug)
		}
		a.inc.Projects[i].Asked = append(slices.Clone(a.inc.Projects[i].Asked), tocsin.AskedFor{Request: what, By: a.c.By, At: a.now})
		a.say(tocsin.EventNote, "has the forge asked for the %s of the advisory draft%s", what, a.because()).Project = slug
	}
	return nil
}

// drafts says whether an incident may have an advisory draft for a project.
func drafts(inc tocsin.Incident, p tocsin.Project) bool {
	return p.OptIn.AdvisoryDraft && inc.Urgency == tocsin.UrgencyEmergency && unheard(inc, p) == ""
}

// requests are what the forge is asked for the draft of a project. Two people agree to what others see.
func requests(v view, p tocsin.Project, draft tocsin.Action) ([]tocsin.Action, error) {
	var out []tocsin.Action
	for _, r := range v.Project.Asked {
		if r.Request == tocsin.RequestPublication && v.Incident.Private() {
			continue // it was asked for before the embargo
		}
		a, err := tocsin.NewAction(tocsin.ActionRequest, fmt.Sprintf("request/%s/%s/%s", v.Incident.Key, p.Slug, r.Request), tocsin.RequestPayload{Request: r.Request})
		if err != nil {
			return nil, err
		}
		a = address(a, p, v.Incident)
		if r.Request != tocsin.RequestPublication { // nobody reads more of the draft by it
			a.Audience, a.TLP = draft.Audience, draft.TLP
		}
		if r.Request.Final() {
			a.Approvals = draftApprovals
		}
		a.After = draft.Key
		out = append(out, a)
	}
	return out, nil
}
