package app

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/registry"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// verifyJob asks registries whether the versions that fixed something can be had, and GitHub whether the checks of the commits that have them
// passed, and looks at what waits for that.
type verifyJob struct{}

func (verifyJob) Kind() string { return "verify" }

const (
	// askAgain is how long the answer of a registry is believed, while the incident is not over. Versions are taken back within hours.
	askAgain = 6 * time.Hour
	// maxAsked bounds the versions that are asked for in one go.
	maxAsked = 200
)

func (s *Service) doVerify(ctx context.Context, _ verifyJob) error {
	return errors.Join(s.verifyVersions(ctx), s.verifyChecks(ctx))
}

// emergencies yields those that are not over.
func (s *Service) emergencies(ctx context.Context) iter.Seq2[tocsin.Incident, error] {
	return func(yield func(tocsin.Incident, error) bool) {
		for after := ""; ; {
			page, err := s.store.IncidentPage(ctx, store.IncidentQuery{After: after, Urgency: tocsin.UrgencyEmergency, Limit: 100})
			if err != nil {
				yield(tocsin.Incident{}, err)
				return
			}
			for _, inc := range page {
				if after = inc.Key; !inc.State.Over() && !yield(inc, nil) {
					return
				}
			}
			if len(page) == 0 {
				return
			}
		}
	}
}

func (s *Service) verifyVersions(ctx context.Context) error {
	if len(s.set().config.Registries) == 0 {
		return nil
	}
	asked := 0
	for inc, err := range s.emergencies(ctx) {
		if err != nil {
			return err
		}
		if asked >= maxAsked {
			return nil
		}
		n, err := s.verify(ctx, inc)
		if asked += n; err != nil {
			return err
		}
	}
	return nil
}

// registry is where the configuration says that packages come from.
func (s *Service) registry() registry.Registry {
	return registry.Registry{Bases: s.set().config.Registries, Client: &http.Client{Transport: s.transport, Timeout: 30 * time.Second}}
}

// verify asks for the versions of one incident whose answer is missing or old. A registry that does not answer is asked again next time.
func (s *Service) verify(ctx context.Context, inc tocsin.Incident) (asked int, err error) {
	now, said := s.opts.Now(), map[tocsin.Resolved]tocsin.RegistryState{}
	for _, p := range inc.Projects {
		for _, r := range p.Resolved {
			key := tocsin.Resolved{Ecosystem: r.Ecosystem, Name: r.Name, Version: r.Version}
			if _, done := said[key]; done || asked >= maxAsked || r.Registry != "" && r.Registry != tocsin.RegistryUnknown && now.Sub(r.AskedAt) < askAgain {
				continue
			}
			asked++
			state, err := s.registry().Look(ctx, r.Ecosystem, r.Name, r.Version)
			if ctx.Err() != nil {
				return asked, ctx.Err()
			}
			if err != nil && !errors.Is(err, tocsin.ErrUnavailable) {
				s.log.Warn("registry not asked", "err", err)
			}
			if state == tocsin.RegistryUnknown && r.Registry != "" {
				continue // what is known stays
			}
			said[key] = state
		}
	}
	if len(said) == 0 {
		return asked, nil
	}
	r, err := s.portfolio(nil).Learn(ctx, inc.Key, func(r tocsin.Resolved) tocsin.RegistryState {
		return said[tocsin.Resolved{Ecosystem: r.Ecosystem, Name: r.Name, Version: r.Version}]
	})
	if err != nil {
		return asked, err
	}
	return asked, s.follow(ctx, r)
}
