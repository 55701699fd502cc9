package incidents

import (
	"fmt"
	"slices"

	"time"

	"github.com/tocsin-dev/tocsin"
)

// Declare opens an emergency that no advisory is behind: a leaked secret, a maintainer who was taken over, a registry that is down.
// known are all incidents, so that no key stands twice.
func (r Rules) Declare(known []tocsin.Incident, d tocsin.Declaration, now time.Time) (Change, error) {
	book, ok := r.Playbooks[d.Playbook]
	switch {
	case d.By.ID == "":
		return Change{}, fmt.Errorf("%w: declare: nobody says who does it", tocsin.ErrForbidden)
	case !ok:
		return Change{}, fmt.Errorf("%w: playbook: there is no %q: want one of %q", tocsin.ErrInvalid, d.Playbook, sorted(r.Playbooks))
	case d.Title == "" || len(d.Title) > maxShort:
		return Change{}, fmt.Errorf("%w: title: want one of up to %d bytes", tocsin.ErrInvalid, maxShort)
	case d.Reason == "" || len(d.Reason) > maxReason:
		return Change{}, fmt.Errorf("%w: reason: want one of up to %d bytes", tocsin.ErrInvalid, maxReason)
	case len(d.Projects) > maxMany:
		return Change{}, fmt.Errorf("%w: projects: more than %d", tocsin.ErrInvalid, maxMany)
	}
	if err := d.Severity.Validate(); err != nil {
		return Change{}, err
	}
	a := act{rules: r, now: now, c: tocsin.Command{By: d.By, Source: d.Source, Reason: d.Reason}}
	for _, inc := range known {
		a.all = append(a.all, &draft{inc: inc})
	}
	key := r.prefix() + now.UTC().Format(time.DateOnly) + "-" + word(d.Playbook)
	if d.Group != "" {
		key += "-" + word(d.Group)
	}
	a.draft = &draft{inc: tocsin.Incident{
		Key: unused(a.all, key), State: tocsin.StateDetected, Urgency: tocsin.UrgencyEmergency, Severity: d.Severity, Group: d.Group,
		Class: tocsin.Class{Kind: tocsin.KindEvent, Summary: d.Title, Private: d.Private}, Playbook: book.Name, PlaybookVersion: book.Version, OpenedAt: now, Cause: d.Reason, DeclaredBy: d.By,
	}}
	equip(&a.inc, r, now)
	for _, slug := range slices.Compact(slices.Sorted(slices.Values(d.Projects))) {
		a.inc.Projects = append(a.inc.Projects, tocsin.IncidentProject{Slug: slug, Status: tocsin.ProjectAffected, Since: now, Rule: d.Reason, Round: 1})
	}
	a.say(tocsin.EventDeclared, "declared an emergency, severity %s: %s%s", d.Severity, d.Title, a.because())
	a.inc.Version = 1
	return Change{Incident: a.inc, Events: a.events}, nil
}
