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

// packGrants gives what a column of grants has, and whether one of them is to rule everything.
func packGrants(list ...[]tocsin.Grant) (text string, admin int, err error) {
	all := append([]tocsin.Grant{}, slices.Concat(list...)...)
	body, err := json.Marshal(all)
	if err != nil {
		return "", 0, fmt.Errorf("encoding grants: %w", err)
	}
	if (tocsin.Principal{Grants: all}).May(tocsin.MayRule, tocsin.Project{}) {
		admin = 1
	}
	return string(body), admin, nil
}

// SignIn keeps a person as their issuer describes them now, and the session that begins, known by the hash of its secret. Their id,
// the grants given here and whether they are disabled stay as they were; the given id is for somebody new. A session that the browser
// had before, if any, ends. A disabled person is a [tocsin.ErrForbidden], and nothing is kept.
func (s *Store) SignIn(ctx context.Context, session tocsin.Session, hash, before string, entry tocsin.AuditEntry) (tocsin.Person, error) {
	var p tocsin.Person
	err := s.transact(ctx, func(tx *sql.Tx) (err error) {
		p, err = s.signIn(ctx, tx, session, hash, before, entry)
		return err
	})
	if err != nil {
		return tocsin.Person{}, fmt.Errorf("signing in: %w", err)
	}
	return p, nil
}

func (s *Store) signIn(ctx context.Context, tx *sql.Tx, session tocsin.Session, hash, before string, entry tocsin.AuditEntry) (tocsin.Person, error) {
	p := session.Person
	claimed, _, err := packGrants(p.Claimed)
	if err != nil {
		return p, err
	}
	given, _, err := packGrants(p.Grants)
	if err != nil {
		return p, err
	}
	// First, for it locks the row: whoever disables the person meanwhile comes before or after all of this.
	_, err = tx.ExecContext(ctx, `INSERT INTO people (id, issuer, subject, name, email, grants, claimed, admin, created_at, signed_in_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $8)
		ON CONFLICT (issuer, subject) DO UPDATE SET name = excluded.name, email = excluded.email, claimed = excluded.claimed, signed_in_at = excluded.signed_in_at`,
		p.ID, name(p.Issuer), name(p.Subject), plain(p.Name), plain(p.Email), given, claimed, stamp(session.CreatedAt))
	if err != nil {
		return p, err
	}
	if p, err = scanPerson(tx.QueryRowContext(ctx, personColumns+`WHERE issuer = $1 AND subject = $2`, name(p.Issuer), name(p.Subject))); err != nil {
		return p, err
	}
	if p.Disabled {
		return p, fmt.Errorf("%w: person %s is disabled", tocsin.ErrForbidden, p.ID)
	}
	if err := noteAdmin(ctx, tx, p); err != nil {
		return p, err
	}
	grants, _, err := packGrants(session.Grants)
	if err != nil {
		return p, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO sessions (hash, person, grants, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $4, $4, $5)`,
		hash, p.ID, grants, stamp(session.CreatedAt), stamp(session.ExpiresAt))
	if err != nil {
		return p, err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE hash = $1`, before); err != nil {
		return p, err
	}
	entry.Who, entry.WhoID = p.Name, p.ID
	return p, audit(ctx, tx, entry)
}

// noteAdmin notes whether a person rules everything.
func noteAdmin(ctx context.Context, tx *sql.Tx, p tocsin.Person) error {
	_, admin, err := packGrants(p.Grants, p.Claimed)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE people SET admin = $1 WHERE id = $2`, admin, p.ID)
	return err
}

const personColumns = `SELECT id, issuer, subject, name, email, grants, claimed, disabled, created_at, signed_in_at FROM people `

func scanPerson(row interface{ Scan(...any) error }) (tocsin.Person, error) {
	var p tocsin.Person
	var grants, claimed string
	var created, signedIn int64
	if err := row.Scan(&p.ID, &p.Issuer, &p.Subject, &p.Name, &p.Email, &grants, &claimed, &p.Disabled, &created, &signedIn); err != nil {
		return p, err
	}
	p.CreatedAt, p.SignedInAt = moment(created), moment(signedIn)
	return p, errors.Join(json.Unmarshal([]byte(grants), &p.Grants), json.Unmarshal([]byte(claimed), &p.Claimed))
}

// Person gives one person by id, or [tocsin.ErrNotFound].
func (s *Store) Person(ctx context.Context, id string) (tocsin.Person, error) {
	p, err := scanPerson(s.db.QueryRowContext(ctx, personColumns+`WHERE id = $1`, plain(id)))
	if errors.Is(err, sql.ErrNoRows) {
		return p, fmt.Errorf("person %s: %w", id, tocsin.ErrNotFound)
	}
	if err != nil {
		return p, fmt.Errorf("reading person %s: %w", id, err)
	}
	return p, nil
}

// People gives all people, by name.
func (s *Store) People(ctx context.Context) ([]tocsin.Person, error) {
	return rowsOf(ctx, s, "people", scanPerson, personColumns+`ORDER BY name, id`)
}

// ChangePerson gives a person grants in place of those given before, and disables them or not; who is disabled is signed out
// everywhere. An unknown person is a [tocsin.ErrNotFound].
func (s *Store) ChangePerson(ctx context.Context, id string, grants []tocsin.Grant, disabled bool, entry tocsin.AuditEntry) error {
	text, _, err := packGrants(grants)
	if err != nil {
		return err
	}
	off := 0
	if disabled {
		off = 1
	}
	err = s.transact(ctx, func(tx *sql.Tx) error {
		p, err := scanPerson(tx.QueryRowContext(ctx, `UPDATE people SET grants = $1, disabled = $2 WHERE id = $3
			RETURNING id, issuer, subject, name, email, grants, claimed, disabled, created_at, signed_in_at`, text, off, plain(id)))
		if errors.Is(err, sql.ErrNoRows) {
			return tocsin.ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := noteAdmin(ctx, tx, p); err != nil {
			return err
		}
		if disabled {
			if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE person = $1`, p.ID); err != nil {
				return err
			}
		}
		return audit(ctx, tx, entry)
	})
	if err != nil {
		return fmt.Errorf("changing person %s: %w", id, err)
	}
	return nil
}

// rowsOf reads all rows of a query.
func rowsOf[T any](ctx context.Context, s *Store, what string, scan func(interface{ Scan(...any) error }) (T, error), query string, args ...any) ([]T, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", what, err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", what, err)
		}
		out = append(out, v)
	}
	return out, rows.Err()
}
