package web

import (
	"context"
	"errors"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// authorize does what the line of the route says, and loads what it is about. Whoever may nothing at all to a project does not learn
// that it is there.
func (c *call) authorize(ctx context.Context) error {
	switch c.route.where {
	case open, signed, known:
		return nil
	case everywhere:
		if !c.who.May(c.route.needs, tocsin.Project{}) {
			return tocsin.ErrForbidden
		}
		return nil
	case theProject:
		return c.mayProject(ctx, c.r.PathValue("slug"))
	case aProject:
		if slug := c.query["project"]; slug != "" {
			return c.mayProject(ctx, slug)
		}
	case newProject:
		err := c.mayProject(ctx, c.r.PathValue("slug"))
		if errors.Is(err, tocsin.ErrNotFound) && c.project == nil { // what it will be is for the handler to see
			err = nil
		}
		if errors.Is(err, tocsin.ErrNotFound) {
			err = tocsin.ErrForbidden
		}
		if err != nil {
			return err
		}
	case theIncident:
		if err := c.somewhere(); err != nil {
			return err
		}
		return c.mayIncident(ctx)
	case theAction:
		if err := c.somewhere(); err != nil {
			return err
		}
		return c.mayAction(ctx)
	}
	return c.somewhere()
}

func (c *call) somewhere() error {
	if !c.who.MaySomewhere(c.route.needs) {
		return tocsin.ErrForbidden
	}
	return nil
}

// mayProject loads a project that the asker may do to what the route needs.
func (c *call) mayProject(ctx context.Context, slug string) error {
	if !printable(slug) {
		return tocsin.ErrNotFound
	}
	p, err := c.api.store.Project(ctx, slug)
	if err != nil {
		return err
	}
	c.project = &p
	switch {
	case !c.who.May(tocsin.MayGate, p.Project): // which every access may
		return tocsin.ErrNotFound
	case !c.who.May(c.route.needs, p.Project):
		return tocsin.ErrForbidden
	}
	return nil
}

// sight is what the asker may see, worked out once.
func (c *call) sight(ctx context.Context) (store.Sight, error) {
	if c.seen != nil {
		return *c.seen, nil
	}
	v := store.Sight{All: c.who.May(tocsin.MayRead, tocsin.Project{})}
	v.Embargoed = v.All && c.who.May(tocsin.MayManage, tocsin.Project{})
	if !v.All || !v.Embargoed && c.who.MaySomewhere(tocsin.MayManage) {
		groups, err := c.api.store.Groups(ctx)
		if err != nil {
			return v, err
		}
		v.Projects = map[string]bool{}
		for _, p := range groups {
			if c.who.May(tocsin.MayRead, p) {
				v.Projects[p.Slug] = c.who.MayKnow(p, true)
			}
		}
	}
	c.seen = &v
	return v, nil
}

// mayIncident loads an incident as far as the asker may see it.
func (c *call) mayIncident(ctx context.Context) error {
	key := c.r.PathValue("key")
	if !printable(key) {
		return tocsin.ErrNotFound
	}
	inc, err := c.api.store.Incident(ctx, key)
	if err != nil {
		return err
	}
	v, err := c.sight(ctx)
	if err != nil {
		return err
	}
	shown, ok := shownIncident(v, inc)
	if !ok {
		return tocsin.ErrNotFound
	}
	c.incident, c.whole = shown, len(shown.Projects) == len(inc.Projects)
	return nil
}

// mayAction loads the newest revision of an action that the asker may see and do to what the route needs.
func (c *call) mayAction(ctx context.Context) error {
	key := c.r.PathValue("key")
	if key == "" || !printable(key) {
		return tocsin.ErrNotFound
	}
	for r, err := range c.shownActions(ctx, store.ActionQuery{Key: key}) {
		if err != nil {
			return err
		}
		c.action = r
	}
	if c.action.Action.Key == "" {
		return tocsin.ErrNotFound
	}
	return c.mayTo(ctx, c.action.Action)
}

// mayTo says whether the route's permission is there for all that an action is about: one without a project speaks of every project
// of its incident.
func (c *call) mayTo(ctx context.Context, a tocsin.Action) error {
	slugs := []string{a.Project}
	if a.Project == "" {
		inc, err := c.api.store.Incident(ctx, a.Incident)
		if err != nil {
			return err
		}
		slugs = nil
		for _, p := range inc.Projects {
			slugs = append(slugs, p.Slug)
		}
	}
	if c.who.May(c.route.needs, tocsin.Project{}) {
		return nil
	}
	for _, slug := range slugs {
		p, err := c.api.store.Project(ctx, slug)
		if errors.Is(err, tocsin.ErrNotFound) || err == nil && !c.who.May(c.route.needs, p.Project) {
			return tocsin.ErrForbidden
		}
		if err != nil {
			return err
		}
	}
	if len(slugs) == 0 {
		return tocsin.ErrForbidden
	}
	return nil
}
