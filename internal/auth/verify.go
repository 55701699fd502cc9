package auth

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	jsonv2 "github.com/go-json-experiment/json"
)

const (
	// maxJWT bounds a token in bytes. GitHub's have under three thousand; those of people with many groups have more.
	maxJWT = 10 << 10
	// skew is how far the issuer's clock may be from ours.
	skew = time.Minute
)

// algorithms that signatures may have: asymmetric ones only, so that nobody signs with a key that is public.
var (
	algorithms     = []jose.SignatureAlgorithm{jose.RS256, jose.ES256}
	algorithmNames = []string{oidc.RS256, oidc.ES256}
)

// claims are what an issuer said. Names are compared to the letter, and no name stands twice.
type claims map[string]any

func (c claims) text(name string) string {
	s, _ := c[name].(string)
	return s
}

// parseJWT reads a token without believing it.
func parseJWT(raw string) (*jose.JSONWebSignature, claims, error) {
	if len(raw) > maxJWT {
		return nil, nil, refuse("a token of %d bytes: want %d at the most", len(raw), maxJWT)
	}
	jws, err := jose.ParseSignedCompact(raw, algorithms)
	if err != nil {
		return nil, nil, refuse("neither an API token nor a signed JWT: %v", err)
	}
	var c claims
	if err := jsonv2.Unmarshal(jws.UnsafePayloadWithoutVerification(), &c); err != nil {
		return nil, nil, refuse("the claims of a JWT are not a JSON object")
	}
	return jws, c, nil
}

// verify believes a token that this issuer signed for an audience and that holds now, and gives its claims.
func (i *issuer) verify(ctx context.Context, raw, audience string) (claims, error) {
	jws, c, err := parseJWT(raw)
	if err != nil {
		return nil, err
	}
	keys, err := i.keysFor(ctx, jws.Signatures[0].Header.KeyID)
	if err != nil {
		return nil, err
	}
	// Times are ours to check: the library allows no skew for the one and five minutes for the other.
	v := oidc.NewVerifier(i.url, &oidc.StaticKeySet{PublicKeys: keys}, &oidc.Config{ClientID: audience, SupportedSigningAlgs: algorithmNames, SkipExpiryCheck: true})
	if _, err := v.Verify(ctx, raw); err != nil {
		return nil, refuse("%s", short(err.Error()))
	}
	return c, c.inTime(i.now())
}

func (c claims) inTime(now time.Time) error {
	at := float64(now.UnixMilli()) / 1000
	exp, hasExp := c["exp"].(float64)
	iat, hasIat := c["iat"].(float64)
	nbf, hasNbf := c["nbf"].(float64)
	switch {
	case !hasExp || !hasIat || !hasNbf && c["nbf"] != nil:
		return refuse("a JWT without exp or iat, or with an nbf that is no number")
	case exp <= at-skew.Seconds():
		return refuse("a JWT that expired %.0f s ago", at-exp)
	case iat > at+skew.Seconds() || hasNbf && nbf > at+skew.Seconds():
		return refuse("a JWT that is not valid yet")
	}
	return nil
}

// endpointURL reads an address that an issuer names. It may have a query.
func endpointURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("it names an address that is none: %q", short(text))
	}
	bare := *u
	bare.RawQuery = ""
	_, err = publicURL(bare.String())
	return u, err
}

// short is text of somebody else, for the log.
func short(text string) string {
	if text = shown(text); len(text) > 300 {
		text = shown(text[:300]) + "…"
	}
	return text
}
