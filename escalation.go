package tocsin

import (
	"slices"
	"time"
)

// An EscalationPolicy says who is called for an incident that nobody acknowledged, one after the other.
type EscalationPolicy struct {
	Name string
	// Severities, Urgencies and Groups that it is for; empty: all.
	Severities []Level
	Urgencies  []Urgency
	Groups     []string
	Steps      []EscalationStep
	// Repeat is how often all steps are taken again while nobody answers, each time Pause after the last step.
	Repeat int
	Pause  time.Duration
}

// An EscalationStep calls people.
type EscalationStep struct {
	// After is the time since the step before, of the first since the escalation began.
	After time.Duration
	Whom  []Target
	// One calls one of them: who was called least in the last seven days. Otherwise all are.
	One     bool
	Outside Outside
}

// A Target is whom a step calls. Name is that of the role, person or rotation.
type Target struct {
	Kind TargetKind
	Name string
}

// TargetKind says what a [Target] is.
type TargetKind string

// The kinds of target.
const (
	TargetRole     TargetKind = "role" // who holds it in the incident
	TargetPerson   TargetKind = "person"
	TargetRotation TargetKind = "rotation" // who is on call
	TargetEveryone TargetKind = "everyone" // whatever their hours and limits: the last resort
)

func (t Target) String() string {
	if t.Kind == TargetEveryone {
		return string(t.Kind)
	}
	return string(t.Kind) + " " + t.Name
}

// Outside says what happens to people outside their working hours.
type Outside string

// What happens outside working hours.
const (
	OutsideCall Outside = "call" // they are called all the same
	OutsideSkip Outside = "skip" // they are passed over
	OutsideWait Outside = "wait" // the step waits until one of them works
)

// Escalates gives the first policy that is for an incident; false: nobody is called for it.
func (g Governance) Escalates(severity Level, urgency Urgency, group string) (EscalationPolicy, bool) {
	i := slices.IndexFunc(g.Escalation, func(p EscalationPolicy) bool {
		return in(p.Severities, severity) && in(p.Urgencies, urgency) && in(p.Groups, group)
	})
	if i < 0 {
		return EscalationPolicy{}, false
	}
	return g.Escalation[i], true
}

// in says whether a list that is empty for all has one.
func in[T comparable](list []T, one T) bool { return len(list) == 0 || slices.Contains(list, one) }

// Escalation is how far the call for help has come.
type Escalation struct {
	// Policy by name, and the next step of it, from 0.
	Policy string `json:"policy,omitempty"`
	Step   int    `json:"step,omitempty"`
	Round  int    `json:"round,omitempty"`
	// Since is when it began.
	Since time.Time `json:"since,omitzero"`
	// NextAt is when the next step is taken; zero: it rests.
	NextAt time.Time `json:"next_at,omitzero"`
	// Called are those who were called and have not answered.
	Called []Actor `json:"called,omitempty"`
	// AckBy answered at AckAt. It rests until there is news.
	AckBy Actor     `json:"ack_by,omitzero"`
	AckAt time.Time `json:"ack_at,omitzero"`
	// Until is when whoever answered wants to be asked again; zero: never.
	Until time.Time `json:"until,omitzero"`
	// News is when something happened that those who answered do not know.
	News time.Time `json:"news,omitzero"`
	// Calls are the newest, oldest first.
	Calls []Summons `json:"calls,omitempty"`
}

// A Summons is one time that people were told to look.
type Summons struct {
	// Number counts from 1 within the incident.
	Number int       `json:"number"`
	At     time.Time `json:"at"`
	To     []Callee  `json:"to"`
	// Offer is the role that was offered and not accepted; then who offered it is told, and no help is called for.
	Offer RoleName `json:"offer,omitempty"`
}

// A Callee is somebody who was called, with their GitHub login at that time.
type Callee struct {
	Actor
	Login string `json:"login,omitempty"`
}
