package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// A Sight is what somebody may see. Queries that take one leave out the rest as if it did not exist. The zero value sees nothing.
type Sight struct {
	// All projects; Embargoed says that it goes for what is under embargo in them too.
	All, Embargoed bool
	// Projects that are seen besides, by slug, with whether it goes for what is under embargo in them.
	Projects map[string]bool
}

// Sees says whether a project is seen, and what is under embargo in it.
func (v Sight) Sees(project string, private bool) bool {
	embargoed, named := v.Projects[project]
	return (v.All || named) && (!private || v.All && v.Embargoed || named && embargoed)
}

// list is the first argument of a statement, for the dialect's list.
func (v Sight) list() string {
	out := make([][2]string, 0, len(v.Projects))
	for slug, embargoed := range v.Projects {
		row := [2]string{slug, ""}
		if embargoed {
			row[1] = "1"
		}
		out = append(out, row)
	}
	b, _ := json.Marshal(out) // texts cannot fail
	return string(b)
}

// sees is a condition that a project is seen, named by a column; the first argument is [Sight.list].
func (s *Store) sees(v Sight, project string) string {
	if v.All {
		return `$1 <> ''`
	}
	return project + ` IN (SELECT v.value->>0 FROM ` + s.dialect.listed + `)`
}

// seesDecision is [Store.sees] for a row of a decision.
func (s *Store) seesDecision(v Sight, table string) string {
	out := s.sees(v, table+`.project`)
	if v.All && v.Embargoed {
		return out
	}
	known := `(` + table + `.private = 0 OR ` + table + `.project IN (SELECT v.value->>0 FROM ` + s.dialect.listed + ` WHERE v.value->>1 = '1'))`
	if v.All {
		return known
	}
	return out + ` AND ` + known
}

// Groups gives the slug of each watched project and the project with no more than what access goes by: slug and group.
func (s *Store) Groups(ctx context.Context) (out []tocsin.Project, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT slug, body FROM projects WHERE removed_at = 0 ORDER BY slug`)
	if err != nil {
		return nil, fmt.Errorf("listing groups: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var p tocsin.Project
		var body string
		if err := rows.Scan(&p.Slug, &body); err != nil {
			return nil, fmt.Errorf("listing groups: %w", err)
		}
		var in struct {
			Group string `json:"group"`
		}
		if body != "" { // an older program kept none
			if err := json.Unmarshal([]byte(body), &in); err != nil {
				return nil, fmt.Errorf("project %s: %w", p.Slug, err)
			}
		}
		p.Group = in.Group
		out = append(out, p)
	}
	return out, rows.Err()
}

// like is a pattern for LIKE … ESCAPE '\' that a lower-cased column matches if it has the text anywhere.
func like(text string) string {
	lower := strings.Map(func(r rune) rune { // as the databases do it: ASCII only
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, plain(text))
	return `%` + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(lower) + `%`
}
