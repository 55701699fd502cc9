package tocsin

import (
	"fmt"
	"strings"
	"time"
)

// A Review is what was learned from an emergency. It blames nobody: it asks what made what happened likely, and what would have helped.
type Review struct {
	// Due is when it is to be closed.
	Due time.Time `json:"due,omitzero"`
	// The sections that people write.
	Summary  string `json:"summary,omitempty"`
	Impact   string `json:"impact,omitempty"`
	Causes   string `json:"causes,omitempty"` // root causes, and what contributed
	Helped   string `json:"helped,omitempty"`
	Hindered string `json:"hindered,omitempty"`
	Lucky    string `json:"lucky,omitempty"`
	Changes  string `json:"changes,omitempty"` // of the threat model, policies and playbooks

	Actions []ReviewAction `json:"actions,omitempty"`
	Credits []Credit       `json:"credits,omitempty"`
	Effort  []Effort       `json:"effort,omitempty"`

	ClosedAt time.Time `json:"closed_at,omitzero"`
	ClosedBy Actor     `json:"closed_by,omitzero"`
}

// A Section of a review, by name.
type Section string

// The sections.
const (
	SectionSummary  Section = "summary"
	SectionImpact   Section = "impact"
	SectionCauses   Section = "causes"
	SectionHelped   Section = "helped"
	SectionHindered Section = "hindered"
	SectionLucky    Section = "lucky"
	SectionChanges  Section = "changes"
)

// Sections lists all sections, in the order in which a review is read.
func Sections() []Section {
	return []Section{SectionSummary, SectionImpact, SectionCauses, SectionHelped, SectionHindered, SectionLucky, SectionChanges}
}

// Section gives the text of a section; nil if there is no such section.
func (r *Review) Section(s Section) *string {
	switch s {
	case SectionSummary:
		return &r.Summary
	case SectionImpact:
		return &r.Impact
	case SectionCauses:
		return &r.Causes
	case SectionHelped:
		return &r.Helped
	case SectionHindered:
		return &r.Hindered
	case SectionLucky:
		return &r.Lucky
	case SectionChanges:
		return &r.Changes
	}
	return nil
}

// A ReviewAction is what is to be done so that it goes better next time.
type ReviewAction struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Owner    Actor     `json:"owner"`
	Due      time.Time `json:"due"`
	DoneAt   time.Time `json:"done_at,omitzero"`
	Evidence string    `json:"evidence,omitempty"`
	Reminded time.Time `json:"reminded,omitzero"`
}

// A Credit names somebody for what they contributed.
type Credit struct {
	// Who is a name, or @ and a login of GitHub.
	Who  string     `json:"who"`
	Type CreditType `json:"type"`
}

// Login is the login of GitHub, without @; empty if there is none.
func (c Credit) Login() string {
	login, ok := strings.CutPrefix(c.Who, "@")
	if !ok || login == "" || len(login) > 39 || login[0] == '-' || !only(login, letters+"-") {
		return ""
	}
	return login
}

// CreditType is one of the ten of OSV and GitHub. https://ossf.github.io/osv-schema/#credits-field
type CreditType string

// The credit types.
const (
	CreditAnalyst   CreditType = "analyst"
	CreditFinder    CreditType = "finder"
	CreditReporter  CreditType = "reporter"
	CreditCoord     CreditType = "coordinator"
	CreditDeveloper CreditType = "remediation_developer"
	CreditReviewer  CreditType = "remediation_reviewer"
	CreditVerifier  CreditType = "remediation_verifier"
	CreditTool      CreditType = "tool"
	CreditSponsor   CreditType = "sponsor"
	CreditOther     CreditType = "other"
)

// Validate refuses types that there are not.
func (c CreditType) Validate() error {
	return oneOf("credit", c, CreditTypes()...)
}

// CreditTypes lists all of them.
func CreditTypes() []CreditType {
	return []CreditType{CreditAnalyst, CreditFinder, CreditReporter, CreditCoord, CreditDeveloper, CreditReviewer, CreditVerifier, CreditTool, CreditSponsor, CreditOther}
}

// Effort is time that somebody gave.
type Effort struct {
	Who     Actor     `json:"who"`
	Minutes int       `json:"minutes"`
	At      time.Time `json:"at"`
}

// Measures are how long an emergency took from one thing to the next. A time that did not come yet, or cannot be known, is negative.
type Measures struct {
	// Detect is from the publication of the advisory to the opening; Acknowledge, Mobilise, Contain, Fix, Resolve and Review are from the opening.
	Detect      time.Duration `json:"detect"`
	Acknowledge time.Duration `json:"acknowledge"`
	Mobilise    time.Duration `json:"mobilise"`
	Contain     time.Duration `json:"contain"`
	Fix         time.Duration `json:"fix"`
	Resolve     time.Duration `json:"resolve"`
	Review      time.Duration `json:"review"`
	// Minutes is the time that people say they gave.
	Minutes int `json:"minutes"`
}

// Span writes a duration of [Measures] as people read it.
func Span(d time.Duration) string {
	switch {
	case d < 0:
		return "not known"
	case d < time.Minute:
		return "under a minute"
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 2*Day:
		return strings.TrimSuffix(fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60), " 0 min")
	}
	return strings.TrimSuffix(fmt.Sprintf("%d d %d h", int(d/Day), int(d.Hours())%24), " 0 h")
}
