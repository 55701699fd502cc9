package web

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// A TokenInput is what a new token is to be.
type TokenInput struct {
	Name      string         `json:"name"`
	Grants    []tocsin.Grant `json:"grants"`
	ExpiresAt time.Time      `json:"expires_at"`
}

// A NewToken has the text that nobody is shown again.
type NewToken struct {
	tocsin.APIToken
	Token string `json:"token"`
}

// listTokens gives those that the asker may revoke.
func (c *call) listTokens(ctx context.Context) (answer, error) {
	all, err := c.api.store.Tokens(ctx)
	if err != nil {
		return answer{}, err
	}
	all = slices.DeleteFunc(all, func(t tocsin.APIToken) bool { return !c.gives(t.Grants) })
	return wholePage(c, all, func(t tocsin.APIToken) string { return t.ID })
}

// gives says whether the asker may give all of the grants. None at all are for who rules everything.
func (c *call) gives(grants []tocsin.Grant) bool {
	if len(grants) == 0 {
		return c.who.May(tocsin.MayRule, tocsin.Project{})
	}
	return !slices.ContainsFunc(grants, func(g tocsin.Grant) bool { return !c.who.MayGive(g) })
}

// mayGive says which grant is none, or more than the asker may give.
func (c *call) mayGive(grants []tocsin.Grant) error {
	for i, g := range grants {
		at := fmt.Sprintf("/grants/%d", i)
		switch {
		case g.Validate() != nil:
			return invalid(at+"/access", "use one of gate, sender, viewer, responder, security, admin", "%q is no access", clip(string(g.Access)))
		case !printable(g.Group) || !printable(g.Project) || len(g.Group)+len(g.Project) > maxParameter:
			return invalid(at, "", "group and project are no texts of at most %d bytes without control characters", maxParameter)
		case !c.who.MayGive(g):
			return fault(tocsin.ErrForbidden, at, "give what lies within a group or project that you are admin of", "You may not give this.")
		}
	}
	return nil
}

func (c *call) postToken(ctx context.Context) (answer, error) {
	var in TokenInput
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	if err := c.mayGive(in.Grants); err != nil {
		return answer{}, err
	}
	text, t, err := c.api.parts.Keys.CreateToken(ctx, c.who, tocsin.TokenRequest{Name: in.Name, Grants: in.Grants, ExpiresAt: in.ExpiresAt, Request: requestID(ctx)})
	if err != nil {
		return answer{}, err
	}
	return answer{status: 201, body: NewToken{t, text.Reveal()}, header: map[string][]string{"Cache-Control": {"no-store"}}}, nil
}

// deleteToken answers for a token that the asker may not revoke as for one that is not there.
func (c *call) deleteToken(ctx context.Context) (answer, error) {
	id := c.r.PathValue("id")
	if !printable(id) {
		return answer{}, tocsin.ErrNotFound
	}
	t, _, err := c.api.store.Token(ctx, id)
	if err != nil {
		return answer{}, err
	}
	if !c.gives(t.Grants) {
		return answer{}, tocsin.ErrNotFound
	}
	return answer{status: 204}, c.api.parts.Keys.RevokeToken(ctx, c.who, id, requestID(ctx))
}

// wholePage cuts a page out of a list that is there as a whole.
func wholePage[T any](c *call, all []T, place func(T) string) (answer, error) {
	after, limit, err := c.listing()
	if err != nil {
		return answer{}, err
	}
	if after != "" {
		at := slices.IndexFunc(all, func(v T) bool { return place(v) == after })
		if at < 0 {
			return answer{}, fault(tocsin.ErrConflict, "cursor", "ask for the first page again", "The list is not what it was.")
		}
		all = all[at+1:]
	}
	return answer{body: paged(c, all, limit, place)}, nil
}
