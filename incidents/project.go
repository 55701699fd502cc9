package incidents

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// affect records that a project is affected, as a run saw it.
func (f *folder) affect(d *draft, s Sighting) {
	decisions := found(s, d.inc)
	now := packages(decisions, d.inc.Class)
	slug := s.Project.Slug
	if d.inc.State == tocsin.StateFixValidated {
		d.inc.State, d.inc.ValidatedAt = tocsin.StateReopened, zero
		f.event(d, tocsin.EventReopened, slug, "was fix validated; affected again")
	}
	i := slices.IndexFunc(d.inc.Projects, func(p tocsin.IncidentProject) bool { return p.Slug == slug })
	if i < 0 {
		if d.inc.Version > 0 { // who is there from the start stands in the opening
			d.news(f.now)
			f.event(d, tocsin.EventGrew, slug, "joined, affected through "+list(now))
		}
		d.changed = true
		d.inc.Projects = append(d.inc.Projects, tocsin.IncidentProject{
			Slug: slug, Status: tocsin.ProjectAffected, Packages: now, Due: due(decisions), Rule: cause(decisions[0].Reason),
			Since: f.now, Inventory: s.Inventory.Digest, Round: 1,
		})
		return
	}
	p := &d.inc.Projects[i]
	if !p.Status.Stated() {
		p.Status, p.Packages, p.Inventory, p.Round = tocsin.ProjectAffected, now, s.Inventory.Digest, p.Round+1
		p.Since, p.Due, p.Rule, p.Evidence, p.ClearedAt, p.Resolved = f.now, due(decisions), cause(decisions[0].Reason), "", time.Time{}, nil
		p.Left, p.Checks = nil, tocsin.CommitChecks{}
		d.news(f.now)
		f.event(d, tocsin.EventRegressed, slug, "affected again through "+list(now))
		return
	}
	if t := earlier(p.Due, due(decisions)); !t.Equal(p.Due) {
		p.Due, p.Rule, d.changed = t, cause(decisions[0].Reason), true
	}
	if !s.Whole { // what was not read may be there still
		now = union(now, p.Packages)
	}
	if reflect.DeepEqual(p.Packages, now) {
		return
	}
	joined, left := minus(now, p.Packages), minus(p.Packages, now)
	if len(joined) > 0 {
		d.news(f.now)
	}
	switch {
	case len(joined) > 0 && len(left) > 0:
		f.event(d, tocsin.EventGrew, slug, "was affected through "+list(left)+", now through "+list(joined))
	case len(joined) > 0:
		f.event(d, tocsin.EventGrew, slug, "now affected through "+list(joined)+" too")
	case len(left) > 0:
		f.event(d, tocsin.EventCleared, slug, "in part: no longer through "+list(left)+", still through "+list(now))
	}
	p.Left = order(append(slices.Clip(p.Left), moved(left, s.Inventory)...))
	p.Left = p.Left[:min(len(p.Left), maxMany)]
	p.Packages, p.Inventory, d.changed = now, s.Inventory.Digest, true
}

// moved gives those of the packages that an inventory does not have: not the advisory changed, but the project.
func moved(list []tocsin.IncidentPackage, inv tocsin.Inventory) []tocsin.IncidentPackage {
	return slices.DeleteFunc(slices.Clone(list), func(p tocsin.IncidentPackage) bool {
		return slices.ContainsFunc(inv.Packages, func(q tocsin.Package) bool {
			return p.Ecosystem == q.Ecosystem && p.Name == q.Name && p.Version == q.Version
		})
	})
}

// id is what makes a package of an incident the same one.
func id(p tocsin.IncidentPackage) string { return p.Ecosystem + "\x00" + p.Name + "\x00" + p.Version }

// minus gives the packages of a that are not in b.
func minus(a, b []tocsin.IncidentPackage) []tocsin.IncidentPackage {
	return slices.DeleteFunc(slices.Clone(a), func(p tocsin.IncidentPackage) bool {
		return slices.ContainsFunc(b, func(q tocsin.IncidentPackage) bool { return id(p) == id(q) })
	})
}

