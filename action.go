package tocsin

import (
	"encoding/json"
	"fmt"
	"time"
)

// An Action is one intended effect on the world. It is written in the same transaction as the change that wants it,
// and nothing touches the world without one. A later intent for the same effect is a new revision under the same
// key; only the newest is carried out.
type Action struct {
	// Key names the effect for ever, e.g. "issue/INC-CVE-2021-44228/shop-api". It is the idempotency key.
	Key string `json:"key"`
	// Revision counts from 1 within the key.
	Revision int        `json:"revision"`
	Kind     ActionKind `json:"kind"`
	// Incident that wants it, by key.
	Incident string `json:"incident"`
	// Project it is about, by slug; empty for the portfolio.
	Project string `json:"project,omitempty"`
	// Repository it is done to, owner/name.
	Repository string `json:"repository"`
	// Audience is who can read the result.
	Audience Visibility `json:"audience"`
	// TLP is the label of the text. A text is never sent to an audience its label does not allow.
	TLP TLP `json:"tlp"`
	// After is the key of an action that must have been carried out first; empty for none.
	After string `json:"after,omitempty"`
	// Approvals is how many different people must agree before it is carried out.
	Approvals int `json:"approvals"`
	// Payload is the JSON of the kind's payload type.
	Payload   json.RawMessage `json:"payload"`
	CreatedAt time.Time       `json:"created_at"`
}

// ActionKind says what an [Action] does.
type ActionKind string

// The kinds of action, each with its payload type.
const (
	ActionIssue   ActionKind = "issue"          // [IssuePayload]: an issue is as described
	ActionComment ActionKind = "comment"        // [CommentPayload]: a comment exists on the issue of After
	ActionDraft   ActionKind = "advisory-draft" // [DraftPayload]: a repository advisory draft is as described
	// ActionRequest is a [RequestPayload]: the forge was asked for something for the draft of After.
	ActionRequest ActionKind = "advisory-request"
	// ActionReport is a [ReportPayload]: the maintainers of another project were told privately.
	ActionReport ActionKind = "vulnerability-report"
	// ActionReaction is a [ReactionPayload]: a comment has a reaction of ours.
	ActionReaction ActionKind = "reaction"
	ActionNotice   ActionKind = "notice" // [Notice]: a receiver was told
)

// ActionState is how far an [Action] has come.
type ActionState string

// The action states.
const (
	ActionWaiting    ActionState = "waiting"    // for approvals
	ActionPending    ActionState = "pending"    // may be carried out
	ActionSending    ActionState = "sending"    // intent is written; the call may have been made
	ActionDone       ActionState = "done"       // carried out
	ActionFailed     ActionState = "failed"     // permanently; a person must act
	ActionVetoed     ActionState = "vetoed"     // one person said no
	ActionSuperseded ActionState = "superseded" // a newer revision took its place
)

// IssuePayload describes an issue as it should be. The executor makes it so: it creates, edits, closes or reopens.
type IssuePayload struct {
	Title string `json:"title"`
	// Body is our section of the body; people's text outside it is kept.
	Body   string   `json:"body"`
	Labels []string `json:"labels,omitempty"`
	// Assignees are asked for; those the repository refuses are left out.
	Assignees []string `json:"assignees,omitempty"`
	Closed    bool     `json:"closed,omitempty"`
	// StateReason is GitHub's: "completed" or "not_planned" with Closed.
	StateReason string `json:"state_reason,omitempty"`
}

// CommentPayload is a comment that is written once and never edited.
type CommentPayload struct {
	// News is why people are told, one of a closed list (first, fixed, …).
	News string `json:"news"`
	Body string `json:"body"`
}

// ReactionPayload answers somebody's comment without words.
type ReactionPayload struct {
	// Comment is the id of the comment.
	Comment int64 `json:"comment"`
	// Content is GitHub's name of the reaction: +1, -1, confused, eyes …
	Content string `json:"content"`
}

