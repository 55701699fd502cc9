package replay

import (
	"maps"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
)

// take keeps what became of the incidents.
func (f *follower) take(changes []incidents.Change) {
	for _, c := range changes {
		i := slices.IndexFunc(f.known, func(inc tocsin.Incident) bool { return inc.Key == c.Incident.Key })
		if i < 0 {
			f.known = append(f.known, c.Incident)
			f.kept[c.Incident.Key] = f.opened(c.Incident)
		} else {
			f.known[i] = c.Incident
		}
		f.kept[c.Incident.Key].update(c, f.now)
	}
	for _, inc := range f.kept { // when a fix was first known, whether or not the incident changed by it
		if inc.FixKnown.IsZero() && f.fixed(inc) {
			inc.FixKnown = f.now
		}
	}
}

func (f *follower) fixed(inc *Incident) bool {
	for i := range f.places {
		for _, finding := range f.places[i].findings {
			if slices.Contains(finding.Class.Aliases, inc.Class) && len(finding.Fixed) > 0 {
				return true
			}
		}
	}
	return false
}

// opened begins the account of an incident, with the rule that opened it.
func (f *follower) opened(inc tocsin.Incident) *Incident {
	out := &Incident{
		Key: inc.Key, Class: inc.Class.ID, Aliases: inc.Class.Aliases, Summary: inc.Class.Summary, Kind: inc.Class.Kind, Group: inc.Group,
		Opened: inc.OpenedAt, Standing: !f.now.After(f.course.window.Since), OpenedAs: inc.Urgency, Cause: inc.Cause, Published: inc.Class.Published, Exact: f.state.exact,
	}
	for _, id := range inc.Class.Aliases {
		if k, ok := f.course.kev[id]; ok && (out.KEV.IsZero() || k.Entry.DateAdded.Before(out.KEV)) {
			out.KEV = k.Entry.DateAdded
		}
	}
	worst := tocsin.ResponseNone
	for i := range f.places {
		for _, d := range f.places[i].decisions {
			if slices.Contains(inc.Class.Aliases, d.Finding.Class.ID) && tocsin.CompareResponses(d.Response, worst) > 0 {
				worst, out.Rule, out.Owners = d.Response, d.ResponseRule, d.Owners
				out.Exact = out.Exact && f.course.projects[f.component.places[i].project].Exact
			}
			if name := strings.TrimSpace(d.Finding.Package.Ecosystem + " " + d.Finding.Package.Name); !slices.Contains(out.Packages, name) {
				out.Packages = append(out.Packages, name)
			}
		}
	}
	slices.Sort(out.Packages)
	return out
}

// exploited lists what the component should have been caught for, by class.
func (f *follower) exploited() []Exploited {
	var out []Exploited
	for _, id := range slices.Sorted(maps.Keys(f.affected)) {
		finding := f.affected[id]
		e := Exploited{Class: id, Kind: finding.Class.Kind, Package: strings.TrimSpace(finding.Package.Ecosystem + " " + finding.Package.String()), Used: f.affectedAt[id]}
		switch {
		case e.Kind == tocsin.KindMalware:
			e.Since = finding.Class.Published
		default:
			for _, alias := range finding.Class.Aliases {
				if k, ok := f.course.kev[alias]; ok && (e.Since.IsZero() || k.Entry.DateAdded.Before(e.Since)) {
					e.Since = k.Entry.DateAdded
				}
			}
		}
		if e.Since.IsZero() || !e.Since.Before(f.course.window.Until) {
			continue
		}
		for _, inc := range f.kept {
			if slices.Contains(inc.Aliases, id) && (e.Opened.IsZero() || inc.Opened.Before(e.Opened)) {
				e.Incident, e.Opened, e.As, e.Standing = inc.Key, inc.Opened, inc.Urgency, inc.Standing
			}
		}
		out = append(out, e)
	}
	return out
}