// union gives the packages of a, and those of b that are not in it.
func union(a, b []tocsin.IncidentPackage) []tocsin.IncidentPackage {
	return order(append(slices.Clone(a), minus(b, a)...))
}

// order sorts packages by name and version and drops those that stand twice.
func order(list []tocsin.IncidentPackage) []tocsin.IncidentPackage {
	slices.SortStableFunc(list, func(a, b tocsin.IncidentPackage) int { return strings.Compare(id(a), id(b)) })
	return slices.CompactFunc(list, func(a, b tocsin.IncidentPackage) bool { return id(a) == id(b) })
}

// packages gives the affected packages of the decisions, in the order of name and version.
func packages(decisions []tocsin.Decision, own tocsin.Class) []tocsin.IncidentPackage {
	var out []tocsin.IncidentPackage
	classes, reach := map[string][]string{}, map[string]tocsin.Reach{}
	for _, d := range decisions {
		f := d.Finding
		p := tocsin.IncidentPackage{Ecosystem: f.Package.Ecosystem, Name: f.Package.Name, Version: f.Package.Version, Match: f.Match, Upgrade: f.Upgrade}
		for _, e := range f.Evidence {
			switch {
			case e.Version != "":
				p.Evidence = append(p.Evidence, e.Advisory+" lists "+e.Version)
			default:
				p.Evidence = append(p.Evidence, e.Advisory+" names "+e.Range)
			}
		}
		if f.Status == tocsin.StatusUnknown {
			p.Evidence = []string{"it cannot be known: " + f.Reason}
		}
		if len(f.Fixed) > 0 {
			p.Fixed = f.Fixed[0]
		}
		if len(f.Paths) > 0 {
			p.Path = f.Paths[0]
		}
		if len(f.Package.Location) > 0 {
			l := f.Package.Location[0]
			p.Location = l.Path
			if l.Line > 0 {
				p.Location = fmt.Sprintf("%s:%d", l.Path, l.Line)
			}
		}
		out = append(out, p)
		c := f.Class.ID
		if overlap(f.Class.Aliases, own.Aliases) {
			c = own.ID
		}
		classes[id(p)] = append(classes[id(p)], c)
		if f.Reachability != nil {
			reach[id(p)] = reach[id(p)].Farther(f.Reachability.Reach)
		}
	}
	out = order(out)
	for i := range out {
		out[i].Reach = reach[id(out[i])]
		list := classes[id(out[i])]
		slices.Sort(list)
		if list = slices.Compact(list); len(list) > 1 || list[0] != own.ID {
			out[i].Classes = list
		}
	}
	return out
}

func list(packages []tocsin.IncidentPackage) string {
	var out []string
	for _, p := range packages {
		out = append(out, atVersion(p))
	}
	return strings.Join(slices.Compact(out), ", ")
}

// atVersion is name@version, or the name alone.
func atVersion(p tocsin.IncidentPackage) string {
	return tocsin.Package{Name: p.Name, Version: p.Version}.String()
}

