package drill

import (
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
)

// A Mark is something that can be expected, seen at a time.
type Mark struct {
	At time.Time
	// Kind is one of [Marks], Value what it is about.
	Kind, Value string
	// Who did it; empty: nobody.
	Who string
	// IDs are the key of the incident and the ids of its classes; none for what is about no incident.
	IDs []string
}

// A MarkDoc describes a kind of [Mark] to people.
type MarkDoc struct{ Kind, Value, About string }

// Marks lists the kinds of marks, with an example of their values.
func Marks() []MarkDoc {
	return []MarkDoc{
		{"rule", "emergency/exploited", "this rule decided for a project"},
		{"urgency", "emergency", "an incident has it"},
		{"severity", "critical", "an incident has it"},
		{"state", "mobilised", "an incident came into it"},
		{"declared", "leaked-secret", "a person opened an incident by this playbook"},
		{"acknowledged", "by anybody", "somebody said to be on it, or took the lead"},
		{"role", "incident commander", "somebody took it or accepted it"},
		{"task", "hosts", "it was done"},
		{"answer", "exposure=some", "it was decided so"},
		{"message", "first maintainers", "it went out: stage and audience"},
		{"embargo", "active", "it came into this state"},
		{"rollback", "npm/debug 4.4.1", "two people decided it"},
		{"project", "shop patched", "it came into this status"},
		{"pin", "shop npm/debug@4.4.1", "the team merged this version there"},
		{"called", "ada", "this person was called"},
		{"late", "update", "people were promised an update and got none"},
	}
}

// MarksOf are those that a change brings. was is the incident before it, nil if there was none.
func MarksOf(was *tocsin.Incident, c incidents.Change, now time.Time) []Mark {
	inc := c.Incident
	ids := append([]string{inc.Key}, inc.Class.Aliases...)
	for _, also := range inc.Also {
		ids = append(ids, also.Aliases...)
	}
	var out []Mark
	add := func(kind, value, who string) {
		out = append(out, Mark{At: now, Kind: kind, Value: value, Who: who, IDs: ids})
	}
	if was == nil {
		was = &tocsin.Incident{}
		if inc.Declared() {
			add("declared", inc.Playbook, inc.DeclaredBy.Name)
		}
	}
	if inc.Urgency != was.Urgency {
		add("urgency", string(inc.Urgency), "")
	}
	if inc.Severity != was.Severity {
		add("severity", string(inc.Severity), "")
	}
	// A change can pass through states; its events say through which.
	if inc.State != was.State {
		if inc.State == tocsin.StateResolved && slices.ContainsFunc(c.Events, func(e tocsin.IncidentEvent) bool { return e.Kind == tocsin.EventFixValidated }) {
			add("state", string(tocsin.StateFixValidated), "")
		}
		add("state", string(inc.State), "")
	}
	if by := inc.Escalation.AckBy; by.ID != "" && !inc.Escalation.AckAt.Equal(was.Escalation.AckAt) {
		add("acknowledged", "by anybody", by.Name)
	}
	for _, r := range inc.Roles {
		if before := was.Role(r.Name); r.Holder.ID != "" && (before == nil || before.Holder.ID != r.Holder.ID) {
			add("role", string(r.Name), r.Holder.Name)
		}
	}
	for _, t := range inc.Tasks {
		if before := was.Task(t.ID); t.Done && (before == nil || !before.Done) {
			add("task", t.ID, t.DoneBy.Name)
		}
	}
	for _, a := range inc.Answers[min(len(was.Answers), len(inc.Answers)):] {
		add("answer", a.Point+"="+a.Answer, a.By.Name)
	}
	for i, m := range inc.Messages {
		if !m.SentAt.IsZero() && (i >= len(was.Messages) || was.Messages[i].SentAt.IsZero()) {
			add("message", string(m.Stage)+" "+string(m.Audience), m.Author.Name)
		}
	}
	if inc.Embargo.State != was.Embargo.State && inc.Embargo.State != "" {
		add("embargo", string(inc.Embargo.State), actor(c.Events, tocsin.EventEmbargo))
	}
	for i, r := range inc.Rollbacks {
		if !r.ApprovedAt.IsZero() && (i >= len(was.Rollbacks) || was.Rollbacks[i].ApprovedAt.IsZero()) {
			add("rollback", r.Package+" "+r.Version, r.ApprovedBy.Name)
		}
	}
	for _, p := range inc.Projects {
		i := slices.IndexFunc(was.Projects, func(q tocsin.IncidentProject) bool { return q.Slug == p.Slug })
		if i < 0 || was.Projects[i].Status != p.Status {
			add("project", p.Slug+" "+string(p.Status), "")
		}
	}
	called := 0
	if n := len(was.Escalation.Calls); n > 0 {
		called = was.Escalation.Calls[n-1].Number
	}
	for _, call := range inc.Escalation.Calls {
		for _, who := range call.To {
			if call.Number > called {
				add("called", who.Name, "")
			}
		}
	}
	for _, e := range c.Events {
		if e.Kind == tocsin.EventMessage && e.ActorID == tocsin.Self().ID {
			add("late", "update", "")
		}
	}
	return out
}

