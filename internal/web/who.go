package web

import (
	"context"
	"time"

	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/internal/store"
)

func (c *call) getWho(ctx context.Context) (answer, error) {
	after, limit, err := c.listing()
	if err != nil {
		return answer{}, err
	}
	ref, err := purl.Query(c.query["package"])
	if err != nil || ref.Name == "" {
		return answer{}, invalid("package", "write npm/debug@4.4.2 or pkg:npm/debug@4.4.2", "it names no package of an ecosystem that is known")
	}
	v, err := c.sight(ctx)
	if err != nil {
		return answer{}, err
	}
	q := store.WhoQuery{Sight: v, Ecosystem: ref.Ecosystem, Name: ref.Name, Version: ref.Version, After: after, Limit: limit + 1}
	if q.From, err = instant("from", c.query["from"], time.Unix(0, 0)); err != nil {
		return answer{}, err
	}
	if q.To, err = instant("to", c.query["to"], c.now); err != nil {
		return answer{}, err
	}
	if q.To.Before(q.From) {
		return answer{}, invalid("to", "", "it is before from")
	}
	list, err := c.api.store.Who(ctx, q)
	if err != nil {
		return answer{}, err
	}
	return answer{body: paged(c, list, limit, store.ResolutionPlace)}, nil
}

// instant reads a time, or a day in UTC.
func instant(field, text string, missing time.Time) (time.Time, error) {
	if text == "" {
		return missing, nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() >= 1970 && t.Year() < 10_000 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, invalid(field, "", "want a time as 2026-03-01T12:00:00Z, or a day as 2026-03-01")
}
