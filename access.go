package tocsin

import "time"

// A Person is somebody who signed in, as the store knows them.
type Person struct {
	ID string `json:"id"`
	// Issuer and Subject are who vouches for them and under which name, which never changes hands.
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
	// Name and Email are to be shown. Nothing is decided by them: they are what somebody wrote into a profile.
	Name  string `json:"name"`
	Email string `json:"email,omitempty"`
	// Grants were given here, and Claimed follow from their groups at their last sign-in.
	Grants     []Grant   `json:"grants"`
	Claimed    []Grant   `json:"claimed"`
	Disabled   bool      `json:"disabled,omitempty"`
	CreatedAt  time.Time `json:"created_at"`
	SignedInAt time.Time `json:"signed_in_at"`
}

// A Session is a person signed in from one browser. What identifies it is a secret, and not here.
type Session struct {
	Person    Person    `json:"person"`
	Grants    []Grant   `json:"grants"` // from the sign-in
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"` // to a few minutes
	ExpiresAt time.Time `json:"expires_at"`
}

// An APIToken is what a machine may do that shows it. The secret is shown once, when it is made, and not here.
type APIToken struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Grants    []Grant   `json:"grants"`
	CreatedAt time.Time `json:"created_at"`
	CreatedBy string    `json:"created_by"`
	ExpiresAt time.Time `json:"expires_at"`
	UsedAt    time.Time `json:"used_at,omitzero"` // to a few minutes
	RevokedAt time.Time `json:"revoked_at,omitzero"`
}

// A TokenRequest is what a new [APIToken] should be.
type TokenRequest struct {
	Name string
	// Grants: at least one, and none that the one who asks may not give.
	Grants []Grant
	// ExpiresAt is in the future, a year ahead at the most.
	ExpiresAt time.Time
	// Request is the id of the request, for the audit log.
	Request string
}

// An AuditEntry says who did what. Entries are only added.
type AuditEntry struct {
	// ID orders entries of the same time; the store gives it.
	ID   int64         `json:"id"`
	At   time.Time     `json:"at"`
	Kind PrincipalKind `json:"kind,omitempty"` // empty: nobody knows who it was
	// Who and WhoID are a [Principal]'s name and id.
	Who   string `json:"who"`
	WhoID string `json:"who_id,omitempty"`
	// What was done, such as "token.created", to which thing, in which project.
	What    string            `json:"what"`
	Target  string            `json:"target,omitempty"`
	Project string            `json:"project,omitempty"`
	Detail  map[string]string `json:"detail,omitempty"` // without secrets
	Request string            `json:"request,omitempty"`
}

// Did begins an entry of the audit log.
func (p Principal) Did(what, target string, at time.Time) AuditEntry {
	return AuditEntry{At: at, Kind: p.Kind, Who: p.Name, WhoID: p.ID, What: what, Target: target}
}
