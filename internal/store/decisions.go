package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// A Judged is what one run says of one project.
type Judged struct {
	Project string
	// Version of the project as it was read; see [tocsin.Watched].
	Version int64
	At      time.Time
	// Inventory is a new one; nil if it is the same as before.
	Inventory *tocsin.Inventory
	// Build is the sending that brought the inventory, new or not; nil if there was none.
	Build *tocsin.Build
	// Decisions are all that stand now about the packages with Names; nil: about all packages.
	Decisions []tocsin.Decision
	Names     Names
}

// putJudged keeps what was said of one project, and says whether other classes affect it now. That somebody else said something
// since is an [tocsin.ErrConflict].
func (s *Store) putJudged(ctx context.Context, tx *sql.Tx, j Judged) (otherwise bool, err error) {
	_, err = tx.ExecContext(ctx, `INSERT INTO projects (slug, managed, critical, body, created_at) VALUES ($1, $2, 0, '', $3) ON CONFLICT (slug) DO NOTHING`,
		j.Project, tocsin.ManagedFile, stamp(j.At))
	if err != nil {
		return false, fmt.Errorf("keeping project %s: %w", j.Project, err)
	}
	var id int64
	err = tx.QueryRowContext(ctx, `UPDATE projects SET version = version + 1 WHERE slug = $1 AND version = $2 AND removed_at = 0 RETURNING id`, j.Project, j.Version).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("project %s was judged by someone else: %w", j.Project, tocsin.ErrConflict)
	}
	if err != nil {
		return false, fmt.Errorf("keeping project %s: %w", j.Project, err)
	}
	if j.Names == nil {
		if _, err := tx.ExecContext(ctx, `DELETE FROM recounts WHERE project = $1`, j.Project); err != nil {
			return false, fmt.Errorf("counting for project %s: %w", j.Project, err)
		}
	}
	if j.Inventory != nil {
		if err := s.putInventory(ctx, tx, id, *j.Inventory); err != nil {
			return false, err
		}
	}
	if j.Build != nil {
		if err := putBuild(ctx, tx, j.Project, *j.Build); err != nil {
			return false, err
		}
	}
	return s.putDecisions(ctx, tx, j)
}

// putBuild keeps a build once, however often it is told: it is the same one if ref, address and packages are.
func putBuild(ctx context.Context, tx *sql.Tx, project string, b tocsin.Build) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO builds (project, at, inventory, ref, url, sender) SELECT id, CAST($2 AS BIGINT), $3, $4, $5, $6 FROM projects p WHERE slug = $1
		AND NOT EXISTS (SELECT 1 FROM builds b WHERE b.project = p.id AND b.inventory = $3 AND b.ref = $4 AND b.url = $5)
		ON CONFLICT (project, at) DO NOTHING`, project, stamp(b.At), b.Inventory, plain(b.Ref), plain(b.URL), plain(b.By))
	if err != nil {
		return fmt.Errorf("keeping a build of %s: %w", project, err)
	}
	return nil
}

// PutBuild keeps that a project was built with the inventory that it has.
func (s *Store) PutBuild(ctx context.Context, b tocsin.Build) error {
	return s.transact(ctx, func(tx *sql.Tx) error { return putBuild(ctx, tx, b.Project, b) })
}

func (s *Store) putInventory(ctx context.Context, tx *sql.Tx, project int64, inv tocsin.Inventory) error {
	before, err := s.newest(ctx, tx, inv.Project)
	if err != nil {
		return err
	}
	if err := s.resolve(ctx, tx, project, before, inv); err != nil {
		return err
	}
	body, err := s.pack(inv)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO inventories (project, taken_at, digest, body) VALUES ($1, $2, $3, $4)
		ON CONFLICT (project, taken_at) DO UPDATE SET digest = excluded.digest, body = excluded.body`, inv.Project, stamp(inv.TakenAt), inv.Digest, body)
	if err == nil {
		_, err = tx.ExecContext(ctx, `UPDATE projects SET inventory = $1, taken_at = $2 WHERE id = $3`, inv.Digest, stamp(inv.TakenAt), project)
	}
	if err != nil {
		return fmt.Errorf("keeping the inventory of %s: %w", inv.Project, err)
	}
	return nil
}

