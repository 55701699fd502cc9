package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"github.com/tocsin-dev/tocsin"
)

const (
	// fresh is how long what an issuer said is not asked again, and lasting how long its keys hold while it does not answer.
	fresh   = time.Hour
	lasting = 24 * time.Hour
	// pause is between two requests to an issuer, whatever tokens come meanwhile.
	pause = 10 * time.Second
	// patience with one request.
	patience = 10 * time.Second
	// maxAnswer bounds what is read of an issuer's answer.
	maxAnswer = 1 << 20
	// maxKeys bounds the keys of an issuer. GitHub has some five.
	maxKeys = 100
)

// An issuer vouches for people or pipelines. It is asked when it is first needed, and its answers are kept.
type issuer struct {
	url    string
	client *http.Client
	now    func() time.Time
	flight singleflight.Group

	mu    sync.Mutex
	about *about
	tried time.Time // the last request
	err   error     // of that
}

// about is what an issuer said of itself.
type about struct {
	endpoint oauth2.Endpoint // without a guess at how to authenticate, which would send a code twice
	at       time.Time
	keys     []jose.JSONWebKey
}

func newIssuer(url string, client *http.Client, now func() time.Time) *issuer {
	c := http.Client{}
	if client != nil {
		c = *client
	}
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	c.Transport = bounded{c.Transport}
	return &issuer{url: url, client: &c, now: now}
}

// bounded reads no more of an answer than maxAnswer: the library reads all there is.
type bounded struct{ next http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err == nil {
		resp.Body = http.MaxBytesReader(nil, resp.Body, maxAnswer)
	}
	return resp, err
}

// discover gives what the issuer says of itself, as it was known an hour ago at most. While the issuer does not answer, what it said
// within the last day holds; then it is a [Refusal] with [tocsin.ErrUnavailable].
func (i *issuer) discover(ctx context.Context) (*about, error) { return i.ask(ctx, fresh) }

// ask is discover for what is younger than some time; 0: only what the issuer says now will do, or said a moment ago, since it is left
// in peace for a while after each request.
func (i *issuer) ask(ctx context.Context, young time.Duration) (*about, error) {
	i.mu.Lock()
	now, known, tried, failed := i.now(), i.about, i.tried, i.err
	i.mu.Unlock()
	rest := !tried.IsZero() && now.Sub(tried) < pause
	if known != nil && (now.Sub(known.at) < young || rest && failed == nil) {
		return known, nil
	}
	err := failed
	if !rest {
		// One request for all who wait, which does not end with the first of them.
		done := i.flight.DoChan("", func() (any, error) { return i.refresh(context.WithoutCancel(ctx)) })
		select {
		case r := <-done:
			if r.Err == nil {
				return r.Val.(*about), nil
			}
			err = r.Err
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if known != nil && young > 0 && now.Sub(known.at) < lasting {
		return known, nil
	}
	return nil, &Refusal{Kind: tocsin.ErrUnavailable, Reason: fmt.Sprintf("the issuer %s does not answer: %v", i.url, err)}
}

func (i *issuer) refresh(ctx context.Context) (*about, error) {
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, i.client), patience)
	defer cancel()
	got, err := i.fetch(ctx)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.tried, i.err = i.now(), err
	if err == nil {
		i.about = got
	}
	return got, err
}

func (i *issuer) fetch(ctx context.Context) (*about, error) {
	p, err := oidc.NewProvider(ctx, i.url)
	if err != nil {
		return nil, err
	}
	var where struct {
		JWKS    string   `json:"jwks_uri"`
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := p.Claims(&where); err != nil {
		return nil, err
	}
	for _, u := range []string{where.JWKS, p.Endpoint().TokenURL, p.Endpoint().AuthURL} {
		if u == "" && u != where.JWKS {
			continue // platforms of pipelines sign nobody in
		}
		if _, err := endpointURL(u); err != nil {
			return nil, err
		}
	}
	keys, err := i.fetchKeys(ctx, where.JWKS)
	if err != nil {
		return nil, fmt.Errorf("its keys: %w", err)
	}
	got := &about{endpoint: p.Endpoint(), at: i.now(), keys: keys}
	got.endpoint.AuthStyle = oauth2.AuthStyleInHeader // where nothing is said, by OpenID Connect Discovery 1.0, section 3
	if len(where.Methods) > 0 && !slices.Contains(where.Methods, "client_secret_basic") {
		got.endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return got, nil
}

func (i *issuer) fetchKeys(ctx context.Context, url string) ([]jose.JSONWebKey, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := i.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s", resp.Status)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&set); err != nil {
		return nil, err
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("%d of them: more than %d are not read", len(set.Keys), maxKeys)
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		// Those that we cannot use are for others (RFC 7517, section 5), and those of a kind that signs with what is public are for nobody.
		if json.Unmarshal(raw, &key) == nil && usable(key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

func usable(key jose.JSONWebKey) bool {
	switch key.Key.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey:
		return key.Use == "" || key.Use == "sig"
	}
	return false
}

// keysFor gives the keys with an id, or all for a token that names none. An id that is not known is looked for at the issuer: it may have
// a new key.
func (i *issuer) keysFor(ctx context.Context, id string) ([]crypto.PublicKey, error) {
	for _, young := range []time.Duration{fresh, 0} {
		got, err := i.ask(ctx, young)
		if err != nil {
			return nil, err
		}
		var keys []crypto.PublicKey
		for _, k := range got.keys {
			if id == "" || k.KeyID == id {
				keys = append(keys, k.Key)
			}
		}
		if len(keys) > 0 {
			return keys, nil
		}
	}
	return nil, refuse("the issuer %s has no key %q", i.url, short(id))
}
