package tocsin

import "time"

// An UpstreamReport tells the maintainers of another project, privately, of a flaw in it.
// https://docs.github.com/rest/security-advisories/repository-advisories#privately-report-a-security-vulnerability
type UpstreamReport struct {
	// Repository is theirs, owner/name.
	Repository string    `json:"repository"`
	Text       string    `json:"text"`
	By         Actor     `json:"by"`
	At         time.Time `json:"at"`
}

// ReportPayload is a private report to the maintainers of a repository. It is written once.
type ReportPayload struct {
	Summary     string `json:"summary"`
	Description string `json:"description"`
	// Severity is low, medium, high or critical; empty: nobody said.
	Severity string `json:"severity,omitempty"`
}
