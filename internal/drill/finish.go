package drill

import (
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents/drill"
)

// finish works out the score, the measures, and what the drill shows of people's readiness.
func (r *run) finish() {
	out := &r.out.Result
	out.Scored = drill.Score(r.scenario, r.marks)
	for _, s := range out.Scored {
		out.Score, out.Of = out.Score+s.Points, out.Of+s.Of
	}
	for _, inc := range r.known {
		out.Incidents = append(out.Incidents, drill.Incident{
			Key: inc.Key, Class: inc.Class.ID, Playbook: inc.Playbook, Urgency: inc.Urgency, Severity: inc.Severity, State: inc.State, Opened: inc.OpenedAt,
		})
		if book := (drill.Book{Name: inc.Playbook, Version: inc.PlaybookVersion}); !slices.Contains(out.Playbooks, book) {
			out.Playbooks = append(out.Playbooks, book)
		}
	}
	out.Measures = r.measures()
	out.Readiness = r.readiness()
}

// measures are of the first emergency, since it began in the scenario.
func (r *run) measures() []drill.Measure {
	real := r.scenario.Real
	since := func(t time.Time) int {
		if t.IsZero() {
			return -1
		}
		return int(max(t.Sub(real.Began), 0) / time.Second)
	}
	first := func(kind string, values ...string) time.Time {
		for _, m := range r.marks {
			if m.Kind == kind && (len(values) == 0 || slices.Contains(values, m.Value)) {
				return m.At
			}
		}
		return time.Time{}
	}
	last := func(kind string, values ...string) time.Time {
		for _, m := range slices.Backward(r.marks) {
			if m.Kind == kind && slices.Contains(values, m.Value) {
				return m.At
			}
		}
		return time.Time{}
	}
	return []drill.Measure{
		{Name: "detected", Here: since(first("urgency")), Then: since(real.Known)},
		{Name: "acknowledged", Here: since(first("acknowledged")), Then: -1},
		{Name: "mobilised", Here: since(first("state", "mobilised")), Then: -1},
		{Name: "contained", Here: since(first("state", "contained")), Then: since(real.Contained)},
		{Name: "fix validated", Here: since(last("state", "fix validated")), Then: since(real.Fixed)},
		{Name: "all clear", Here: since(last("state", "resolved", "stood down")), Then: since(real.Over)},
		{Name: "reviewed", Here: since(last("state", "reviewed")), Then: -1},
	}
}

func (r *run) readiness() drill.Readiness {
	out := drill.Readiness{Late: []drill.LateTask{}, Unowned: []drill.LateTask{}, Unreachable: []drill.Unreached{}, Empty: []drill.EmptyRole{}}
	for _, inc := range r.known {
		if inc.Urgency != tocsin.UrgencyEmergency || inc.State == tocsin.StateMerged {
			continue
		}
		for _, t := range inc.Tasks {
			r.task(inc, t, &out)
		}
		for _, role := range inc.Roles {
			if role.Holder.ID == "" && len(role.Before) == 0 {
				out.Empty = append(out.Empty, drill.EmptyRole{Incident: inc.Key, Role: string(role.Name)})
			}
		}
	}
	for _, m := range r.marks {
		if m.Kind == "late" {
			out.Updates++
		}
		if m.Kind != "called" || r.scenario.Present(m.Value, m.At) {
			continue
		}
		i := slices.IndexFunc(out.Unreachable, func(u drill.Unreached) bool { return u.Person == m.Value })
		if i < 0 {
			out.Unreachable = append(out.Unreachable, drill.Unreached{Person: m.Value, First: m.At})
			i = len(out.Unreachable) - 1
		}
		out.Unreachable[i].Calls++
	}
	return out
}

// task notes one that was not done in time. What was not needed any more when the emergency ended was not late.
func (r *run) task(inc tocsin.Incident, t tocsin.Task, out *drill.Readiness) {
	end := r.scenario.End
	if !inc.ResolvedAt.IsZero() && inc.ResolvedAt.Before(end) {
		end = inc.ResolvedAt
	}
	point, want, idle := strings.Cut(t.Only, "=")
	for _, a := range inc.Answers {
		if a.Point != point {
			continue
		}
		if idle = a.Answer != want; !idle && a.At.After(t.Due) { // it has its time from the decision that made it needed
			t.Due = a.At.Add(t.Due.Sub(inc.OpenedAt))
		}
	}
	if idle || t.Done && !t.DoneAt.After(t.Due) || !t.Done && t.Due.After(end) {
		return
	}
	one := drill.LateTask{Incident: inc.Key, Task: t.ID, Title: t.Title, Role: string(t.Role), Due: t.Due, Done: t.DoneAt, Owner: t.Owner.Name}
	if role := inc.Role(t.Role); one.Owner == "" && role != nil {
		one.Owner = role.Holder.Name
		if n := len(role.Before); one.Owner == "" && n > 0 {
			one.Owner = role.Before[n-1].Holder.Name
		}
	}
	out.Late = append(out.Late, one)
	if one.Owner == "" {
		out.Unowned = append(out.Unowned, one)
	}
}
