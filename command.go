package tocsin

import "time"

// An Actor is somebody who does something in an incident.
type Actor struct {
	// ID never changes hands. Where two must differ, such as those who approve, it is the ids that do.
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Self is tocsin itself.
func Self() Actor { return Actor{ID: "tocsin", Name: "tocsin"} }

// A Command is what somebody wants done in an incident. Which fields count depends on the verb, see [Verb].
type Command struct {
	Do Verb `json:"do"`
	// By and Source are filled in by whoever knows who asks, never by the one who asks.
	By     Actor  `json:"-"`
	Source string `json:"-"`
	// Owns is a project that they answer for, by slug: of it they may say what only they know. Outside says that they are no responder,
	// and may do nothing else. Both are filled in as By is.
	Owns    string `json:"-"`
	Outside bool   `json:"-"`

	Role     RoleName      `json:"role,omitempty"`
	To       Actor         `json:"to,omitzero"`      // offer, delegate, assign: to whom
	Right    Right         `json:"right,omitempty"`  // delegate
	Task     string        `json:"task,omitempty"`   // id of a task
	Point    string        `json:"point,omitempty"`  // id of a decision point
	Answer   string        `json:"answer,omitempty"` // one of its answers
	Message  string        `json:"message,omitempty"`
	Audience Audience      `json:"audience,omitempty"`
	Stage    Stage         `json:"stage,omitempty"`
	Section  Section       `json:"section,omitempty"` // write: of the review; advise: of the advisory
	Credit   CreditType    `json:"credit,omitempty"`
	Minutes  int           `json:"minutes,omitempty"` // effort
	Severity Level         `json:"severity,omitempty"`
	Projects []string      `json:"projects,omitempty"` // split, set-status, roll-back: which
	Status   ProjectStatus `json:"status,omitempty"`   // set-status
	// Product, Range and Justification are what the advisory says of what the projects publish: which versions are affected (">= 1.0, < 1.4.2 || = 2.0"),
	// or why none is. With set-status, Justification is why the projects are unaffected.
	Product       ProductStatus `json:"product,omitempty"`
	Range         string        `json:"range,omitempty"`
	Justification Justification `json:"justification,omitempty"`
	// Request is what the forge is asked for the advisories of the projects.
	Request AdvisoryRequest `json:"request,omitempty"`
	// Repository is whose maintainers a report is for, owner/name.
	Repository string    `json:"repository,omitempty"`
	Into       string    `json:"into,omitempty"`    // merge: the key of the other incident
	Package    string    `json:"package,omitempty"` // roll-back: ecosystem/name
	Version    string    `json:"version,omitempty"` // roll-back: to which
	Number     int       `json:"number,omitempty"`  // correct: of the event; approve-rollback: of the rollback, from 1
	Until      time.Time `json:"until,omitzero"`
	TLP        TLP       `json:"tlp,omitempty"`
	Text       string    `json:"text,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	// BreakGlass does what the roles of the one who asks do not allow. Everybody is told. What needs two people still does.
	BreakGlass bool `json:"break_glass,omitempty"`
}

// A Verb is what a [Command] does.
type Verb string

// The verbs, with the fields that each takes.
const (
	DoConfirm         Verb = "confirm"          // reason: a hold is an emergency
	DoTake            Verb = "take"             // role: nobody holds it
	DoOffer           Verb = "offer"            // role, to
	DoAccept          Verb = "accept"           // role: it was offered to the one who accepts
	DoDecline         Verb = "decline"          // role
	DoRenounce        Verb = "renounce"         // role
	DoDelegate        Verb = "delegate"         // right, to, until, reason
	DoAck             Verb = "acknowledge"      // somebody is on it: escalation rests until there is news
	DoSnooze          Verb = "snooze"           // until, reason: somebody is on it, and escalation rests until then
	DoEscalate        Verb = "escalate"         // reason: the next step of the escalation is taken now
	DoContain         Verb = "contain"          // reason
	DoSeverity        Verb = "severity"         // severity, reason
	DoAddTask         Verb = "add-task"         // text, role, until
	DoAssign          Verb = "assign"           // task, to
	DoFinish          Verb = "finish"           // task, text: evidence
	DoUndo            Verb = "undo"             // task, reason: it is not done after all
	DoAnswer          Verb = "answer"           // point, answer, reason
	DoNote            Verb = "note"             // text, tlp
	DoCorrect         Verb = "correct"          // number, text
	DoDraft           Verb = "draft"            // audience, stage, text (empty: the playbook's)
	DoApprove         Verb = "approve"          // message
	DoWithdraw        Verb = "withdraw"         // message, reason
	DoEmbargo         Verb = "embargo"          // until, reason: proposes one, or another end
	DoAgree           Verb = "agree"            // with the embargo that is proposed
	DoDisclose        Verb = "disclose"         // reason: the embargo ends
	DoRollBack        Verb = "roll-back"        // package, version, projects, until, reason: proposes it
	DoApproveRollback Verb = "approve-rollback" // number
	DoEndRollback     Verb = "end-rollback"     // number, reason
	DoStatus          Verb = "set-status"       // projects, status, reason, until, justification
	DoStandDown       Verb = "stand-down"       // reason
	DoResolve         Verb = "resolve"          // reason
	DoReopen          Verb = "reopen"           // reason
	DoMerge           Verb = "merge"            // into, reason
	DoWrite           Verb = "write"            // section, text: of the review
	DoAddAction       Verb = "add-action"       // text, to, until: the review asks for it
	DoFinishAction    Verb = "finish-action"    // task: id of the action, text
	DoCredit          Verb = "credit"           // text: who, credit
	DoEffort          Verb = "effort"           // minutes
	DoCloseReview     Verb = "close-review"
	DoSplit           Verb = "split"   // projects, reason
	DoAdvise          Verb = "advise"  // section, text: of the advisory
	DoProduct         Verb = "product" // projects, product, range, justification, text: of the advisory
	DoRequest         Verb = "request" // projects, request, reason: for the advisory drafts
	DoReport          Verb = "report"  // repository, text: to the maintainers of another project, privately
	DoRevise          Verb = "revise"  // text: the advisory is to be published as it is now; it says what is new
)

// A Declaration is an emergency that no advisory is behind.
type Declaration struct {
	By     Actor  `json:"-"`
	Source string `json:"-"`
	// Playbook is the type of the incident.
	Playbook string   `json:"playbook"`
	Title    string   `json:"title"`
	Reason   string   `json:"reason"`
	Severity Level    `json:"severity"`
	Group    string   `json:"group,omitempty"`
	Projects []string `json:"projects,omitempty"`
	// Private keeps it from everybody but those who manage the projects.
	Private bool `json:"private,omitempty"`
}

// Audience is whom a message is for.
type Audience string

// The audiences.
const (
	AudienceMaintainers Audience = "maintainers"
	AudienceDownstream  Audience = "downstream"
	AudienceExecutives  Audience = "executives"
	AudiencePublic      Audience = "public"
	AudienceRegistry    Audience = "registry"
)

// Audiences lists all audiences.
func Audiences() []Audience {
	return []Audience{AudienceMaintainers, AudienceDownstream, AudienceExecutives, AudiencePublic, AudienceRegistry}
}

// Open says whether strangers read it: such a message needs two people.
func (a Audience) Open() bool { return a == AudiencePublic || a == AudienceDownstream }

// Stage is when in an incident a message is sent.
type Stage string

// The stages.
const (
	StageFirst      Stage = "first"
	StageUpdate     Stage = "update"
	StageFixed      Stage = "fixed"
	StageCorrection Stage = "correction"
	StageReview     Stage = "review"
)

// Stages lists all stages, in the order of an incident.
func Stages() []Stage {
	return []Stage{StageFirst, StageUpdate, StageFixed, StageCorrection, StageReview}
}

// A Message is a text to people, drafted, approved and sent.
type Message struct {
	ID       string    `json:"id"`
	Audience Audience  `json:"audience"`
	Stage    Stage     `json:"stage"`
	TLP      TLP       `json:"tlp"`
	Text     string    `json:"text"`
	Author   Actor     `json:"author"`
	At       time.Time `json:"at"`
	Approved []Actor   `json:"approved,omitempty"`
	// Document is the advisory that it publishes, as it was when it was written; nil for most messages. Text then says what is new in it.
	Document *Document `json:"document,omitempty"`
	// SentAt is when it had all approvals and went out; WithdrawnAt when it was taken back before.
	SentAt      time.Time `json:"sent_at,omitzero"`
	WithdrawnAt time.Time `json:"withdrawn_at,omitzero"`
}

// A Rollback is the decision to go back to a version, or to stay with it.
type Rollback struct {
	Package    string    `json:"package"` // ecosystem/name
	Version    string    `json:"version"`
	Projects   []string  `json:"projects,omitempty"` // none: all of the incident
	Reason     string    `json:"reason"`
	ProposedBy Actor     `json:"proposed_by"`
	ApprovedBy Actor     `json:"approved_by,omitzero"`
	At         time.Time `json:"at"`
	ApprovedAt time.Time `json:"approved_at,omitzero"`
	Until      time.Time `json:"until"`
	EndedAt    time.Time `json:"ended_at,omitzero"`
}

// Holds says whether the rollback is decided and not over.
func (r Rollback) Holds(now time.Time) bool {
	return !r.ApprovedAt.IsZero() && r.EndedAt.IsZero() && now.Before(r.Until)
}

// A Delegation lets somebody use a right for a while.
type Delegation struct {
	Right Right     `json:"right"`
	By    Actor     `json:"by"`
	To    Actor     `json:"to"`
	At    time.Time `json:"at"`
	Until time.Time `json:"until"`
}

// An Embargo keeps an incident from the public until a time.
type Embargo struct {
	State EmbargoState `json:"state,omitempty"`
	// Until is when it ends, to the minute and in UTC; Proposed another end that not everybody agreed to yet.
	Until    time.Time `json:"until,omitzero"`
	Proposed time.Time `json:"proposed,omitzero"`
	By       Actor     `json:"by,omitzero"`
	Reason   string    `json:"reason,omitempty"`
	// Told is how long before Until people were last told that it ends.
	Told time.Duration `json:"told,omitzero"`
}

// EmbargoState is where an [Embargo] stands; empty: there is none.
type EmbargoState string

// The embargo states, after the Vultron embargo management model.
// https://certcc.github.io/Vultron/topics/process_models/em/
const (
	EmbargoProposed EmbargoState = "proposed"
	EmbargoActive   EmbargoState = "active"
	EmbargoRevised  EmbargoState = "revise" // active, with another end proposed
	EmbargoExited   EmbargoState = "exited"
)

// Covers says whether nothing may go to the public. A proposal does not cover.
func (e Embargo) Covers() bool { return e.State == EmbargoActive || e.State == EmbargoRevised }
