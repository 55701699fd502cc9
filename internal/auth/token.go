package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/secret"
)

// The text of a token is tcs_, 16 characters of id, 40 of secret and 7 of checksum, each A-Z or 2-7. Scanners for leaked secrets tell
// it by the expression tcs_[A-Z2-7]{63}, and by the checksum whether it is one: CRC-32 (IEEE) of all before it.
const (
	tokenPrefix = "tcs_"
	idSize      = 10
	secretSize  = 25 // 200 bits
	idEnd       = len(tokenPrefix) + 16
	sumStart    = idEnd + 40
	tokenLength = sumStart + 7
)

const (
	maxTokenAge = 366 * 24 * time.Hour
	maxGrants   = 100
	maxNameRune = 100
	// noted is how exactly the last use of a token or session is known: more would be a write for each request.
	noted = 5 * time.Minute
)

// random gives so many random bytes in base 32.
func random(size int) string {
	b := make([]byte, size)
	_, _ = rand.Read(b) // never fails: it ends the program first
	return encode(b)
}

func encode(b []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b)
}

// digest is what the store keeps of a secret.
func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func checksum(text string) string {
	return encode(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(text))))
}

// CreateToken makes an API token. Its text is shown this once; the store has a digest of it.
func (a *Authenticator) CreateToken(ctx context.Context, by tocsin.Principal, q tocsin.TokenRequest) (secret.Value, tocsin.APIToken, error) {
	now := a.o.Now()
	switch {
	case shown(q.Name) != q.Name || strings.TrimSpace(q.Name) == "" || len([]rune(q.Name)) > maxNameRune:
		return secret.Value{}, tocsin.APIToken{}, fmt.Errorf("%w: name: want 1 to %d characters that can be shown", tocsin.ErrInvalid, maxNameRune)
	case len(q.Grants) == 0 || len(q.Grants) > maxGrants:
		return secret.Value{}, tocsin.APIToken{}, fmt.Errorf("%w: grants: want 1 to %d", tocsin.ErrInvalid, maxGrants)
	case !q.ExpiresAt.After(now) || q.ExpiresAt.Sub(now) > maxTokenAge:
		return secret.Value{}, tocsin.APIToken{}, fmt.Errorf("%w: expires_at: want a time within a year from now", tocsin.ErrInvalid)
	}
	if err := mayGive(by, q.Grants); err != nil {
		return secret.Value{}, tocsin.APIToken{}, err
	}
	t := tocsin.APIToken{ID: random(idSize), Name: q.Name, Grants: q.Grants, CreatedAt: now, CreatedBy: by.Name, ExpiresAt: q.ExpiresAt}
	text := tokenPrefix + t.ID + random(secretSize)
	text += checksum(text)
	entry := by.Did("token.created", t.ID, now)
	entry.Request, entry.Detail = q.Request, map[string]string{"name": t.Name, "grants": describe(t.Grants), "expires_at": t.ExpiresAt.UTC().Format(time.RFC3339)}
	if err := a.store.AddToken(ctx, t, digest(text), entry); err != nil {
		return secret.Value{}, tocsin.APIToken{}, err
	}
	return secret.New(text), t, nil
}

// RevokeToken ends a token for one who may have given all its grants. One that is not there, or was revoked before, is a [tocsin.ErrNotFound].
func (a *Authenticator) RevokeToken(ctx context.Context, by tocsin.Principal, id, request string) error {
	if !by.MaySomewhere(tocsin.MayRule) {
		return fmt.Errorf("%w: revoking a token", tocsin.ErrForbidden)
	}
	t, _, err := a.store.Token(ctx, id)
	if err != nil {
		return err
	}
	if err := mayGive(by, t.Grants); err != nil {
		return err
	}
	entry := by.Did("token.revoked", id, a.o.Now())
	entry.Request, entry.Detail = request, map[string]string{"name": t.Name}
	return a.store.RevokeToken(ctx, id, entry)
}

func mayGive(by tocsin.Principal, grants []tocsin.Grant) error {
	for _, g := range grants {
		if err := g.Validate(); err != nil {
			return err
		}
		if !by.MayGive(g) {
			return fmt.Errorf("%w: giving %s", tocsin.ErrForbidden, describe([]tocsin.Grant{g}))
		}
	}
	return nil
}

// describe puts grants into words for the audit log.
func describe(grants []tocsin.Grant) string {
	var out []string
	for _, g := range grants {
		text := string(g.Access)
		if g.Group != "" {
			text += " of group " + g.Group
		}
		if g.Project != "" {
			text += " of project " + g.Project
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func (a *Authenticator) fromToken(ctx context.Context, text string) (tocsin.Principal, error) {
	if len(text) != tokenLength || checksum(text[:sumStart]) != text[sumStart:] {
		return tocsin.Principal{}, refuse("an API token that is cut or mistyped: its checksum is wrong")
	}
	id, now := text[len(tokenPrefix):idEnd], a.o.Now()
	t, want, err := a.store.Token(ctx, id)
	switch {
	case errors.Is(err, tocsin.ErrNotFound):
		return tocsin.Principal{}, refuse("API token %s is not known", id)
	case err != nil:
		return tocsin.Principal{}, err
	case subtle.ConstantTimeCompare([]byte(want), []byte(digest(text))) != 1:
		return tocsin.Principal{}, refuse("API token %s: wrong secret", id)
	case !t.RevokedAt.IsZero():
		return tocsin.Principal{}, refuse("API token %s was revoked", id)
	case !now.Before(t.ExpiresAt):
		return tocsin.Principal{}, refuse("API token %s has expired", id)
	}
	if now.Sub(t.UsedAt) >= noted {
		if err := a.store.TokenUsed(ctx, id, now); err != nil {
			a.log.WarnContext(ctx, "note use of token", "token", id, "err", err) // it is good all the same
		}
	}
	return tocsin.Principal{Kind: tocsin.PrincipalToken, ID: t.ID, Name: t.Name, Grants: t.Grants}, nil
}
