package replay

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// A Diff is what one set of policies would have done otherwise than another, over the same course.
type Diff struct {
	Old Result `json:"old"`
	New Result `json:"new"`
	// Incidents that only one has, or that differ in time or urgency.
	Incidents []IncidentDiff `json:"incidents"`
	// Releases whose gate differs.
	Releases []ReleaseDiff `json:"releases"`
}

// An IncidentDiff is one class in one owner group. Old or New is nil where there is none.
type IncidentDiff struct {
	Change IncidentChange `json:"change"`
	Old    *Incident      `json:"old,omitempty"`
	New    *Incident      `json:"new,omitempty"`
}

// IncidentChange is how the new policies differ on an incident.
type IncidentChange string

// The changes. An incident that is opened at another time and with another urgency is louder or quieter first.
const (
	Gained  IncidentChange = "gained"
	Lost    IncidentChange = "lost"
	Louder  IncidentChange = "louder" // a higher urgency
	Quieter IncidentChange = "quieter"
	Earlier IncidentChange = "earlier"
	Later   IncidentChange = "later"
)

// A ReleaseDiff is one inventory that the gates judge differently.
type ReleaseDiff struct {
	Old Release `json:"old"`
	New Release `json:"new"`
}

// Compare sets two results over the same course side by side.
func Compare(old, now Result) Diff {
	d := Diff{Old: old, New: now, Incidents: []IncidentDiff{}, Releases: []ReleaseDiff{}}
	taken := map[string]bool{}
	for i := range old.Incidents {
		was := &old.Incidents[i]
		n := slices.IndexFunc(now.Incidents, func(inc Incident) bool { return !taken[inc.Key] && sameIncident(*was, inc) })
		if n < 0 {
			d.Incidents = append(d.Incidents, IncidentDiff{Change: Lost, Old: was})
			continue
		}
		is := &now.Incidents[n]
		taken[is.Key] = true
		if change := changed(*was, *is); change != "" {
			d.Incidents = append(d.Incidents, IncidentDiff{change, was, is})
		}
	}
	for i := range now.Incidents {
		if is := &now.Incidents[i]; !taken[is.Key] {
			d.Incidents = append(d.Incidents, IncidentDiff{Change: Gained, New: is})
		}
	}
	slices.SortStableFunc(d.Incidents, func(a, b IncidentDiff) int {
		return cmp.Or(a.any().Opened.Compare(b.any().Opened), strings.Compare(a.any().Key, b.any().Key))
	})
	for i, was := range old.Releases { // the same inventories, in the same order
		if i < len(now.Releases) && was.Gate != now.Releases[i].Gate {
			d.Releases = append(d.Releases, ReleaseDiff{was, now.Releases[i]})
		}
	}
	return d
}

func (d IncidentDiff) any() *Incident {
	if d.New != nil {
		return d.New
	}
	return d.Old
}

func sameIncident(a, b Incident) bool {
	return a.Group == b.Group && slices.ContainsFunc(a.Aliases, func(id string) bool { return slices.Contains(b.Aliases, id) })
}

var urgencies = []tocsin.Urgency{tocsin.UrgencyRoutine, tocsin.UrgencyHold, tocsin.UrgencyEmergency}

func changed(was, is Incident) IncidentChange {
	switch a, b := slices.Index(urgencies, was.Urgency), slices.Index(urgencies, is.Urgency); {
	case b > a:
		return Louder
	case b < a:
		return Quieter
	case is.Opened.Before(was.Opened):
		return Earlier
	case is.Opened.After(was.Opened):
		return Later
	default:
		return ""
	}
}

// A Point is what a policy would have done with one value of a number in it.
type Point struct {
	Value    float64  `json:"value"`
	Measures Measures `json:"measures"`
}

// A Sweep is a policy tried with many values of one of its numbers.
type Sweep struct {
	Policy string  `json:"policy"`
	Number string  `json:"number"`
	Now    float64 `json:"now"` // the value in the file
	Basis  Basis   `json:"basis"`
	Points []Point `json:"points"` // in the order of values
}