// newest is the newest inventory of a project, empty if there is none.
func (s *Store) newest(ctx context.Context, from querier, project string) (inv tocsin.Inventory, err error) {
	found, err := packedFrom[tocsin.Inventory](ctx, s, from, `SELECT body FROM inventories WHERE project = $1 ORDER BY taken_at DESC LIMIT 1`, project)
	if err != nil || len(found) == 0 {
		return inv, err
	}
	return found[0], nil
}

// Newest gives the newest inventory of a project, or [tocsin.ErrNotFound].
func (s *Store) Newest(ctx context.Context, project string) (tocsin.Inventory, error) {
	inv, err := s.newest(ctx, s.db, project)
	if err == nil && inv.Digest == "" {
		err = fmt.Errorf("inventory of project %s: %w", project, tocsin.ErrNotFound)
	}
	return inv, err
}

// decisionKey is what a decision is about.
type decisionKey struct{ class, ecosystem, name, version, origin string }

func keyOfDecision(d tocsin.Decision) decisionKey {
	p := d.Finding.Package
	return decisionKey{name(d.Finding.Class.ID), name(p.Ecosystem), name(p.Name), name(p.Version), name(string(p.Origin.Kind) + " " + p.Origin.URL)}
}

// fingerprint is of all that makes a decision another one. When and from what it was decided does not, nor the score of the day
// and the values in its reason, where the answer is the same.
func fingerprint(d tocsin.Decision) (string, error) {
	d.At, d.Due, d.Snapshot, d.Inventory, d.Reason = time.Time{}, time.Time{}, "", "", tocsin.Reason{}
	d.Finding.Class.EPSS = nil
	b, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("encoding a decision on %s: %w", d.Project, err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16]), nil
}

// putDecisions keeps what is decided otherwise than what stands, and ends what it takes the place of. It says whether the
// packages are affected otherwise.
func (s *Store) putDecisions(ctx context.Context, tx *sql.Tx, j Judged) (otherwise bool, err error) {
	type row struct {
		at                  int64
		status, fingerprint string
	}
	standing := map[decisionKey]row{}
	rows, err := tx.QueryContext(ctx, `SELECT class, ecosystem, name, version, origin, decided_at, status, fingerprint FROM decisions WHERE project = $1 AND ended_at = 0`, j.Project)
	if err != nil {
		return false, fmt.Errorf("reading the decisions on %s: %w", j.Project, err)
	}
	for rows.Next() {
		var k decisionKey
		var r row
		if err := rows.Scan(&k.class, &k.ecosystem, &k.name, &k.version, &k.origin, &r.at, &r.status, &r.fingerprint); err != nil {
			return false, errors.Join(fmt.Errorf("reading the decisions on %s: %w", j.Project, err), rows.Close())
		}
		if j.SpeaksOf(k.ecosystem, k.name) {
			standing[k] = r
		}
	}
	if err := rows.Err(); err != nil {
		return false, fmt.Errorf("reading the decisions on %s: %w", j.Project, err)
	}
	end := func(k decisionKey, at int64) error {
		_, err := tx.ExecContext(ctx, `UPDATE decisions SET ended_at = $1 WHERE project = $2 AND class = $3 AND ecosystem = $4 AND name = $5 AND version = $6
			AND origin = $7 AND decided_at = $8`, stamp(j.At), j.Project, k.class, k.ecosystem, k.name, k.version, k.origin, at)
		if err != nil {
			return fmt.Errorf("ending a decision on %s: %w", j.Project, err)
		}
		return nil
	}
	for _, d := range j.Decisions {
		k := keyOfDecision(d)
		print, err := fingerprint(d)
		if err != nil {
			return false, err
		}
		was, ok := standing[k]
		delete(standing, k)
		if ok && was.fingerprint == print {
			continue
		}
		otherwise = otherwise || (was.status == string(tocsin.StatusAffected)) != (d.Finding.Status == tocsin.StatusAffected)
		if ok {
			if err := end(k, was.at); err != nil {
				return false, err
			}
		}
		if err := s.addDecision(ctx, tx, d, k, print); err != nil {
			return false, err
		}
	}
	for k, r := range standing {
		otherwise = otherwise || r.status == string(tocsin.StatusAffected)
		if err := end(k, r.at); err != nil {
			return false, err
		}
	}
	return otherwise, nil
}

// SpeaksOf says whether the decisions are all about a package.
func (j Judged) SpeaksOf(ecosystem, name string) bool {
	return j.Names == nil || j.Names[NameOf(ecosystem, name)]
}

