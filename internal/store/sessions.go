package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// Session gives the session that is known by a hash, with its person as they are now, or [tocsin.ErrNotFound]. It may have expired.
func (s *Store) Session(ctx context.Context, hash string) (tocsin.Session, error) {
	var v tocsin.Session
	var grants string
	var created, seen, expires int64
	err := s.db.QueryRowContext(ctx, `SELECT person, grants, created_at, seen_at, expires_at FROM sessions WHERE hash = $1`, plain(hash)).
		Scan(&v.Person.ID, &grants, &created, &seen, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return v, fmt.Errorf("session: %w", tocsin.ErrNotFound)
	}
	if err != nil {
		return v, fmt.Errorf("reading a session: %w", err)
	}
	v.CreatedAt, v.SeenAt, v.ExpiresAt = moment(created), moment(seen), moment(expires)
	if err := json.Unmarshal([]byte(grants), &v.Grants); err != nil {
		return v, fmt.Errorf("reading a session: %w", err)
	}
	v.Person, err = s.Person(ctx, v.Person.ID)
	return v, err
}

// SessionSeen notes when a session was last used.
func (s *Store) SessionSeen(ctx context.Context, hash string, at time.Time) error {
	if err := s.write(ctx, `UPDATE sessions SET seen_at = $1 WHERE hash = $2 AND seen_at < $1`, stamp(at), plain(hash)); err != nil {
		return fmt.Errorf("noting the use of a session: %w", err)
	}
	return nil
}

// EndSession ends a session, if it is there.
func (s *Store) EndSession(ctx context.Context, hash string, entry tocsin.AuditEntry) error {
	return s.endSessions(ctx, `DELETE FROM sessions WHERE hash = $1`, plain(hash), entry)
}

// EndSessions ends all sessions of a person.
func (s *Store) EndSessions(ctx context.Context, person string, entry tocsin.AuditEntry) error {
	return s.endSessions(ctx, `DELETE FROM sessions WHERE person = $1`, plain(person), entry)
}

func (s *Store) endSessions(ctx context.Context, query, arg string, entry tocsin.AuditEntry) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, query, arg); err != nil {
			return err
		}
		return audit(ctx, tx, entry)
	})
	if err != nil {
		return fmt.Errorf("ending sessions: %w", err)
	}
	return nil
}

// DropSessions takes away sessions that expired, or were last used before a time.
func (s *Store) DropSessions(ctx context.Context, now, idle time.Time) error {
	if err := s.write(ctx, `DELETE FROM sessions WHERE expires_at <= $1 OR seen_at < $2`, stamp(now), stamp(idle)); err != nil {
		return fmt.Errorf("dropping old sessions: %w", err)
	}
	return nil
}

// PutFirstLink keeps the hash of the link by which the first admin comes in, in place of the one before. If there is an admin of
// everything, a person or a token that has not ended, there is none, and it says false.
func (s *Store) PutFirstLink(ctx context.Context, hash string, now, expires time.Time) (bool, error) {
	made := false
	err := s.transact(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM first_link`); err != nil {
			return err
		}
		ruled, err := ruled(ctx, tx, now)
		if err != nil || ruled {
			return err
		}
		made = true
		// Two processes that start together: the later one's holds.
		_, err = tx.ExecContext(ctx, `INSERT INTO first_link (one, hash, expires_at) VALUES (1, $1, $2)
			ON CONFLICT (one) DO UPDATE SET hash = excluded.hash, expires_at = excluded.expires_at`, hash, stamp(expires))
		return err
	})
	if err != nil {
		return false, fmt.Errorf("keeping the first link: %w", err)
	}
	return made, nil
}

// ruled says whether there is an admin of everything. Who came in by the first link is none: their grant ends with the session.
func ruled(ctx context.Context, tx *sql.Tx, now time.Time) (ruled bool, err error) {
	err = tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM people WHERE admin = 1 AND disabled = 0)
		OR EXISTS (SELECT 1 FROM api_tokens WHERE admin = 1 AND revoked_at = 0 AND expires_at > $1)`, stamp(now)).Scan(&ruled)
	return ruled, err
}

// UseFirstLink takes the link away and begins the session that it is for. One that is not there, has expired, or is of no use any
// more since there is an admin, is a [tocsin.ErrNotFound]. Of several at once one gets it.
func (s *Store) UseFirstLink(ctx context.Context, link string, session tocsin.Session, hash, before string, entry tocsin.AuditEntry) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM first_link WHERE hash = $1 AND expires_at > $2`, plain(link), stamp(session.CreatedAt))
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(tocsin.ErrNotFound, err)
		}
		if ruled, err := ruled(ctx, tx, session.CreatedAt); err != nil || ruled {
			return errors.Join(tocsin.ErrNotFound, err)
		}
		_, err = s.signIn(ctx, tx, session, hash, before, entry)
		return err
	})
	if err != nil {
		return fmt.Errorf("using the first link: %w", err)
	}
	return nil
}
