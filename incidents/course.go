package incidents

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/tocsin-dev/tocsin"
)

// confirm makes a hold an emergency: a person decided.
func (a *act) confirm() error {
	a.inc.State, a.inc.Urgency = tocsin.StateDetected, tocsin.UrgencyEmergency
	a.say(tocsin.EventSeverity, "it is an emergency%s", a.because())
	a.news(a.now)
	if r := a.inc.Role(tocsin.RoleCommander); r != nil && r.Holder.ID != "" {
		a.hold(r, r.Holder)
	}
	return nil
}

func (a *act) contain() error {
	a.inc.State = tocsin.StateContained
	a.say(tocsin.EventContained, "it does not grow any more%s", a.because())
	return nil
}

// severity sets how bad it is, up or down. Only people take it down.
func (a *act) severity() error {
	if err := a.c.Severity.Validate(); err != nil {
		return fmt.Errorf("severity: %w", err)
	}
	if a.c.Severity == a.inc.Severity {
		return fmt.Errorf("%w: severity is %s already", tocsin.ErrConflict, a.inc.Severity)
	}
	a.say(tocsin.EventSeverity, "severity is %s, was %s%s", a.c.Severity, cmp.Or(a.inc.Severity, "not set"), a.because())
	if tocsin.CompareLevels(a.c.Severity, a.inc.Severity) > 0 {
		a.news(a.now)
	}
	a.inc.Severity = a.c.Severity
	return nil
}

// standDown ends what was no emergency. Everybody who was told is told that.
func (a *act) standDown() error {
	a.inc.State, a.inc.ResolvedAt = tocsin.StateStoodDown, a.now
	for i := range a.inc.Projects {
		if p := &a.inc.Projects[i]; p.Status == tocsin.ProjectAffected {
			p.Status, p.ClearedAt, p.Evidence = tocsin.ProjectCorrected, a.now, "stood down"+a.because()
		}
	}
	a.say(tocsin.EventStoodDown, "stood down; everyone who was told gets a correction%s", a.because())
	return nil
}

// resolve ends an incident by hand: where nothing is affected by a scan's word any more, or nothing ever was that a scan sees.
func (a *act) resolve() error {
	for _, p := range a.inc.Projects {
		if p.Status.Harmed() {
			return fmt.Errorf("%w: project %s is %s: it is over when nothing is", tocsin.ErrConflict, p.Slug, p.Status)
		}
	}
	if a.inc.ValidatedAt.IsZero() {
		a.inc.ValidatedAt = a.now
	}
	a.inc.State, a.inc.ResolvedAt = tocsin.StateResolved, a.now
	a.say(tocsin.EventResolved, "it is over%s", a.because())
	return nil
}

func (a *act) reopen() error {
	was := a.inc.State
	a.inc.State = tocsin.StateReopened
	a.inc.ResolvedAt, a.inc.ValidatedAt, a.inc.ReopenedAt = zero, zero, a.now
	for i := range a.inc.Projects {
		if p := &a.inc.Projects[i]; was == tocsin.StateStoodDown && p.Status == tocsin.ProjectCorrected { // no scan had said so
			p.Status, p.ClearedAt, p.Evidence = tocsin.ProjectAffected, zero, ""
			p.Round++
		}
	}
	a.afresh(a.now)
	a.promise(a.rules, a.now)
	a.say(tocsin.EventReopened, "was %s%s", was, a.because())
	return nil
}

// maxStated is how far ahead the end of what people state may lie.
const maxStated = 366 * tocsin.Day

// setStatus says what a project's state is where a scan cannot: mitigated, accepted, or unreachable. A scan still has the last word on
// what it sees.
func (a *act) setStatus() error {
	if !a.c.Status.Stated() {
		return fmt.Errorf("%w: status: %q: want one of %q; the others are for scans to say", tocsin.ErrInvalid, a.c.Status,
			[]tocsin.ProjectStatus{tocsin.ProjectMitigated, tocsin.ProjectAccepted, tocsin.ProjectUnaffected, tocsin.ProjectUnreachable, tocsin.ProjectAffected})
	}
	if unaffected := a.c.Status == tocsin.ProjectUnaffected; unaffected || a.c.Justification != "" {
		if err := a.c.Justification.Validate(); err != nil || !unaffected {
			return errors.Join(fmt.Errorf("%w: justification: why projects are unaffected, and nothing else, is one of the five of VEX", tocsin.ErrInvalid), err)
		}
	}
	if u := a.c.Until; !u.IsZero() && (a.c.Status == tocsin.ProjectAffected || !u.After(a.now) || u.After(a.now.Add(maxStated))) {
		return fmt.Errorf("%w: until: want a time within %d days, for what is not affected", tocsin.ErrInvalid, maxStated/tocsin.Day)
	}
	for _, slug := range a.c.Projects {
		i := slices.IndexFunc(a.inc.Projects, func(p tocsin.IncidentProject) bool { return p.Slug == slug })
		if i < 0 {
			return fmt.Errorf("project %s in %s: %w", slug, a.inc.Key, tocsin.ErrNotFound)
		}
		p := &a.inc.Projects[i]
		if !p.Status.Stated() {
			return fmt.Errorf("%w: project %s is %s: a scan said so", tocsin.ErrConflict, slug, p.Status)
		}
		if p.Status == a.c.Status && p.Until.Equal(a.c.Until) {
			continue
		}
		was, how := p.Status, ""
		if a.c.Justification != "" {
			how = " (" + string(a.c.Justification) + ")"
		}
		if !a.c.Until.IsZero() {
			how += " until " + moment(a.c.Until)
		}
		p.Status, p.Until, p.Evidence = a.c.Status, a.c.Until, a.c.By.Name+" stated"+how+a.because()
		a.say(tocsin.EventCleared, "is %s%s, was %s%s", p.Status, how, was, a.because()).Project = slug
	}
	return nil
}

