package replay

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
)

// An Incident is one that would have been opened.
type Incident struct {
	Key     string      `json:"key"`
	Class   string      `json:"class"`
	Aliases []string    `json:"aliases"`
	Summary string      `json:"summary,omitempty"`
	Kind    tocsin.Kind `json:"kind"`
	Group   string      `json:"group,omitempty"`
	// Owners are those that the rule names.
	Owners   []string  `json:"owners,omitempty"`
	Packages []string  `json:"packages"` // ecosystem and name, sorted
	Opened   time.Time `json:"opened"`
	// Standing says that it would have been open already when the window begins: it is no news within it.
	Standing bool           `json:"standing"`
	OpenedAs tocsin.Urgency `json:"opened_as"`
	Urgency  tocsin.Urgency `json:"urgency"` // the highest that it reached
	Severity tocsin.Level   `json:"severity,omitempty"`
	Rule     string         `json:"rule"` // policy/rule
	Cause    string         `json:"cause"`
	Due      time.Time      `json:"due,omitzero"`
	// State at the end; Ended is when it was last over, zero while it is open.
	State    tocsin.IncidentState `json:"state"`
	Ended    time.Time            `json:"ended,omitzero"`
	Projects []Span               `json:"projects"`
	Events   []Event              `json:"events"`
	// Published is the advisory's own date, KEV that of the catalogue, FixKnown when a fixed version was first on record.
	Published time.Time `json:"published,omitzero"`
	KEV       time.Time `json:"kev,omitzero"`
	FixKnown  time.Time `json:"fix_known,omitzero"`
	// Exact says that all it was opened by was seen at the time, and nothing reconstructed.
	Exact bool `json:"exact"`
}

// A Span is the time that a project was affected. To is zero while it is.
type Span struct {
	Project string               `json:"project"`
	From    time.Time            `json:"from"`
	To      time.Time            `json:"to,omitzero"`
	Status  tocsin.ProjectStatus `json:"status"`
	round   int
}

// An Event is one entry of the timeline.
type Event struct {
	At      time.Time        `json:"at"`
	Kind    tocsin.EventKind `json:"kind"`
	Project string           `json:"project,omitempty"`
	Text    string           `json:"text"`
}

// update takes over what a fold made of the incident.
func (i *Incident) update(c incidents.Change, now time.Time) {
	inc := c.Incident
	i.Class, i.Aliases, i.Summary = inc.Class.ID, inc.Class.Aliases, cmp.Or(inc.Class.Summary, i.Summary)
	i.Urgency, i.Severity, i.Due, i.State = inc.Urgency, inc.Severity, inc.Due, inc.State
	i.Ended = time.Time{}
	if inc.State.Over() {
		i.Ended = now
	}
	for _, p := range inc.Projects {
		n := slices.IndexFunc(i.Projects, func(s Span) bool { return s.Project == p.Slug && s.round == p.Round })
		if n < 0 {
			i.Projects = append(i.Projects, Span{Project: p.Slug, From: p.Since, round: p.Round})
			n = len(i.Projects) - 1
		}
		i.Projects[n].To, i.Projects[n].Status = p.ClearedAt, p.Status
		for _, pkg := range p.Packages {
			if name := strings.TrimSpace(pkg.Ecosystem + " " + pkg.Name); !slices.Contains(i.Packages, name) {
				i.Packages = append(i.Packages, name)
			}
		}
	}
	slices.Sort(i.Packages)
	slices.SortStableFunc(i.Projects, func(a, b Span) int { return cmp.Or(strings.Compare(a.Project, b.Project), a.round-b.round) })
	for _, e := range c.Events {
		i.Events = append(i.Events, Event{e.At, e.Kind, e.Project, e.Text})
	}
}

// Exposed is the time that projects were affected, together, up to a moment.
func (i *Incident) Exposed(until time.Time) time.Duration {
	var sum time.Duration
	for _, s := range i.Projects {
		to := s.To
		if to.IsZero() {
			to = until
		}
		sum += to.Sub(s.From)
	}
	return sum
}
