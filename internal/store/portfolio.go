package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tocsin-dev/tocsin"
)

// An Outcome is all that one run of the pipeline wants kept. It is committed as a whole.
type Outcome struct {
	// Judged are sorted by project.
	Judged    []Judged
	Incidents []tocsin.Incident
	// Events are numbered by the store, in this order within each incident.
	Events  []tocsin.IncidentEvent
	Actions []tocsin.Action
	// Notices are who is told what by the actions, and what is passed over.
	Notices []tocsin.NoticeRecord
	// Shadows change nothing of the rest.
	Shadows []Shadow
	// Heard is the comment that it follows from; nil for none. One that was taken in already is an [ErrHeard], and nothing is kept.
	Heard *Heard
	// Cursor is the place in the history of the advisories by which the projects were judged; empty where nothing was matched.
	Cursor Cursor
	// Recount are the slugs of projects that are to be decided about anew, since the outcome changes how many projects have what
	// they have. See [ProjectQuery].
	Recount []string
	// Counted is by which counts of affected projects it was decided; see [Store.Counts]. Empty where nobody asked for one.
	Counted string
}

// Commit keeps an outcome in one transaction. If an incident was changed by someone else since it was read, it is an
// [tocsin.ErrConflict] and nothing is kept: read again and fold again. So it is if a project was, if
// its counts are not what they are now, or if the advisories it was judged by are older than those of [Store.Matching].
func (s *Store) Commit(ctx context.Context, o Outcome) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		if err := s.lockIncidents(ctx, tx, o.incidents()...); err != nil {
			return err
		}
		if err := s.notBehind(ctx, tx, o.Cursor); err != nil {
			return err
		}
		if o.Heard != nil {
			if err := putHeard(ctx, tx, *o.Heard); err != nil {
				return err
			}
		}
		otherwise := false
		for _, j := range o.Judged {
			other, err := s.putJudged(ctx, tx, j)
			if err != nil {
				return err
			}
			otherwise = otherwise || other
		}
		if err := askRecount(ctx, tx, o.Recount); err != nil {
			return err
		}
		for _, inc := range o.Incidents {
			if err := putIncident(ctx, tx, inc); err != nil {
				return err
			}
		}
		for _, e := range o.Events {
			if err := addEvent(ctx, tx, e); err != nil {
				return err
			}
		}
		for _, a := range o.Actions {
			if err := putAction(ctx, tx, a); err != nil {
				return err
			}
		}
		for _, r := range o.Notices {
			if err := putNotice(ctx, tx, r); err != nil {
				return err
			}
		}
		for _, one := range o.Shadows {
			if err := putShadow(ctx, tx, one); err != nil {
				return err
			}
		}
		return countedBy(ctx, tx, o.Counted, otherwise) // last: what asks others for a recount is seen by them, or sees them
	})
	if err != nil {
		return fmt.Errorf("keeping the outcome: %w", err)
	}
	return nil
}

// incidents are the keys of those that an outcome says something of.
func (o Outcome) incidents() (keys []string) {
	for _, inc := range o.Incidents {
		keys = append(keys, inc.Key)
	}
	for _, e := range o.Events {
		keys = append(keys, e.Incident)
	}
	for _, a := range o.Actions {
		keys = append(keys, a.Incident)
	}
	return keys
}

// lockIncidents keeps others from changing incidents, their timelines and their actions until the transaction is over. It
// comes before all else that a transaction touches of an incident, and always in the same order, so that two never wait for
// each other.
func (s *Store) lockIncidents(ctx context.Context, tx *sql.Tx, keys ...string) error {
	if s.dialect.lock == "" {
		return nil
	}
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		if _, err := tx.ExecContext(ctx, `SELECT key FROM incidents WHERE key = $1`+s.dialect.lock, key); err != nil {
			return fmt.Errorf("locking incident %s: %w", key, err)
		}
	}
	return nil
}

// putIncident checks the version: a new incident has version 1, a changed one follows the one that was read.
func putIncident(ctx context.Context, tx *sql.Tx, inc tocsin.Incident) error {
	body, err := json.Marshal(inc)
	if err != nil {
		return fmt.Errorf("encoding %s: %w", inc.Key, err)
	}
	var r sql.Result
	if inc.Version == 1 {
		r, err = tx.ExecContext(ctx, `INSERT INTO incidents (key, version, state, urgency, opened_at, body) VALUES ($1, 1, $2, $3, $4, $5)
			ON CONFLICT (key) DO NOTHING`, inc.Key, inc.State, inc.Urgency, stamp(inc.OpenedAt), string(body))
	} else {
		r, err = tx.ExecContext(ctx, `UPDATE incidents SET version = $1, state = $2, urgency = $3, body = $4 WHERE key = $5 AND version = $6`,
			inc.Version, inc.State, inc.Urgency, string(body), inc.Key, inc.Version-1)
	}
	if err != nil {
		return fmt.Errorf("keeping %s: %w", inc.Key, err)
	}
	if n, err := r.RowsAffected(); err != nil || n != 1 {
		return errors.Join(fmt.Errorf("incident %s was changed by someone else: %w", inc.Key, tocsin.ErrConflict), err)
	}
	return nil
}

