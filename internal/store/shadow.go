package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// A Shadow is what one shadow policy said in one run.
type Shadow struct {
	Policy string // digest
	Name   string
	At     time.Time
	// Decisions are all that it was asked about. Their policy and times are the store's to fill in.
	Decisions []tocsin.Shadowed
	// Whole are the projects that were read whole: what stood of them and is not among the decisions has ended.
	Whole []string
}

// shadowKey is what a shadow policy is asked about.
type shadowKey struct{ project, class, ecosystem, name, version, origin string }

func keyOf(d tocsin.Shadowed) shadowKey {
	return shadowKey{d.Project, d.Class, d.Ecosystem, d.Package, d.Version, d.Origin}
}

// putShadow keeps what is said otherwise than in the run before. A run that says the same adds nothing.
func putShadow(ctx context.Context, tx *sql.Tx, s Shadow) error {
	// First, for it locks the row: two runs at once must not both compare themselves with the one before.
	_, err := tx.ExecContext(ctx, `INSERT INTO shadow_policies (policy, name, first_at, last_at, runs) VALUES ($1, $2, $3, $3, 1)
		ON CONFLICT (policy) DO UPDATE SET last_at = excluded.last_at, runs = shadow_policies.runs + 1`, s.Policy, s.Name, stamp(s.At))
	if err != nil {
		return fmt.Errorf("keeping the run of the shadow policy %s: %w", s.Name, err)
	}
	list, err := shadowed(ctx, tx, `policy = $1 AND ended_at = 0`, s.Policy)
	if err != nil {
		return err
	}
	standing := map[shadowKey]tocsin.Shadowed{}
	for _, d := range list {
		standing[keyOf(d)] = d
	}
	for _, d := range s.Decisions {
		d = storable(d)
		was, ok := standing[keyOf(d)]
		delete(standing, keyOf(d))
		if ok && was.Live == d.Live && was.Shadow == d.Shadow {
			continue
		}
		if ok {
			if err := endShadow(ctx, tx, was, s.At); err != nil {
				return err
			}
		}
		if err := addShadow(ctx, tx, s, d); err != nil {
			return err
		}
	}
	for _, gone := range standing {
		if !slices.Contains(s.Whole, gone.Project) {
			continue
		}
		if err := endShadow(ctx, tx, gone, s.At); err != nil {
			return err
		}
	}
	return nil
}

// storable is a decision with names that a key can have.
func storable(d tocsin.Shadowed) tocsin.Shadowed {
	d.Class, d.Package, d.Version, d.Origin = name(d.Class), name(d.Package), name(d.Version), name(d.Origin)
	return d
}

func addShadow(ctx context.Context, tx *sql.Tx, s Shadow, d tocsin.Shadowed) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO shadow_decisions
		(policy, project, class, ecosystem, name, version, origin, decided_at, ended_at, inventory, snapshot, in_force,
		live_gate, live_response, live_gate_rule, live_response_rule, shadow_gate, shadow_response, shadow_gate_rule, shadow_response_rule)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
		ON CONFLICT (policy, project, class, ecosystem, name, version, origin, decided_at) DO UPDATE SET
		ended_at = 0, inventory = excluded.inventory, snapshot = excluded.snapshot, in_force = excluded.in_force,
		live_gate = excluded.live_gate, live_response = excluded.live_response,
		live_gate_rule = excluded.live_gate_rule, live_response_rule = excluded.live_response_rule,
		shadow_gate = excluded.shadow_gate, shadow_response = excluded.shadow_response,
		shadow_gate_rule = excluded.shadow_gate_rule, shadow_response_rule = excluded.shadow_response_rule`,
		s.Policy, d.Project, d.Class, d.Ecosystem, d.Package, d.Version, d.Origin, stamp(s.At), d.Inventory, d.Snapshot, d.InForce,
		d.Live.Gate, d.Live.Response, d.Live.GateRule, d.Live.ResponseRule, d.Shadow.Gate, d.Shadow.Response, d.Shadow.GateRule, d.Shadow.ResponseRule)
	if err != nil {
		return fmt.Errorf("keeping a decision of the shadow policy %s on %s: %w", s.Name, d.Project, err)
	}
	return nil
}

func endShadow(ctx context.Context, tx *sql.Tx, d tocsin.Shadowed, at time.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE shadow_decisions SET ended_at = $1 WHERE policy = $2 AND project = $3 AND class = $4
		AND ecosystem = $5 AND name = $6 AND version = $7 AND origin = $8 AND ended_at = 0`,
		stamp(at), d.Policy, d.Project, d.Class, d.Ecosystem, d.Package, d.Version, d.Origin)
	if err != nil {
		return fmt.Errorf("ending a shadow decision on %s: %w", d.Project, err)
	}
	return nil
}

// Shadowed gives what a shadow policy, by its digest, and the policies in force said at a time or later, in the order of time.
func (s *Store) Shadowed(ctx context.Context, policy string, since time.Time) ([]tocsin.Shadowed, error) {
	return shadowed(ctx, s.db, `policy = $1 AND (ended_at = 0 OR ended_at > $2)`, policy, stamp(since))
}

func shadowed(ctx context.Context, from querier, where string, args ...any) ([]tocsin.Shadowed, error) {
	rows, err := from.QueryContext(ctx, `SELECT policy, project, class, ecosystem, name, version, origin, decided_at, ended_at, inventory, snapshot, in_force,
		live_gate, live_response, live_gate_rule, live_response_rule, shadow_gate, shadow_response, shadow_gate_rule, shadow_response_rule
		FROM shadow_decisions WHERE `+where+` ORDER BY decided_at, project, class, ecosystem, name, version, origin`, args...)
	if err != nil {
		return nil, fmt.Errorf("reading shadow decisions: %w", err)
	}
	defer rows.Close()
	var out []tocsin.Shadowed
	for rows.Next() {
		var d tocsin.Shadowed
		var since, until int64
		err := rows.Scan(&d.Policy, &d.Project, &d.Class, &d.Ecosystem, &d.Package, &d.Version, &d.Origin, &since, &until, &d.Inventory, &d.Snapshot, &d.InForce,
			&d.Live.Gate, &d.Live.Response, &d.Live.GateRule, &d.Live.ResponseRule, &d.Shadow.Gate, &d.Shadow.Response, &d.Shadow.GateRule, &d.Shadow.ResponseRule)
		if err != nil {
			return nil, fmt.Errorf("reading shadow decisions: %w", err)
		}
		d.Since, d.Until = moment(since), moment(until)
		out = append(out, d)
	}
	return out, rows.Err()
}

// ShadowRuns says which shadow policies were evaluated, by name and then oldest first.
func (s *Store) ShadowRuns(ctx context.Context) ([]tocsin.ShadowRun, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT policy, name, first_at, last_at, runs FROM shadow_policies ORDER BY name, first_at, policy`)
	if err != nil {
		return nil, fmt.Errorf("reading the runs of shadow policies: %w", err)
	}
	defer rows.Close()
	var out []tocsin.ShadowRun
	for rows.Next() {
		var r tocsin.ShadowRun
		var first, last int64
		if err := rows.Scan(&r.Policy, &r.Name, &first, &last, &r.Runs); err != nil {
			return nil, fmt.Errorf("reading the runs of shadow policies: %w", err)
		}
		r.First, r.Last = moment(first), moment(last)
		out = append(out, r)
	}
	return out, rows.Err()
}
