package policies

import (
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// Input is what conditions see. The cel tags are the names that policies use; the yaml tags are the same, for tests.
type Input struct {
	Finding   Finding   `yaml:"finding"`
	Advisory  Advisory  `yaml:"advisory"`
	Package   Package   `yaml:"pkg"`
	Project   Project   `yaml:"project"`
	Portfolio Portfolio `yaml:"portfolio"`
	Feed      Feed      `yaml:"feed"`
	Now       time.Time `yaml:"now"`
}

// Finding is the match itself.
type Finding struct {
	Status       string `cel:"status" yaml:"status"`               // affected, unknown
	Match        string `cel:"match" yaml:"match"`                 // exact, range, possible
	Accepted     bool   `cel:"accepted" yaml:"accepted"`           // its risk is accepted for a time (an exception)
	FixAvailable bool   `cel:"fix_available" yaml:"fix_available"` // a version that clears the class is known
	PathLength   int    `cel:"path_length" yaml:"path_length"`     // packages on the shortest path; 0 if not known
	// called, imported, present; "" where nobody looked or it could not be told. So ask for the mild ones by name: what is
	// not known may be called.
	Reachability string `cel:"reachability" yaml:"reachability"`
}

// Advisory is the vulnerability class.
type Advisory struct {
	ID         string        `cel:"id" yaml:"id"`
	Aliases    []string      `cel:"aliases" yaml:"aliases"`
	Kind       string        `cel:"kind" yaml:"kind"`     // flaw, malware; pin where a policy judges it
	Rating     string        `cel:"rating" yaml:"rating"` // critical, high, medium, low, none, unscored
	Scored     bool          `cel:"scored" yaml:"scored"`
	CVSS       float64       `cel:"cvss" yaml:"cvss"` // base score; 0 if not scored, so ask scored or rating
	CWEs       []string      `cel:"cwes" yaml:"cwes"`
	KEV        bool          `cel:"kev" yaml:"kev"`
	KEVDue     time.Time     `cel:"kev_due" yaml:"kev_due"`
	Ransomware bool          `cel:"ransomware" yaml:"ransomware"`
	EPSS       float64       `cel:"epss" yaml:"epss"` // probability, 0 to 1; 0 if there is none
	Percentile float64       `cel:"epss_percentile" yaml:"epss_percentile"`
	Origins    []string      `cel:"origins" yaml:"origins"` // databases that report it
	Published  time.Time     `cel:"published" yaml:"published"`
	Age        time.Duration `cel:"age" yaml:"age"` // since published
}

// Package is the affected package. Policies call it pkg, since CEL reserves the word package.
type Package struct {
	Ecosystem string `cel:"ecosystem" yaml:"ecosystem"`
	Name      string `cel:"name" yaml:"name"`
	Version   string `cel:"version" yaml:"version"`
	Relation  string `cel:"relation" yaml:"relation"` // direct, transitive, "" if not known
	Scope     string `cel:"scope" yaml:"scope"`       // runtime, dev
	Origin    string `cel:"origin" yaml:"origin"`     // registry, private, git, url, local, subject
	// unpinned, mutable (an action or image by tag or branch), "no integrity" (its lockfile pins hashes, and none of it),
	// lookalike; against a base also "integrity changed", downgrade, new
	Hygiene []string `cel:"hygiene" yaml:"hygiene"`
}

// Project is the project that has it.
type Project struct {
	Slug        string `cel:"slug" yaml:"slug"`
	Group       string `cel:"group" yaml:"group"`
	Criticality string `cel:"criticality" yaml:"criticality"` // low, medium, high
	Exposure    string `cel:"exposure" yaml:"exposure"`       // internal, public
	Visibility  string `cel:"visibility" yaml:"visibility"`   // private, public
}

// Portfolio is how far the class reaches over all projects in this run.
type Portfolio struct {
	Projects int     `cel:"projects" yaml:"projects"` // that are affected
	Critical int     `cel:"critical" yaml:"critical"` // of those, of high criticality
	Share    float64 `cel:"share" yaml:"share"`       // of all projects, 0 to 1
}

// Feed is how far the advisory data can be trusted.
type Feed struct {
	Fresh     bool `cel:"fresh" yaml:"fresh"`
	Landmarks bool `cel:"landmarks" yaml:"landmarks"` // only the embedded advisories were used
}

// Reach counts affected projects per class, for [NewInput].
type Reach struct {
	Total    int            // projects in the portfolio
	Projects map[string]int // affected, by class id
	Critical map[string]int // affected and of high criticality
}

// NewInput states a finding in the terms of policies.
func NewInput(f tocsin.Finding, p tocsin.Project, reach Reach, s tocsin.Snapshot, now time.Time) Input {
	in := Input{
		Finding: Finding{Status: string(f.Status), Match: string(f.Match), FixAvailable: len(f.Fixed) > 0},
		Advisory: Advisory{
			ID: f.Class.ID, Aliases: f.Class.Aliases, Kind: string(f.Class.Kind), Rating: f.Class.CVSS.Rating(),
			CWEs: f.Class.CWEs, Origins: f.Class.Origins, Published: f.Class.Published,
		},
		Package: Package{
			Ecosystem: f.Package.Ecosystem, Name: f.Package.Name, Version: f.Package.Version,
			Relation: string(f.Package.Relation), Scope: string(f.Package.Scope), Origin: string(f.Package.Origin.Kind),
		},
		Project: Project{
			Slug: p.Slug, Group: p.Group, Criticality: string(p.Criticality), Exposure: string(p.Exposure), Visibility: string(p.Visibility),
		},
		Portfolio: Portfolio{Projects: reach.Projects[f.Class.ID], Critical: reach.Critical[f.Class.ID]},
		Feed:      Feed{Fresh: len(s.Stale(now)) == 0, Landmarks: s.Landmarks},
		Now:       now.UTC(),
	}
	in.Finding.Accepted = f.Exception != nil && f.Exception.Kind == tocsin.ExceptionAccepted
	if r := f.Reachability; r != nil && r.Reach != tocsin.ReachUnknown {
		in.Finding.Reachability = string(r.Reach)
	}
	if len(f.Paths) > 0 {
		in.Finding.PathLength = len(slices.MinFunc(f.Paths, func(a, b []string) int { return len(a) - len(b) }))
	}
	for _, h := range f.Hygiene {
		in.Package.Hygiene = append(in.Package.Hygiene, string(h))
	}
	if c := f.Class.CVSS; c != nil {
		in.Advisory.Scored, in.Advisory.CVSS = true, c.Score
	}
	if k := f.Class.KEV; k != nil {
		in.Advisory.KEV, in.Advisory.KEVDue, in.Advisory.Ransomware = true, k.DueDate, k.Ransomware
	}
	if e := f.Class.EPSS; e != nil {
		in.Advisory.EPSS, in.Advisory.Percentile = e.Score, e.Percentile
	}
	if !f.Class.Published.IsZero() {
		in.Advisory.Age = now.Sub(f.Class.Published)
	}
	if in.Package.Scope == "" {
		in.Package.Scope = string(tocsin.ScopeRuntime)
	}
	if in.Package.Origin == "" {
		in.Package.Origin = string(tocsin.OriginRegistry)
	}
	if reach.Total > 0 {
		in.Portfolio.Share = float64(in.Portfolio.Projects) / float64(reach.Total)
	}
	return in
}
