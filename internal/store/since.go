package store

import (
	"context"
	"fmt"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// FirstSeen gives when each class was first decided on in a project.
func (s *Store) FirstSeen(ctx context.Context, project string) (map[string]time.Time, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT class, MIN(first_at) FROM decisions WHERE project = $1 GROUP BY class`, project)
	if err != nil {
		return nil, fmt.Errorf("reading when classes were first seen: %w", err)
	}
	defer rows.Close()
	out := map[string]time.Time{}
	for rows.Next() {
		var class string
		var at int64
		if err := rows.Scan(&class, &at); err != nil {
			return nil, fmt.Errorf("reading when classes were first seen: %w", err)
		}
		out[class] = moment(at)
	}
	return out, rows.Err()
}

// A Fix is what a fix is of: a class in a package, whatever its version.
type Fix struct{ Class, Ecosystem, Name string }

// FixOf gives what a fix of a finding would be of.
func FixOf(f tocsin.Finding) Fix {
	return Fix{name(f.Class.ID), name(f.Package.Ecosystem), name(f.Package.Name)}
}

// FixKnown gives when a fix was first known of what was decided on in a project; what never had one is not in it.
func (s *Store) FixKnown(ctx context.Context, project string) (map[Fix]time.Time, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT class, ecosystem, name, MIN(fix_at) FROM decisions WHERE project = $1 AND fix_at > 0 GROUP BY class, ecosystem, name`, project)
	if err != nil {
		return nil, fmt.Errorf("reading when fixes were first known: %w", err)
	}
	defer rows.Close()
	out := map[Fix]time.Time{}
	for rows.Next() {
		var f Fix
		var at int64
		if err := rows.Scan(&f.Class, &f.Ecosystem, &f.Name, &at); err != nil {
			return nil, fmt.Errorf("reading when fixes were first known: %w", err)
		}
		out[f] = moment(at)
	}
	return out, rows.Err()
}
