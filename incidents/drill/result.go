package drill

import (
	"time"

	"github.com/tocsin-dev/tocsin"
)

// A Result is how a drill went. The same scenario and moves give the same result to the byte: nothing in it is of the day on which it was
// worked out.
type Result struct {
	// Exercise is always true: what is told here did not happen.
	Exercise bool   `json:"exercise"`
	Drill    string `json:"drill"`
	Version  int    `json:"version"`
	Digest   string `json:"digest"`
	Title    string `json:"title"`
	Kind     Kind   `json:"kind"`
	// Reference says that the moves were the scenario's own: that is how it could go, and says nothing of any team. Played says whose they
	// were; Held is the day of the drill, where the moves say it.
	Reference bool        `json:"reference,omitempty"`
	Played    string      `json:"played"`
	Held      string      `json:"held,omitempty"`
	Start     time.Time   `json:"start"`
	End       time.Time   `json:"end"`
	Policy    string      `json:"policy"` // digest of the policy set
	Playbooks []Book      `json:"playbooks"`
	Incidents []Incident  `json:"incidents"`
	Course    []Line      `json:"course"`
	Scored    []Scored    `json:"expectations"`
	Score     int         `json:"score"`
	Of        int         `json:"of"`
	Measures  []Measure   `json:"measures"`
	Readiness Readiness   `json:"readiness"`
	Refused   []Line      `json:"refused,omitempty"`
	Sent      []SentShort `json:"sent"`
}

// Percent of the points.
func (r Result) Percent() int {
	if r.Of == 0 {
		return 0
	}
	return 100 * r.Score / r.Of
}

// A Book is a playbook that was drilled.
type Book struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
}

// An Incident of a drill, as it ended.
type Incident struct {
	Key      string               `json:"key"`
	Class    string               `json:"class"`
	Playbook string               `json:"playbook"`
	Urgency  tocsin.Urgency       `json:"urgency"`
	Severity tocsin.Level         `json:"severity"`
	State    tocsin.IncidentState `json:"state"`
	Opened   time.Time            `json:"opened"`
}

// A Line of the course: an inject, or what somebody did.
type Line struct {
	At   time.Time `json:"at"`
	Who  string    `json:"who"`
	What string    `json:"what"`
	// Inject says that it came from the scenario.
	Inject bool `json:"inject,omitempty"`
}

// A Measure is a time of the response, in seconds since it began in the scenario; below zero: it did not come, or is not known.
type Measure struct {
	Name string `json:"name"`
	Here int    `json:"here"`
	// Then is that of the real incident.
	Then int `json:"then"`
}

// Readiness is what a drill shows of how ready people are.
type Readiness struct {
	// Late are tasks that were done after their time, or not; of those nobody had Unowned.
	Late    []LateTask `json:"late"`
	Unowned []LateTask `json:"unowned"`
	// Unreachable were called and could not be reached.
	Unreachable []Unreached `json:"unreachable"`
	// Empty are roles that an emergency had nobody in, from its opening to its end.
	Empty []EmptyRole `json:"empty_roles"`
	// Updates counts those that were promised and not sent.
	Updates int `json:"updates_missed"`
}

// A LateTask of an incident.
type LateTask struct {
	Incident string    `json:"incident"`
	Task     string    `json:"task"`
	Title    string    `json:"title"`
	Role     string    `json:"role"`
	Due      time.Time `json:"due"`
	Done     time.Time `json:"done,omitzero"`
	Owner    string    `json:"owner,omitempty"`
}

// An Unreached person.
type Unreached struct {
	Person string    `json:"person"`
	Calls  int       `json:"calls"`
	First  time.Time `json:"first"`
}

// An EmptyRole of an incident.
type EmptyRole struct {
	Incident string `json:"incident"`
	Role     string `json:"role"`
}

// SentShort is what a drill wrote, in its first line.
type SentShort struct {
	At   time.Time `json:"at"`
	Kind string    `json:"kind"`
	To   string    `json:"to"`
	Line string    `json:"line"`
	// Times counts it and its later revisions with the same first line.
	Times int `json:"times"`
}
