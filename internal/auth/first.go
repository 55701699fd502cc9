package auth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/tocsin-dev/tocsin"
)

const (
	// firstTime is how long the first link holds.
	firstTime = time.Hour
	// firstIssuer vouches for who came in by the first link.
	firstIssuer = "first-link"
	maxForm     = 4 << 10
)

// FirstLink gives an address by which one person, once and within an hour, comes in as an admin; it is to be printed where only the
// operator sees it. It takes the place of the one before, so it is asked for once at each start. Empty: there is an admin, a person or a
// token for everything, and no link holds any more. Who comes in by it should make a lasting admin: their own grant ends with the session.
func (a *Authenticator) FirstLink(ctx context.Context) (string, error) {
	now, secret := a.o.Now(), random(sessionSize)
	made, err := a.store.PutFirstLink(ctx, digest(secret), now, now.Add(firstTime))
	if err != nil || !made {
		return "", err
	}
	return a.o.URL + "/auth/first?" + url.Values{"token": {secret}}.Encode(), nil
}

// showFirst changes nothing, since programs that preview links open them too, and tells nothing of whether the link is good.
func (a *Authenticator) showFirst(w http.ResponseWriter, r *http.Request) error {
	a.o.Show(w, r, http.StatusOK, Page{Text: "This link makes you the first admin, once.", First: true, Token: r.URL.Query().Get("token")})
	return nil
}

func (a *Authenticator) useFirst(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return refuse("first link: the form cannot be read")
	}
	p := tocsin.Person{Issuer: firstIssuer, Subject: "admin", Name: "first admin"}
	session, secret := a.begin(p, []tocsin.Grant{{Access: tocsin.AccessAdmin}})
	entry := tocsin.AuditEntry{At: session.CreatedAt, Kind: tocsin.PrincipalPerson, What: "first_link.used", Detail: map[string]string{"from": a.o.Address(r).String()}}
	err := a.store.UseFirstLink(r.Context(), digest(r.PostForm.Get("token")), session, digest(secret), a.before(r), entry)
	if errors.Is(err, tocsin.ErrNotFound) {
		entry.Kind, entry.What = "", "first_link.refused"
		return errors.Join(refuse("first link: it is not the one that holds"), a.store.Audit(r.Context(), entry))
	}
	if err != nil {
		return err
	}
	http.SetCookie(w, a.cookie(a.sessionCookie(), secret, absolute))
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}
