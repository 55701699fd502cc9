package web

import (
	"context"
	"iter"
	"slices"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// shownIncident leaves of an incident what is seen; ok is false if nothing is.
func shownIncident(v store.Sight, inc tocsin.Incident) (shown tocsin.Incident, ok bool) {
	private := inc.Private()
	all := len(inc.Projects)
	inc.Projects = slices.DeleteFunc(slices.Clone(inc.Projects), func(p tocsin.IncidentProject) bool { return !v.Sees(p.Slug, private) })
	if len(inc.Projects) < all { // what people wrote may name the others
		inc.Tasks, inc.Answers, inc.Messages, inc.Rollbacks, inc.Delegations, inc.Advice, inc.Review = nil, nil, nil, nil, nil, nil, nil
		inc.Checks, inc.Embargo.Reason = nil, ""
	}
	return inc, len(inc.Projects) > 0 || v.Sees("", private)
}

func (c *call) listIncidents(ctx context.Context) (answer, error) {
	after, limit, err := c.listing()
	if err != nil {
		return answer{}, err
	}
	v, err := c.sight(ctx)
	if err != nil {
		return answer{}, err
	}
	ask := store.IncidentQuery{After: after, State: tocsin.IncidentState(c.query["state"]), Urgency: tocsin.Urgency(c.query["urgency"]), Mentions: c.query["class"]}
	if text := c.query["open"]; text != "" {
		open := text == "true"
		ask.Open = &open
	}
	var items []tocsin.Incident
	for inc, err := range c.shownIncidents(ctx, v, ask) {
		if err != nil {
			return answer{}, err
		}
		if c.wants(inc) {
			items = append(items, inc)
		}
		if len(items) > limit {
			break
		}
	}
	return answer{body: paged(c, items, limit, func(inc tocsin.Incident) string { return inc.Key })}, nil
}

// batch is how many incidents or actions are read at once. What somebody may see of them stands in their bodies, so as many batches
// are read as fill a page: its size tells nothing of what was left out.
const batch = 50

// shownIncidents yields what is seen of incidents, newest first.
func (c *call) shownIncidents(ctx context.Context, v store.Sight, q store.IncidentQuery) iter.Seq2[tocsin.Incident, error] {
	q.Limit = batch
	return func(yield func(tocsin.Incident, error) bool) {
		for {
			list, err := c.api.store.IncidentPage(ctx, q)
			if err != nil {
				yield(tocsin.Incident{}, err)
				return
			}
			for _, inc := range list {
				if shown, ok := shownIncident(v, inc); ok && !yield(shown, nil) {
					return
				}
				q.After = inc.Key
			}
			if len(list) < batch {
				return
			}
		}
	}
}

// wants says whether the filters that the store does not know let an incident through, as far as it is shown.
func (c *call) wants(inc tocsin.Incident) bool {
	q := c.query
	in := func(p tocsin.IncidentProject) bool { return p.Slug == q["project"] }
	return matches(q["group"], inc.Group) && (q["class"] == "" || inc.Class.Has(q["class"])) && (q["project"] == "" || slices.ContainsFunc(inc.Projects, in))
}

func (c *call) getIncident(context.Context) (answer, error) { return answer{body: c.incident}, nil }

// A Timeline is the events of an incident, oldest first.
type Timeline struct {
	Items []tocsin.IncidentEvent `json:"items"`
}

func (c *call) getTimeline(ctx context.Context) (answer, error) {
	events, err := c.api.store.Timeline(ctx, c.incident.Key)
	if err != nil {
		return answer{}, err
	}
	return answer{body: Timeline{Items: c.shownEvents(events)}}, nil
}

// shownEvents leaves out events of projects that are not seen. What is said of the whole incident names its projects in words, so who
// sees some of them is told no more than that it happened.
func (c *call) shownEvents(events []tocsin.IncidentEvent) []tocsin.IncidentEvent {
	out := []tocsin.IncidentEvent{}
	for _, e := range events {
		switch {
		case e.Project == "" && !c.whole:
			e.Text = ""
		case e.Project != "" && !slices.ContainsFunc(c.incident.Projects, func(p tocsin.IncidentProject) bool { return p.Slug == e.Project }) && !c.seen.All:
			continue
		}
		out = append(out, e)
	}
	return out
}
