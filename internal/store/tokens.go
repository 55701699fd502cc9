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

// AddToken keeps a new token, known by its id, with the hash of its secret.
func (s *Store) AddToken(ctx context.Context, t tocsin.APIToken, hash string, entry tocsin.AuditEntry) error {
	grants, admin, err := packGrants(t.Grants)
	if err != nil {
		return err
	}
	err = s.transact(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO api_tokens (id, hash, name, grants, admin, created_at, created_by, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			t.ID, hash, plain(t.Name), grants, admin, stamp(t.CreatedAt), plain(t.CreatedBy), stamp(t.ExpiresAt))
		if err != nil {
			return err
		}
		return audit(ctx, tx, entry)
	})
	if err != nil {
		return fmt.Errorf("keeping token %s: %w", t.ID, err)
	}
	return nil
}

type hashedToken struct {
	tocsin.APIToken
	hash string
}

const tokenColumns = `SELECT id, hash, name, grants, created_at, created_by, expires_at, used_at, revoked_at FROM api_tokens `

func scanToken(row interface{ Scan(...any) error }) (hashedToken, error) {
	var t hashedToken
	var grants string
	var created, expires, used, revoked int64
	if err := row.Scan(&t.ID, &t.hash, &t.Name, &grants, &created, &t.CreatedBy, &expires, &used, &revoked); err != nil {
		return t, err
	}
	t.CreatedAt, t.ExpiresAt, t.UsedAt, t.RevokedAt = moment(created), moment(expires), moment(used), moment(revoked)
	return t, json.Unmarshal([]byte(grants), &t.Grants)
}

// Token gives a token by id with the hash of its secret, or [tocsin.ErrNotFound]. It may have expired or been revoked.
func (s *Store) Token(ctx context.Context, id string) (t tocsin.APIToken, hash string, err error) {
	h, err := scanToken(s.db.QueryRowContext(ctx, tokenColumns+`WHERE id = $1`, plain(id)))
	if errors.Is(err, sql.ErrNoRows) {
		return t, "", fmt.Errorf("token %s: %w", id, tocsin.ErrNotFound)
	}
	if err != nil {
		return t, "", fmt.Errorf("reading token %s: %w", id, err)
	}
	return h.APIToken, h.hash, nil
}

// Tokens gives all tokens, the newest first, those that ended too.
func (s *Store) Tokens(ctx context.Context) ([]tocsin.APIToken, error) {
	return rowsOf(ctx, s, "tokens", func(row interface{ Scan(...any) error }) (tocsin.APIToken, error) {
		h, err := scanToken(row)
		return h.APIToken, err
	}, tokenColumns+`ORDER BY created_at DESC, id`)
}

// TokenUsed notes when a token was last used.
func (s *Store) TokenUsed(ctx context.Context, id string, at time.Time) error {
	if err := s.write(ctx, `UPDATE api_tokens SET used_at = $1 WHERE id = $2 AND used_at < $1`, stamp(at), plain(id)); err != nil {
		return fmt.Errorf("noting the use of token %s: %w", id, err)
	}
	return nil
}

// RevokeToken ends a token. One that is not there, or was revoked before, is a [tocsin.ErrNotFound].
func (s *Store) RevokeToken(ctx context.Context, id string, entry tocsin.AuditEntry) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE api_tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at = 0`, stamp(entry.At), plain(id))
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(tocsin.ErrNotFound, err)
		}
		return audit(ctx, tx, entry)
	})
	if err != nil {
		return fmt.Errorf("revoking token %s: %w", id, err)
	}
	return nil
}
