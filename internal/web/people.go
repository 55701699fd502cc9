package web

import (
	"context"

	"github.com/tocsin-dev/tocsin"
)

// Me is who asks, and what they may do in at least one place.
type Me struct {
	tocsin.Principal
	May []tocsin.Permission `json:"may"`
}

func (c *call) getMe(context.Context) (answer, error) {
	out := Me{Principal: c.who}
	for _, p := range permissions {
		if c.who.MaySomewhere(p) {
			out.May = append(out.May, p)
		}
	}
	return answer{body: out}, nil
}

// A PersonInput is what a person is to be.
type PersonInput struct {
	// Grants take the place of those given before. What follows from groups stays.
	Grants []tocsin.Grant `json:"grants"`
	// Disabled people are signed out, and do not come in again.
	Disabled *bool `json:"disabled"`
}

func (c *call) listPeople(ctx context.Context) (answer, error) {
	all, err := c.api.store.People(ctx)
	if err != nil {
		return answer{}, err
	}
	return wholePage(c, all, func(p tocsin.Person) string { return p.ID })
}

func (c *call) getPerson(ctx context.Context) (answer, error) {
	id := c.r.PathValue("id")
	if !printable(id) {
		return answer{}, tocsin.ErrNotFound
	}
	p, err := c.api.store.Person(ctx, id)
	return answer{body: p}, err
}

func (c *call) putPerson(ctx context.Context) (answer, error) {
	if _, err := c.getPerson(ctx); err != nil {
		return answer{}, err
	}
	var in PersonInput
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	switch { // what is left away must not take something away, or let somebody in
	case in.Grants == nil:
		return answer{}, invalid("/grants", "send all that are to hold, or [] for none", "it is missing")
	case in.Disabled == nil:
		return answer{}, invalid("/disabled", "send true or false", "it is missing")
	}
	if err := c.mayGive(in.Grants); err != nil {
		return answer{}, err
	}
	if err := c.api.parts.Keys.ChangePerson(ctx, c.who, c.r.PathValue("id"), in.Grants, *in.Disabled, requestID(ctx)); err != nil {
		return answer{}, err
	}
	return c.getPerson(ctx)
}

func (c *call) signOut(ctx context.Context) (answer, error) {
	if _, err := c.getPerson(ctx); err != nil {
		return answer{}, err
	}
	return answer{status: 204}, c.api.parts.Keys.SignOut(ctx, c.who, c.r.PathValue("id"), requestID(ctx))
}
