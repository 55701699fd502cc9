package store

import (
	"context"
	"errors"
	"fmt"
)

// SearchPackages gives packages whose name has a text, whatever its case, and that a project which is seen resolves now: the
// shortest names first.
func (s *Store) SearchPackages(ctx context.Context, v Sight, text string, limit int) ([]Name, error) {
	return found(ctx, s, func(n *Name) []any { return []any{&n.Ecosystem, &n.Name} },
		`SELECT c.ecosystem, c.name FROM components c WHERE (LOWER(c.name) LIKE $2 ESCAPE '\' OR c.key LIKE $2 ESCAPE '\')
			AND EXISTS (SELECT 1 FROM resolutions r JOIN projects p ON p.id = r.project WHERE r.component = c.id AND r.until = 0 AND p.removed_at = 0 AND `+s.sees(v, `p.slug`)+`)
		GROUP BY c.ecosystem, c.name ORDER BY LENGTH(c.name), c.name, c.ecosystem LIMIT $3`, v.list(), like(text), limit)
}

// SearchClasses gives the ids of classes whose id has a text, whatever its case, and about which a decision stands that is seen:
// the shortest ids first.
func (s *Store) SearchClasses(ctx context.Context, v Sight, text string, limit int) ([]string, error) {
	return found(ctx, s, func(id *string) []any { return []any{id} },
		`SELECT d.class FROM decisions d WHERE d.ended_at = 0 AND LOWER(d.class) LIKE $2 ESCAPE '\' AND `+s.seesDecision(v, "d")+`
		GROUP BY d.class ORDER BY LENGTH(d.class), d.class LIMIT $3`, v.list(), like(text), limit)
}

// SearchProjects gives the slugs of watched projects that are seen and whose slug has a text, whatever its case: the
// shortest slugs first.
func (s *Store) SearchProjects(ctx context.Context, v Sight, text string, limit int) ([]string, error) {
	return found(ctx, s, func(slug *string) []any { return []any{slug} },
		`SELECT p.slug FROM projects p WHERE p.removed_at = 0 AND p.slug LIKE $2 ESCAPE '\' AND `+s.sees(v, `p.slug`)+`
		ORDER BY LENGTH(p.slug), p.slug LIMIT $3`, v.list(), like(text), limit)
}

func found[T any](ctx context.Context, s *Store, columns func(*T) []any, query string, args ...any) (out []T, err error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("searching: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var one T
		if err := rows.Scan(columns(&one)...); err != nil {
			return nil, fmt.Errorf("searching: %w", err)
		}
		out = append(out, one)
	}
	return out, rows.Err()
}
