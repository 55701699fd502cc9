package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// A component is what an advisory can name: a package in a version, wherever it is used.
type component struct{ ecosystem, name, version, source string }

func components(inv tocsin.Inventory) []component {
	out := make([]component, 0, len(inv.Packages))
	for i := range inv.Packages {
		p := &inv.Packages[i]
		c := component{name(p.Ecosystem), name(p.Name), name(p.Version), name(p.SourceName)}
		if p.SourceName == p.Name {
			c.source = ""
		}
		if n := len(out); n > 0 && out[n-1] == c { // the same from two origins
			continue
		}
		out = append(out, c)
	}
	return out
}

// componentID is the id of the component in a row of the dialect's list. It is a subquery, not a join, so that each is looked up in the
// index: for a join PostgreSQL reads all components of everyone.
const componentID = `(SELECT c.id FROM components c WHERE c.ecosystem = v.value->>0 AND c.name = v.value->>1 AND c.version = v.value->>2 AND c.source_name = v.value->>3)`

// resolve notes what a project has resolved since a time, given what it had before. The order of an inventory is the order of
// the rows for everyone, so that two writers do not wait for each other.
func (s *Store) resolve(ctx context.Context, tx *sql.Tx, project int64, before, now tocsin.Inventory) error {
	had := map[component]bool{}
	for _, c := range components(before) {
		had[c] = true
	}
	var joined []component
	for _, c := range components(now) {
		if !had[c] {
			joined = append(joined, c)
		}
		delete(had, c)
	}
	var left []component
	for _, c := range components(before) {
		if had[c] {
			left = append(left, c)
		}
	}
	at := stamp(now.TakenAt)
	if len(left) > 0 {
		_, err := tx.ExecContext(ctx, `UPDATE resolutions SET until = $2 WHERE project = $3 AND until = 0 AND component IN (SELECT `+componentID+` FROM `+s.dialect.listed+`)`,
			rows(left), at, project)
		if err != nil {
			return fmt.Errorf("noting what %s no longer resolves: %w", now.Project, err)
		}
	}
	if len(joined) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO components (ecosystem, name, version, source_name, base, key, source_key)
		SELECT v.value->>0, v.value->>1, v.value->>2, v.value->>3, v.value->>4, v.value->>5, v.value->>6 FROM `+s.dialect.listed+` WHERE `+componentID+` IS NULL
		ON CONFLICT (ecosystem, name, version, source_name) DO NOTHING`, rows(joined))
	if err == nil {
		_, err = tx.ExecContext(ctx, `INSERT INTO resolutions (component, project, since) SELECT `+componentID+`, CAST($3 AS BIGINT), CAST($2 AS BIGINT) FROM `+s.dialect.listed+` WHERE true
			ON CONFLICT (component, project, since) DO UPDATE SET until = 0`, rows(joined), at, project)
	}
	if err != nil {
		return fmt.Errorf("noting what %s resolves: %w", now.Project, err)
	}
	return nil
}

// rows writes components as JSON arrays for the dialect's list, with the names by which they are looked up.
func rows(list []component) string {
	out := make([][7]string, len(list))
	for i, c := range list {
		source := ""
		if c.source != "" {
			source = purl.Key(c.ecosystem, c.source)
		}
		out[i] = [7]string{c.ecosystem, c.name, c.version, c.source, purl.Base(c.ecosystem), purl.Key(c.ecosystem, c.name), source}
	}
	b, _ := json.Marshal(out) // texts cannot fail
	return string(b)
}

// A Name is a package name as it is looked up: the ecosystem without its release, and the name's key.
type Name struct{ Ecosystem, Name string }

// NameOf gives the name of a package as it is looked up.
func NameOf(ecosystem, name string) Name {
	return Name{purl.Base(ecosystem), purl.Key(ecosystem, name)}
}

// Names is a set of names.
type Names map[Name]bool

// Users gives of some package names each version that anybody resolves or resolved.
func (s *Store) Users(ctx context.Context, names Names) ([]Use, error) {
	var out []Use
	seen := map[int64]bool{}
	byName, err := s.db.PrepareContext(ctx, `SELECT id, ecosystem, name, version, source_name FROM components WHERE base = $1 AND key = $2
		UNION SELECT id, ecosystem, name, version, source_name FROM components WHERE base = $1 AND source_key = $2 AND source_key <> '' ORDER BY 1`)
	if err != nil {
		return nil, fmt.Errorf("looking up packages: %w", err)
	}
	defer byName.Close()
	for n := range names {
		rows, err := byName.QueryContext(ctx, n.Ecosystem, n.Name)
		if err != nil {
			return nil, fmt.Errorf("looking up %s: %w", n.Name, err)
		}
		for rows.Next() {
			var u Use
			p := &u.Package
			if err := rows.Scan(&u.id, &p.Ecosystem, &p.Name, &p.Version, &p.SourceName); err != nil {
				return nil, fmt.Errorf("looking up %s: %w", n.Name, err)
			}
			if !seen[u.id] {
				seen[u.id] = true
				out = append(out, u)
			}
		}
		if err := rows.Err(); err != nil {
			return nil, fmt.Errorf("looking up %s: %w", n.Name, err)
		}
	}
	return out, nil
}

// A Use is a package in one version that somebody resolves or resolved.
type Use struct {
	id      int64
	Package tocsin.Package
}

// UsedBy gives the slugs of the projects that resolve any of some packages now, sorted.
func (s *Store) UsedBy(ctx context.Context, uses []Use) ([]string, error) {
	read, err := s.db.PrepareContext(ctx, `SELECT p.slug FROM resolutions r JOIN projects p ON p.id = r.project WHERE r.component = $1 AND r.until = 0`)
	if err != nil {
		return nil, fmt.Errorf("looking up projects: %w", err)
	}
	defer read.Close()
	found := map[string]bool{}
	for _, u := range uses {
		rows, err := read.QueryContext(ctx, u.id)
		if err != nil {
			return nil, fmt.Errorf("looking up who has %s: %w", u.Package, err)
		}
		for rows.Next() {
			var slug string
			if err := rows.Scan(&slug); err != nil {
				return nil, fmt.Errorf("looking up who has %s: %w", u.Package, err)
			}
			found[slug] = true
		}
		if err := rows.Err(); err != nil {
			return nil, fmt.Errorf("looking up who has %s: %w", u.Package, err)
		}
	}
	return sortedKeys(found), nil
}
