package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// A DecisionQuery selects decisions, in the order of project, class, package and time. What is empty is any.
type DecisionQuery struct {
	Sight Sight
	// After is the [DecisionRow.Place] that the last page ended with.
	After string
	Limit int
	// Past asks for what has ended too.
	Past bool
	// Gravest has what asks for the most first, instead of project by project.
	Gravest bool

	Project, Class, Ecosystem, Package string
	Status                             tocsin.Status
	Gate                               tocsin.Gate
	Response                           tocsin.Response
}

// A DecisionRow is a decision for the time that it stood.
type DecisionRow struct {
	Decision tocsin.Decision
	// FirstAt is when the class was first decided on in the project; EndedAt when something else took its place, zero while it stands.
	FirstAt, EndedAt time.Time
	// Place is where the row stands in the order.
	Place string
}

// gravity is 0 for what stops a release and is an emergency, and more for all else. There is an index of it.
const gravity = `(4 * (CASE response WHEN 'emergency' THEN 0 WHEN 'hold' THEN 1 WHEN 'issue' THEN 2 WHEN 'watch' THEN 3 ELSE 4 END) + (CASE gate WHEN 'fail' THEN 0 WHEN 'undecided' THEN 1 WHEN 'warn' THEN 2 ELSE 3 END))`

// Listed gives decisions that somebody may see. A place that is none is an [tocsin.ErrInvalid].
func (s *Store) Listed(ctx context.Context, q DecisionQuery) (out []DecisionRow, err error) {
	c := conditions{args: []any{q.Sight.list()}}
	c.add(s.seesDecision(q.Sight, "d"))
	c.add(`EXISTS (SELECT 1 FROM projects p WHERE p.slug = d.project AND p.removed_at = 0)`)
	if !q.Past {
		c.add(`d.ended_at = 0`)
	}
	by := `d.project, d.class, d.ecosystem, d.name, d.version, d.origin, d.decided_at`
	if q.After != "" {
		var names [6]string
		var at int64
		var grave int
		if err := json.Unmarshal([]byte(q.After), &[]any{&names, &at, &grave}); err != nil {
			return nil, fmt.Errorf("%w: %q is no place in a list of decisions", tocsin.ErrInvalid, q.After)
		}
		place := []any{names[0], names[1], names[2], names[3], names[4], names[5], at}
		if q.Gravest {
			c.add(`(`+gravity+`, `+by+`) > (?, ?, ?, ?, ?, ?, ?, ?)`, append([]any{grave}, place...)...)
		} else {
			c.add(`(`+by+`) > (?, ?, ?, ?, ?, ?, ?)`, place...)
		}
	}
	order := by
	if q.Gravest {
		order = gravity + `, ` + by
	}
	for _, f := range []struct{ column, value string }{
		{"project", q.Project}, {"class", name(q.Class)}, {"ecosystem", name(q.Ecosystem)}, {"name", name(q.Package)},
		{"status", string(q.Status)}, {"gate", string(q.Gate)}, {"response", string(q.Response)},
	} {
		c.equal(`d.`+f.column, f.value)
	}
	rows, err := s.db.QueryContext(ctx, `SELECT `+by+`, `+gravity+`, d.first_at, d.ended_at, d.body FROM decisions d`+c.where()+` ORDER BY `+order+fmt.Sprintf(` LIMIT %d`, q.Limit), c.args...)
	if err != nil {
		return nil, fmt.Errorf("listing decisions: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var names [6]string
		var at, grave, first, ended int64
		var body []byte
		if err := rows.Scan(&names[0], &names[1], &names[2], &names[3], &names[4], &names[5], &at, &grave, &first, &ended, &body); err != nil {
			return nil, fmt.Errorf("listing decisions: %w", err)
		}
		r := DecisionRow{FirstAt: moment(first), EndedAt: moment(ended)}
		if err := s.unpack(body, &r.Decision); err != nil {
			return nil, err
		}
		place, _ := json.Marshal([]any{names, at, grave}) // texts and numbers cannot fail
		r.Place = string(place)
		out = append(out, r)
	}
	return out, rows.Err()
}

// An InventoryRow is an inventory without its contents.
type InventoryRow struct {
	Digest  string    `json:"digest"`
	TakenAt time.Time `json:"taken_at"`
}

// InventoryRows gives what a project had over time, newest first, before a time if that is not zero.
func (s *Store) InventoryRows(ctx context.Context, project string, before time.Time, limit int) (out []InventoryRow, err error) {
	if before.IsZero() {
		before = farAhead
	}
	rows, err := s.db.QueryContext(ctx, `SELECT digest, taken_at FROM inventories WHERE project = $1 AND taken_at < $2 ORDER BY taken_at DESC LIMIT $3`,
		project, stamp(before), limit)
	if err != nil {
		return nil, fmt.Errorf("listing the inventories of %s: %w", project, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r InventoryRow
		var at int64
		if err := rows.Scan(&r.Digest, &at); err != nil {
			return nil, fmt.Errorf("listing the inventories of %s: %w", project, err)
		}
		r.TakenAt = moment(at)
		out = append(out, r)
	}
	return out, rows.Err()
}
