package web

import (
	"context"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// Lessons are what closed reviews say, of incidents all of whose projects are seen.
type Lessons struct {
	Items []tocsin.Lesson `json:"items"`
	// More is how many are left out.
	More int `json:"more"`
}

func (c *call) listLessons(ctx context.Context) (answer, error) {
	known, err := c.seenIncidents(ctx, store.IncidentQuery{State: tocsin.StateReviewed, Alarms: true}, time.Time{}, c.now.Add(1))
	if err != nil {
		return answer{}, err
	}
	out := Lessons{Items: []tocsin.Lesson{}}
	list := c.api.parts.Desk.Lessons(known, c.query["q"])
	out.Items = append(out.Items, list[:min(len(list), maxPage)]...)
	out.More = len(list) - len(out.Items)
	return answer{body: out}, nil
}

func (c *call) getRetrospective(ctx context.Context) (answer, error) {
	to, err := instant("to", c.query["to"], c.now.Truncate(tocsin.Day).Add(tocsin.Day))
	if err != nil {
		return answer{}, err
	}
	from, err := instant("from", c.query["from"], to.AddDate(-1, 0, 0))
	if err != nil {
		return answer{}, err
	}
	known, err := c.seenIncidents(ctx, store.IncidentQuery{Alarms: true}, from, to)
	if err != nil {
		return answer{}, err
	}
	every := c.query["every"]
	if every == "" {
		every = "quarter"
	}
	r, err := c.api.parts.Desk.Retrospect(ctx, known, from, to, every)
	if err != nil {
		return answer{}, told(err)
	}
	return answer{body: r}, nil
}

// seenIncidents are those that were opened in a time, as far as they are seen, newest first.
func (c *call) seenIncidents(ctx context.Context, q store.IncidentQuery, from, to time.Time) ([]tocsin.Incident, error) {
	v, err := c.sight(ctx)
	if err != nil {
		return nil, err
	}
	var out []tocsin.Incident
	for inc, err := range c.shownIncidents(ctx, v, q) {
		if err != nil {
			return nil, err
		}
		if inc.OpenedAt.Before(from) {
			break
		}
		if inc.OpenedAt.Before(to) {
			out = append(out, inc)
		}
	}
	return out, nil
}
