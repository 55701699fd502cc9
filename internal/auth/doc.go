// Package auth proves who asks: people who sign in by OpenID Connect or, the first time, by a link; machines that show an API token;
// and pipelines that show the identity token of their platform. What a [tocsin.Principal] may do is for others to ask of it.
//
// Secrets that are made here are random and long, so that SHA-256 is the right digest to keep of them: slow password hashes are
// against guessing, and of 200 random bits nobody guesses any. Whoever reads the store cannot sign in by it. Tokens are found by an id that is no
// secret and compared in constant time. Sessions and the first link are found by the digest itself, of which timing tells nothing that helps.
//
// An answer says nothing of which part of a credential was wrong; the log gets that as [Refusal].Reason, which has no secret in it.
// Requests go out to issuers that are configured and to no other, whatever a token says of itself.
package auth
