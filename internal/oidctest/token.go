package oidctest

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// A grant is what a code stands for.
type grant struct {
	person           Person
	nonce, challenge string
	until            time.Time
}

// grant gives a code for a person, good once and for a minute.
func (i *Issuer) grant(a asked, p Person) (string, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.o.Now()
	for code, g := range i.codes {
		if !now.Before(g.until) {
			delete(i.codes, code)
		}
	}
	if len(i.codes) >= maxCodes {
		return "", false
	}
	code := rand.Text()
	i.codes[code] = grant{person: p, nonce: a.Nonce, challenge: a.Challenge, until: now.Add(codeTime)}
	return code, true
}

// token gives an ID token for a code, by RFC 6749, section 4.1.3, and RFC 7636, section 4.6.
func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	refuse := func(status int, why string) { answer(w, status, map[string]string{"error": why}) }
	if err := r.ParseForm(); err != nil || r.PostForm.Get("grant_type") != "authorization_code" {
		refuse(http.StatusBadRequest, "unsupported_grant_type")
		return
	}
	if !i.proves(r) {
		w.Header().Set("WWW-Authenticate", "Basic")
		refuse(http.StatusUnauthorized, "invalid_client")
		return
	}
	i.mu.Lock()
	g, ok := i.codes[r.PostForm.Get("code")]
	delete(i.codes, r.PostForm.Get("code"))
	i.mu.Unlock()
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	now := i.o.Now()
	if !ok || !now.Before(g.until) || r.PostForm.Get("redirect_uri") != i.o.Redirect || !same(base64.RawURLEncoding.EncodeToString(sum[:]), g.challenge) {
		refuse(http.StatusBadRequest, "invalid_grant")
		return
	}
	claims := map[string]any{
		"iss": i.url, "sub": g.person.Subject, "aud": i.o.ClientID, "iat": now.Unix(), "exp": now.Add(tokenTime).Unix(), "nonce": g.nonce,
		"preferred_username": g.person.Name, "groups": g.person.Groups,
	}
	if g.person.Email != "" {
		claims["email"] = g.person.Email
	}
	raw, err := i.sign(claims)
	if err != nil {
		refuse(http.StatusInternalServerError, "server_error")
		return
	}
	answer(w, http.StatusOK, map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": int(tokenTime / time.Second), "id_token": raw})
}

// proves says whether a request comes from the client: by its secret in a header or in the form, never both (RFC 6749, section 2.3).
func (i *Issuer) proves(r *http.Request) bool {
	id, word, basic := r.BasicAuth()
	if basic {
		var err1, err2 error
		id, err1 = url.QueryUnescape(id)
		word, err2 = url.QueryUnescape(word)
		if err1 != nil || err2 != nil || r.PostForm.Has("client_secret") {
			return false
		}
	} else {
		id, word = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	return same(id, i.o.ClientID) && same(word, i.o.ClientSecret.Reveal())
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func (i *Issuer) sign(claims map[string]any) (string, error) {
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: i.o.Algorithm, Key: jose.JSONWebKey{Key: i.key, KeyID: keyID}}, nil)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	jws, err := s.Sign(body)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	return jws.CompactSerialize()
}
