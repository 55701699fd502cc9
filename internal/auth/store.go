package auth

import (
	"context"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// A Store keeps what must survive. Secrets come to it as digests.
type Store interface {
	tokens
	sessions
	people
	Audit(ctx context.Context, entry tocsin.AuditEntry) error
}

type tokens interface {
	AddToken(ctx context.Context, t tocsin.APIToken, hash string, entry tocsin.AuditEntry) error
	Token(ctx context.Context, id string) (t tocsin.APIToken, hash string, err error)
	TokenUsed(ctx context.Context, id string, at time.Time) error
	RevokeToken(ctx context.Context, id string, entry tocsin.AuditEntry) error
}

type sessions interface {
	Session(ctx context.Context, hash string) (tocsin.Session, error)
	SessionSeen(ctx context.Context, hash string, at time.Time) error
	EndSession(ctx context.Context, hash string, entry tocsin.AuditEntry) error
	EndSessions(ctx context.Context, person string, entry tocsin.AuditEntry) error
	DropSessions(ctx context.Context, now, idle time.Time) error
}

type people interface {
	SignIn(ctx context.Context, session tocsin.Session, hash, before string, entry tocsin.AuditEntry) (tocsin.Person, error)
	ChangePerson(ctx context.Context, id string, grants []tocsin.Grant, disabled bool, entry tocsin.AuditEntry) error
	PutFirstLink(ctx context.Context, hash string, now, expires time.Time) (bool, error)
	UseFirstLink(ctx context.Context, link string, session tocsin.Session, hash, before string, entry tocsin.AuditEntry) error
}
