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
	// Commit is the hash of what was read; empty where nobody said.
	Commit string
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
// that changed, sorted by key. The result does not depend on the order of the arguments.
func (r Rules) Fold(known []tocsin.Incident, seen []Sighting, now time.Time) []Change {
	f := folder{now: now, rules: r, seen: map[string]Sighting{}}
	for _, s := range seen {
		f.seen[s.Project.Slug] = s
	}
	known = slices.Clone(known)
	slices.SortFunc(known, func(a, b tocsin.Incident) int {
		return cmp.Or(a.OpenedAt.Compare(b.OpenedAt), strings.Compare(a.Key, b.Key))
	})
	for _, inc := range known {
		if r.theirs(inc.Key) != nil {
			continue
		}
		f.drafts = append(f.drafts, &draft{inc: clone(inc)})
	}
	list := f.calls()
	for i, d := range f.assign(list) {
		f.apply(d, list[i])
	}
	for _, d := range f.drafts {
		f.clear(d)
	}
	return changes(f.drafts)
}

type folder struct {
	now    time.Time
	rules  Rules
	seen   map[string]Sighting
	drafts []*draft
}

// draft is an incident being changed. Seq numbers are given by the store.
type draft struct {
	inc     tocsin.Incident
	events  []tocsin.IncidentEvent
	changed bool
}

func clone(inc tocsin.Incident) tocsin.Incident {
	inc.Projects, inc.Roles, inc.Tasks = slices.Clone(inc.Projects), slices.Clone(inc.Roles), slices.Clone(inc.Tasks)
	inc.Answers, inc.Messages, inc.Rollbacks = slices.Clip(inc.Answers), slices.Clone(inc.Messages), slices.Clone(inc.Rollbacks)
	if a := inc.Advice; a != nil {
		own := *a
		own.Products = slices.Clone(a.Products)
		inc.Advice = &own
	}
	inc.Delegations, inc.Also = slices.Clip(inc.Delegations), slices.Clip(inc.Also)
	if r := inc.Review; r != nil {
		own := *r
		own.Actions, own.Credits, own.Effort = slices.Clone(r.Actions), slices.Clip(r.Credits), slices.Clip(r.Effort)
		inc.Review = &own
	}
	inc.Escalation.Called, inc.Escalation.Calls = slices.Clip(inc.Escalation.Called), slices.Clip(inc.Escalation.Calls)
	for i := range inc.Roles {
		inc.Roles[i].Before = slices.Clip(inc.Roles[i].Before)
	}
	for i := range inc.Messages {
		inc.Messages[i].Approved = slices.Clip(inc.Messages[i].Approved)
	}
	return inc
}

func (f *folder) event(d *draft, kind tocsin.EventKind, project, text string) {
	d.changed = true
	d.events = append(d.events, tocsin.IncidentEvent{
		Incident: d.inc.Key, At: f.now, Kind: kind, Actor: tocsin.Self().Name, ActorID: tocsin.Self().ID, Source: byScan, Project: project, Text: text, TLP: tocsin.TLPAmber,
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
		f.affect(f.home(d, c, slug), f.seen[slug])
	}
	sortProjects(d.inc.Projects)
}

func sortProjects(list []tocsin.IncidentProject) {
	slices.SortFunc(list, func(a, b tocsin.IncidentProject) int { return strings.Compare(a.Slug, b.Slug) })
}

func sorted[K ~string, V any](m map[K]V) []K {
	out := make([]K, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
