package incidents

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// affect records that a project is affected, as these decisions say.
func (f *folder) affect(d *draft, slug string, decisions []tocsin.Decision) {
	now := packages(decisions)
	inventory := decisions[0].Inventory
	i := slices.IndexFunc(d.inc.Projects, func(p tocsin.IncidentProject) bool { return p.Slug == slug })
	if i < 0 {
		if len(d.inc.Projects) > 0 || d.inc.Version > 0 {
			f.event(d, tocsin.EventGrew, slug, "affected through "+list(now))
		}
		d.changed = true
		d.inc.Projects = append(d.inc.Projects, tocsin.IncidentProject{
			Slug: slug, Status: tocsin.ProjectAffected, Packages: now, Due: due(decisions), Rule: cause(decisions[0].Reason),
			Since: f.now, Inventory: inventory, Round: 1,
		})
		return
	}
	p := &d.inc.Projects[i]
	switch {
	case p.Status != tocsin.ProjectAffected:
		p.Status, p.Packages, p.Inventory, p.Round = tocsin.ProjectAffected, now, inventory, p.Round+1
		p.Since, p.Due, p.Evidence, p.ClearedAt = f.now, due(decisions), "", time.Time{}
		f.event(d, tocsin.EventRegressed, slug, "affected again through "+list(now))
	case !reflect.DeepEqual(p.Packages, now):
		if a, b := list(p.Packages), list(now); a != b {
			f.event(d, tocsin.EventGrew, slug, "was affected through "+a+", now through "+b)
		}
		p.Packages, p.Inventory, d.changed = now, inventory, true
	}
}

// packages gives the affected packages of the decisions, in the order of name and version.
func packages(decisions []tocsin.Decision) []tocsin.IncidentPackage {
	var out []tocsin.IncidentPackage
	for _, d := range decisions {
		f := d.Finding
		p := tocsin.IncidentPackage{Ecosystem: f.Package.Ecosystem, Name: f.Package.Name, Version: f.Package.Version, Match: f.Match}
		for _, e := range f.Evidence {
			switch {
			case e.Version != "":
				p.Evidence = append(p.Evidence, e.Advisory+" lists "+e.Version)
			default:
				p.Evidence = append(p.Evidence, e.Advisory+" names "+e.Range)
			}
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
	}
	slices.SortFunc(out, func(a, b tocsin.IncidentPackage) int {
		return strings.Compare(a.Ecosystem+"\x00"+a.Name+"\x00"+a.Version, b.Ecosystem+"\x00"+b.Name+"\x00"+b.Version)
	})
	return out
}

func list(packages []tocsin.IncidentPackage) string {
	var out []string
	for _, p := range packages {
		out = append(out, p.Name+"@"+p.Version)
	}
	return strings.Join(slices.Compact(out), ", ")
}

// clear looks at the projects of an open incident that this run no longer found affected, and closes it when none is left.
func (f *folder) clear(d *draft) {
	if d.inc.State.Over() {
		return
	}
	for i := range d.inc.Projects {
		p := &d.inc.Projects[i]
		s, ok := f.seen[p.Slug]
		if p.Status != tocsin.ProjectAffected || !ok || !s.Whole || stillFound(s, d.inc.Class) {
			continue
		}
		p.Status, p.Evidence = verdict(*p, s.Inventory)
		p.ClearedAt, p.Inventory = f.now, s.Inventory.Digest
		f.event(d, tocsin.EventCleared, p.Slug, p.Evidence)
	}
	corrected := true
	for _, p := range d.inc.Projects {
		if p.Status == tocsin.ProjectAffected {
			return
		}
		corrected = corrected && p.Status == tocsin.ProjectCorrected
	}
	if corrected {
		d.inc.State = tocsin.StateStoodDown
		f.event(d, tocsin.EventStoodDown, "", "the advisory no longer names the versions in use; everyone who was told gets a correction")
		return
	}
	f.event(d, tocsin.EventFixValidated, "", "every project was scanned again and is clear")
	d.inc.State = tocsin.StateResolved
	f.event(d, tocsin.EventResolved, "", "nothing is affected any more")
}

// stillFound says whether the run has a finding of the class that is not known to be harmless, whatever the policy says
// of it.
func stillFound(s Sighting, class tocsin.Class) bool {
	return slices.ContainsFunc(s.Decisions, func(d tocsin.Decision) bool {
		return d.Finding.Status != tocsin.StatusNotAffected && d.Finding.Match != tocsin.MatchPossible &&
			overlap(d.Finding.Class.Aliases, class.Aliases)
	})
}

// verdict says why a project is clear: another version is resolved, the package is gone, or the advisory changed.
func verdict(p tocsin.IncidentProject, inv tocsin.Inventory) (tocsin.ProjectStatus, string) {
	status := tocsin.ProjectCorrected
	var said []string
	for _, was := range p.Packages {
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
			said = append(said, was.Name+" "+was.Version+" is no longer named by the advisory")
		default:
			status = tocsin.ProjectPatched
			said = append(said, was.Name+" is now "+strings.Join(now, ", ")+" (was "+was.Version+")")
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
