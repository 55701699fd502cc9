package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
)

// Handle does what somebody wants in an incident, and gives it as it is then.
func (s *Service) Handle(ctx context.Context, key string, c tocsin.Command) (tocsin.Incident, error) {
	r, err := s.portfolio(nil).Handle(ctx, key, c)
	return s.led(ctx, key, r, err)
}

// Declare opens an emergency that no advisory is behind, and gives it.
func (s *Service) Declare(ctx context.Context, d tocsin.Declaration) (tocsin.Incident, error) {
	r, err := s.portfolio(nil).Declare(ctx, d)
	key := ""
	if err == nil {
		key = r.Changes[0].Incident.Key
	}
	return s.led(ctx, key, r, err)
}

// Public gives what the public may read of an incident.
func (s *Service) Public(ctx context.Context, key string) (tocsin.Publication, error) {
	inc, err := s.store.Incident(ctx, key)
	if err != nil {
		return tocsin.Publication{}, err
	}
	p, ok := incidents.Publish(inc)
	if !ok {
		return p, fmt.Errorf("incident %s: %w", key, tocsin.ErrNotFound)
	}
	return p, nil
}

// Now is the time by the clock of the service.
func (s *Service) Now() time.Time { return s.opts.Now() }

// Timeline gives the events of an incident, oldest first.
func (s *Service) Timeline(ctx context.Context, key string) ([]tocsin.IncidentEvent, error) {
	return s.store.Timeline(ctx, key)
}

func (s *Service) led(ctx context.Context, key string, r pipeline.Result, err error) (tocsin.Incident, error) {
	if err != nil {
		return tocsin.Incident{}, err
	}
	after := s.follow(ctx, r)
	for _, c := range r.Changes {
		if c.Incident.Key == key {
			return c.Incident, after
		}
	}
	inc, err := s.store.Incident(ctx, key)
	return inc, errors.Join(after, err)
}
