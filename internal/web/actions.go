package web

import (
	"context"
	"errors"
	"iter"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// An incidentSight is what says which actions of an incident are seen: whether something of it is, and all of its projects.
type incidentSight struct{ some, whole, private bool }

// shownActions yields the newest revisions of actions that are seen, by key. One without a project speaks of every project of its
// incident, and is for those who see all of them.
func (c *call) shownActions(ctx context.Context, q store.ActionQuery) iter.Seq2[tocsin.ActionRow, error] {
	q.Limit = batch
	return func(yield func(tocsin.ActionRow, error) bool) {
		incidents := map[string]incidentSight{}
		for {
			list, err := c.api.store.ActionPage(ctx, q)
			if err != nil {
				yield(tocsin.ActionRow{}, err)
				return
			}
			for _, r := range list {
				ok, err := c.seesAction(ctx, r.Action, incidents)
				if (ok || err != nil) && !yield(r, err) || err != nil {
					return
				}
				q.After = r.Action.Key
			}
			if len(list) < batch {
				return
			}
		}
	}
}

// seesAction says whether an action is seen. Incidents has those that were looked up already.
func (c *call) seesAction(ctx context.Context, a tocsin.Action, incidents map[string]incidentSight) (bool, error) {
	v, err := c.sight(ctx)
	if err != nil {
		return false, err
	}
	k, ok := incidents[a.Incident]
	if !ok {
		inc, err := c.api.store.Incident(ctx, a.Incident)
		if err != nil {
			return false, err
		}
		shown, some := shownIncident(v, inc)
		k = incidentSight{some, some && len(shown.Projects) == len(inc.Projects), inc.Private()}
		incidents[a.Incident] = k
	}
	return k.some && (a.Project == "" && k.whole || a.Project != "" && v.Sees(a.Project, k.private)), nil
}

func (c *call) listActions(ctx context.Context) (answer, error) {
	after, limit, err := c.listing()
	if err != nil {
		return answer{}, err
	}
	q := c.query
	var items []tocsin.ActionRow
	for r, err := range c.shownActions(ctx, store.ActionQuery{After: after, Incident: q["incident"], State: tocsin.ActionState(q["state"])}) {
		if err != nil {
			return answer{}, err
		}
		if matches(q["kind"], string(r.Action.Kind)) && matches(q["project"], r.Action.Project) {
			items = append(items, r)
		}
		if len(items) > limit {
			break
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
	if err := c.note(ctx, c.action.Action.Key, nil); err != nil {
		return answer{}, err
	}
	row, err := c.api.store.Judge(ctx, c.action.Action.Key, c.actor().Name, approve, c.now)
	if errors.Is(err, tocsin.ErrConflict) {
		return answer{}, fault(tocsin.ErrConflict, "", "read the action again", "You have judged it already, or someone else was faster.")
	}
	if err != nil {
		return answer{}, err
	}
	return answer{body: row}, nil
}

func (c *call) retryAction(ctx context.Context) (answer, error) {
	anew := c.query["anew"] == "true"
	if err := c.note(ctx, c.action.Action.Key, map[string]any{"anew": anew}); err != nil {
		return answer{}, err
	}
	row, err := c.api.store.Retry(ctx, c.action.Action.Key, c.actor().Name, anew, c.now)
	if errors.Is(err, tocsin.ErrConflict) {
		return answer{}, fault(tocsin.ErrConflict, "", "read the action again", "The action is %s: only what failed is tried again.", row.State)
	}
	return answer{body: row}, err
}
