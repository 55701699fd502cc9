package web

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
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
	q := store.WhoQuery{Ecosystem: ref.Ecosystem, Name: ref.Name, Version: ref.Version}
	if q.From, err = instant("from", c.query["from"], time.Unix(0, 0)); err != nil {
		return answer{}, err
	}
	if q.To, err = instant("to", c.query["to"], c.now); err != nil {
		return answer{}, err
	}
	if q.To.Before(q.From) {
		return answer{}, invalid("to", "", "it is before from")
	}
	v, err := c.sight(ctx)
	if err != nil {
		return answer{}, err
	}
	all, err := c.api.store.Who(ctx, q)
	if err != nil {
		return answer{}, err
	}
	all = slices.DeleteFunc(all, func(r tocsin.Resolution) bool { return !v.Sees(r.Project, false) })
	if after != "" {
		at := slices.IndexFunc(all, func(r tocsin.Resolution) bool { return resolutionPlace(r) == after })
		if at < 0 {
			return answer{}, fault(tocsin.ErrConflict, "cursor", "ask for the first page again", "The list is not what it was.")
		}
		all = all[at+1:]
	}
	return answer{body: paged(c, all, limit, resolutionPlace)}, nil
}

func resolutionPlace(r tocsin.Resolution) string {
	b, _ := json.Marshal([]string{r.Project, r.Ecosystem, r.Name, r.Version, r.Since.Format(time.RFC3339Nano)}) // texts cannot fail
	return string(b)
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
