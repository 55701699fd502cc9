package tocsin

import (
	"slices"
	"time"
)

// An Incident is an emergency, or a lesser finding, being handled: one vulnerability class in the projects of one owner
// group, from the first decision until it is over.
type Incident struct {
	// Key names it for ever, e.g. "INC-CVE-2021-44228". It does not follow the class when that gets a better id.
	Key string `json:"key"`
	// Version counts changes, for optimistic concurrency.
	Version int           `json:"version"`
	State   IncidentState `json:"state"`
	Urgency Urgency       `json:"urgency"`
	// Severity is how bad it is; it never falls while the incident is open.
	Severity Level `json:"severity"`
	// Class as it was last seen.
	Class Class  `json:"class"`
	Group string `json:"group,omitempty"`
	// Playbook and its version, as chosen when the incident was opened.
	Playbook        string            `json:"playbook"`
	PlaybookVersion int               `json:"playbook_version"`
	Due             time.Time         `json:"due,omitzero"`
	Projects        []IncidentProject `json:"projects"`
	Roles           []Role            `json:"roles,omitempty"`
	Tasks           []Task            `json:"tasks,omitempty"`
	OpenedAt        time.Time         `json:"opened_at"`
	// Cause is the sentence of the rule that opened it.
	Cause string `json:"cause"`
}

// IncidentState is where an [Incident] stands.
type IncidentState string

// The states.
const (
	StateHold         IncidentState = "hold"          // a person decides whether it is an emergency
	StateDetected     IncidentState = "detected"      // known, nobody leads it yet
	StateMobilised    IncidentState = "mobilised"     // an incident commander leads it
	StateContained    IncidentState = "contained"     // it does not grow any more
	StateFixValidated IncidentState = "fix validated" // every project was scanned again and is clear
	StateResolved     IncidentState = "resolved"      // over
	StateReviewed     IncidentState = "reviewed"      // learned from
	StateStoodDown    IncidentState = "stood down"    // it was none: false alarm, or the advisory was withdrawn
	StateReopened     IncidentState = "reopened"      // it came back
)

// Over says whether nothing is left to do against the flaw.
func (s IncidentState) Over() bool {
	return slices.Contains([]IncidentState{StateResolved, StateReviewed, StateStoodDown}, s)
}

// Urgency is how soon people must act, apart from how bad it is.
type Urgency string

// The urgencies.
const (
	UrgencyEmergency Urgency = "emergency"
	UrgencyHold      Urgency = "hold"
	UrgencyRoutine   Urgency = "routine"
)

// An IncidentProject is one project in an incident.
type IncidentProject struct {
	Slug   string        `json:"slug"`
	Status ProjectStatus `json:"status"`
	// Packages are what is affected, while it is, or what was.
	Packages []IncidentPackage `json:"packages"`
	Due      time.Time         `json:"due,omitzero"`
	Rule     string            `json:"rule,omitempty"`
	// Since is when it was first seen affected, ClearedAt when a scan showed that it is not any more.
	Since     time.Time `json:"since"`
	ClearedAt time.Time `json:"cleared_at,omitzero"`
	// Evidence says what the clearing scan saw.
	Evidence string `json:"evidence,omitempty"`
	// Inventory is the digest of the scan that its state rests on.
	Inventory string `json:"inventory"`
	// Round counts how often it became affected, from 1.
	Round int `json:"round"`
}

// ProjectStatus of a project in an incident.
type ProjectStatus string

// The project statuses.
const (
	ProjectAffected  ProjectStatus = "affected"
	ProjectPatched   ProjectStatus = "patched"   // a later scan has another version, or the package is gone
	ProjectCorrected ProjectStatus = "corrected" // the same version is no longer named by the advisory
	ProjectExcused   ProjectStatus = "excused"   // somebody stated that it is not affected
)

// An IncidentPackage is an affected package of a project.
type IncidentPackage struct {
	Ecosystem string   `json:"ecosystem"`
	Name      string   `json:"name"`
	Version   string   `json:"version"`
	Match     Match    `json:"match"`
	Evidence  []string `json:"evidence,omitempty"`
	// Fixed is the lowest version that clears the class; empty if none is known.
	Fixed string `json:"fixed,omitempty"`
	// Upgrade is the lowest version that clears every class that affects the package; empty if none is known.
	Upgrade string `json:"upgrade,omitempty"`
	// Path is a shortest dependency path.
	Path     []string `json:"path,omitempty"`
	Location string   `json:"location,omitempty"`
}

// A Role in an incident. Holder is empty until a person takes it.
type Role struct {
	Name   RoleName `json:"name"`
	Holder string   `json:"holder,omitempty"`
}

// RoleName is one of the roles.
type RoleName string

// The roles of an emergency.
const (
	RoleCommander RoleName = "incident commander"
	RoleTechnical RoleName = "technical lead"
	RoleLiaison   RoleName = "communications liaison"
	RoleRelease   RoleName = "release manager"
)

// Roles lists the roles that every emergency fills.
func Roles() []RoleName { return []RoleName{RoleCommander, RoleTechnical, RoleLiaison, RoleRelease} }

// A Task of an incident, from its playbook.
type Task struct {
	ID    string    `json:"id"`
	Title string    `json:"title"`
	Role  RoleName  `json:"role"`
	Due   time.Time `json:"due"`
	Done  bool      `json:"done,omitempty"`
}

// A Playbook is the versioned steps for one type of incident.
type Playbook struct {
	Name    string
	Version int
	Title   string
	About   string
	// Tasks are the first steps, with their due time counted from the opening.
	Tasks []PlaybookTask
	// Advice is what a project's maintainers are told to do.
	Advice []string
	// Acceptance says in words when a project counts as fixed.
	Acceptance string
}

// A PlaybookTask is a step of a [Playbook].
type PlaybookTask struct {
	ID    string
	Title string
	Role  RoleName
	Due   time.Duration
}

// An IncidentEvent is one entry of an incident's timeline, which only grows.
type IncidentEvent struct {
	Incident string `json:"incident"`
	// Seq counts from 1 without a gap.
	Seq   int       `json:"seq"`
	At    time.Time `json:"at"`
	Kind  EventKind `json:"kind"`
	Actor string    `json:"actor"`
	// Project it is about, by slug; empty for the whole incident.
	Project string `json:"project,omitempty"`
	Text    string `json:"text"`
	TLP     TLP    `json:"tlp"`
}

// EventKind says what happened.
type EventKind string

// The kinds of event.
const (
	EventOpened       EventKind = "opened"
	EventGrew         EventKind = "grew"          // a project or version joined
	EventSeverity     EventKind = "severity"      // severity or urgency rose
	EventCleared      EventKind = "cleared"       // a project is clear
	EventRegressed    EventKind = "regressed"     // a project is affected again
	EventFixValidated EventKind = "fix-validated" // all are
	EventResolved     EventKind = "resolved"
	EventStoodDown    EventKind = "stood-down"
	EventReopened     EventKind = "reopened"
	EventDelivered    EventKind = "delivered" // an action was carried out
	EventUndelivered  EventKind = "undelivered"
	EventApproved     EventKind = "approved"
	EventVetoed       EventKind = "vetoed"
)
