package tocsin

import "time"

// An Exception is what a person decided about a vulnerability class in a scope: a risk that is accepted for a time, or a
// statement whether a package is affected. The two are never mixed up: an accepted risk is still affected.
type Exception struct {
	Kind ExceptionKind `json:"kind"`
	// Class is any id of the class; empty, which only an ignore file may say, covers every class of the package.
	Class string `json:"class"`
	// Package is a purl, with or without version; without one it covers every version. Ignore files may also give a bare
	// name or name@version, of whatever ecosystem, or nothing, which covers every package with the class.
	Package string `json:"package"`
	// Range limits it to versions of the package, as a vers ("vers:npm/<2.0.0"); empty where it is not limited.
	Range string `json:"range,omitempty"`
	// Product is what a VEX statement about a component says it is part of: a purl, or words where it has none. The
	// statement says nothing about the same component elsewhere. Empty where it speaks of the package itself.
	Product string `json:"product,omitempty"`
	// Project is a slug; empty covers every project.
	Project string `json:"project,omitempty"`
	// Folder, if set, limits it to packages that were found in files directly in this folder, "." being the top.
	Folder string `json:"folder,omitempty"`
	// Justification says why a package is not affected, by one of VEX's five labels, or one of CycloneDX's where none of
	// the five says the same; empty where the reason alone does.
	Justification string `json:"justification,omitempty"`
	// Reason in words, and the Owner who answers for it.
	Reason string `json:"reason"`
	Owner  string `json:"owner"`
	// Expires is the last day on which it holds. It is zero in a VEX statement, which holds while its document is given.
	Expires time.Time `json:"expires,omitzero"`
	// Stated is when a VEX statement was made; zero if its document does not say.
	Stated time.Time `json:"stated,omitzero"`
	// Source is where it stands, file:line.
	Source string `json:"source"`
}

// ExceptionKind says what an [Exception] states.
type ExceptionKind string

// The kinds of exception.
const (
	ExceptionAccepted    ExceptionKind = "accepted-risk"
	ExceptionNotAffected ExceptionKind = "not-affected"
	// ExceptionAffected excuses nothing: it is a VEX statement that takes back older ones that say not affected.
	ExceptionAffected ExceptionKind = "affected"
)
