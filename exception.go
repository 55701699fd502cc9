package tocsin

import "time"

// An Exception is what a person decided about a vulnerability class in a scope: a risk that is accepted for a time, or a
// statement that the package is not affected. The two are never mixed up: an accepted risk is still affected.
type Exception struct {
	Kind ExceptionKind `json:"kind"`
	// Class is any id of the class.
	Class string `json:"class"`
	// Package is a purl, with or without version; without one it covers every version.
	Package string `json:"package"`
	// Project is a slug; empty covers every project.
	Project string `json:"project,omitempty"`
	// Justification says why a package is not affected, by one of VEX's five labels.
	Justification string `json:"justification,omitempty"`
	// Reason in words, and the Owner who answers for it.
	Reason string `json:"reason"`
	Owner  string `json:"owner"`
	// Expires is when it no longer holds.
	Expires time.Time `json:"expires"`
	// Source is where it stands, file:line.
	Source string `json:"source"`
}

// ExceptionKind says what an [Exception] states.
type ExceptionKind string

// The kinds of exception.
const (
	ExceptionAccepted    ExceptionKind = "accepted-risk"
	ExceptionNotAffected ExceptionKind = "not-affected"
)
