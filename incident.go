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
	Answers         []Answer          `json:"answers,omitempty"`
	Messages        []Message         `json:"messages,omitempty"`
	Rollbacks       []Rollback        `json:"rollbacks,omitempty"`
	Delegations     []Delegation      `json:"delegations,omitempty"`
	Embargo         Embargo           `json:"embargo,omitzero"`
	Escalation      Escalation        `json:"escalation,omitzero"`
	// Advice is what people said for the advisory to those downstream; nil while nobody said anything.
	Advice *Advice `json:"advice,omitempty"`
	// Reports are those to the maintainers of other projects.
	Reports []UpstreamReport `json:"reports,omitempty"`
	// Review is what is learned from an emergency; nil before it is over.
	Review   *Review   `json:"review,omitempty"`
	OpenedAt time.Time `json:"opened_at"`
	// Checks are what the acceptance criteria came to when they were last asked, after every project was clear.
	Checks []Check `json:"checks,omitempty"`
	// NextUpdate is when people hear of it again, by its cadence.
	NextUpdate time.Time `json:"next_update,omitzero"`
	// ReopenedAt is when a person last said that it is not over: it ends by itself only if something became clear since.
	ReopenedAt time.Time `json:"reopened_at,omitzero"`
	// ValidatedAt is when the fix was, and ResolvedAt when it was over; zero while it is not.
	ValidatedAt time.Time `json:"validated_at,omitzero"`
	ResolvedAt  time.Time `json:"resolved_at,omitzero"`
	// Cause is the sentence of the rule that opened it, or what the person said who declared it.
	Cause string `json:"cause"`
	// DeclaredBy is who declared one that no advisory is behind. Its Class has no ids, and the title as summary.
	DeclaredBy Actor `json:"declared_by,omitzero"`
	// Also are the classes of incidents that were merged into it.
	Also []Class `json:"also,omitempty"`
	// Into is the incident that it was merged into, and SplitFrom the one that it was split from, by key.
	Into      string `json:"into,omitempty"`
	SplitFrom string `json:"split_from,omitempty"`
}

// Has says whether one of its classes goes by an id.
func (i Incident) Has(id string) bool {
	return i.Class.Has(id) || slices.ContainsFunc(i.Also, func(c Class) bool { return c.Has(id) })
}

// Declared says whether a person declared it, without an advisory.
func (i Incident) Declared() bool { return i.DeclaredBy != Actor{} }

// Private says whether what it is about is under embargo: nothing of it goes to the public.
func (i Incident) Private() bool {
	return i.Class.Private || i.Embargo.Covers() || slices.ContainsFunc(i.Also, func(c Class) bool { return c.Private })
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
	StateMerged       IncidentState = "merged"        // another incident goes on with it
)

// Over says whether nothing is left to do against the flaw.
func (s IncidentState) Over() bool {
	return slices.Contains([]IncidentState{StateResolved, StateReviewed, StateStoodDown, StateMerged}, s)
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
	// Left are packages that it went away from while others kept it affected: whatever an advisory says later, it was rightly told of them.
	Left []IncidentPackage `json:"left,omitempty"`
	Due  time.Time         `json:"due,omitzero"`
	Rule string            `json:"rule,omitempty"`
	// Since is when it was first seen affected, ClearedAt when a scan showed that it is not any more.
	Since     time.Time `json:"since"`
	ClearedAt time.Time `json:"cleared_at,omitzero"`
	// Evidence says what the clearing scan saw.
	Evidence string `json:"evidence,omitempty"`
	// Until is when what people stated of it ends, and it counts as affected again; zero: it does not end by itself.
	Until time.Time `json:"until,omitzero"`
	// Inventory is the digest of the scan that its state rests on.
	Inventory string `json:"inventory"`
	// Round counts how often it became affected, from 1.
	Round int `json:"round"`
	// Resolved are the versions that it has, in the clearing scan, of what was affected.
	Resolved []Resolved `json:"resolved,omitempty"`
	// Checks are what the forge says of the commit that the clearing scan read.
	Checks CommitChecks `json:"checks,omitzero"`
	// Asked is what the forge is asked for its advisory, each once.
	Asked []AskedFor `json:"asked,omitempty"`
}

// ProjectStatus of a project in an incident.
type ProjectStatus string