// actor is who did something of a kind; empty for what the clock did.
func actor(events []tocsin.IncidentEvent, kind tocsin.EventKind) string {
	for _, e := range events {
		if e.Kind == kind && e.ActorID != tocsin.Self().ID {
			return e.Actor
		}
	}
	return ""
}

func (l *loader) expectation(f fileExpect) Expectation {
	v, never := f.See, false
	if f.Never.IsSet() {
		v, never = f.Never, true
	}
	e := Expectation{
		Never: never, In: l.text(f.In, "in", maxShort), From: l.when(f.From, "from"), By: l.when(f.By, "by"), Points: f.Points.V, Why: l.must(f.Why, v, "expect: why", maxText), Line: v.Line,
	}
	e.Kind, e.Value, _ = strings.Cut(l.text(v, "expect", maxShort), " ")
	if f.See.IsSet() == f.Never.IsSet() {
		l.fault(whichever(v, f.Why, f.By), "expect: want either see: or never:")
		return e
	}
	if i := slices.IndexFunc(Marks(), func(d MarkDoc) bool { return d.Kind == e.Kind }); i < 0 || e.Value == "" {
		var kinds []string
		for _, d := range Marks() {
			kinds = append(kinds, d.Kind+" "+d.Value)
		}
		l.fault(v, "expect: %.60q: want a kind and a value, as one of %q", v.V, kinds)
	}
	l.value(v, e)
	if !never && !f.By.IsSet() {
		l.fault(v, "expect: by: is missing: when is it late?")
	}
	if !e.By.IsZero() && (e.By.Before(e.From) || e.By.After(l.end)) {
		l.fault(f.By, "by: lies before from:, or after the drill")
	}
	if e.Points < 1 || e.Points > maxPoints {
		l.fault(f.Points, "points: want 1 to %d", maxPoints)
	}
	return e
}

// whichever is the first that the file has.
func whichever(list ...str) str {
	for _, v := range list {
		if v.IsSet() {
			return v
		}
	}
	return str{}
}

// value checks what stands in a closed list: what is never there would never be seen.
func (l *loader) value(v str, e Expectation) {
	one := str{V: e.Value, Line: v.Line, Column: v.Column}
	switch e.Kind {
	case "urgency":
		of(l, one, "urgency", tocsin.UrgencyEmergency, tocsin.UrgencyHold, tocsin.UrgencyRoutine)
	case "severity":
		of(l, one, "severity", tocsin.LevelLow, tocsin.LevelMedium, tocsin.LevelHigh, tocsin.LevelCritical)
	case "state":
		of(l, one, "state", tocsin.StateHold, tocsin.StateDetected, tocsin.StateMobilised, tocsin.StateContained, tocsin.StateFixValidated,
			tocsin.StateResolved, tocsin.StateReviewed, tocsin.StateStoodDown, tocsin.StateReopened, tocsin.StateMerged)
	case "role":
		of(l, one, "role", append(tocsin.Roles(), tocsin.RoleScribe)...)
	case "acknowledged":
		of(l, one, "acknowledged", "by anybody")
	case "late":
		of(l, one, "late", "update")
	case "embargo":
		of(l, one, "embargo", tocsin.EmbargoProposed, tocsin.EmbargoActive, tocsin.EmbargoRevised, tocsin.EmbargoExited)
	case "called":
		l.known(one, "called", l.people)
	case "message":
		stage, audience, _ := strings.Cut(e.Value, " ")
		of(l, str{V: stage, Line: v.Line, Column: v.Column}, "message: stage", tocsin.Stages()...)
		of(l, str{V: audience, Line: v.Line, Column: v.Column}, "message: audience", tocsin.Audiences()...)
	case "project":
		slug, status, _ := strings.Cut(e.Value, " ")
		l.known(str{V: slug, Line: v.Line, Column: v.Column}, "project", l.projects)
		of(l, str{V: status, Line: v.Line, Column: v.Column}, "project: status", tocsin.ProjectAffected, tocsin.ProjectPatched, tocsin.ProjectCorrected,
			tocsin.ProjectExcused, tocsin.ProjectMitigated, tocsin.ProjectAccepted, tocsin.ProjectUnreachable)
	}
}
