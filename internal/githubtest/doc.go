// Package githubtest is an in-memory GitHub that speaks the REST protocol over HTTP: the calls Tocsin makes, with
// GitHub's status codes, error bodies, pagination, permissions and limits. Tests and the demo talk to it through the
// same client as to the real one. It can be told to fail in every way a network can, before or after the effect of a
// call, and it has a human side: people open, edit, close, move and delete what we wrote.
//
// It is product code and imports no testing package. A test holds its answers against GitHub's published description
// (https://github.com/github/rest-api-description), but for the few calls that it lists as not part of what we have of that.
package githubtest
