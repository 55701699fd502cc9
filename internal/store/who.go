package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// A WhoQuery asks who resolved a package.
type WhoQuery struct {
	Sight           Sight
	Ecosystem, Name string
	Version         string // "": any
	From, To        time.Time
	// After is the [ResolutionPlace] that the last page ended with.
	After string
	Limit int // 0: all
}

// maxBuilds bounds the builds that are told of one resolution.
const maxBuilds = 20

// ResolutionPlace is where a resolution stands in the order of [Store.Who].
func ResolutionPlace(r tocsin.Resolution) string {
	b, _ := json.Marshal([]string{r.Project, r.Ecosystem, r.Name, r.Version, r.Since.Format(time.RFC3339Nano)}) // texts cannot fail
	return string(b)
}

// Who gives the projects that are seen and resolved a package at some time between two, both included, with the newest builds of that
// time, by project, name, version and time. A place that is none is an [tocsin.ErrInvalid].
func (s *Store) Who(ctx context.Context, q WhoQuery) (out []tocsin.Resolution, err error) {
	args := []any{q.Sight.list(), purl.Base(q.Ecosystem), purl.Key(q.Ecosystem, q.Name), q.Version, stamp(q.From), stamp(q.To)}
	where := s.sees(q.Sight, `p.slug`) + ` AND c.base = $2 AND c.key = $3 AND ($4 = '' OR c.version = $4) AND r.since <= $6 AND (r.until = 0 OR r.until > $5)`
	if q.After != "" {
		var place [5]string
		err := json.Unmarshal([]byte(q.After), &place)
		since, timeErr := time.Parse(time.RFC3339Nano, place[4])
		if errors.Join(err, timeErr) != nil {
			return nil, fmt.Errorf("%w: %q is no place in a list of resolutions", tocsin.ErrInvalid, q.After)
		}
		where += ` AND (p.slug, c.ecosystem, c.name, c.version, r.since) > ($7, $8, $9, $10, $11)`
		args = append(args, place[0], place[1], place[2], place[3], stamp(since))
	}
	// The same package in the same version may be there from several sources.
	query := `SELECT p.id, p.slug, c.ecosystem, c.name, c.version, r.since, CASE WHEN MIN(r.until) = 0 THEN 0 ELSE MAX(r.until) END
		FROM components c JOIN resolutions r ON r.component = c.id JOIN projects p ON p.id = r.project
		WHERE ` + where + ` GROUP BY p.id, p.slug, c.ecosystem, c.name, c.version, r.since ORDER BY p.slug, c.ecosystem, c.name, c.version, r.since`
	if q.Limit > 0 {
		query += fmt.Sprintf(` LIMIT %d`, q.Limit)
	}
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("asking who resolved %s: %w", q.Name, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var projects []int64
	for rows.Next() {
		var r tocsin.Resolution
		var project, since, until int64
		if err := rows.Scan(&project, &r.Project, &r.Ecosystem, &r.Name, &r.Version, &since, &until); err != nil {
			return nil, fmt.Errorf("asking who resolved %s: %w", q.Name, err)
		}
		r.Since, r.Until = moment(since), moment(until)
		out, projects = append(out, r), append(projects, project)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("asking who resolved %s: %w", q.Name, err)
	}
	return out, s.addBuilds(ctx, out, projects, q.From, q.To)
}

// addBuilds tells of each resolution the newest builds between two times, and how many there were.
func (s *Store) addBuilds(ctx context.Context, list []tocsin.Resolution, projects []int64, from, to time.Time) error {
	read, err := s.db.PrepareContext(ctx, `SELECT at, inventory, ref, url, sender, COUNT(*) OVER () FROM builds
		WHERE project = $1 AND at >= $2 AND (CAST($3 AS BIGINT) = 0 OR at < $3) AND at BETWEEN $4 AND $5 ORDER BY at DESC LIMIT `+fmt.Sprint(maxBuilds))
	if err != nil {
		return fmt.Errorf("reading builds: %w", err)
	}
	defer read.Close()
	for i := range list {
		r := &list[i]
		rows, err := read.QueryContext(ctx, projects[i], stamp(r.Since), stamp(r.Until), stamp(from), stamp(to))
		if err != nil {
			return fmt.Errorf("reading the builds of %s: %w", r.Project, err)
		}
		for rows.Next() {
			b := tocsin.Build{Project: r.Project}
			var at int64
			if err := rows.Scan(&at, &b.Inventory, &b.Ref, &b.URL, &b.By, &r.Total); err != nil {
				return errors.Join(fmt.Errorf("reading the builds of %s: %w", r.Project, err), rows.Close())
			}
			b.At = moment(at)
			r.Builds = append(r.Builds, b)
		}
		if err := rows.Err(); err != nil {
			return fmt.Errorf("reading the builds of %s: %w", r.Project, err)
		}
	}
	return nil
}

// NewestBuild gives the newest build of a project that names what it was made of; the zero value where there is none.
func (s *Store) NewestBuild(ctx context.Context, project string) (tocsin.Build, error) {
	b := tocsin.Build{Project: project}
	var at int64
	err := s.db.QueryRowContext(ctx, `SELECT at, inventory, ref, url, sender FROM builds WHERE project = (SELECT id FROM projects WHERE slug = $1 AND removed_at = 0)
		AND ref <> '' ORDER BY at DESC LIMIT 1`, project).Scan(&at, &b.Inventory, &b.Ref, &b.URL, &b.By)
	if errors.Is(err, sql.ErrNoRows) {
		return tocsin.Build{}, nil
	}
	if err != nil {
		return tocsin.Build{}, fmt.Errorf("reading the newest build of %s: %w", project, err)
	}
	b.At = moment(at)
	return b, nil
}
