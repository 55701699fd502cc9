// Package drill holds the shipped scenarios of drills, reads those that people write, and scores how a drill went. It does nothing itself:
// internal/drill takes a scenario through the engine.
package drill

import (
	"time"

	"github.com/tocsin-dev/tocsin"
)

// A Scenario is an emergency to rehearse: what happens when, who is there, what a trained team does, and what is expected of any team.
type Scenario struct {
	Name    string
	Version int
	// Digest is of the file that it was read from.
	Digest string
	Kind   Kind
	Title  string
	Story  string
	Goals  []string
	// Sources are where the facts can be looked up: ids of records, issues as owner/name#number.
	Sources []string
	// Start and End are of the simulated time.
	Start, End time.Time
	Real       Real
	// People are in the order in which they are called.
	People   []Person
	Projects []Project
	// Injects and Moves are in the order of time.
	Injects []Inject
	Moves   []Move
	Expect  []Expectation
}

// Kind of a scenario.
type Kind string

// The kinds.
const (
	KindReplay   Kind = "replay"   // of a real incident, with its times
	KindTabletop Kind = "tabletop" // made up
)

// Real is when things happened in the real incident; zero where that is not known or it is made up.
type Real struct {
	Began     time.Time // the first bad version, or the report of the flaw
	Known     time.Time // the first advisory
	Contained time.Time // nothing bad could be had any more
	Fixed     time.Time // the last fix was out
	Over      time.Time
}

// A Person is on duty in a drill.
type Person struct{ Name, About string }

// A Project of the portfolio that is drilled on. It has no repository: nothing of a drill goes to one.
type Project struct {
	Slug        string
	Criticality tocsin.Criticality
	Exposure    tocsin.Exposure
	Packages    []Pin
}

// A Pin is a version that a project resolves.
type Pin struct {
	Ecosystem, Name string
	// Version is empty where the package is taken out.
	Version string
	// Via is the direct dependency that brings it, as name@version; empty: it is one itself.
	Via string
}

// An Inject is what happens in the world.
type Inject struct {
	At time.Time
	// Says is read out to the team.
	Says string
	// Advisory is published or changed; nil: none is.
	Advisory *Advisory
	// Withdraw is the id of an advisory that is taken back, KEV of a CVE that CISA lists as exploited from then on.
	Withdraw, KEV string
	// Pins are changed without the team's doing, by project.
	Pins map[string][]Pin
	// Registry is what the registries say from then on, by ecosystem/name@version.
	Registry map[string]tocsin.RegistryState
	// Leaves and Returns are people who cannot be reached from then on, or can again.
	Leaves, Returns []string
	// Line is where it stands in the file.
	Line int
}

// An Advisory is a record as it is published. Where Record is set it is the embedded record of that id, with what else is set in place
// of its own.
type Advisory struct {
	Record, ID, Summary, CVSS string
	Aliases, CWEs, Reporters  []string
	Private                   bool
	Affects                   []Affects
}

// Key is the id of the record.
func (a Advisory) Key() string {
	if a.ID != "" {
		return a.ID
	}
	return a.Record
}

// Affects says which versions of a package an [Advisory] is about: those listed, and those from one (included) to another (not).
type Affects struct {
	Ecosystem, Name string
	Versions        []string
	From, Fixed     string
}

// A Move is what somebody of the team does: a verb on an incident, or declare, or pin.
type Move struct {
	At  time.Time
	Who string
	// In is the incident, by its key or an id of its class; empty: the first that was opened and not merged into another.
	In      string
	Command tocsin.Command
	// To is who stands in the command's To, by name.
	To string
	// Declare opens an incident; Pins merges versions into the command's projects. Nil: it does not.
	Declare *tocsin.Declaration
	Pins    []Pin
	Line    int
}

// What a move can be besides a verb.
const (
	DoDeclare tocsin.Verb = "declare"
	DoPin     tocsin.Verb = "pin"
)

// Moves are what a team did in a drill, written down by its facilitator.
type Moves struct {
	// Drill is the scenario's name, Held the day on which it was held, Team who held it.
	Drill string
	Held  time.Time
	Team  string
	List  []Move
}

// An Expectation is something that is to be seen, or never to be, within a time.
type Expectation struct {
	// See is a kind and a value of a [Mark], such as "state mobilised".
	Kind, Value string
	// Never says that it is not to be seen.
	Never bool
	// In is the incident that it is about, by an id of its class; empty: any.
	In string
	// From and By bound when; zero: the drill does.
	From, By time.Time
	Points   int
	// Why says what it is good for.
	Why string
	// Line is where it stands in the file.
	Line int
}

// Present says whether a person can be reached at a time.
func (s Scenario) Present(who string, at time.Time) bool {
	here := true
	for _, i := range s.Injects {
		if i.At.After(at) {
			break
		}
		for _, name := range i.Leaves {
			here = here && name != who
		}
		for _, name := range i.Returns {
			here = here || name == who
		}
	}
	return here
}
