package incidents

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// A Sighting is what one run saw of one project.
type Sighting struct {
	Project   tocsin.Project
	Inventory tocsin.Inventory
	Decisions []tocsin.Decision
	// Whole says that every file was read and the advisory data was fresh and whole: only then does absence of a
	// finding mean anything.
	Whole bool
}

// A Change is an incident as it is now, and what happened to it in this run.
type Change struct {
	Incident tocsin.Incident
	Events   []tocsin.IncidentEvent
}

// Fold takes the incidents there are (over or not) and what a run saw, and gives those that changed, sorted by key.
// playbooks are by name. The result does not depend on the order of the arguments.
func Fold(known []tocsin.Incident, seen []Sighting, playbooks map[string]tocsin.Playbook, now time.Time) []Change {
	f := folder{now: now, playbooks: playbooks, seen: map[string]Sighting{}}
	seen = slices.Clone(seen)
	slices.SortFunc(seen, func(a, b Sighting) int { return strings.Compare(a.Project.Slug, b.Project.Slug) })
	for _, s := range seen {
		f.seen[s.Project.Slug] = s
	}
	known = slices.Clone(known)
	slices.SortFunc(known, func(a, b tocsin.Incident) int {
		return cmp.Or(a.OpenedAt.Compare(b.OpenedAt), strings.Compare(a.Key, b.Key))
	})
	for _, inc := range known {
		f.drafts = append(f.drafts, &draft{inc: clone(inc)})
	}
	for _, c := range calls(seen) {
		f.apply(c)
	}
	for _, d := range f.drafts {
		f.clear(d)
	}
	var out []Change
	for _, d := range f.drafts {
		if d.changed {
			d.inc.Version++
			out = append(out, Change{Incident: d.inc, Events: d.events})
		}
	}
	slices.SortFunc(out, func(a, b Change) int { return strings.Compare(a.Incident.Key, b.Incident.Key) })
	return out
}

type folder struct {
	now       time.Time
	playbooks map[string]tocsin.Playbook
	seen      map[string]Sighting
	drafts    []*draft
}

// draft is an incident being changed. Seq numbers are given by the store.
type draft struct {
	inc     tocsin.Incident
	events  []tocsin.IncidentEvent
	changed bool
}

func clone(inc tocsin.Incident) tocsin.Incident {
	inc.Projects, inc.Roles, inc.Tasks = slices.Clone(inc.Projects), slices.Clone(inc.Roles), slices.Clone(inc.Tasks)
	return inc
}

func (f *folder) event(d *draft, kind tocsin.EventKind, project, text string) {
	d.changed = true
	d.events = append(d.events, tocsin.IncidentEvent{
		Incident: d.inc.Key, At: f.now, Kind: kind, Actor: "tocsin", Project: project, Text: text, TLP: tocsin.TLPAmber,
	})
}

// call is all decisions about one class in the projects of one owner group.
type call struct {
	class     tocsin.Class
	group     string
	response  tocsin.Response
	worst     tocsin.Decision // of the gravest decision
	decisions map[string][]tocsin.Decision
}

// calls groups the decisions that want something done, in the order of class and group.
func calls(seen []Sighting) []*call {
	index := map[string]*call{}
	for _, s := range seen {
		for _, d := range s.Decisions {
			if tocsin.CompareResponses(d.Response, tocsin.ResponseIssue) < 0 {
				continue
			}
			key := d.Finding.Class.ID + "\x00" + s.Project.Group
			c := index[key]
			if c == nil {
				c = &call{class: d.Finding.Class, group: s.Project.Group, decisions: map[string][]tocsin.Decision{}}
				index[key] = c
			}
			if cmp.Or(tocsin.CompareResponses(d.Response, c.response), tocsin.CompareLevels(d.Severity, c.worst.Severity)) > 0 {
				c.response, c.worst = d.Response, d
			}
			c.decisions[s.Project.Slug] = append(c.decisions[s.Project.Slug], d)
		}
	}
	out := make([]*call, 0, len(index))
	for _, c := range index {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *call) int {
		return cmp.Or(strings.Compare(a.class.ID, b.class.ID), strings.Compare(a.group, b.group))
	})
	return out
}

// find gives the incident that a class belongs to. A class keeps its incident when an alias joins it or its best id
// changes, because any shared id is enough.
func (f *folder) find(c *call) *draft {
	for _, d := range f.drafts {
		if d.inc.Group == c.group && overlap(d.inc.Class.Aliases, c.class.Aliases) {
			return d
		}
	}
	return nil
}

// overlap says whether two sorted lists share an element.
func overlap(a, b []string) bool {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch c := strings.Compare(a[i], b[j]); {
		case c == 0:
			return true
		case c < 0:
			i++
		default:
			j++
		}
	}
	return false
}

func (f *folder) apply(c *call) {
	d := f.find(c)
	if d == nil {
		d = &draft{inc: f.open(c)}
		f.drafts = append(f.drafts, d)
		f.event(d, tocsin.EventOpened, "", opening(d.inc))
	} else {
		f.raise(d, c)
	}
	for _, slug := range sorted(c.decisions) {
		f.affect(d, slug, c.decisions[slug])
	}
	slices.SortFunc(d.inc.Projects, func(a, b tocsin.IncidentProject) int { return strings.Compare(a.Slug, b.Slug) })
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