func (s *Store) addDecision(ctx context.Context, tx *sql.Tx, d tocsin.Decision, k decisionKey, print string) error {
	body, err := s.pack(d)
	if err != nil {
		return err
	}
	private, fix := 0, int64(0)
	if d.Finding.Class.Private {
		private = 1
	}
	if len(d.Finding.Fixed) > 0 {
		fix = stamp(d.At)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO decisions (project, class, ecosystem, name, version, origin, decided_at, first_at, status, gate, response, private,
			inventory, snapshot, policy, fingerprint, body, fix_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, COALESCE((SELECT MIN(first_at) FROM decisions WHERE project = $1 AND class = $2), $7), $8, $9, $10, $11, $12, $13, $14, $15, $16,
			COALESCE((SELECT MIN(fix_at) FROM decisions WHERE project = $1 AND class = $2 AND ecosystem = $3 AND name = $4 AND fix_at > 0), $17))
		ON CONFLICT (project, class, ecosystem, name, version, origin, decided_at) DO UPDATE SET ended_at = 0, status = excluded.status, gate = excluded.gate,
		response = excluded.response, inventory = excluded.inventory, snapshot = excluded.snapshot, policy = excluded.policy, fingerprint = excluded.fingerprint, body = excluded.body,
		fix_at = excluded.fix_at`,
		d.Project, k.class, k.ecosystem, k.name, k.version, k.origin, stamp(d.At), d.Finding.Status, d.Gate, d.Response, private,
		d.Inventory, d.Snapshot, d.Policy, print, body, fix)
	if err != nil {
		return fmt.Errorf("keeping a decision on %s: %w", d.Project, err)
	}
	return nil
}

// Standing gives the decisions that stand about a project, in the order of class and package.
func (s *Store) Standing(ctx context.Context, project string) ([]tocsin.Decision, error) {
	return packed[tocsin.Decision](ctx, s, `SELECT body FROM decisions WHERE project = $1 AND ended_at = 0 ORDER BY class, ecosystem, name, version, origin`, project)
}

// StandingOf gives the decisions that stand about a project and that incidents come from: those that want something done, and
// those about some classes.
func (s *Store) StandingOf(ctx context.Context, project string, classes []string) ([]tocsin.Decision, error) {
	args := []any{project, tocsin.ResponseIssue, tocsin.ResponseHold, tocsin.ResponseEmergency}
	for _, id := range classes {
		args = append(args, id)
	}
	about := ""
	if len(classes) > 0 {
		about = ` OR class IN (` + placeholders(4, len(classes)) + `)`
	}
	return packed[tocsin.Decision](ctx, s, `SELECT body FROM decisions WHERE project = $1 AND ended_at = 0 AND (response IN ($2, $3, $4)`+about+`)
		ORDER BY class, ecosystem, name, version, origin`, args...)
}

// Decided gives what was decided about a project up to a time, what has ended too, in the order of time, class and package.
func (s *Store) Decided(ctx context.Context, project string, until time.Time) ([]tocsin.Decision, error) {
	return packed[tocsin.Decision](ctx, s, `SELECT body FROM decisions WHERE project = $1 AND decided_at <= $2
		ORDER BY decided_at, class, ecosystem, name, version, origin`, project, stamp(until))
}

// JudgedOn gives the slugs of the projects about which a decision on one of some packages stands, sorted.
func (s *Store) JudgedOn(ctx context.Context, packages []tocsin.Package) ([]string, error) {
	read, err := s.db.PrepareContext(ctx, `SELECT DISTINCT project FROM decisions WHERE ecosystem = $1 AND name = $2 AND ended_at = 0`)
	if err != nil {
		return nil, fmt.Errorf("looking up decisions: %w", err)
	}
	defer read.Close()
	found, asked := map[string]bool{}, map[[2]string]bool{}
	for _, p := range packages {
		n := [2]string{p.Ecosystem, p.Name}
		if asked[n] {
			continue
		}
		asked[n] = true
		rows, err := read.QueryContext(ctx, name(p.Ecosystem), name(p.Name))
		if err != nil {
			return nil, fmt.Errorf("looking up decisions on %s: %w", p.Name, err)
		}
		for rows.Next() {
			var slug string
			if err := rows.Scan(&slug); err != nil {
				return nil, fmt.Errorf("looking up decisions on %s: %w", p.Name, err)
			}
			found[slug] = true
		}
		if err := rows.Err(); err != nil {
			return nil, fmt.Errorf("looking up decisions on %s: %w", p.Name, err)
		}
	}
	return sortedKeys(found), nil
}
