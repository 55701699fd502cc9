package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
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

// publicFor is how long what the public reads of all incidents is good for: strangers ask as often as they like.
const publicFor = 10 * time.Second

// A bulletin is what the public may read of all incidents, as it was a moment ago.
type bulletin struct {
	mu   sync.Mutex
	at   time.Time
	list []tocsin.Publication
}

// Publications are what the public may read of all incidents, the one of which something was said last first. It may be some seconds old.
// The list is shared, and is not to be changed.
func (s *Service) Publications(ctx context.Context) ([]tocsin.Publication, error) {
	p, now := &s.bulletin, s.opts.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at.IsZero() || now.Sub(p.at).Abs() >= publicFor {
		list, err := Publications(ctx, s.store)
		if err != nil {
			return nil, err
		}
		p.at, p.list = now, list
	}
	return p.list, nil
}

// Publications reads what the public may read of all incidents from a store, the one of which something was said last first.
func Publications(ctx context.Context, s *store.Store) ([]tocsin.Publication, error) {
	all, err := s.Incidents(ctx)
	if err != nil {
		return nil, err
	}
	list := []tocsin.Publication{}
	for _, inc := range all {
		if one, ok := incidents.Publish(inc); ok {
			list = append(list, one)
		}
	}
	slices.SortStableFunc(list, func(a, b tocsin.Publication) int { return b.Last().Compare(a.Last()) })
	return list, nil
}

// Feed writes publications as an Atom feed; self is where it is.
func (s *Service) Feed(list []tocsin.Publication, self string) ([]byte, error) {
	return incidents.StatusAtom(list, self, s.opts.Now())
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
