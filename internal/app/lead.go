package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/store"
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

// Outlook says what an incident comes to for somebody.
func (s *Service) Outlook(inc tocsin.Incident, who tocsin.Actor) tocsin.Outlook {
	return s.set().law.Outlook(inc, who, s.opts.Now())
}

// Playbooks are those by which incidents are led, by name.
func (s *Service) Playbooks() []tocsin.Playbook {
	books := s.set().law.Playbooks
	var out []tocsin.Playbook
	for _, name := range slices.Sorted(maps.Keys(books)) {
		out = append(out, books[name])
	}
	return out
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

// Lessons are what the closed reviews of incidents say.
func (s *Service) Lessons(known []tocsin.Incident, words string) []tocsin.Lesson {
	return incidents.Lessons(known, words)
}

// Retrospect sums up incidents that were opened in a time.
func (s *Service) Retrospect(ctx context.Context, known []tocsin.Incident, from, to time.Time, every string) (tocsin.Retrospective, error) {
	return Retrospect(ctx, s.store, known, from, to, every, s.opts.Now())
}

// Retrospect sums up incidents that were opened in a time, with their timelines from a store.
func Retrospect(ctx context.Context, s *store.Store, known []tocsin.Incident, from, to time.Time, every string, now time.Time) (tocsin.Retrospective, error) {
	var told []incidents.Told
	for _, inc := range known {
		if inc.Urgency == tocsin.UrgencyRoutine || inc.OpenedAt.Before(from) || !inc.OpenedAt.Before(to) {
			continue
		}
		events, err := s.Timeline(ctx, inc.Key)
		if err != nil {
			return tocsin.Retrospective{}, err
		}
		told = append(told, incidents.Told{Incident: inc, Events: events})
	}
	return incidents.Retrospect(told, from, to, incidents.Every(every), now)
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
