package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Retention is how long history is kept; zero: for ever. What stands is always kept. Of the EPSS scores that were fetched before
// Decisions, one a week stays, so that replays go on; those by which trends are told now all stay.
type Retention struct {
	Decisions, Builds, Inventories, Audit time.Duration
}

// noticesKept is how long it is known who was told what of an incident that is over.
const noticesKept = 400 * 24 * time.Hour

// pruneAtOnce is how many rows go in one transaction, so that others need not wait long.
const pruneAtOnce = 5000

// thinEPSS leaves of each week the scores that came first, so that to do it again changes nothing. A trend of 30 days is told by scores
// of up to 60 days before the newest ones, counted in whole days.
const thinEPSS = `DELETE FROM feed_documents WHERE (feed, seen_at) IN (SELECT d.feed, d.seen_at FROM feed_documents d
	WHERE d.feed = 'epss' AND d.seen_at < $1 AND d.seen_at < (SELECT MAX(seen_at) FROM feed_documents WHERE feed = 'epss') - 61 * 86400000000
	AND EXISTS (SELECT 1 FROM feed_documents f WHERE f.feed = 'epss' AND f.seen_at < d.seen_at AND f.seen_at / 604800000000 = d.seen_at / 604800000000) LIMIT $2)`

// Prune forgets what is older than it is to be kept, which webhooks came more than a week ago, and what was told of incidents that ended
// more than a year ago, and says how many rows that were.
// What a process that ends early leaves, the next takes.
func (s *Store) Prune(ctx context.Context, now time.Time, r Retention) (rows int64, err error) {
	for _, rule := range []struct {
		keep  time.Duration
		query string
	}{
		{r.Decisions, `DELETE FROM decisions WHERE (project, class, ecosystem, name, version, origin, decided_at) IN (SELECT project, class, ecosystem, name, version, origin, decided_at
			FROM decisions WHERE ended_at > 0 AND ended_at < $1 LIMIT $2)`},
		{r.Decisions, `DELETE FROM shadow_decisions WHERE (policy, project, class, ecosystem, name, version, origin, decided_at) IN (SELECT policy, project, class, ecosystem, name, version,
			origin, decided_at FROM shadow_decisions WHERE ended_at > 0 AND ended_at < $1 LIMIT $2)`},
		{r.Decisions, thinEPSS},
		{r.Builds, `DELETE FROM builds WHERE (project, at) IN (SELECT project, at FROM builds WHERE at < $1 LIMIT $2)`},
		// The newest of a project is never forgotten, however old.
		{r.Inventories, `DELETE FROM inventories WHERE (project, taken_at) IN (SELECT i.project, i.taken_at FROM inventories i WHERE i.taken_at < $1
			AND EXISTS (SELECT 1 FROM inventories n WHERE n.project = i.project AND n.taken_at > i.taken_at) LIMIT $2)`},
		{r.Inventories, `DELETE FROM resolutions WHERE (component, project, since) IN (SELECT component, project, since FROM resolutions WHERE until > 0 AND until < $1 LIMIT $2)`},
		{r.Audit, `DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < $1 LIMIT $2)`},
		// Of an incident that is not over it must be known what was told.
		{noticesKept, `DELETE FROM notice_log WHERE (receiver, incident, upto, notice) IN (SELECT receiver, incident, upto, notice FROM notice_log WHERE at < $1
			AND NOT EXISTS (SELECT 1 FROM incidents i WHERE i.key = notice_log.incident AND i.state NOT IN ('resolved', 'reviewed', 'stood down', 'merged')) LIMIT $2)`},
		{time.Hour, `DELETE FROM writes WHERE id IN (SELECT id FROM writes WHERE at < $1 LIMIT $2)`},
		{deliveriesKept, `DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE at < $1 LIMIT $2)`},
	} {
		for rule.keep > 0 {
			var n int64
			err := s.transact(ctx, func(tx *sql.Tx) error {
				done, err := tx.ExecContext(ctx, rule.query, stamp(now.Add(-rule.keep)), pruneAtOnce)
				if err != nil {
					return err
				}
				n, err = done.RowsAffected()
				return err
			})
			if err != nil {
				return rows, fmt.Errorf("forgetting old history: %w", err)
			}
			rows += n
			if n < pruneAtOnce {
				break
			}
		}
	}
	return rows, nil
}

// Note reads a named value that the service keeps for itself; "" if there is none.
func (s *Store) Note(ctx context.Context, name string) (string, error) {
	c, err := s.place(ctx, s.db, name, "")
	return string(c), err
}

// PutNote keeps a named value.
func (s *Store) PutNote(ctx context.Context, name, value string) error {
	err := s.transact(ctx, func(tx *sql.Tx) error { return putMeta(ctx, tx, name, value) })
	if err != nil {
		return fmt.Errorf("noting %s: %w", name, err)
	}
	return nil
}

// Jobs gives the connections on which a job engine may keep its own tables beside ours, and whether they lead to PostgreSQL.
func (s *Store) Jobs() (db *sql.DB, postgres bool) { return s.writer, s.dialect.lock != "" }
