package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/web"
	"github.com/tocsin-dev/tocsin/policies"
)

var _ web.PolicyDesk = changes{}

// inForce are the policies of the configuration with those in their place, or beside them, that two people agreed to. Where the
// configuration has another text than it had then, it counts: what was reviewed and stands in a file is the truth. overruled are the
// changes that do not count, by id.
func inForce(file Modes, held []tocsin.PolicyChange) (m Modes, overruled map[string]overruling) {
	m, overruled = file, map[string]overruling{}
	list := slices.Clone(file.Live.Policies())
	m.texts = map[string]loaded{}
	for digest, l := range file.texts {
		m.texts[digest] = l
	}
	for _, c := range held {
		if why := outdated(file, c); why != "" {
			overruled[c.ID] = overruling{why: why, ends: true}
			continue
		}
		p, err := policies.Load(c.Policy, []byte(c.Text))
		if err != nil { // it was right when it was proposed: the program is another
			overruled[c.ID] = overruling{why: "this version of the program does not take its text"}
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

// An overruling is why a change does not count. One that ends it does so for good: the text of a file that comes back later was not what
// the two people agreed over.
type overruling struct {
	why  string
	ends bool
}

// outdated says why a change is of a time before what the configuration has; empty: it has what it had.
func outdated(file Modes, c tocsin.PolicyChange) string {
	switch base := digestOf(file, c.Policy); {
	case !c.Off && base == c.Digest:
		return "the configuration has this text now"
	case base == c.Base:
		return ""
	case base == "":
		return "the configuration has no policy of this name any more"
	default:
		return "the configuration has another text since"
	}
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
	s.settling.Lock() // before they are read, so that an older list never takes the place of a newer one
	defer s.settling.Unlock()
	held, err := s.store.PolicyChangesHeld(ctx)
	if err != nil {
		return false, err
	}
	next := *s.set()
	if slices.EqualFunc(next.held, held, func(a, b tocsin.PolicyChange) bool { return a.ID == b.ID }) {
		return false, nil
	}
	next.held = held
	s.settle(next)
	return true, nil
}

// concede ends the changes that the configuration overrules, in the store and so for every process. It is for those who decide by this
// configuration, and not for whoever has one beside the same database.
func (s *Service) concede(ctx context.Context) error {
	set, now := s.set(), s.opts.Now()
	for _, c := range set.held {
		o := set.overruled[c.ID]
		if !o.ends {
			continue
		}
		entry := tocsin.AuditEntry{At: now, Kind: tocsin.PrincipalSystem, Who: "tocsin", What: "policy_change.ended", Target: c.Policy, Detail: map[string]string{"change": c.ID, "why": o.why}}
		if err := s.store.EndPolicyChange(ctx, c.ID, o.why, entry); err != nil {
			return err
		}
	}
	return nil
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
	case c.State == tocsin.PolicyProposed && outdated(set.file, c) != "":
		out.Standing, out.Why = web.PolicyStale, outdated(set.file, c)+": it has to be proposed again"
	case c.State == tocsin.PolicyProposed:
		out.Standing = web.PolicyWaits
	case c.Ending != "":
		out.Standing, out.Why = web.PolicyOverruled, c.Ending
	case !c.Holds():
		out.Standing = web.PolicyOver
	case set.overruled[c.ID].why != "":
		out.Standing, out.Why = web.PolicyOverruled, set.overruled[c.ID].why
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
		if h.Policy == c.Policy && !set.overruled[h.ID].ends {
			c.Over = h.ID
		}
	}
	switch {
	case c.Off && c.Over == "":
		return web.PolicyStanding{}, fmt.Errorf("%w: %s is as the configuration has it: change it there", tocsin.ErrConflict, c.Policy)
	case !c.Off && c.Digest == c.Live:
		return web.PolicyStanding{}, fmt.Errorf("%w: this text is in force already", tocsin.ErrConflict)
	}
	if p, err := policies.Load(c.Policy, []byte(c.Text)); err == nil && !c.Off {
		c.Replay = d.s.bench.saw(set.policies.Live.With(p).Digest())
	}
	c, err := d.s.store.AddPolicyChange(ctx, c)
	return d.standing(c), err
}

// Judge says what becomes of a change. What is agreed to is in force when this returns, in this process, and in the others soon; if what
// is in force cannot be read then, this process does as the others do.
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
	if err := d.s.reheed(ctx); err != nil { // the verdict is kept, so it is no error of who gave it
		d.s.log.Error("changes of policies not read", "err", err)
	}
	return d.standing(c), nil
}

// reheed takes policies into account, and has everything decided anew if there are others.
func (s *Service) reheed(ctx context.Context) error {
	changed, err := s.heed(ctx)
	if err != nil {
		return err
	}
	if changed && s.engine != nil {
		err = s.engine.Ask(ctx, reconsiderJob{})
	}
	return errors.Join(err, s.concede(ctx))
}
