// Package oidctest is an OpenID Connect issuer in memory that speaks the real protocol over HTTP on the loopback: discovery, keys,
// authorisation codes with PKCE, client authentication, and signed ID tokens. Its people sign in without a password, by a choice on a
// page, so that it listens on 127.0.0.1 and nowhere else. Tests and the demonstration sign people in with it through the same client as
// with a real issuer.
//
// It is product code and imports no testing package. By OpenID Connect Core 1.0, OpenID Connect Discovery 1.0, RFC 6749 and RFC 7636.
package oidctest
