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

// Fold takes the incidents there are (over or not) and what a run saw, one sighting a project, and gives the incidents
// that changed, sorted by key. playbooks are by name. The result does not depend on the order of the arguments.
func Fold(known []tocsin.Incident, seen []Sighting, playbooks map[string]tocsin.Playbook, now time.Time) []Change {
	f := folder{now: now, playbooks: playbooks, seen: map[string]Sighting{}}
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
	list := f.calls()
	for i, d := range f.assign(list) {
		f.apply(d, list[i])
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

func (f *folder) apply(d *draft, c *call) {
	if d == nil {
		d = &draft{inc: f.open(c)}
		f.drafts = append(f.drafts, d)
		f.event(d, tocsin.EventOpened, "", opening(d.inc, c.projects))
	} else {
		f.raise(d, c)
	}
	for _, slug := range c.projects {
		f.affect(d, f.seen[slug])
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