// The project statuses.
const (
	ProjectAffected  ProjectStatus = "affected"
	ProjectPatched   ProjectStatus = "patched"   // a later scan has another version, or the package is gone
	ProjectCorrected ProjectStatus = "corrected" // the same version is no longer named by the advisory
	ProjectExcused   ProjectStatus = "excused"   // somebody stated that it is not affected
	// What only people can say. It is affected, and
	ProjectMitigated   ProjectStatus = "mitigated"   // something keeps the flaw from doing harm
	ProjectAccepted    ProjectStatus = "accepted"    // its owner lives with the risk
	ProjectUnreachable ProjectStatus = "unreachable" // nobody answers for it
	// It is said not to be affected, though a scan finds that it is.
	ProjectUnaffected ProjectStatus = "unaffected"
)

// Stated says whether the status is one that people may change: the others are what a scan saw.
func (s ProjectStatus) Stated() bool {
	return s == ProjectAffected || s == ProjectMitigated || s == ProjectAccepted || s == ProjectUnreachable || s == ProjectUnaffected
}

// Harmed says whether something is to be done, so that the incident cannot be over.
func (s ProjectStatus) Harmed() bool { return s == ProjectAffected }

// Told says whether the project's maintainers still have something to do.
func (s ProjectStatus) Told() bool {
	return s == ProjectAffected || s == ProjectMitigated || s == ProjectUnreachable
}

// An IncidentPackage is an affected package of a project.
type IncidentPackage struct {
	Ecosystem string `json:"ecosystem"`
	Name      string `json:"name"`
	Version   string `json:"version"`
	Match     Match  `json:"match"`
	// Classes are those that affect it, by id, where they are not the incident's own alone.
	Classes  []string `json:"classes,omitempty"`
	Evidence []string `json:"evidence,omitempty"`
	// Fixed is the lowest version that clears the class; empty if none is known.
	Fixed string `json:"fixed,omitempty"`
	// Upgrade is the lowest version that clears every class that affects the package; empty if none is known.
	Upgrade string `json:"upgrade,omitempty"`
	// Path is a shortest dependency path.
	Path     []string `json:"path,omitempty"`
	Location string   `json:"location,omitempty"`
	// Reach is how far the project's code gets to the flaw, the farthest where there are several; empty where nobody looked.
	Reach Reach `json:"reach,omitempty"`
}

// An IncidentEvent is one entry of an incident's timeline, which only grows.
type IncidentEvent struct {
	Incident string `json:"incident"`
	// Seq counts from 1 without a gap.
	Seq  int       `json:"seq"`
	At   time.Time `json:"at"`
	Kind EventKind `json:"kind"`
	// Actor is who did it, by name, and ActorID by what never changes hands; both are tocsin's own for what nobody did.
	Actor   string `json:"actor"`
	ActorID string `json:"actor_id,omitempty"`
	// Source is where it came from: "scan", "cli", "api", "clock", "github".
	Source string `json:"source,omitempty"`
	// Project it is about, by slug; empty for the whole incident.
	Project string `json:"project,omitempty"`
	// Role it is about.
	Role RoleName `json:"role,omitempty"`
	Text string   `json:"text"`
	TLP  TLP      `json:"tlp"`
	// Corrects is the number of an earlier event that this one sets right. What was said stays.
	Corrects int `json:"corrects,omitempty"`
	// Hash is over this event and the hash before it, see incidents.Chain. An event from before there were hashes has none.
	Hash string `json:"hash,omitempty"`
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
	EventRetried      EventKind = "retried"  // a person has a failed action tried again
	EventDeclared     EventKind = "declared" // a person declared it
	EventMobilised    EventKind = "mobilised"
	EventContained    EventKind = "contained"
	EventRole         EventKind = "role" // taken, offered, accepted, declined, renounced
	EventDelegated    EventKind = "delegated"
	EventBrokeGlass   EventKind = "broke-glass" // somebody did what their roles do not allow
	EventAcknowledged EventKind = "acknowledged"
	EventEscalated    EventKind = "escalated"
	EventTask         EventKind = "task"
	EventAnswered     EventKind = "answered" // a decision point of the playbook
	EventNote         EventKind = "note"
	EventCorrection   EventKind = "correction"
	EventMessage      EventKind = "message" // drafted, approved, withdrawn
	EventPublished    EventKind = "published"
	EventEmbargo      EventKind = "embargo"
	EventRollback     EventKind = "rollback"
	EventMerged       EventKind = "merged"
	EventSplit        EventKind = "split"
	EventReviewed     EventKind = "reviewed"
)
