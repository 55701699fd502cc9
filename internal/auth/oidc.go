package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/secret"
)

// OIDC is how people sign in: OpenID Connect Core 1.0, authorisation code with PKCE (RFC 7636, S256).
type OIDC struct {
	Issuer       string
	ClientID     string
	ClientSecret secret.Value // none: a public client
	// RedirectURL as it is registered with the issuer; empty, or the service's URL and /auth/callback.
	RedirectURL string
	// Scopes beside openid; nil: profile and email.
	Scopes []string
	// GroupsClaim names the claim of the ID token that has a person's groups, a list or one text; empty: none is read.
	GroupsClaim string
	Grants      []GroupGrant
}

// A GroupGrant is what the members of a group may do.
type GroupGrant struct {
	// Group as the claim has it, or "*" for everybody who can sign in.
	Group  string
	Access tocsin.Access
	// ProjectsGroup is the group of projects it holds for; empty: all.
	ProjectsGroup string
}

// Validate reports all that is wrong with the settings, as an [tocsin.ErrInvalid].
func (o OIDC) Validate() error {
	var wrong []error
	if _, err := publicURL(o.Issuer); err != nil {
		wrong = append(wrong, fmt.Errorf("oidc: issuer: %w", err))
	}
	if o.ClientID == "" {
		wrong = append(wrong, fmt.Errorf("%w: oidc: client_id is missing", tocsin.ErrInvalid))
	}
	for _, g := range o.Grants {
		if g.Group == "" || g.Group != "*" && o.GroupsClaim == "" {
			wrong = append(wrong, fmt.Errorf("%w: oidc: grants: group %q: want a group of groups_claim, or \"*\" for everybody", tocsin.ErrInvalid, g.Group))
		}
		if err := (tocsin.Grant{Access: g.Access}).Validate(); err != nil {
			wrong = append(wrong, fmt.Errorf("oidc: grants: group %q: %w", g.Group, err))
		}
	}
	return errors.Join(wrong...)
}

// claimed are the grants that follow from the claims of an ID token.
func (o OIDC) claimed(c claims) []tocsin.Grant {
	var groups []string
	switch v := c[o.GroupsClaim].(type) {
	case string:
		groups = []string{v}
	case []any:
		for _, g := range v {
			if text, ok := g.(string); ok {
				groups = append(groups, text)
			}
		}
	}
	out := []tocsin.Grant{}
	for _, g := range o.Grants {
		if g.Group == "*" || slices.Contains(groups, g.Group) {
			out = append(out, tocsin.Grant{Access: g.Access, Group: g.ProjectsGroup})
		}
	}
	return out
}

// A login is one sign-in on its way: a secret in a cookie of the browser, from which follow the state, the nonce and the verifier of
// PKCE, and where to go afterwards. Nothing is kept here, so that who only asks for the page costs nothing.
type login struct{ secret, next string }

func (l login) String() string {
	return l.secret + "." + base64.RawURLEncoding.EncodeToString([]byte(l.next))
}

func parseLogin(text string) (login, bool) {
	secret, next, ok := strings.Cut(text, ".")
	b, err := base64.RawURLEncoding.DecodeString(next)
	return login{secret, string(b)}, ok && err == nil && len(secret) >= sessionSize
}

func (l login) derive(what string) string {
	m := hmac.New(sha256.New, []byte(l.secret))
	m.Write([]byte(what))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)) // 43 characters: what RFC 7636 asks of a verifier
}

func (o OIDC) client(at oauth2.Endpoint) *oauth2.Config {
	if !o.ClientSecret.IsSet() {
		at.AuthStyle = oauth2.AuthStyleInParams // a public client only says who it is
	}
	scopes := o.Scopes
	if scopes == nil {
		scopes = []string{oidc.ScopeProfile, oidc.ScopeEmail}
	}
	return &oauth2.Config{
		ClientID: o.ClientID, ClientSecret: o.ClientSecret.Reveal(), RedirectURL: o.RedirectURL, Endpoint: at,
		Scopes: slices.Concat([]string{oidc.ScopeOpenID}, slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return s == oidc.ScopeOpenID })),
	}
}

// authorizeURL is where the issuer asks a person who they are.
func (a *Authenticator) authorizeURL(ctx context.Context, l login) (string, error) {
	about, err := a.issuers[a.o.OIDC.Issuer].discover(ctx)
	if err != nil {
		return "", err
	}
	return a.o.OIDC.client(about.endpoint).AuthCodeURL(l.derive("state"), oidc.Nonce(l.derive("nonce")), oauth2.S256ChallengeOption(l.derive("verifier"))), nil
}

// person gives who came back from the issuer.
func (a *Authenticator) person(ctx context.Context, l login, q url.Values) (tocsin.Person, error) {
	o, i := a.o.OIDC, a.issuers[a.o.OIDC.Issuer]
	switch {
	case subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(l.derive("state"))) != 1:
		return tocsin.Person{}, refuse("sign-in: the state is another browser's, or none")
	case q.Has("iss") && q.Get("iss") != o.Issuer: // RFC 9207
		return tocsin.Person{}, refuse("sign-in: the answer comes from the issuer %q", short(q.Get("iss")))
	case q.Has("error"):
		return tocsin.Person{}, refuse("sign-in: the issuer says %q", short(q.Get("error")))
	}
	about, err := i.discover(ctx)
	if err != nil {
		return tocsin.Person{}, err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, i.client), patience)
	defer cancel()
	got, err := o.client(about.endpoint).Exchange(ctx, q.Get("code"), oauth2.VerifierOption(l.derive("verifier")))
	if err != nil {
		return tocsin.Person{}, exchangeError(err)
	}
	raw, _ := got.Extra("id_token").(string)
	c, err := i.verify(ctx, raw, o.ClientID)
	if err != nil {
		return tocsin.Person{}, err
	}
	if subtle.ConstantTimeCompare([]byte(c.text("nonce")), []byte(l.derive("nonce"))) != 1 {
		return tocsin.Person{}, refuse("sign-in: the nonce is another's")
	}
	return o.describe(c)
}

// exchangeError tells what the token endpoint said without what it was sent.
func exchangeError(err error) error {
	var said *oauth2.RetrieveError
	if errors.As(err, &said) && said.Response.StatusCode < http.StatusInternalServerError {
		return refuse("sign-in: the issuer does not take the code: %d %q", said.Response.StatusCode, short(said.ErrorCode))
	}
	return &Refusal{Kind: tocsin.ErrUnavailable, Reason: "sign-in: the issuer's token endpoint does not answer: " + short(err.Error())}
}

// maxSubject is by OpenID Connect Core, section 2: 255 ASCII characters.
const maxSubject = 255

func (o OIDC) describe(c claims) (tocsin.Person, error) {
	sub := c.text("sub")
	// Others than printable ASCII could become the same name once they are made fit to be kept.
	if sub == "" || len(sub) > maxSubject || strings.ContainsFunc(sub, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsPrint(r) }) {
		return tocsin.Person{}, refuse("sign-in: the subject is no name of 1 to %d ASCII characters", maxSubject)
	}
	p := tocsin.Person{Issuer: o.Issuer, Subject: sub, Email: shown(c.text("email")), Claimed: o.claimed(c)}
	for _, name := range []string{c.text("preferred_username"), c.text("email"), c.text("name"), sub} {
		if p.Name = shown(name); p.Name != "" {
			break
		}
	}
	return p, nil
}
