package incidents

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// A Decided is a rollback that holds for a project, and where it was decided.
type Decided struct {
	Incident string
	// Number of the rollback in the incident, from 1.
	Number int
	tocsin.Rollback
}

// InForce lists the rollbacks that hold for a project now, by incident. Those of incidents that only insiders may know of are left out
// unless embargoed.
func InForce(known []tocsin.Incident, project string, embargoed bool, now time.Time) []Decided {
	var out []Decided
	for _, inc := range known {
		if inc.Private() && !embargoed || !slices.ContainsFunc(inc.Projects, func(p tocsin.IncidentProject) bool { return p.Slug == project }) {
			continue
		}
		for i, r := range inc.Rollbacks {
			if r.Holds(now) && (len(r.Projects) == 0 || slices.Contains(r.Projects, project)) {
				out = append(out, Decided{inc.Key, i + 1, r})
			}
		}
	}
	slices.SortFunc(out, func(a, b Decided) int {
		return cmp.Or(strings.Compare(a.Incident, b.Incident), cmp.Compare(a.Number, b.Number))
	})
	return out
}

// about says whether a package is the one that the decision is about, whatever its version.
func (d Decided) about(p tocsin.Package) bool {
	ecosystem, name, _ := strings.Cut(d.Package, "/")
	return purl.Base(p.Ecosystem) == purl.Base(ecosystem) && purl.Key(p.Ecosystem, p.Name) == purl.Key(ecosystem, name)
}

// Strays are the packages of an inventory that a decision forbids: another version than the one to stay with.
func (d Decided) Strays(packages []tocsin.Package) []tocsin.Package {
	var out []tocsin.Package
	for _, p := range packages {
		if d.about(p) && p.Version != d.Version {
			out = append(out, p)
		}
	}
	return out
}

// Excuse is what the decision says about a finding, if it says anything: who agreed to stay with the version accepted what was known of it
// then. What became known since was not decided, and fails as it would.
func (d Decided) Excuse(f tocsin.Finding, project string) (tocsin.Exception, bool) {
	if !d.about(f.Package) || f.Package.Version != d.Version || f.Class.Published.IsZero() || f.Class.Published.After(d.ApprovedAt) {
		return tocsin.Exception{}, false
	}
	return tocsin.Exception{
		Kind: tocsin.ExceptionAccepted, Class: f.Class.ID, Package: f.Package.Name + "@" + f.Package.Version, Project: project,
		Reason: fmt.Sprintf("rollback %d of %s: %s", d.Number, d.Incident, d.Reason), Owner: d.ApprovedBy.Name, Expires: d.Until.UTC().Truncate(tocsin.Day), Source: d.Incident,
	}, true
}

// Says is the decision in a line.
func (d Decided) Says() string {
	return fmt.Sprintf("%s stays at %s until %s (rollback %d of %s, %s agreed: %s)", d.Package, d.Version, moment(d.Until), d.Number, d.Incident, d.ApprovedBy.Name, d.Reason)
}
