package tocsin

import (
	"strings"
	"time"
)

// CommitChecks are what ran on the forge for the commit that shows a project clear. A package that was replaced is no fix where the project
// does not build with the new one.
type CommitChecks struct {
	// Commit is its hash, and Since when a scan read it; empty where no scan said which commit it read.
	Commit string    `json:"commit"`
	Since  time.Time `json:"since,omitzero"`
	// AskedAt is when the forge was last asked; zero: it was not.
	AskedAt time.Time `json:"asked_at,omitzero"`
	// Unknown says why it cannot be known what ran, or not all of it; empty if it is.
	Unknown string `json:"unknown,omitempty"`
	// Runs are what ran, what counts and is worst first. More counts those that are left out.
	Runs []CheckRun `json:"runs,omitempty"`
	More int        `json:"more,omitempty"`
}

// A CheckRun is one check run or commit status.
type CheckRun struct {
	// Name is the forge's, in one line and cut.
	Name  string     `json:"name"`
	State CheckState `json:"state"`
	// Required says that it counts: the branch's rules name it, or it cannot be told which they name.
	Required bool      `json:"required"`
	At       time.Time `json:"at,omitzero"`
}

// CheckState is how a check, or all of them together, ended.
type CheckState string

// The check states.
const (
	CheckPassed  CheckState = "passed"
	CheckFailed  CheckState = "failed"
	CheckPending CheckState = "pending" // it is not over
	CheckSkipped CheckState = "skipped" // it had nothing to say, which the forge takes for passed
	CheckMissing CheckState = "missing" // it is required, and was not heard of
	CheckUnknown CheckState = "unknown" // of all together only: there is no telling
)

// State is what the checks that count come to: failed, pending, unknown or passed. What failed has failed, whatever else is not known; what is
// missing may yet begin, until Unknown says that nobody waits for it any more.
func (c CommitChecks) State() CheckState {
	var counts, pending, missing bool
	for _, r := range c.Runs {
		switch {
		case !r.Required:
			continue
		case r.State == CheckFailed:
			return CheckFailed
		}
		counts = true
		pending = pending || r.State == CheckPending
		missing = missing || r.State == CheckMissing
	}
	switch {
	case c.Commit == "" || c.AskedAt.IsZero() || c.Unknown != "" && !pending:
		return CheckUnknown
	case pending || missing || !counts:
		return CheckPending
	}
	return CheckPassed
}

// Doubt says why their state is unknown, where it is.
func (c CommitChecks) Doubt() string {
	switch {
	case c.Commit == "":
		return "no scan said which commit it read"
	case c.AskedAt.IsZero():
		return "nobody asked"
	}
	return c.Unknown
}

// Named gives the names of the checks that count and are in a state.
func (c CommitChecks) Named(state CheckState) []string {
	var out []string
	for _, r := range c.Runs {
		if r.Required && r.State == state {
			out = append(out, r.Name)
		}
	}
	return out
}

// ValidCommit says whether s is the full hash of a commit: a branch or a part of a hash may be another commit tomorrow.
func ValidCommit(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}
