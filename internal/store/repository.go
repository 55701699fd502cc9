package store

import (
	"context"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// OfRepository gives the watched projects that name a repository of a forge, "owner/name" in any case: as their own, or as where their
// inventories come from, by that name or at the end of an address. Which forge an address leads to is for the caller to see.
func (s *Store) OfRepository(ctx context.Context, repository string) ([]tocsin.Watched, error) {
	if !tocsin.ValidRepository(repository) {
		return nil, nil // nobody can have named it
	}
	// The text of a project is searched first, so that few of them are decoded.
	all, err := rowsOf(ctx, s, "the projects of "+repository, scanProject, projectColumns+`WHERE removed_at = 0 AND lower(body) LIKE $1 ESCAPE '\' ORDER BY slug`, like(repository))
	if err != nil {
		return nil, err
	}
	var out []tocsin.Watched
	for _, w := range all {
		at := strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(w.Source.Location), "/"), ".git")
		want := strings.ToLower(repository)
		if strings.EqualFold(w.Repository, repository) || at == want || strings.HasSuffix(at, "/"+want) {
			out = append(out, w)
		}
	}
	return out, nil
}
