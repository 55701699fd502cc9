package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// A fakeIssuer speaks real HTTP: discovery, keys, authorisation, and tokens for codes, of which each is good once.
type fakeIssuer struct {
	*httptest.Server
	now func() time.Time

	mu       sync.Mutex
	keys     map[string]crypto.Signer // by kid
	codes    map[string]url.Values    // what was asked when the code was given
	requests []string
	down     bool
	huge     bool
	methods  []string
	claims   map[string]any // of the next ID token, over what belongs there
	spoil    func(raw string) string
	about    map[string]any // over what discovery says
	use      string         // of the keys
}

func newFakeIssuer(t *testing.T, now func() time.Time) *fakeIssuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeIssuer{now: now, keys: map[string]crypto.Signer{"one": key}, use: "sig", codes: map[string]url.Values{}, claims: map[string]any{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		said := map[string]any{"issuer": f.URL, "authorization_endpoint": f.URL + "/authorize", "token_endpoint": f.URL + "/token", "jwks_uri": f.URL + "/keys",
			"token_endpoint_auth_methods_supported": f.methods, "id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"}}
		maps.Copy(said, f.about)
		f.answer(w, said)
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, r *http.Request) { f.answer(w, f.jwks()) })
	mux.HandleFunc("GET /authorize", f.authorize)
	mux.HandleFunc("POST /token", f.token)
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.requests = append(f.requests, r.URL.Path)
		if f.down {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

// set changes what the issuer is.
func (f *fakeIssuer) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fakeIssuer) asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.requests)
}

func (f *fakeIssuer) answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (f *fakeIssuer) jwks() map[string]any {
	list := []any{map[string]any{"kty": "OKP", "crv": "X448", "kid": "odd", "x": "AA"}, map[string]any{"kty": "oct", "kid": "shared", "k": base64.RawURLEncoding.EncodeToString(sharedKey)}}
	for kid, key := range f.keys {
		list = append(list, jose.JSONWebKey{Key: key.Public(), KeyID: kid, Use: f.use})
	}
	out := map[string]any{"keys": list}
	if f.huge {
		out["padding"] = strings.Repeat("x", 2*maxAnswer)
	}
	return out
}

func (f *fakeIssuer) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("code_challenge_method") != "S256" || q.Get("response_type") != "code" || !strings.Contains(q.Get("scope"), "openid") {
		http.Error(w, "invalid_request", http.StatusBadRequest)
		return
	}
	code := fmt.Sprint("code-", len(f.codes))
	f.codes[code] = q
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
}

func (f *fakeIssuer) token(w http.ResponseWriter, r *http.Request) {
	id, secret, basic := r.BasicAuth()
	if f.methods != nil {
		id, secret, basic = r.PostFormValue("client_id"), r.PostFormValue("client_secret"), !basic
	}
	q, ok := f.codes[r.PostFormValue("code")]
	delete(f.codes, r.PostFormValue("code"))
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || !basic || id != "tocsin" || secret != "s3cret" || base64.RawURLEncoding.EncodeToString(sum[:]) != q.Get("code_challenge") || r.PostFormValue("redirect_uri") != q.Get("redirect_uri") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
		return
	}
	c := f.standard("ada", "tocsin")
	c["nonce"], c["preferred_username"], c["email"], c["groups"] = q.Get("nonce"), "ada", "ada@example.org", []string{"eng", "sec"}
	for name, v := range f.claims {
		if c[name] = v; v == nil {
			delete(c, name)
		}
	}
	raw := f.sign("one", c)
	if f.spoil != nil {
		raw = f.spoil(raw)
	}
	f.answer(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": raw})
}

// sharedKey is published by the issuer, so that anybody can sign with it.
var sharedKey = []byte(strings.Repeat("secret", 6))

// standard are the claims of any token.
func (f *fakeIssuer) standard(subject, audience string) map[string]any {
	now := f.now().Unix()
	return map[string]any{"iss": f.URL, "sub": subject, "aud": audience, "iat": now, "exp": now + 300}
}

// sign makes a token with a key of the issuer.
func (f *fakeIssuer) sign(kid string, claims map[string]any) string {
	return sign(f.keys[kid], kid, claims)
}

func sign(key crypto.Signer, kid string, claims map[string]any) string {
	alg := jose.RS256
	if _, ok := key.(*ecdsa.PrivateKey); ok {
		alg = jose.ES256
	}
	return signWith(alg, key, kid, claims)
}

func signWith(alg jose.SignatureAlgorithm, key any, kid string, claims map[string]any) string {
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
	if err != nil {
		panic(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	jws, err := s.Sign(body)
	if err != nil {
		panic(err)
	}
	raw, err := jws.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return raw
}

func newECKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
