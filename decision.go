package tocsin

import "time"

// A Decision is what the policies say of one finding in one project. It names what it was derived from: the same three
// digests and the same time give the same decision to the byte.
type Decision struct {
	Project string  `json:"project"`
	Finding Finding `json:"finding"`
	// Gate says whether a release may go out, Response what people should do.
	Gate     Gate     `json:"gate"`
	Response Response `json:"response"`
	// GateRule and ResponseRule are the rules that decided, as policy/rule; empty where none did and a default holds.
	GateRule     string `json:"gate_rule,omitempty"`
	ResponseRule string `json:"response_rule,omitempty"`
	// Severity of the response: how bad, not how soon.
	Severity Level `json:"severity,omitempty"`
	// Due is when it should be done; zero if the policy sets none.
	Due      time.Time `json:"due,omitzero"`
	Playbook string    `json:"playbook,omitempty"`
	// Owners are the people or groups that the policy wants to answer, Route the notification route that reaches them; the
	// project's own where they are empty.
	Owners []string `json:"owners,omitempty"`
	Route  string   `json:"route,omitempty"`
	// Change is what the finding is against a base, where one was given.
	Change Change `json:"change,omitempty"`
	// Reason is the tree of rules and conditions that led here, one child per axis.
	Reason Reason `json:"reason"`

	Inventory string    `json:"inventory"` // digest
	Snapshot  string    `json:"snapshot"`  // id of the advisory snapshot
	Policy    string    `json:"policy"`    // digest of the policy set
	At        time.Time `json:"at"`
}

// Gate is the verdict for a release, mildest first.
type Gate string

// The gates.
const (
	GatePass      Gate = "pass"
	GateWarn      Gate = "warn"
	GateUndecided Gate = "undecided" // stale data, unreadable input, an unknown version, a policy that failed
	GateFail      Gate = "fail"
)

var gates = []Gate{GatePass, GateWarn, GateUndecided, GateFail}

// Change is how a finding stands against the base of a change.
type Change string

// The kinds of change.
const (
	ChangeIntroduced Change = "introduced"
	ChangeRaised     Change = "severity raised" // it was there, but its gate was milder
	ChangeDisclosed  Change = "newly disclosed" // it was there, but is known only since: its advisory is younger, or the base's report does not tell it
	ChangeExisting   Change = "pre-existing"
)

// Response is what a finding calls for, mildest first.
type Response string

// The responses.
const (
	ResponseNone      Response = "none"
	ResponseWatch     Response = "watch"     // look again when something changes
	ResponseIssue     Response = "issue"     // routine work in the project's own tracker
	ResponseHold      Response = "hold"      // may be an emergency; a person decides
	ResponseEmergency Response = "emergency" // mobilise
)

// Level is a severity.
type Level string

// The levels, lowest first. The empty level is below them.
const (
	LevelLow      Level = "low"
	LevelMedium   Level = "medium"
	LevelHigh     Level = "high"
	LevelCritical Level = "critical"
)

var levels = []Level{"", LevelLow, LevelMedium, LevelHigh, LevelCritical}

var responses = []Response{ResponseNone, ResponseWatch, ResponseIssue, ResponseHold, ResponseEmergency}

// A Reason is one node of the tree that explains a decision: what was asked, what was seen, what followed.
type Reason struct {
	// Text is the rule or condition in words or as written.
	Text string `json:"text"`
	// Result is what it came to ("fail", "true", "not reached").
	Result   string   `json:"result"`
	Children []Reason `json:"children,omitempty"`
}
