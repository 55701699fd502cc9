package app

import (
	"context"
	"fmt"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories/draft"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// Advisory gives the advisory of an incident to those downstream in a format: a published revision, or with 0 what it is now, which may be a
// draft. What there is not is a [tocsin.ErrNotFound]; other errors are those of [draft.Write].
func Advisory(ctx context.Context, s *store.Store, by tocsin.Publisher, key, format string, revision int, now time.Time) ([]byte, error) {
	inc, err := s.Incident(ctx, key)
	if err != nil {
		return nil, err
	}
	if revision != 0 {
		return published(inc, format, revision)
	}
	q := store.ProjectQuery{}
	for _, p := range inc.Projects {
		q.Slugs = append(q.Slugs, p.Slug)
	}
	projects := map[string]tocsin.Project{}
	if len(q.Slugs) > 0 { // no slugs are all projects
		list, err := s.Projects(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, w := range list {
			projects[w.Slug] = w.Project
		}
	}
	return draft.Write(incidents.Rules{Publisher: by}.Document(inc, projects, now), draft.Format(format))
}

// published is a revision as two people published it, the newest for 0.
func published(inc tocsin.Incident, format string, revision int) ([]byte, error) {
	list := incidents.Revisions(inc)
	if revision == 0 {
		revision = len(list)
	}
	if revision < 1 || revision > len(list) {
		return nil, fmt.Errorf("revision %d of the advisory of %s: %w", revision, inc.Key, tocsin.ErrNotFound)
	}
	return draft.Write(list[revision-1], draft.Format(format))
}

// Advisory gives the advisory of an incident to those who work on it; see [Advisory].
func (s *Service) Advisory(ctx context.Context, key, format string, revision int) ([]byte, error) {
	return Advisory(ctx, s.store, s.set().config.Publisher, key, format, revision, s.opts.Now())
}

// PublicAdvisory gives a revision that two people published, the newest for 0. While the incident is under embargo there is none.
func (s *Service) PublicAdvisory(ctx context.Context, key, format string, revision int) ([]byte, error) {
	inc, err := s.store.Incident(ctx, key)
	if err != nil {
		return nil, err
	}
	if inc.Private() {
		return nil, fmt.Errorf("the advisory of %s: %w", key, tocsin.ErrNotFound)
	}
	return published(inc, format, revision)
}
