package web

import (
	"context"
	"errors"

	"github.com/tocsin-dev/tocsin"
)

// shownActions are all actions that the asker may see, in the order of key and revision. One without a project speaks of every project
// of its incident, and is for those who see all of them.
func (a *API) shownActions(ctx context.Context, c *call) ([]tocsin.ActionRow, error) {
	v, err := c.sight(ctx)
	if err != nil {
		return nil, err
	}
	all, err := a.store.Incidents(ctx)
	if err != nil {
		return nil, err
	}
	type known struct{ some, whole, private bool }
	incidents := map[string]known{}
	for _, inc := range all {
		shown, ok := shownIncident(v, inc)
		incidents[inc.Key] = known{ok, ok && len(shown.Projects) == len(inc.Projects), inc.Private()}
	}
	rows, err := a.store.Actions(ctx)
	if err != nil {
		return nil, err
	}
	var out []tocsin.ActionRow
	for _, r := range rows {
		k := incidents[r.Action.Incident]
		if k.some && (r.Action.Project == "" && k.whole || r.Action.Project != "" && v.Sees(r.Action.Project, k.private)) {
			out = append(out, r)
		}
	}
	return out, nil
}

func (c *call) listActions(ctx context.Context) (answer, error) {
	after, limit, err := c.listing()
	if err != nil {
		return answer{}, err
	}
	rows, err := c.api.shownActions(ctx, c)
	if err != nil {
		return answer{}, err
	}
	var items []tocsin.ActionRow
	q := c.query
	for i, r := range rows {
		if i+1 < len(rows) && rows[i+1].Action.Key == r.Action.Key || r.Action.Key <= after {
			continue // an older revision, an earlier page
		}
		if matches(q["state"], string(r.State)) && matches(q["kind"], string(r.Action.Kind)) && matches(q["incident"], r.Action.Incident) && matches(q["project"], r.Action.Project) {
			items = append(items, r)
		}
	}
	return answer{body: paged(c, items, limit, func(r tocsin.ActionRow) string { return r.Action.Key })}, nil
}

func (c *call) getAction(context.Context) (answer, error) { return answer{body: c.action}, nil }

func (c *call) approveAction(ctx context.Context) (answer, error) {
	// Approvals count people. A token is whoever has it.
	if c.who.Kind != tocsin.PrincipalPerson {
		return answer{}, fault(tocsin.ErrForbidden, "", "sign in, and approve it there", "Approvals count people, and this is a %s.", c.who.Kind)
	}
	return c.judge(ctx, true)
}

func (c *call) vetoAction(ctx context.Context) (answer, error) { return c.judge(ctx, false) }

func (c *call) judge(ctx context.Context, approve bool) (answer, error) {
	if c.action.State != tocsin.ActionWaiting {
		return answer{}, fault(tocsin.ErrConflict, "", "", "The action is %s and does not wait for approval.", c.action.State)
	}
	who := c.who.Name
	if c.who.Kind != tocsin.PrincipalPerson { // a token may have the name of a person
		who = string(c.who.Kind) + ":" + who
	}
	if err := c.note(ctx, c.action.Action.Key, nil); err != nil {
		return answer{}, err
	}
	row, err := c.api.store.Judge(ctx, c.action.Action.Key, who, approve, c.now)
	if errors.Is(err, tocsin.ErrConflict) {
		return answer{}, fault(tocsin.ErrConflict, "", "read the action again", "You have judged it already, or someone else was faster.")
	}
	if err != nil {
		return answer{}, err
	}
	return answer{body: row}, nil
}
