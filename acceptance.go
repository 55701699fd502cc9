package tocsin

import "time"

// A Criterion is a condition that must hold before a fix counts as validated.
type Criterion struct {
	ID string `json:"id"`
	// Each has it asked of every project of the incident, not once of the incident.
	Each bool `json:"each,omitempty"`
	// When is CEL over project (with Each) and incident, see incidents/acceptance.
	When string `json:"when"`
	// Says is what it asks for, in words.
	Says string `json:"says"`
}

// A Check is what a criterion came to.
type Check struct {
	Criterion string `json:"criterion"`
	Project   string `json:"project,omitempty"`
	OK        bool   `json:"ok"`
	Says      string `json:"says"`
	// Error is why it could not be asked; then it does not hold.
	Error string `json:"error,omitempty"`
}

// A Resolved is a version that a project has now of a package that was affected.
type Resolved struct {
	Ecosystem string `json:"ecosystem"`
	Name      string `json:"name"`
	Version   string `json:"version"`
	// Registry is what the package's registry says of the version; empty: it was not asked.
	Registry RegistryState `json:"registry,omitempty"`
	AskedAt  time.Time     `json:"asked_at,omitzero"`
}

// RegistryState is what a registry says of a version.
type RegistryState string

// The registry states.
const (
	RegistryExists  RegistryState = "exists"
	RegistryYanked  RegistryState = "yanked"  // it is there, and is not to be taken
	RegistryMissing RegistryState = "missing" // it is not there: it never was, or was taken back
	RegistryUnknown RegistryState = "unknown" // the registry did not say
)
