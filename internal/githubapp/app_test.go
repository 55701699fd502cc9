package githubapp_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/githubapp"
	"github.com/tocsin-dev/tocsin/internal/secret"
)

// forge is as much of GitHub as an App signs in to.
type forge struct {
	t      *testing.T
	key    *rsa.PrivateKey
	life   time.Duration
	tokens int
	asked  []string
	gone   bool
}

// app says whether the request has a token that the App signed, for ten minutes at the most.
func (f *forge) app(r *http.Request) bool {
	head, rest, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), ".")
	body, signature, _ := strings.Cut(rest, ".")
	sig, err := base64.RawURLEncoding.DecodeString(signature)
	sum := sha256.Sum256([]byte(head + "." + body))
	if err != nil || rsa.VerifyPKCS1v15(&f.key.PublicKey, crypto.SHA256, sum[:], sig) != nil {
		return false
	}
	text, _ := base64.RawURLEncoding.DecodeString(body)
	var claims struct {
		Iss      string
		Iat, Exp int64
	}
	if err := json.Unmarshal(text, &claims); err != nil {
		f.t.Error(err)
	}
	return claims.Iss == "7" && claims.Exp-claims.Iat <= 660
}

func (f *forge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.asked = append(f.asked, r.Method+" "+r.URL.Path)
	switch {
	case !f.app(r):
		w.WriteHeader(401)
		fmt.Fprint(w, `{"message":"hunter2"}`)
	case r.URL.Path == "/api/v3/app":
		fmt.Fprint(w, `{"slug":"tocsin"}`)
	case r.URL.Path == "/api/v3/users/Acme/installation" && !f.gone:
		fmt.Fprint(w, `{"id":42}`)
	case r.URL.Path == "/api/v3/app/installations/42/access_tokens" && !f.gone:
		f.tokens++
		w.WriteHeader(201)
		fmt.Fprintf(w, `{"token":"ghs_%d","expires_at":%q}`, f.tokens, time.Now().Add(f.life).UTC().Format(time.RFC3339))
	default:
		w.WriteHeader(404)
		fmt.Fprint(w, `{"message":"hunter2"}`)
	}
}

func TestApp(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	f := &forge{t: t, key: key, life: time.Hour}
	server := httptest.NewServer(f)
	defer server.Close()
	o := githubapp.Options{API: server.URL + "/api/v3/", ID: 7, Key: secret.New(text), Transport: http.DefaultTransport}
	a, err := githubapp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is known
		if login, err := a.Login(t.Context()); err != nil || login != "tocsin[bot]" {
			t.Error(login, err)
		}
		if token, err := a.Token(t.Context(), "Acme"); err != nil || token != "ghs_1" {
			t.Error(token, err)
		}
		if token, err := a.Token(t.Context(), "acme"); err != nil || token != "ghs_1" { // names of accounts have no case
			t.Error(token, err)
		}
	}
	if len(f.asked) != 3 {
		t.Errorf("%q", f.asked)
	}
	if _, err := a.Token(t.Context(), "stranger"); !errors.Is(err, tocsin.ErrForbidden) || !strings.Contains(err.Error(), "not installed there") || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
	if _, err := a.Token(t.Context(), "../app"); !errors.Is(err, tocsin.ErrInvalid) {
		t.Error(err)
	}
	// A token that is about to end is renewed; an App that was taken out is told, and found again when it is back.
	f.life = 30 * time.Second
	b, _ := githubapp.New(o)
	for want := 2; want <= 3; want++ {
		if token, err := b.Token(t.Context(), "Acme"); err != nil || token != fmt.Sprintf("ghs_%d", want) {
			t.Error(token, err)
		}
	}
	f.gone = true
	for range 2 {
		if _, err := b.Token(t.Context(), "Acme"); !errors.Is(err, tocsin.ErrForbidden) || strings.Contains(err.Error(), "hunter2") {
			t.Error(err)
		}
	}
	f.gone = false
	if token, err := b.Token(t.Context(), "Acme"); err != nil || token != "ghs_4" {
		t.Error(token, err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	f.key = other
	c, _ := githubapp.New(o)
	if _, err := c.Login(t.Context()); !errors.Is(err, tocsin.ErrForbidden) || !strings.Contains(err.Error(), "clock") {
		t.Error(err)
	}
	o.Key = secret.New("hunter2")
	if _, err := githubapp.New(o); !errors.Is(err, tocsin.ErrInvalid) || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}
