package tocsin

import (
	"fmt"
	"strings"
	"time"
)

// A Project is something we watch: a slug, a repository, the people who own it, and how much it matters. Its opt-ins
// say what we may do to it; the zero value of each opt-in is "no".
type Project struct {
	// Slug names the project in every table, URL and key. Lower case letters, digits, '.', '_', '-' and '/'.
	Slug string `json:"slug"`
	// Repository is "owner/name" on the forge, empty where there is none.
	Repository string `json:"repository,omitempty"`
	// Group is the owner group that handles this project's incidents together; incidents are kept apart by it.
	Group string `json:"group,omitempty"`
	// Owners are forge logins who are asked first.
	Owners []string `json:"owners,omitempty"`
	// Criticality is how much is lost when the project fails.
	Criticality Criticality `json:"criticality"`
	// Exposure is who can reach the running thing.
	Exposure Exposure `json:"exposure"`
	// Mission, Safety and ValueDensity are what SSVC asks of a deployer or supplier; empty where nobody said.
	Mission      Mission      `json:"mission,omitempty"`
	Safety       Safety       `json:"safety,omitempty"`
	ValueDensity ValueDensity `json:"value_density,omitempty"`
	// Visibility is who can read its repository, and so any issue written there.
	Visibility Visibility `json:"visibility"`
	// Publishes is the purl, without version, under which the project's own users know it; empty if it has none.
	Publishes string `json:"publishes,omitempty"`
	OptIn     OptIn  `json:"opt_in"`
}

// OptIn is what a project's owners have agreed to. Nothing is done to a project that did not opt in.
type OptIn struct {
	// Issues allows an issue in the project's own repository.
	Issues bool `json:"issues,omitempty"`
	// PublicExposure allows a public text to say that this project uses an affected package; that fact is
	// confidential otherwise.
	PublicExposure bool `json:"public_exposure,omitempty"`
	// AdvisoryDraft says that the project ships the flaw onwards to its own users, who need an advisory: a
	// repository advisory is drafted there.
	AdvisoryDraft bool `json:"advisory_draft,omitempty"`
}

// Criticality of a [Project], least first.
type Criticality string

// The criticalities.
const (
	CriticalityLow    Criticality = "low"
	CriticalityMedium Criticality = "medium"
	CriticalityHigh   Criticality = "high"
)

// Exposure of a [Project]: who can reach it.
type Exposure string

// The exposures.
const (
	ExposureIsolated Exposure = "isolated" // from a machine or network of its own only
	ExposureInternal Exposure = "internal" // from the organisation's networks
	ExposurePublic   Exposure = "public"   // by strangers
)

// Mission is what an exploited flaw in the project does to the work of the organisation: SSVC's Mission Impact 2.0.0, least
// first. https://certcc.github.io/SSVC/reference/decision_points/mission_impact/
type Mission string

// The mission impacts. MEF are mission essential functions.
const (
	MissionDegraded Mission = "degraded"
	MissionCrippled Mission = "crippled" // support of MEF is crippled, and they go on for a time
	MissionMEF      Mission = "mef failure"
	MissionFailure  Mission = "mission failure"
)

// Safety is the harm to people and things that an exploited flaw in the project can do: SSVC's Safety Impact 2.0.1, least
// first. https://certcc.github.io/SSVC/reference/decision_points/safety_impact/
type Safety string

// The safety impacts.
const (
	SafetyNegligible   Safety = "negligible"
	SafetyMarginal     Safety = "marginal"
	SafetyCritical     Safety = "critical"
	SafetyCatastrophic Safety = "catastrophic"
)

// ValueDensity is how much an attacker gets from one exploited system: SSVC's Value Density 1.0.0.
// https://certcc.github.io/SSVC/reference/decision_points/value_density/
type ValueDensity string

// The value densities.
const (
	ValueDiffuse      ValueDensity = "diffuse"      // many small ones, each its own user's
	ValueConcentrated ValueDensity = "concentrated" // few that hold much, and are looked after
)

// Visibility of a repository.
type Visibility string

// The visibilities.
const (
	VisibilityPrivate Visibility = "private"
	VisibilityPublic  Visibility = "public"
)

// Validate reports the first thing that is wrong with the project, as an [ErrInvalid].
func (p Project) Validate() error {
	switch {
	case !validSlug(p.Slug):
		return fmt.Errorf("%w: project slug %q: want at most 100 lower case letters, digits and . _ - /", ErrInvalid, p.Slug)
	case p.Repository != "" && !ValidRepository(p.Repository):
		return fmt.Errorf("%w: project %s: repository %q: want owner/name", ErrInvalid, p.Slug, p.Repository)
	}
	if err := oneOf("criticality", p.Criticality, CriticalityLow, CriticalityMedium, CriticalityHigh); err != nil {
		return fmt.Errorf("project %s: %w", p.Slug, err)
	}
	if err := oneOf("exposure", p.Exposure, ExposureIsolated, ExposureInternal, ExposurePublic); err != nil {
		return fmt.Errorf("project %s: %w", p.Slug, err)
	}
	if err := oneOf("visibility", p.Visibility, VisibilityPrivate, VisibilityPublic); err != nil {
		return fmt.Errorf("project %s: %w", p.Slug, err)
	}
	if err := oneOf("mission", p.Mission, "", MissionDegraded, MissionCrippled, MissionMEF, MissionFailure); err != nil {
		return fmt.Errorf("project %s: %w", p.Slug, err)
	}
	if err := oneOf("safety", p.Safety, "", SafetyNegligible, SafetyMarginal, SafetyCritical, SafetyCatastrophic); err != nil {
		return fmt.Errorf("project %s: %w", p.Slug, err)
	}
	if err := oneOf("value_density", p.ValueDensity, "", ValueDiffuse, ValueConcentrated); err != nil {
		return fmt.Errorf("project %s: %w", p.Slug, err)
	}
	return nil
}

// validSlug says whether s is a slug: at most 100 of the allowed characters, the first a letter or digit.
func validSlug(s string) bool {
	return s != "" && len(s) <= 100 && only(s, lower+"._-/") && strings.Contains(lower, s[:1])
}

// ValidRepository says whether s has the form owner/name that GitHub allows.
func ValidRepository(s string) bool {
	owner, name, ok := strings.Cut(s, "/")
	return ok && owner != "" && len(owner) <= 39 && owner[0] != '-' && only(owner, letters+"-") &&
		name != "" && len(name) <= 100 && name != "." && name != ".." && only(name, letters+"._-")
}

const (
	lower   = "abcdefghijklmnopqrstuvwxyz0123456789"
	letters = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// only says whether s has no characters but these.
func only(s, these string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune(these, r) })
}

// Day is the unit in which deadlines are written.
const Day = 24 * time.Hour
