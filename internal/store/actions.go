package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// putAction adds a revision; older ones that were not carried out yet are superseded by it.
func putAction(ctx context.Context, tx *sql.Tx, a tocsin.Action) error {
	body, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("encoding %s: %w", a.Key, err)
	}
	_, err = tx.ExecContext(ctx, `UPDATE actions SET state = $1 WHERE key = $2 AND revision < $3 AND state IN ($4, $5, $6)`,
		tocsin.ActionSuperseded, a.Key, a.Revision, tocsin.ActionWaiting, tocsin.ActionPending, tocsin.ActionSending)
	if err != nil {
		return fmt.Errorf("superseding %s: %w", a.Key, err)
	}
	state := tocsin.ActionPending
	if a.Approvals > 0 {
		state = tocsin.ActionWaiting
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO actions (key, revision, incident, state, body) VALUES ($1, $2, $3, $4, $5)`,
		a.Key, a.Revision, a.Incident, state, string(body))
	if err != nil {
		return fmt.Errorf("keeping %s: %w", a.Key, err)
	}
	return nil
}

// NewestActions gives the newest revision under each key.
func (s *Store) NewestActions(ctx context.Context) (map[string]tocsin.Action, error) {
	all, err := list[tocsin.Action](ctx, s.db, `SELECT body FROM actions ORDER BY key, revision`)
	if err != nil {
		return nil, err
	}
	out := make(map[string]tocsin.Action, len(all))
	for _, a := range all {
		out[a.Key] = a
	}
	return out, nil
}

const actionColumns = `SELECT a.body, a.state, a.attempts, a.retry_at, a.error,
	COALESCE((SELECT string_agg(person, ' ' ORDER BY at, person) FROM approvals p WHERE p.key = a.key AND p.revision = a.revision AND p.verdict = 'approve'), '')
	FROM actions a `

// Open gives the rows that are pending or sending, in the order of key and revision.
func (s *Store) Open(ctx context.Context) ([]tocsin.ActionRow, error) {
	return s.rows(ctx, actionColumns+`WHERE a.state IN ($1, $2) ORDER BY a.key, a.revision`, tocsin.ActionPending, tocsin.ActionSending)
}

// Actions gives every row, in the order of key and revision.
func (s *Store) Actions(ctx context.Context) ([]tocsin.ActionRow, error) {
	return s.rows(ctx, actionColumns+`ORDER BY a.key, a.revision`)
}

func (s *Store) rows(ctx context.Context, query string, args ...any) ([]tocsin.ActionRow, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("reading actions: %w", err)
	}
	defer rows.Close()
	var out []tocsin.ActionRow
	for rows.Next() {
		var r tocsin.ActionRow
		var body, people string
		var retry int64
		if err := rows.Scan(&body, &r.State, &r.Attempts, &retry, &r.Error, &people); err != nil {
			return nil, fmt.Errorf("reading actions: %w", err)
		}
		if err := json.Unmarshal([]byte(body), &r.Action); err != nil {
			return nil, fmt.Errorf("reading an action: %w", err)
		}
		r.RetryAt, r.Approved = moment(retry), strings.Fields(people)
		out = append(out, r)
	}
	return out, rows.Err()
}

// Remote gives what an action made; the zero value if nothing is known.
func (s *Store) Remote(ctx context.Context, key string) (tocsin.Remote, error) {
	found, err := list[tocsin.Remote](ctx, s.db, `SELECT body FROM remotes WHERE key = $1`, key)
	if err != nil || len(found) == 0 {
		return tocsin.Remote{}, err
	}
	return found[0], nil
}

// spot is where an issue is, as it is looked up; empty for what has no number.
func spot(repository string, number int64) string {
	if repository == "" || number <= 0 {
		return ""
	}
	return strings.ToLower(repository) + "#" + strconv.FormatInt(number, 10)
}

// IssueAt gives the newest revision of the action that made an issue, or [tocsin.ErrNotFound] for an issue that is not ours.
func (s *Store) IssueAt(ctx context.Context, repository string, number int64) (tocsin.Action, error) {
	at := spot(repository, number)
	if at == "" {
		return tocsin.Action{}, fmt.Errorf("issue %s#%d: %w", repository, number, tocsin.ErrNotFound)
	}
	found, err := list[tocsin.Action](ctx, s.db, `SELECT a.body FROM remotes r JOIN actions a ON a.key = r.key WHERE r.place = $1 ORDER BY a.revision DESC LIMIT 1`, at)
	if err == nil && (len(found) == 0 || found[0].Kind != tocsin.ActionIssue) {
		err = fmt.Errorf("issue %s: %w", at, tocsin.ErrNotFound)
	}
	if err != nil {
		return tocsin.Action{}, err
	}
	return found[0], nil
}

// Begin takes a row for an attempt until a time, and says whether it could: the row is pending and due, or the lease of the
// one who had it before ran out, and no other revision under its key is being carried out. It is durable when it returns.
//
// A lease is never cut short, not even when a SQLite file is opened anew after a crash: another command may have the same file
// open and be in the middle of an attempt, and nothing in the file tells it from one that died. To wait costs minutes once; a
// second attempt beside a living one may tell people twice.
func (s *Store) Begin(ctx context.Context, key string, revision int, now, until time.Time) (claimed bool, err error) {
	err = s.transact(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE actions SET state = $1, attempts = attempts + 1, leased_until = $2 WHERE key = $3 AND revision = $4
			AND (state = $5 AND retry_at <= $6 OR state = $1 AND leased_until <= $6)
			AND NOT EXISTS (SELECT 1 FROM actions other WHERE other.key = $3 AND other.revision <> $4 AND other.leased_until > $6)`,
			tocsin.ActionSending, stamp(until), key, revision, tocsin.ActionPending, stamp(now))
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		claimed = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("noting the attempt at %s: %w", key, err)
	}
	return claimed, nil
}

