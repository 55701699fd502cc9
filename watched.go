package tocsin

import (
	"fmt"
	"time"
)

// A Watched is a project of the portfolio: where its inventories come from, and how the last look at it went.
type Watched struct {
	Project
	Source ProjectSource `json:"source,omitzero"`
	// Managed says who may change it.
	Managed Managed       `json:"managed"`
	Status  ProjectReport `json:"status,omitzero"`
	// Version counts what was said about the project; whoever commits something new follows the version that was read.
	Version int64 `json:"-"`
}

// Managed says where a project is written down.
type Managed string

// The places where projects are written down.
const (
	ManagedFile Managed = "file" // in the configuration; the API does not change it
	ManagedAPI  Managed = "api"
)

// A ProjectSource is where the inventories of a project come from.
type ProjectSource struct {
	Kind SourceKind `json:"kind,omitempty"`
	// Location is a path, a URL or owner/name, by kind.
	Location string `json:"location,omitempty"`
	// Ref is a branch, tag or commit; empty for the default branch.
	Ref string `json:"ref,omitempty"`
	// Folder below which to look; empty for all.
	Folder string `json:"folder,omitempty"`
	// Every is how often to look; zero as the service does by default.
	Every time.Duration `json:"every,omitempty"`
	// Reachability asks of findings in Go modules how far the code gets to them; for a path only.
	Reachability bool `json:"reachability,omitempty"`
}

// SourceKind is a kind of [ProjectSource].
type SourceKind string

// The kinds of source.
const (
	SourceUpload     SourceKind = "upload" // inventories are sent to us
	SourcePath       SourceKind = "path"
	SourceURL        SourceKind = "url"
	SourceGit        SourceKind = "git"
	SourceGitHub     SourceKind = "github"
	SourceGitHubSBOM SourceKind = "github-sbom"
)

// Validate reports the first thing that is wrong with the source, as an [ErrInvalid].
func (s ProjectSource) Validate() error {
	if err := oneOf("source", s.Kind, SourceUpload, SourcePath, SourceURL, SourceGit, SourceGitHub, SourceGitHubSBOM); err != nil {
		return err
	}
	switch {
	case (s.Kind == SourceUpload) != (s.Location == ""):
		return fmt.Errorf("%w: source %s: location: want one for every kind but %s", ErrInvalid, s.Kind, SourceUpload)
	case (s.Kind == SourceGitHub || s.Kind == SourceGitHubSBOM) && !ValidRepository(s.Location):
		return fmt.Errorf("%w: source %s: location %q: want owner/name", ErrInvalid, s.Kind, s.Location)
	case s.Every < 0:
		return fmt.Errorf("%w: source %s: every: %s is negative", ErrInvalid, s.Kind, s.Every)
	case s.Reachability && s.Kind != SourcePath:
		return fmt.Errorf("%w: source %s: reachability: the code must be on this machine, so it needs a path", ErrInvalid, s.Kind)
	}
	return nil
}

// A ProjectReport is how the last look at a project's source went.
type ProjectReport struct {
	// At is when somebody last looked, zero if never; Next when the next look is due.
	At   time.Time `json:"at,omitzero"`
	Next time.Time `json:"next,omitzero"`
	// Error says why the source could not be read; empty when it could.
	Error string `json:"error,omitempty"`
	// Fingerprint tells without reading it whether the source changed.
	Fingerprint string `json:"fingerprint,omitempty"`
	// Inventory is the digest of the newest inventory, TakenAt when it was taken.
	Inventory string    `json:"inventory,omitempty"`
	TakenAt   time.Time `json:"taken_at,omitzero"`
}

// A Build is one sending or reading of an inventory: the same packages may be built many times.
type Build struct {
	Project   string    `json:"project"`
	At        time.Time `json:"at"`
	Inventory string    `json:"inventory"` // digest
	// Ref is a commit, branch or tag; URL leads people to the run. Both as the sender gave them.
	Ref string `json:"ref,omitempty"`
	URL string `json:"url,omitempty"`
	// By is who sent it.
	By string `json:"by,omitempty"`
}

// A Resolution says that a project resolved a package for a time, and in which builds.
type Resolution struct {
	Project   string `json:"project"`
	Ecosystem string `json:"ecosystem"`
	Name      string `json:"name"`
	Version   string `json:"version"`
	// Since is when the package was first seen there; Until when it was first seen to be gone, zero while it stands. What was
	// before the first inventory is not known.
	Since time.Time `json:"since"`
	Until time.Time `json:"until,omitzero"`
	// Builds are those of the time asked for, newest first, up to a limit; Total is how many there were.
	Builds []Build `json:"builds,omitempty"`
	Total  int     `json:"total_builds"`
}
