package incidents

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// askedAgain is how often it is written down that the forge says the same again.
const askedAgain = time.Hour

// LearnChecks takes in what the forge says of the commits that show projects clear, by slug. A later commit takes the place of the one that is
// there, so that a repair counts. An answer about an earlier one is passed over, and so is one about a project that is not clear.
func (r Rules) LearnChecks(known []tocsin.Incident, key string, said map[string]tocsin.CommitChecks, now time.Time) ([]Change, error) {
	d, err := r.learner(known, key)
	if err != nil {
		return nil, err
	}
	for i := range d.inc.Projects {
		p := &d.inc.Projects[i]
		one, ok := said[p.Slug]
		if !ok || p.Status != tocsin.ProjectPatched || one.Commit != p.Checks.Commit && !one.Since.After(p.Checks.Since) {
			continue
		}
		before := p.Checks
		before.AskedAt = one.AskedAt
		if p.Checks.AskedAt.IsZero() || one.AskedAt.Sub(p.Checks.AskedAt) >= askedAgain || !reflect.DeepEqual(one, before) {
			p.Checks, d.changed = one, true
		}
	}
	if d.changed {
		r.settle(d, now, byScan)
	}
	return changes([]*draft{d}), nil
}

// Unmet are the criteria that keep the fix of an open incident from counting though all of its projects are clear.
func Unmet(inc tocsin.Incident) []tocsin.Check {
	if inc.State.Over() || slices.ContainsFunc(inc.Projects, func(p tocsin.IncidentProject) bool { return p.Status.Stated() }) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(inc.Checks), func(c tocsin.Check) bool { return c.OK })
}

// repairs are the steps that failed checks ask for.
func repairs(inc tocsin.Incident) []tocsin.Step {
	var out []tocsin.Step
	for _, p := range inc.Projects {
		names := p.Checks.Named(tocsin.CheckFailed)
		if inc.Urgency != tocsin.UrgencyEmergency || p.Status != tocsin.ProjectPatched || len(names) == 0 {
			continue
		}
		what := "the check " + names[0] + " failed"
		if len(names) > 1 {
			what = "the checks " + strings.Join(names[:min(len(names), maxFailed)], ", ") + " failed"
		}
		if more := len(names) - maxFailed; more > 0 {
			what = strings.TrimSuffix(what, " failed") + fmt.Sprintf(" and %d more failed", more)
		}
		out = append(out, tocsin.Step{ID: "checks", Project: p.Slug, Role: tocsin.RoleRelease,
			Title: p.Slug + ": " + what + " at " + p.Checks.Commit[:min(len(p.Checks.Commit), shownCommit)] + ", the commit that shows it clear: repair it"})
	}
	return out
}

// maxFailed bounds the checks that a step names, shownCommit the hash of a commit: enough to find it by.
const (
	maxFailed   = 5
	shownCommit = 12
)