// DraftPayload describes a repository advisory draft, in GitHub's terms.
// https://docs.github.com/rest/security-advisories/repository-advisories
type DraftPayload struct {
	Summary     string `json:"summary"`
	Description string `json:"description"`
	// Severity is low, medium, high or critical; empty when CVSS is given.
	Severity string `json:"severity,omitempty"`
	// CVSS is a vector string, which excludes Severity.
	CVSS            string               `json:"cvss_vector_string,omitempty"`
	CVE             string               `json:"cve_id,omitempty"`
	CWEs            []string             `json:"cwe_ids,omitempty"`
	Credits         []DraftCredit        `json:"credits,omitempty"`
	Vulnerabilities []DraftVulnerability `json:"vulnerabilities"`
}

// DraftCredit thanks a user of GitHub, by login.
type DraftCredit struct {
	Login string     `json:"login"`
	Type  CreditType `json:"type"`
}

// DraftVulnerability is one affected package of a [DraftPayload].
type DraftVulnerability struct {
	// Ecosystem is GitHub's name: npm, pip, maven, go, rubygems, rust, composer, nuget, pub, actions, other …
	Ecosystem string `json:"ecosystem"`
	Name      string `json:"name"`
	// Range is GitHub's notation: "= 1.2.3", ">= 1.0, < 1.2".
	Range   string `json:"vulnerable_version_range"`
	Patched string `json:"patched_versions,omitempty"`
}

// A Remote is what we know of the thing an [Action] made: our own record of its identity. The marker in its text is
// only the second source.
type Remote struct {
	Key        string `json:"key"`
	Repository string `json:"repository"`
	// Number of the issue, or id of the comment; 0 for a draft.
	Number int64 `json:"number,omitempty"`
	// Name is the GHSA id of a draft.
	Name string `json:"name,omitempty"`
	URL  string `json:"url,omitempty"`
	// Revision of the action that it shows.
	Revision int `json:"revision"`
}

// Exists says whether the thing is known to have been made.
func (r Remote) Exists() bool { return r.Number != 0 || r.Name != "" }

// A TLP label says how far a text may travel. https://www.first.org/tlp/
type TLP string

// The labels of TLP 2.0, widest first.
const (
	TLPClear       TLP = "CLEAR"
	TLPGreen       TLP = "GREEN"
	TLPAmber       TLP = "AMBER"
	TLPAmberStrict TLP = "AMBER+STRICT"
	TLPRed         TLP = "RED"
)

// Allows says whether a text so labelled may be shown to the audience. Anything but CLEAR stays private, RED is
// never sent at all, and an unknown label allows nothing.
func (t TLP) Allows(audience Visibility) bool {
	switch t {
	case TLPClear:
		return audience == VisibilityPublic || audience == VisibilityPrivate
	case TLPGreen, TLPAmber, TLPAmberStrict:
		return audience == VisibilityPrivate
	default:
		return false
	}
}

// Validate refuses labels that TLP 2.0 does not have.
func (t TLP) Validate() error {
	return oneOf("TLP label", t, TLPClear, TLPGreen, TLPAmber, TLPAmberStrict, TLPRed)
}

// NewAction encodes the payload. It fails only on a payload that JSON cannot hold.
func NewAction(kind ActionKind, key string, payload any) (Action, error) {
	b, err := json.Marshal(payload)
	if err != nil {
		return Action{}, fmt.Errorf("encoding payload of %s: %w", key, err)
	}
	return Action{Key: key, Kind: kind, Payload: b}, nil
}

// An ActionRow is an action and how far it has come.
type ActionRow struct {
	Action   Action      `json:"action"`
	State    ActionState `json:"state"`
	Attempts int         `json:"attempts"`
	// RetryAt is when it may be tried again.
	RetryAt time.Time `json:"retry_at,omitzero"`
	// Error says why the last attempt failed.
	Error string `json:"error,omitempty"`
	// Approved are the people who agreed.
	Approved []string `json:"approved,omitempty"`
}

// A Delivery is how an attempt to carry out an action ended.
type Delivery struct {
	Key      string
	Revision int
	State    ActionState
	Error    string
	RetryAt  time.Time
	// Quiet is until when nothing is tried under the key, not by a newer revision either; zero: nothing is in the way.
	Quiet time.Time
	// Remote is what exists now; nil if nothing new is known.
	Remote *Remote
	// Event goes on the incident's timeline; nil if there is no news.
	Event *IncidentEvent
}