// merge gives all that an incident has to another, which goes on with it.
func (a *act) merge() error {
	i := slices.IndexFunc(a.all, func(d *draft) bool { return d.inc.Key == a.c.Into })
	switch {
	case i < 0:
		return fmt.Errorf("into: incident %s: %w", a.c.Into, tocsin.ErrNotFound)
	case a.all[i] == a.draft:
		return fmt.Errorf("%w: into: an incident is not merged into itself", tocsin.ErrInvalid)
	case a.all[i].inc.State.Over():
		return fmt.Errorf("%w: into: incident %s is %s", tocsin.ErrConflict, a.c.Into, a.all[i].inc.State)
	case a.all[i].inc.Group != a.inc.Group:
		return fmt.Errorf("%w: into: incident %s is of another group", tocsin.ErrInvalid, a.c.Into)
	case a.inc.Private() && !a.all[i].inc.Private():
		return fmt.Errorf("%w: into: %s is under embargo and %s is not", tocsin.ErrForbidden, a.inc.Key, a.c.Into)
	}
	to := a.all[i]
	for _, p := range a.inc.Projects {
		p.Packages = slices.Clone(p.Packages)
		for i := range p.Packages {
			if pkg := &p.Packages[i]; len(pkg.Classes) == 0 && a.inc.Class.ID != "" {
				pkg.Classes = []string{a.inc.Class.ID}
			}
		}
		i := slices.IndexFunc(to.inc.Projects, func(q tocsin.IncidentProject) bool { return q.Slug == p.Slug })
		if i < 0 {
			to.inc.Projects = append(to.inc.Projects, p)
			continue
		}
		q := &to.inc.Projects[i]
		q.Packages = union(p.Packages, q.Packages)
		if p.Status.Stated() && !q.Status.Stated() {
			q.Status, q.ClearedAt, q.Evidence = p.Status, zero, p.Evidence
		}
		q.Due = earlier(q.Due, p.Due)
	}
	sortProjects(to.inc.Projects)
	to.inc.Also = classes(append(append(slices.Clone(to.inc.Also), a.inc.Also...), a.inc.Class), to.inc.Class)
	if tocsin.CompareLevels(a.inc.Severity, to.inc.Severity) > 0 {
		to.inc.Severity = a.inc.Severity
	}
	to.inc.Due = earlier(to.inc.Due, a.inc.Due)
	to.news(a.now)
	a.on(to, tocsin.EventMerged, "%s was merged into this%s", a.inc.Key, a.because())
	a.inc.State, a.inc.Into, a.inc.ResolvedAt = tocsin.StateMerged, a.c.Into, a.now
	a.say(tocsin.EventMerged, "goes on as %s%s", a.c.Into, a.because())
	return nil
}

// classes drops those that stand twice or are the first one's.
func classes(list []tocsin.Class, first tocsin.Class) []tocsin.Class {
	var out []tocsin.Class
	for _, c := range list {
		if c.ID != "" && c.ID != first.ID && !slices.ContainsFunc(out, func(o tocsin.Class) bool { return o.ID == c.ID }) {
			out = append(out, c)
		}
	}
	return out
}

// split moves projects to an incident of their own, led and told of apart. It has the same cause, and the roles are to be filled anew.
func (a *act) split() error {
	part := clone(a.inc)
	part.Key, part.Version, part.State, part.OpenedAt = unused(a.all, a.inc.Key), 0, tocsin.StateDetected, a.now
	part.Cause = "split from " + a.inc.Key + a.because()
	part.Projects, part.Roles, part.Messages, part.Answers, part.Rollbacks, part.Delegations = nil, nil, nil, nil, nil, nil
	part.Escalation = tocsin.Escalation{}
	part.SplitFrom = a.inc.Key
	for _, r := range tocsin.Roles() {
		part.Roles = append(part.Roles, tocsin.Role{Name: r})
	}
	for _, slug := range a.c.Projects {
		i := slices.IndexFunc(a.inc.Projects, func(p tocsin.IncidentProject) bool { return p.Slug == slug })
		if i < 0 {
			return fmt.Errorf("project %s in %s: %w", slug, a.inc.Key, tocsin.ErrNotFound)
		}
		part.Projects = append(part.Projects, a.inc.Projects[i])
		a.inc.Projects = slices.Delete(a.inc.Projects, i, i+1)
	}
	if len(a.inc.Projects) == 0 {
		return fmt.Errorf("%w: projects: one at least stays", tocsin.ErrInvalid)
	}
	sortProjects(part.Projects)
	d := &draft{inc: part}
	a.all = append(a.all, d)
	a.on(d, tocsin.EventSplit, "split from %s with %s%s", a.inc.Key, count(len(part.Projects), "project"), a.because())
	a.say(tocsin.EventSplit, "%s went to %s%s", count(len(part.Projects), "project"), part.Key, a.because())
	return nil
}
