package app

import (
	"context"
	"fmt"
	"slices"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/web"
	"github.com/tocsin-dev/tocsin/policies"
)

var _ web.PolicyDesk = changes{}

// inForce are the policies of the configuration with those in their place, or beside them, that two people agreed to. Where the
// configuration has another text than it had then, it counts: what was reviewed and stands in a file is the truth. overruled are the
// changes that do not count, by id, with why.
func inForce(file Modes, held []tocsin.PolicyChange) (m Modes, overruled map[string]string) {
	m, overruled = file, map[string]string{}
	list := slices.Clone(file.Live.Policies())
	m.texts = map[string]loaded{}
	for digest, l := range file.texts {
		m.texts[digest] = l
	}
	for _, c := range held {
		base := digestOf(file, c.Policy)
		switch {
		case base == c.Digest:
			overruled[c.ID] = "the configuration has this text now"
			continue
		case base != c.Base && base == "":
			overruled[c.ID] = "the configuration has no policy of this name any more"
			continue
		case base != c.Base:
			overruled[c.ID] = "the configuration has another text since"
			continue
		}
		p, err := policies.Load(c.Policy, []byte(c.Text))
		if err != nil { // it was right when it was proposed: the program is another
			overruled[c.ID] = "this version of the program does not take its text"
			continue
		}
		m.texts[p.Digest] = loaded{policy: p, text: []byte(c.Text), cases: []byte(c.Cases), change: c.ID}
		if i := slices.IndexFunc(list, func(o *policies.Policy) bool { return o.Name == c.Policy }); i >= 0 {
			list[i] = p
		} else {
			list = append(list, p)
		}
	}
	m.Live = policies.NewSet(list...)
	return m, overruled
}

// digestOf is the digest of the policy of a name that is enforced; empty: none is.
func digestOf(m Modes, name string) string {
	for _, p := range m.Live.Policies() {
		if p.Name == name {
			return p.Digest
		}
	}
	return ""
}

// heed takes into account what two people agreed to since, in this process or another, and says whether there was anything.
func (s *Service) heed(ctx context.Context) (bool, error) {
	held, err := s.store.PolicyChangesHeld(ctx)
	if err != nil {
		return false, err
	}
	s.settling.Lock()
	defer s.settling.Unlock()
	next := *s.set()
	if slices.EqualFunc(next.held, held, func(a, b tocsin.PolicyChange) bool { return a.ID == b.ID }) {
		return false, nil
	}
	next.held = held
	s.settle(next)
	return true, nil
}

// changes are how policies come into force without the configuration.
type changes struct{ s *Service }

// PolicyDesk gives how policies come into force without the configuration.
func (s *Service) PolicyDesk() web.PolicyDesk { return changes{s} }

// maxChanges bounds the changes that are shown.
const maxChanges = 200

// Changes gives those that there are, the newest first.
func (d changes) Changes(ctx context.Context) ([]web.PolicyStanding, error) {
	list, err := d.s.store.PolicyChanges(ctx, maxChanges)
	if err != nil {
		return nil, err
	}
	out := make([]web.PolicyStanding, len(list))
	for i, c := range list {
		out[i] = d.standing(c)
	}
	return out, nil
}

// Change gives one.
func (d changes) Change(ctx context.Context, id string) (web.PolicyStanding, error) {
	c, err := d.s.store.PolicyChange(ctx, id)
	return d.standing(c), err
}

func (d changes) standing(c tocsin.PolicyChange) web.PolicyStanding {
	set, out := d.s.set(), web.PolicyStanding{PolicyChange: c}
	switch {
	case c.State == tocsin.PolicyProposed && digestOf(set.policies, c.Policy) != c.Live:
		out.Standing, out.Why = web.PolicyStale, "another text is in force since it was proposed: it has to be proposed again"
	case c.State == tocsin.PolicyProposed:
		out.Standing = web.PolicyWaits
	case !c.Holds():
		out.Standing = web.PolicyOver
	case set.overruled[c.ID] != "":
		out.Standing, out.Why = web.PolicyOverruled, set.overruled[c.ID]
	default:
		out.Standing = web.PolicyHolds
	}
	return out
}

// Propose keeps a change for a second person to judge.
func (d changes) Propose(ctx context.Context, c tocsin.PolicyChange) (web.PolicyStanding, error) {
	if err := c.Validate(); err != nil {
		return web.PolicyStanding{}, err
	}
	set := d.s.set()
	c.State, c.Live, c.Base = tocsin.PolicyProposed, digestOf(set.policies, c.Policy), digestOf(set.file, c.Policy)
	for _, h := range set.held {
		if h.Policy == c.Policy {
			c.Over = h.ID
		}
	}
	switch {
	case c.Off && c.Over == "":
		return web.PolicyStanding{}, fmt.Errorf("%w: %s is as the configuration has it: change it there", tocsin.ErrConflict, c.Policy)
	case !c.Off && c.Digest == c.Live:
		return web.PolicyStanding{}, fmt.Errorf("%w: this text is in force already", tocsin.ErrConflict)
	}
	c, err := d.s.store.AddPolicyChange(ctx, c)
	return d.standing(c), err
}

// Judge says what becomes of a change. What is agreed to is in force when this returns, in this process, and in the others soon.
func (d changes) Judge(ctx context.Context, id string, v tocsin.PolicyVerdict, by tocsin.Actor, answer string) (web.PolicyStanding, error) {
	was, err := d.s.store.PolicyChange(ctx, id)
	if err != nil {
		return web.PolicyStanding{}, err
	}
	now := d.s.opts.Now()
	c, err := was.Judged(v, by, answer, now)
	if err != nil {
		return web.PolicyStanding{}, err
	}
	if c.State == tocsin.PolicyAgreed {
		if at := d.standing(was); at.Standing != web.PolicyWaits {
			return web.PolicyStanding{}, fmt.Errorf("%w: %s", tocsin.ErrConflict, at.Why)
		}
		if c.Off {
			c.EndedAt = now
		}
	}
	if err := d.s.store.JudgePolicyChange(ctx, c); err != nil {
		return web.PolicyStanding{}, err
	}
	err = d.s.reheed(ctx)
	return d.standing(c), err
}

// reheed takes policies into account, and has everything decided anew if there are others.
func (s *Service) reheed(ctx context.Context) error {
	changed, err := s.heed(ctx)
	if err != nil || !changed || s.engine == nil {
		return err
	}
	return s.engine.Ask(ctx, reconsiderJob{})
}
