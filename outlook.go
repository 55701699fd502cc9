package tocsin

import "time"

// An Outlook is what an incident comes to for whoever looks at it: what is to be done next, when it counts as fixed, and what they can do.
type Outlook struct {
	// Playbook is its title, About what it is for.
	Playbook string `json:"playbook"`
	About    string `json:"about,omitempty"`
	// Next is what is left to do: what can be done now first, then by due time.
	Next []Step `json:"next"`
	// Acceptance says in words when a project counts as fixed, Criteria what must hold besides, and Soak for how many seconds it must
	// hold before the incident is over.
	Acceptance string      `json:"acceptance,omitempty"`
	Criteria   []Criterion `json:"criteria,omitempty"`
	Soak       int         `json:"soak_seconds,omitempty"`
	// Can are the verbs that the state of the incident allows, by name.
	Can []Able `json:"can"`
}

// A Step is what is to be done next in an incident: a task, a decision of its playbook that nobody made yet, or the repair of what fails on
// the commit that shows a project clear.
type Step struct {
	// ID of the task or decision, with its title or question; "checks" for such a repair.
	ID    string `json:"id"`
	Title string `json:"title"`
	// Project that a repair is about, by slug; empty for a task or decision.
	Project string   `json:"project,omitempty"`
	Role    RoleName `json:"role"`
	Owner   Actor    `json:"owner,omitzero"`
	// Due is zero for a decision and a repair.
	Due time.Time `json:"due,omitzero"`
	// Answers of a decision; a task has none.
	Answers []PointAnswer `json:"answers,omitempty"`
	// Waits are the tasks and decisions that come first, by id; with none it can be done now.
	Waits []string `json:"waits,omitempty"`
	// Proof asks whoever does it for evidence.
	Proof bool `json:"proof,omitempty"`
}

// An Able is a verb that can be done in an incident now.
type Able struct {
	Do    Verb   `json:"do"`
	About string `json:"about"`
	// Needs and Takes are fields of a [Command]: those that must and those that may be there.
	Needs []string `json:"needs,omitempty"`
	Takes []string `json:"takes,omitempty"`
	// Glass says that it takes a right that the one who asks has not: they would have to break the glass. Right is what it takes.
	Glass bool  `json:"glass,omitempty"`
	Right Right `json:"right,omitempty"`
}
