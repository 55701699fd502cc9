package web

import (
	"context"
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// A SilenceInput is what a silence is to be.
type SilenceInput struct {
	// Match is what to keep quiet, as in "group=payments,urgency=routine".
	Match string `json:"match"`
	// Until is in the next 90 days.
	Until  time.Time `json:"until"`
	Reason string    `json:"reason"`
}

// Silences are those that hold, in the order in which they end.
type Silences struct {
	Items []tocsin.Silence `json:"items"`
}

func (c *call) listSilences(ctx context.Context) (answer, error) {
	list, err := c.api.store.Silences(ctx, c.now)
	return answer{body: Silences{Items: append([]tocsin.Silence{}, list...)}}, err
}

func (c *call) postSilence(ctx context.Context) (answer, error) {
	var in SilenceInput
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	if c.who.Kind != tocsin.PrincipalPerson {
		return answer{}, fault(tocsin.ErrForbidden, "", "sign in, and do it there", "To keep news quiet is for people, and this is a %s.", c.who.Kind)
	}
	m, err := tocsin.ParseMatch(in.Match)
	if err != nil {
		return answer{}, invalid("/match", "write it as group=payments,urgency=routine", "%s", clip(err.Error()))
	}
	one := tocsin.Silence{Match: m, By: c.who.Name, Reason: in.Reason, From: c.now, Until: in.Until.UTC()}
	if err := one.Validate(); err != nil {
		return answer{}, invalid("", "", "%s", clip(err.Error()))
	}
	if err := c.note(ctx, m.String(), in); err != nil {
		return answer{}, err
	}
	one, err = c.api.store.AddSilence(ctx, one)
	return answer{status: 201, body: one}, err
}

func (c *call) deleteSilence(ctx context.Context) (answer, error) {
	id := c.r.PathValue("id")
	if !printable(id) {
		return answer{}, tocsin.ErrNotFound
	}
	if err := c.note(ctx, id, nil); err != nil {
		return answer{}, err
	}
	return answer{status: 204}, c.api.store.EndSilence(ctx, id, c.who.Name, c.now)
}

// noticesFor is how far back the log of notices is read where nothing else is asked for.
const noticesFor = 7 * tocsin.Day

// Notices are who was told what, and who was not and why, the newest first.
type Notices struct {
	Items []tocsin.NoticeRecord `json:"items"`
	// More is how many older ones of that time are left out.
	More int `json:"more"`
}

// listNotices gives what is said of incidents all of whose projects are seen.
func (c *call) listNotices(ctx context.Context) (answer, error) {
	since, err := instant("since", c.query["since"], c.now.Add(-noticesFor))
	if err != nil {
		return answer{}, err
	}
	all, err := c.api.store.NoticeLog(ctx, since, nil)
	if err != nil {
		return answer{}, err
	}
	incidents := map[string]incidentSight{}
	out := Notices{Items: []tocsin.NoticeRecord{}}
	for _, r := range slices.Backward(all) {
		if !matches(c.query["incident"], r.Incident) || !matches(c.query["receiver"], r.Receiver) {
			continue
		}
		ok, err := c.seesAction(ctx, tocsin.Action{Incident: r.Incident}, incidents)
		switch {
		case err != nil:
			return answer{}, err
		case !ok:
		case len(out.Items) < maxPage:
			out.Items = append(out.Items, r)
		default:
			out.More++
		}
	}
	return answer{body: out}, nil
}
