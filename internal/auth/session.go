package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tocsin-dev/tocsin"
)

const (
	// idle is how long a session goes on unused, and absolute how long in all: groups are read at sign-in.
	idle     = 8 * time.Hour
	absolute = 24 * time.Hour
	// sessionSize is the bytes of a session's secret.
	sessionSize = 32
)

func (a *Authenticator) sessionCookie() string { return a.cookieName("tocsin") }
func (a *Authenticator) loginCookie() string   { return a.cookieName("tocsin-login") }

// cookieName has a prefix by which browsers refuse the cookie from anyone but this host, over HTTPS.
func (a *Authenticator) cookieName(name string) string {
	if a.secure {
		return "__Host-" + name
	}
	return name
}

// cookie makes one that scripts do not see and other sites do not send, but for a link that is followed.
func (a *Authenticator) cookie(name, value string, age time.Duration) *http.Cookie {
	c := &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int(age / time.Second), Secure: a.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}

// begin makes a session and its secret. The secret is new each time, so that one that was known before the sign-in is worth nothing.
func (a *Authenticator) begin(p tocsin.Person, grants []tocsin.Grant) (tocsin.Session, string) {
	now := a.o.Now()
	p.ID = random(idSize) // for somebody new
	return tocsin.Session{Person: p, Grants: grants, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(absolute)}, random(sessionSize)
}

// before is the digest of the session that a browser had, or none.
func (a *Authenticator) before(r *http.Request) string {
	if c, err := r.Cookie(a.sessionCookie()); err == nil {
		return digest(c.Value)
	}
	return ""
}

func (a *Authenticator) fromSession(ctx context.Context, secret string) (tocsin.Principal, error) {
	hash, now := digest(secret), a.o.Now()
	v, err := a.store.Session(ctx, hash)
	switch {
	case errors.Is(err, tocsin.ErrNotFound):
		return tocsin.Principal{}, refuse("the session is not known, or has ended")
	case err != nil:
		return tocsin.Principal{}, err
	case !now.Before(v.ExpiresAt) || now.Sub(v.SeenAt) > idle:
		return tocsin.Principal{}, refuse("the session of person %s has expired", v.Person.ID)
	case v.Person.Disabled:
		return tocsin.Principal{}, refuse("person %s is disabled", v.Person.ID)
	}
	if now.Sub(v.SeenAt) >= noted {
		if err := a.store.SessionSeen(ctx, hash, now); err != nil {
			a.log.WarnContext(ctx, "note use of session", "person", v.Person.ID, "err", err) // it is good all the same
		}
	}
	return tocsin.Principal{Kind: tocsin.PrincipalPerson, ID: v.Person.ID, Name: v.Person.Name, Grants: slices.Concat(v.Grants, v.Person.Grants)}, nil
}

// ChangePerson gives a person grants in place of those given before, and disables them or not; who is disabled is signed out everywhere.
// It is for those who rule everything.
func (a *Authenticator) ChangePerson(ctx context.Context, by tocsin.Principal, id string, grants []tocsin.Grant, disabled bool, request string) error {
	if !by.May(tocsin.MayRule, tocsin.Project{}) {
		return fmt.Errorf("%w: changing people", tocsin.ErrForbidden)
	}
	if len(grants) > maxGrants {
		return fmt.Errorf("%w: grants: want %d at the most", tocsin.ErrInvalid, maxGrants)
	}
	if err := mayGive(by, grants); err != nil {
		return err
	}
	entry := by.Did("person.changed", id, a.o.Now())
	entry.Request, entry.Detail = request, map[string]string{"grants": describe(grants), "disabled": fmt.Sprint(disabled)}
	return a.store.ChangePerson(ctx, id, grants, disabled, entry)
}

// SignOut ends all sessions of a person, for themselves or for those who rule everything.
func (a *Authenticator) SignOut(ctx context.Context, by tocsin.Principal, person, request string) error {
	self := by.Kind == tocsin.PrincipalPerson && by.ID == person
	if !self && !by.May(tocsin.MayRule, tocsin.Project{}) {
		return fmt.Errorf("%w: signing others out", tocsin.ErrForbidden)
	}
	entry := by.Did("sessions.ended", person, a.o.Now())
	entry.Request = request
	return a.store.EndSessions(ctx, person, entry)
}

// DropExpired takes sessions away that have ended by time. They are refused without it; it keeps the store small.
func (a *Authenticator) DropExpired(ctx context.Context) error {
	now := a.o.Now()
	return a.store.DropSessions(ctx, now, now.Add(-idle))
}

// shown is a text without what cannot be shown, and not too long: names come from profiles that anybody writes.
func shown(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if runes := []rune(text); len(runes) > 2*maxNameRune {
		text = string(runes[:2*maxNameRune])
	}
	return text
}
