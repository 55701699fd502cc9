package oidctest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/secret"
)

// A Person is somebody who can sign in.
type Person struct {
	// Subject never changes hands; Name is the login that goes into tokens as preferred_username.
	Subject, Name string
	Email         string // empty: none is told
	Groups        []string
	// May and About are for the page: what they may in the service, and who they are, in a few words.
	May, About string
}

// Options of an [Issuer]. People, ClientID and Redirect are required.
type Options struct {
	// People are those who can sign in, in the order of the page. No two have the same subject.
	People []Person
	// ClientID is the one client there is, ClientSecret what it proves itself with; not set: it is a public client.
	ClientID     string
	ClientSecret secret.Value
	// Redirect is the one address that codes are sent to.
	Redirect string
	// Algorithm signs ID tokens: RS256 or ES256; empty: RS256.
	Algorithm jose.SignatureAlgorithm
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// An Issuer vouches for whomever its page is told to. It is safe for concurrent use.
type Issuer struct {
	o      Options
	url    string
	target *url.URL // of the redirect
	key    crypto.Signer
	http   *http.Server
	served chan error

	mu    sync.Mutex
	codes map[string]grant
}

const (
	keyID = "one"
	// codeTime is how long a code is good, and tokenTime an ID token.
	codeTime  = time.Minute
	tokenTime = 5 * time.Minute
	// maxCodes bounds how many are on their way, maxForm what is read of a form.
	maxCodes = 1000
	maxForm  = 16 << 10
	// patience with one request.
	patience = 10 * time.Second
)

// Start makes an issuer and serves it on a free port of 127.0.0.1. The caller must Close it.
func Start(o Options) (*Issuer, error) {
	i := &Issuer{o: o, codes: map[string]grant{}, served: make(chan error, 1)}
	if i.o.Now == nil {
		i.o.Now = time.Now
	}
	var err error
	if i.target, err = url.Parse(o.Redirect); err != nil || i.target.Host == "" || o.ClientID == "" {
		return nil, fmt.Errorf("%w: issuer: want a client and the address of its redirect", tocsin.ErrInvalid)
	}
	known := map[string]bool{"": true}
	for _, p := range o.People {
		if known[p.Subject] {
			return nil, fmt.Errorf("%w: issuer: person %q: the subject %q is empty or another's", tocsin.ErrInvalid, p.Name, p.Subject)
		}
		known[p.Subject] = true
	}
	switch o.Algorithm {
	case "", jose.RS256:
		i.o.Algorithm = jose.RS256
		i.key, err = rsa.GenerateKey(rand.Reader, 2048)
	case jose.ES256:
		i.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		err = fmt.Errorf("%w: want RS256 or ES256, not %s", tocsin.ErrInvalid, o.Algorithm)
	}
	if err != nil {
		return nil, fmt.Errorf("issuer: making a key: %w", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("issuer: listening on loopback: %w", err)
	}
	i.url = "http://" + l.Addr().String()
	i.http = &http.Server{Handler: i.routes(), ReadHeaderTimeout: patience, ReadTimeout: patience, WriteTimeout: patience, MaxHeaderBytes: 16 << 10}
	go func() { i.served <- i.http.Serve(l) }()
	return i, nil
}

// URL is the issuer's identifier, and where it is.
func (i *Issuer) URL() string { return i.url }

// Close stops serving, and waits for it.
func (i *Issuer) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := i.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = i.http.Close() // a browser that keeps a request open
	}
	if e := <-i.served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

func (i *Issuer) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("GET /keys", i.keys)
	mux.HandleFunc("GET /authorize", i.choose)
	mux.HandleFunc("POST /authorize", i.chosen)
	mux.HandleFunc("POST /token", i.token)
	return mux
}

func (i *Issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"issuer": i.url, "authorization_endpoint": i.url + "/authorize", "token_endpoint": i.url + "/token", "jwks_uri": i.url + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "scopes_supported": []string{"openid", "profile", "email"},
		"id_token_signing_alg_values_supported": []jose.SignatureAlgorithm{i.o.Algorithm}, "code_challenge_methods_supported": []string{"S256"},
		"token_endpoint_auth_methods_supported":          []string{"client_secret_basic", "client_secret_post", "none"},
		"authorization_response_iss_parameter_supported": true,
	})
}

func (i *Issuer) keys(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: keyID, Use: "sig", Algorithm: string(i.o.Algorithm)}}})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
