package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// maxProposed bounds the changes of policies that wait for a second person.
const maxProposed = 50

// changeTexts are what is large in a change of a policy.
type changeTexts struct{ Text, Cases string }

// changeBody is a change without what is large.
func changeBody(one tocsin.PolicyChange) (string, error) {
	one.Text, one.Cases = "", ""
	body, err := json.Marshal(one)
	return plain(string(body)), err
}

// AddPolicyChange keeps one that is proposed, and gives it with its id.
func (s *Store) AddPolicyChange(ctx context.Context, one tocsin.PolicyChange) (tocsin.PolicyChange, error) {
	one.ID = rand.Text()
	err := s.transact(ctx, func(tx *sql.Tx) error {
		var open int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM policy_changes WHERE state = $1`, string(tocsin.PolicyProposed)).Scan(&open); err != nil {
			return err
		}
		if open >= maxProposed {
			return fmt.Errorf("%w: %d changes of policies wait already: have some judged or withdrawn", tocsin.ErrConflict, open)
		}
		body, err := changeBody(one)
		if err != nil {
			return err
		}
		texts, err := json.Marshal(changeTexts{one.Text, one.Cases})
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO policy_changes (id, at, policy, state, holds, body, texts) VALUES ($1, $2, $3, $4, 0, $5, $6)`,
			one.ID, stamp(one.At), plain(one.Policy), string(one.State), body, plain(string(texts)))
		return err
	})
	if err != nil {
		return one, fmt.Errorf("keeping a change of policy %s: %w", one.Policy, err)
	}
	return one, nil
}

// PolicyChanges gives changes of policies without their texts, the newest first, up to a limit.
func (s *Store) PolicyChanges(ctx context.Context, limit int) ([]tocsin.PolicyChange, error) {
	return list[tocsin.PolicyChange](ctx, s.db, `SELECT body FROM policy_changes ORDER BY at DESC, id LIMIT $1`, limit)
}

// PolicyChange gives one, or [tocsin.ErrNotFound].
func (s *Store) PolicyChange(ctx context.Context, id string) (tocsin.PolicyChange, error) {
	found, err := s.wholeChanges(ctx, `WHERE id = $1`, plain(id))
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("change of a policy %s: %w", id, tocsin.ErrNotFound)
	}
	if err != nil {
		return tocsin.PolicyChange{}, err
	}
	return found[0], nil
}

// PolicyChangesHeld gives those that two people have in force, by the names of their policies.
func (s *Store) PolicyChangesHeld(ctx context.Context) ([]tocsin.PolicyChange, error) {
	return s.wholeChanges(ctx, `WHERE holds = 1 ORDER BY policy`)
}

func (s *Store) wholeChanges(ctx context.Context, which string, args ...any) (out []tocsin.PolicyChange, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT body, texts FROM policy_changes `+which, args...)
	if err != nil {
		return nil, fmt.Errorf("reading changes of policies: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var body, texts string
		var one tocsin.PolicyChange
		var large changeTexts
		if err := rows.Scan(&body, &texts); err != nil {
			return nil, fmt.Errorf("reading changes of policies: %w", err)
		}
		if err := errors.Join(json.Unmarshal([]byte(body), &one), json.Unmarshal([]byte(texts), &large)); err != nil {
			return nil, fmt.Errorf("decoding a change of a policy: %w", err)
		}
		one.Text, one.Cases = large.Text, large.Cases
		out = append(out, one)
	}
	return out, rows.Err()
}

// JudgePolicyChange keeps what became of one that was proposed, and, if it was agreed to, ends the one of that policy that held. It is an
// [tocsin.ErrConflict] if somebody judged it meanwhile, or if another one holds than when it was proposed.
func (s *Store) JudgePolicyChange(ctx context.Context, one tocsin.PolicyChange) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		var held string
		if one.State == tocsin.PolicyAgreed {
			var body string
			err := tx.QueryRowContext(ctx, `SELECT id, body FROM policy_changes WHERE policy = $1 AND holds = 1`+s.dialect.lock, plain(one.Policy)).Scan(&held, &body)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			if held != one.Over {
				return fmt.Errorf("%w: another change of %s holds since it was proposed: propose it again", tocsin.ErrConflict, one.Policy)
			}
			if held != "" {
				if err := endPolicyChange(ctx, tx, held, body, one.JudgedAt, ""); err != nil {
					return err
				}
			}
		}
		body, err := changeBody(one)
		if err != nil {
			return err
		}
		holds := 0
		if one.Holds() {
			holds = 1
		}
		r, err := tx.ExecContext(ctx, `UPDATE policy_changes SET state = $1, holds = $2, body = $3 WHERE id = $4 AND state = $5`,
			string(one.State), holds, body, one.ID, string(tocsin.PolicyProposed))
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fmt.Errorf("%w: somebody judged it meanwhile", tocsin.ErrConflict))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("judging the change of policy %s: %w", one.Policy, err)
	}
	return nil
}

// EndPolicyChange ends one that holds, and says why. One that holds no more stays as it is, and nothing is added to the audit log.
func (s *Store) EndPolicyChange(ctx context.Context, id, why string, entry tocsin.AuditEntry) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		var body string
		err := tx.QueryRowContext(ctx, `SELECT body FROM policy_changes WHERE id = $1 AND holds = 1`+s.dialect.lock, plain(id)).Scan(&body)
		if errors.Is(err, sql.ErrNoRows) { // another process ended it
			return nil
		}
		if err != nil {
			return err
		}
		return errors.Join(endPolicyChange(ctx, tx, id, body, entry.At, why), audit(ctx, tx, entry))
	})
	if err != nil {
		return fmt.Errorf("ending the change of a policy %s: %w", id, err)
	}
	return nil
}

func endPolicyChange(ctx context.Context, tx *sql.Tx, id, body string, at time.Time, why string) error {
	var was tocsin.PolicyChange
	if err := json.Unmarshal([]byte(body), &was); err != nil {
		return err
	}
	was.EndedAt, was.Ending = at, why
	text, err := changeBody(was)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE policy_changes SET holds = 0, body = $1 WHERE id = $2`, text, id)
	return err
}
