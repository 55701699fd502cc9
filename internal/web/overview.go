package web

import (
	"context"
	"errors"
	"slices"

	"github.com/tocsin-dev/tocsin"
)

// An Overview is how the portfolio stands.
type Overview struct {
	// Risk is of the last sixty days, oldest first.
	Risk []tocsin.RiskDay `json:"risk"`
	// Lately is what happened since yesterday and matters to somebody who was away, the newest first, up to thirty.
	Lately []tocsin.IncidentEvent `json:"lately"`
}

const (
	riskDays = 60
	// manyEvents are read to find the few that matter, and are seen.
	manyEvents, maxLately = 1_000, 30
)

// matter are the kinds of event that somebody who was away wants to hear of.
var matter = []tocsin.EventKind{tocsin.EventOpened, tocsin.EventDeclared, tocsin.EventGrew, tocsin.EventSeverity, tocsin.EventCleared, tocsin.EventRegressed, tocsin.EventMobilised,
	tocsin.EventContained, tocsin.EventFixValidated, tocsin.EventResolved, tocsin.EventStoodDown, tocsin.EventReopened, tocsin.EventPublished, tocsin.EventBrokeGlass,
	tocsin.EventRollback, tocsin.EventReviewed, tocsin.EventMerged, tocsin.EventSplit}

func (c *call) getOverview(ctx context.Context) (answer, error) {
	v, err := c.sight(ctx)
	if err != nil {
		return answer{}, err
	}
	out := Overview{Lately: []tocsin.IncidentEvent{}}
	if out.Risk, err = c.api.store.Risks(ctx, v, c.now.Truncate(tocsin.Day).AddDate(0, 0, 1-riskDays), riskDays); err != nil {
		return answer{}, err
	}
	events, err := c.api.store.Lately(ctx, c.now.Add(-tocsin.Day), manyEvents)
	if err != nil {
		return answer{}, err
	}
	type seen struct {
		inc       tocsin.Incident
		ok, whole bool
	}
	known := map[string]seen{}
	for _, e := range events {
		if !slices.Contains(matter, e.Kind) {
			continue
		}
		k, ok := known[e.Incident]
		if !ok {
			inc, err := c.api.store.Incident(ctx, e.Incident)
			if err != nil && !errors.Is(err, tocsin.ErrNotFound) {
				return answer{}, err
			}
			k.inc, k.ok = shownIncident(v, inc)
			k.ok, k.whole = k.ok && err == nil, len(k.inc.Projects) == len(inc.Projects)
			known[e.Incident] = k
		}
		if !k.ok {
			continue
		}
		c.incident, c.whole = k.inc, k.whole
		out.Lately = append(out.Lately, c.shownEvents([]tocsin.IncidentEvent{e})...)
		if len(out.Lately) == maxLately {
			break
		}
	}
	return answer{body: out}, nil
}