// clear looks at the projects of an open incident that this run no longer found affected, and closes it when none is left.
func (f *folder) clear(d *draft) {
	if d.inc.State.Over() || d.inc.Declared() { // what no advisory is behind is for people to say
		return
	}
	for i := range d.inc.Projects {
		p := &d.inc.Projects[i]
		s, ok := f.seen[p.Slug]
		if !p.Status.Stated() || !ok {
			continue
		}
		if len(found(s, d.inc)) > 0 {
			f.affect(d, s) // perhaps by something milder now, but this is what keeps it open
			continue
		}
		if !s.Whole {
			continue
		}
		if x := excuse(s, d.inc); x != nil {
			p.Status = tocsin.ProjectExcused
			p.Evidence = statement(*x)
		} else {
			p.Status, p.Evidence = verdict(*p, s.Inventory)
			p.Resolved = resolved(*p, s.Inventory)
			p.Checks = tocsin.CommitChecks{}
			if s.Commit != "" {
				p.Checks = tocsin.CommitChecks{Commit: s.Commit, Since: f.now}
			}
		}
		p.ClearedAt, p.Until, p.Inventory = f.now, time.Time{}, s.Inventory.Digest
		f.event(d, tocsin.EventCleared, p.Slug, p.Evidence)
	}
	corrected := true
	for _, p := range d.inc.Projects {
		if p.Status.Stated() { // what people said of it no scan proves: then people say when it is over
			return
		}
		corrected = corrected && p.Status == tocsin.ProjectCorrected
	}
	if corrected {
		d.inc.State, d.inc.ResolvedAt = tocsin.StateStoodDown, f.now
		f.event(d, tocsin.EventStoodDown, "", "the advisory no longer names what is in use; everyone who was told gets a correction")
		return
	}
	f.rules.settle(d, f.now, byScan)
}

// excuse is the statement that the class does not affect the project; nil if there is none.
func excuse(s Sighting, inc tocsin.Incident) *tocsin.Exception {
	for _, d := range s.Decisions {
		if x := d.Finding.Exception; x != nil && d.Finding.Status == tocsin.StatusNotAffected && about(inc, d.Finding.Class) {
			return x
		}
	}
	return nil
}

// statement says who stated that a project is not affected, and why. A VEX statement has no end.
func statement(x tocsin.Exception) string {
	out := x.Owner + " stated"
	if !x.Expires.IsZero() {
		out += " until " + x.Expires.Format(time.DateOnly)
	}
	out += " that it is not affected"
	if x.Justification != "" {
		out += " (" + x.Justification + ")"
	}
	return out + ": " + x.Reason
}

// resolved lists the versions that a project has now of what was affected.
func resolved(p tocsin.IncidentProject, inv tocsin.Inventory) []tocsin.Resolved {
	var out []tocsin.Resolved
	for _, pkg := range inv.Packages {
		was := func(o tocsin.IncidentPackage) bool {
			return purl.Base(pkg.Ecosystem) == purl.Base(o.Ecosystem) && purl.Key(pkg.Ecosystem, pkg.Name) == purl.Key(o.Ecosystem, o.Name)
		}
		r := tocsin.Resolved{Ecosystem: pkg.Ecosystem, Name: pkg.Name, Version: pkg.Version}
		if slices.ContainsFunc(p.Packages, was) && !slices.Contains(out, r) && len(out) < maxMany {
			out = append(out, r)
		}
	}
	return out
}

// verdict says why a project is clear: another version is resolved, the package is gone, or the advisory changed.
func verdict(p tocsin.IncidentProject, inv tocsin.Inventory) (tocsin.ProjectStatus, string) {
	status := tocsin.ProjectCorrected
	var said []string
	for _, was := range slices.Concat(moved(p.Left, inv), p.Packages) {
		var now []string
		for _, pkg := range inv.Packages {
			if purl.Base(pkg.Ecosystem) == purl.Base(was.Ecosystem) && purl.Key(pkg.Ecosystem, pkg.Name) == purl.Key(was.Ecosystem, was.Name) {
				now = append(now, pkg.Version)
			}
		}
		switch {
		case len(now) == 0:
			status = tocsin.ProjectPatched
			said = append(said, was.Name+" is no longer a dependency")
		case slices.Contains(now, was.Version):
			said = append(said, strings.TrimSpace(was.Name+" "+was.Version)+" is no longer named by the advisory")
		default:
			status = tocsin.ProjectPatched
			said = append(said, was.Name+" is now "+strings.Join(slices.Compact(now), ", ")+" (was "+cmp.Or(was.Version, "not pinned")+")")
		}
	}
	return status, strings.Join(slices.Compact(said), "; ")
}

// due is the earliest deadline that the decisions set.
func due(decisions []tocsin.Decision) time.Time {
	var out time.Time
	for _, d := range decisions {
		out = earlier(out, d.Due)
	}
	return out
}
