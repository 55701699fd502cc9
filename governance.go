package tocsin

import (
	"slices"
	"time"
)

// Governance says who decides what in an emergency, who is called, and how often people hear of it: a versioned text that people review.
type Governance struct {
	Name    string
	Version int
	// Digest is of the file that it was read from.
	Digest string
	// Rights says which roles may do what. A right that is not in it is nobody's.
	Rights map[Right][]RoleName
	// Updates is how often people hear of an incident, Reviews how long after its end the review is closed, by severity.
	Updates map[Level]time.Duration
	Reviews map[Level]time.Duration
	// People, Rotations and Escalation say who is called. The first policy that is for an incident holds.
	People     []Responder
	Rotations  []Rotation
	Escalation []EscalationPolicy
}

// A Right is something that only some roles may do.
type Right string

// The rights.
const (
	RightConfirm   Right = "confirm"   // say that a hold is an emergency
	RightSeverity  Right = "severity"  // change it
	RightContain   Right = "contain"   // say that it does not grow any more
	RightAssign    Right = "assign"    // give tasks and roles to people
	RightDraft     Right = "draft"     // write messages
	RightPublish   Right = "publish"   // approve messages
	RightEmbargo   Right = "embargo"   // propose, agree, end
	RightRollBack  Right = "roll back" // order it
	RightValidate  Right = "validate"  // say what a project's state is where a scan cannot
	RightStandDown Right = "stand down"
	RightResolve   Right = "resolve"
	RightReopen    Right = "reopen"
	RightJoin      Right = "join" // merge and split
	RightReview    Right = "review"
)

// Rights lists all rights.
func Rights() []Right {
	return []Right{RightConfirm, RightSeverity, RightContain, RightAssign, RightDraft, RightPublish, RightEmbargo, RightRollBack, RightValidate,
		RightStandDown, RightResolve, RightReopen, RightJoin, RightReview}
}

// May says whether one of the roles has a right.
func (g Governance) May(r Right, roles []RoleName) bool {
	return slices.ContainsFunc(g.Rights[r], func(one RoleName) bool { return slices.Contains(roles, one) })
}