// addEvent gives an event the next number and its hash. The incident is locked, so that nobody else takes it.
func addEvent(ctx context.Context, tx *sql.Tx, e tocsin.IncidentEvent) error {
	var before string
	err := tx.QueryRowContext(ctx, `SELECT seq, hash FROM timeline WHERE incident = $1 ORDER BY seq DESC LIMIT 1`, e.Incident).Scan(&e.Seq, &before)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("reading the timeline of %s: %w", e.Incident, err)
	}
	e.Seq++
	e.At, e.Actor, e.ActorID, e.Text = moment(stamp(e.At)), plain(e.Actor), plain(e.ActorID), plain(e.Text) // as it will be read
	e.Hash = e.Chain(before)
	_, err = tx.ExecContext(ctx, `INSERT INTO timeline (incident, seq, at, kind, actor, actor_id, source, project, role, text, tlp, corrects, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		e.Incident, e.Seq, stamp(e.At), e.Kind, e.Actor, e.ActorID, e.Source, e.Project, e.Role, e.Text, e.TLP, e.Corrects, e.Hash)
	if err != nil {
		return fmt.Errorf("adding to the timeline of %s: %w", e.Incident, err)
	}
	return nil
}

// Incidents gives all incidents, oldest first.
func (s *Store) Incidents(ctx context.Context) ([]tocsin.Incident, error) {
	return list[tocsin.Incident](ctx, s.db, `SELECT body FROM incidents ORDER BY opened_at, key`)
}

// Incident gives one incident, or [tocsin.ErrNotFound].
func (s *Store) Incident(ctx context.Context, key string) (tocsin.Incident, error) {
	found, err := list[tocsin.Incident](ctx, s.db, `SELECT body FROM incidents WHERE key = $1`, key)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("incident %s: %w", key, tocsin.ErrNotFound)
	}
	if err != nil {
		return tocsin.Incident{}, err
	}
	return found[0], nil
}

// list reads rows of one JSON column.
func list[T any](ctx context.Context, db *sql.DB, query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("reading the store: %w", err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		var text string
		var v T
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("reading the store: %w", err)
		}
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			return nil, fmt.Errorf("reading a %T from the store: %w", v, err)
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// Timeline gives the events of an incident in order.
func (s *Store) Timeline(ctx context.Context, incident string) ([]tocsin.IncidentEvent, error) {
	return s.events(ctx, `WHERE incident = $1 ORDER BY seq`, incident)
}

// events reads those of timelines that a condition lets through.
func (s *Store) events(ctx context.Context, which string, args ...any) ([]tocsin.IncidentEvent, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT incident, seq, at, kind, actor, actor_id, source, project, role, text, tlp, corrects, hash FROM timeline `+which, args...)
	if err != nil {
		return nil, fmt.Errorf("reading the timeline: %w", err)
	}
	defer rows.Close()
	var out []tocsin.IncidentEvent
	for rows.Next() {
		var e tocsin.IncidentEvent
		var at int64
		if err := rows.Scan(&e.Incident, &e.Seq, &at, &e.Kind, &e.Actor, &e.ActorID, &e.Source, &e.Project, &e.Role, &e.Text, &e.TLP, &e.Corrects, &e.Hash); err != nil {
			return nil, fmt.Errorf("reading the timeline: %w", err)
		}
		e.At = moment(at)
		out = append(out, e)
	}
	return out, rows.Err()
}

// Inventories gives what a project had over time, oldest first.
func (s *Store) Inventories(ctx context.Context, project string) ([]tocsin.Inventory, error) {
	return packed[tocsin.Inventory](ctx, s, `SELECT body FROM inventories WHERE project = $1 ORDER BY taken_at`, project)
}

// packed reads rows of one packed column.
func packed[T any](ctx context.Context, s *Store, query string, args ...any) ([]T, error) {
	return packedFrom[T](ctx, s, s.db, query, args...)
}

func packedFrom[T any](ctx context.Context, s *Store, from querier, query string, args ...any) ([]T, error) {
	rows, err := from.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("reading the store: %w", err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		var body []byte
		var v T
		if err := rows.Scan(&body); err != nil {
			return nil, fmt.Errorf("reading the store: %w", err)
		}
		if err := s.unpack(body, &v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// InventoryBefore gives the newest inventory of the same project that differs from one, nil if there is none. Inventories are
// kept when they change: so it is the same one for as long as nothing changes. One that lacks a file which could be read now is
// passed over, or all that stands in the file would look new.
func (s *Store) InventoryBefore(ctx context.Context, now tocsin.Inventory) (*tocsin.Inventory, error) {
	unread := map[string]bool{}
	for _, f := range now.Coverage.Incomplete() {
		unread[f.Path] = true
	}
	rows, err := s.db.QueryContext(ctx, `SELECT body FROM inventories WHERE project = $1 AND digest <> $2 ORDER BY taken_at DESC`, now.Project, now.Digest)
	if err != nil {
		return nil, fmt.Errorf("reading the inventory of %s before: %w", now.Project, err)
	}
	defer rows.Close()
	for rows.Next() {
		var body []byte
		var inv tocsin.Inventory
		if err := rows.Scan(&body); err != nil {
			return nil, fmt.Errorf("reading the inventory of %s before: %w", now.Project, err)
		}
		if err := s.unpack(body, &inv); err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(inv.Coverage.Incomplete(), func(f tocsin.FileCoverage) bool { return !unread[f.Path] }) {
			return &inv, nil
		}
	}
	return nil, rows.Err()
}