// Finish notes how an attempt ended, and gives up the lease. A row that was superseded meanwhile stays so, but what it made is
// remembered. A row that has another result already keeps it: then only what was made is noted.
func (s *Store) Finish(ctx context.Context, r tocsin.Delivery) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		if r.Event != nil {
			if err := s.lockIncidents(ctx, tx, r.Event.Incident); err != nil {
				return err
			}
		}
		var state tocsin.ActionState
		err := tx.QueryRowContext(ctx, `SELECT state FROM actions WHERE key = $1 AND revision = $2`+s.dialect.lock, r.Key, r.Revision).Scan(&state)
		if errors.Is(err, sql.ErrNoRows) {
			return tocsin.ErrNotFound
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE actions SET leased_until = $3 WHERE key = $1 AND revision = $2`, r.Key, r.Revision, stamp(r.Quiet))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE actions SET state = $1, retry_at = $2, error = $3 WHERE key = $4 AND revision = $5 AND state IN ($6, $7)`,
			r.State, stamp(r.RetryAt), plain(r.Error), r.Key, r.Revision, tocsin.ActionSending, tocsin.ActionPending)
		if err != nil {
			return err
		}
		if r.Remote != nil {
			body, err := json.Marshal(r.Remote)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `INSERT INTO remotes (key, body, place) VALUES ($1, $2, $3)
				ON CONFLICT (key) DO UPDATE SET body = excluded.body, place = excluded.place`, r.Key, string(body), spot(r.Remote.Repository, r.Remote.Number))
			if err != nil {
				return err
			}
		}
		if r.Event != nil && state != tocsin.ActionDone && state != tocsin.ActionFailed {
			return addEvent(ctx, tx, *r.Event)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("noting the result of %s: %w", r.Key, err)
	}
	return nil
}

// newestAction gives the newest revision of an action. Until the transaction ends nobody else judges it, or writes a newer one.
func (s *Store) newestAction(ctx context.Context, tx *sql.Tx, key string) (row tocsin.ActionRow, err error) {
	var incident, body string
	err = tx.QueryRowContext(ctx, `SELECT incident FROM actions WHERE key = $1 ORDER BY revision LIMIT 1`, key).Scan(&incident)
	if errors.Is(err, sql.ErrNoRows) {
		return row, fmt.Errorf("action %s: %w", key, tocsin.ErrNotFound)
	}
	if err := errors.Join(err, s.lockIncidents(ctx, tx, incident)); err != nil {
		return row, err
	}
	err = tx.QueryRowContext(ctx, `SELECT body, state, attempts FROM actions WHERE key = $1 ORDER BY revision DESC LIMIT 1`+s.dialect.lock, key).Scan(&body, &row.State, &row.Attempts)
	if err != nil {
		return row, err
	}
	return row, json.Unmarshal([]byte(body), &row.Action)
}

