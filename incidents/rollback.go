package incidents

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// rollBack proposes to go back to a version, or to stay with it. Another person must agree before release gates honour it.
func (a *act) rollBack() error {
	ecosystem, name, ok := strings.Cut(a.c.Package, "/")
	if !ok || ecosystem == "" || name == "" {
		return fmt.Errorf("%w: package: %q: want ecosystem/name, such as npm/debug", tocsin.ErrInvalid, a.c.Package)
	}
	if !a.c.Until.After(a.now) || a.c.Until.After(a.now.Add(maxRollback)) {
		return fmt.Errorf("%w: until: a rollback is looked at again within %d days", tocsin.ErrInvalid, maxRollback/tocsin.Day)
	}
	for _, slug := range a.c.Projects {
		if !slices.ContainsFunc(a.inc.Projects, func(p tocsin.IncidentProject) bool { return p.Slug == slug }) {
			return fmt.Errorf("project %s in %s: %w", slug, a.inc.Key, tocsin.ErrNotFound)
		}
	}
	if len(a.inc.Rollbacks) >= maxMany {
		return fmt.Errorf("%w: there are %d rollbacks", tocsin.ErrConflict, maxMany)
	}
	a.inc.Rollbacks = append(a.inc.Rollbacks, tocsin.Rollback{
		Package: a.c.Package, Version: a.c.Version, Projects: slices.Clone(a.c.Projects), Reason: a.c.Reason, ProposedBy: a.c.By, At: a.now, Until: a.c.Until,
	})
	a.say(tocsin.EventRollback, "proposed rollback %d: %s to %s until %s%s", len(a.inc.Rollbacks), a.c.Package, a.c.Version, moment(a.c.Until), a.because())
	return nil
}

const maxRollback = 90 * tocsin.Day

func (a *act) rollback() (*tocsin.Rollback, error) {
	if a.c.Number < 1 || a.c.Number > len(a.inc.Rollbacks) {
		return nil, fmt.Errorf("rollback %d: %w", a.c.Number, tocsin.ErrNotFound)
	}
	r := &a.inc.Rollbacks[a.c.Number-1]
	if !r.EndedAt.IsZero() {
		return nil, fmt.Errorf("%w: rollback %d ended at %s", tocsin.ErrConflict, a.c.Number, moment(r.EndedAt))
	}
	return r, nil
}

func (a *act) approveRollback() error {
	r, err := a.rollback()
	switch {
	case err != nil:
		return err
	case !r.ApprovedAt.IsZero():
		return fmt.Errorf("%w: rollback %d was agreed to at %s", tocsin.ErrConflict, a.c.Number, moment(r.ApprovedAt))
	case r.ProposedBy.ID == a.c.By.ID:
		return fmt.Errorf("%w: %s proposed rollback %d: another person must agree", tocsin.ErrForbidden, a.c.By.Name, a.c.Number)
	case !a.now.Before(r.Until):
		return fmt.Errorf("%w: rollback %d was to end at %s", tocsin.ErrConflict, a.c.Number, moment(r.Until))
	}
	r.ApprovedBy, r.ApprovedAt = a.c.By, a.now
	a.say(tocsin.EventRollback, "agreed to rollback %d: %s to %s", a.c.Number, r.Package, r.Version)
	return nil
}

func (a *act) endRollback() error {
	r, err := a.rollback()
	if err != nil {
		return err
	}
	r.EndedAt = a.now
	a.say(tocsin.EventRollback, "ended rollback %d%s", a.c.Number, a.because())
	return nil
}