// Judge records one person's verdict on the newest revision of an action that waits for approval. One veto is enough to
// stop it; enough different people who approve release it. A person counts once.
func (s *Store) Judge(ctx context.Context, key, person string, approve bool, now time.Time) (tocsin.ActionRow, error) {
	var row tocsin.ActionRow
	err := s.transact(ctx, func(tx *sql.Tx) error {
		var err error
		if row, err = s.newestAction(ctx, tx, key); err != nil {
			return err
		}
		if row.State != tocsin.ActionWaiting {
			return fmt.Errorf("%w: action %s is %s, not waiting for approval", tocsin.ErrConflict, key, row.State)
		}
		verdict, kind := "approve", tocsin.EventApproved
		if !approve {
			verdict, kind = "veto", tocsin.EventVetoed
		}
		r, err := tx.ExecContext(ctx, `INSERT INTO approvals (key, revision, person, verdict, at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (key, revision, person) DO NOTHING`, key, row.Action.Revision, person, verdict, stamp(now))
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(fmt.Errorf("%w: %s has judged %s already", tocsin.ErrConflict, person, key), err)
		}
		if err := s.release(ctx, tx, &row, approve); err != nil {
			return err
		}
		return addEvent(ctx, tx, tocsin.IncidentEvent{
			Incident: row.Action.Incident, At: now, Kind: kind, Actor: person, Project: row.Action.Project,
			Text: fmt.Sprintf("%s (revision %d)", key, row.Action.Revision), TLP: tocsin.TLPAmber,
		})
	})
	if err != nil {
		return row, fmt.Errorf("judging an action: %w", err)
	}
	return row, nil
}

// Retry has the newest revision of an action that failed tried again, for a person who mended what was in the way. The attempt looks for
// what may be there already, as each does; anew forgets what was made before, for what was deleted, or moved away. An action that did not
// fail is an [tocsin.ErrConflict].
func (s *Store) Retry(ctx context.Context, key, person string, anew bool, now time.Time) (tocsin.ActionRow, error) {
	var row tocsin.ActionRow
	err := s.transact(ctx, func(tx *sql.Tx) error {
		var err error
		if row, err = s.newestAction(ctx, tx, key); err != nil {
			return err
		}
		if row.State != tocsin.ActionFailed {
			return fmt.Errorf("%w: action %s is %s: only what failed is tried again", tocsin.ErrConflict, key, row.State)
		}
		row.State = tocsin.ActionPending
		_, err = tx.ExecContext(ctx, `UPDATE actions SET state = $1, retry_at = 0, error = '' WHERE key = $2 AND revision = $3`, row.State, key, row.Action.Revision)
		if err != nil {
			return err
		}
		text := fmt.Sprintf("%s (revision %d)", key, row.Action.Revision)
		if anew {
			text += ", anew: what was made before is left as it is"
			if _, err := tx.ExecContext(ctx, `DELETE FROM remotes WHERE key = $1`, key); err != nil {
				return err
			}
		}
		return addEvent(ctx, tx, tocsin.IncidentEvent{
			Incident: row.Action.Incident, At: now, Kind: tocsin.EventRetried, Actor: person, Project: row.Action.Project, Text: text, TLP: tocsin.TLPAmber,
		})
	})
	if err != nil {
		return row, fmt.Errorf("trying an action again: %w", err)
	}
	return row, nil
}

func (s *Store) release(ctx context.Context, tx *sql.Tx, row *tocsin.ActionRow, approve bool) error {
	var count int
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM approvals WHERE key = $1 AND revision = $2 AND verdict = 'approve'`,
		row.Action.Key, row.Action.Revision).Scan(&count)
	if err != nil {
		return err
	}
	switch {
	case !approve:
		row.State = tocsin.ActionVetoed
	case count >= row.Action.Approvals:
		row.State = tocsin.ActionPending
	default:
		return nil
	}
	_, err = tx.ExecContext(ctx, `UPDATE actions SET state = $1 WHERE key = $2 AND revision = $3`, row.State, row.Action.Key, row.Action.Revision)
	return err
}

// ActionStates counts the actions in each state.
func (s *Store) ActionStates(ctx context.Context) (map[tocsin.ActionState]int, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT state, COUNT(*) FROM actions GROUP BY state`)
	if err != nil {
		return nil, fmt.Errorf("counting actions: %w", err)
	}
	defer rows.Close()
	out := map[tocsin.ActionState]int{}
	for rows.Next() {
		var state tocsin.ActionState
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return nil, fmt.Errorf("counting actions: %w", err)
		}
		out[state] = n
	}
	return out, rows.Err()
}
