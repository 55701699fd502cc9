package policies

import (
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// Input is what conditions see. The cel tags are the names that policies use; the yaml tags are the same, for tests. The
// enum tags are the values that a text can have: a policy that compares it with another is refused.
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
	Status       string `cel:"status" yaml:"status" enum:"affected,not affected,unknown"`
	Match        string `cel:"match" yaml:"match" enum:"exact,range,possible,"`
	Accepted     bool   `cel:"accepted" yaml:"accepted"`           // its risk is accepted for a time (an exception)
	FixAvailable bool   `cel:"fix_available" yaml:"fix_available"` // a version that clears the class is known
	// FixAge is the time since a fix of the class for this package was first known here; 0 where there is none or it is new.
	FixAge     time.Duration `cel:"fix_age" yaml:"fix_age"`
	PathLength int           `cel:"path_length" yaml:"path_length"` // packages on the shortest path; 0 if not known
	// called, imported, present; "" where nobody looked or it could not be told. So ask for the mild ones by name: what is
	// not known may be called.
	Reachability string `cel:"reachability" yaml:"reachability" enum:"called,imported,present,"`
	// FirstSeen is when this class was first found in this project, now if it never was; Age is the time since. A scan
	// without a store sees everything for the first time.
	FirstSeen time.Time     `cel:"first_seen" yaml:"first_seen"`
	Age       time.Duration `cel:"age" yaml:"age"`
}

// Advisory is the vulnerability class.
type Advisory struct {
	ID       string   `cel:"id" yaml:"id"`
	Aliases  []string `cel:"aliases" yaml:"aliases"`
	Kind     string   `cel:"kind" yaml:"kind" enum:"flaw,malware,unmaintained,pin"`
	Rating   string   `cel:"rating" yaml:"rating" enum:"critical,high,medium,low,none,unscored"`
	Scored   bool     `cel:"scored" yaml:"scored"`
	CVSS     float64  `cel:"cvss" yaml:"cvss"`                                                   // base score; 0 if not scored, so ask scored or rating
	Version  string   `cel:"cvss_version" yaml:"cvss_version" enum:"2.0,3.0,3.1,4.0,"`           // of the vector
	ScoredBy string   `cel:"cvss_source" yaml:"cvss_source"`                                     // id of the record that gave the vector
	Metrics  Metrics  `cel:"metrics" yaml:"metrics"`                                             // the vector, split
	SSVC     SSVC     `cel:"ssvc" yaml:"ssvc"`                                                   // decision points that can be told without a person
	CWEs     []string `cel:"cwes" yaml:"cwes"`                                                   // "CWE-79"
	Exploit  string   `cel:"exploit" yaml:"exploit" enum:"active,public poc,unproven,not known"` // the gravest that KEV and the vector say
	KEV      bool     `cel:"kev" yaml:"kev"`
	// KEVAdded and KEVDue are days in UTC; year 1 if it is not in KEV.
	KEVAdded   time.Time `cel:"kev_added" yaml:"kev_added"`
	KEVDue     time.Time `cel:"kev_due" yaml:"kev_due"`
	Ransomware bool      `cel:"ransomware" yaml:"ransomware"`
	EPSS       float64   `cel:"epss" yaml:"epss"` // probability, 0 to 1; 0 if there is none
	Percentile float64   `cel:"epss_percentile" yaml:"epss_percentile"`
	// EPSSChange7d and 30d are the score minus that of 7 and 30 days before, -1 to 1; 0 also where no score of then is known, as
	// for a new CVE or in the first days.
	EPSSChange7d  float64       `cel:"epss_change_7d" yaml:"epss_change_7d"`
	EPSSChange30d float64       `cel:"epss_change_30d" yaml:"epss_change_30d"`
	Origins       []string      `cel:"origins" yaml:"origins"` // databases that report it
	Published     time.Time     `cel:"published" yaml:"published"`
	Age           time.Duration `cel:"age" yaml:"age"` // since published
}

// Package is the affected package. Policies call it pkg, since CEL reserves the word package.
type Package struct {
	Ecosystem string `cel:"ecosystem" yaml:"ecosystem"`
	Name      string `cel:"name" yaml:"name"`
	Version   string `cel:"version" yaml:"version"`
	Relation  string `cel:"relation" yaml:"relation" enum:"direct,transitive,"` // "" if not known
	Scope     string `cel:"scope" yaml:"scope" enum:"runtime,dev"`
	Origin    string `cel:"origin" yaml:"origin" enum:"registry,private,git,url,local,subject"`
	// unpinned, mutable (an action or image by tag or branch), "no integrity" (its lockfile pins hashes, and none of it),
	Hygiene []string `cel:"hygiene" yaml:"hygiene" enum:"unpinned,mutable,no integrity,lookalike,integrity changed,downgrade,new"`
}

// Project is the project that has it.
type Project struct {
	Slug        string   `cel:"slug" yaml:"slug"`
	Group       string   `cel:"group" yaml:"group"`
	Owners      []string `cel:"owners" yaml:"owners"`
	Criticality string   `cel:"criticality" yaml:"criticality" enum:"low,medium,high"`
	Exposure    string   `cel:"exposure" yaml:"exposure" enum:"isolated,internal,public"`
	Visibility  string   `cel:"visibility" yaml:"visibility" enum:"private,public"`
	// What SSVC asks of the project; "" where its owners did not say.
	Mission      string `cel:"mission" yaml:"mission" enum:"degraded,crippled,mef failure,mission failure,"`
	Safety       string `cel:"safety" yaml:"safety" enum:"negligible,marginal,critical,catastrophic,"`
	ValueDensity string `cel:"value_density" yaml:"value_density" enum:"diffuse,concentrated,"`
}

// Portfolio is how far the class reaches over all watched projects, or those that a scan was given.
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

// Of is how far one class reaches.
func (r Reach) Of(class string) Portfolio {
	p := Portfolio{Projects: r.Projects[class], Critical: r.Critical[class]}
	if r.Total > 0 {
		p.Share = float64(p.Projects) / float64(r.Total)
	}
	return p
}

// A Context is what a decision needs to know beside the finding.
type Context struct {
	Project tocsin.Project
	Reach   Reach
	// Feed is how far the advisory data can be trusted; see [FeedOf].
	Feed Feed
	// FirstSeen is when the class was first found in the project, zero if it never was.
	FirstSeen time.Time
	// FixKnown is when a fix of the class for the package was first known in the project, zero if none ever was.
	FixKnown time.Time
	Now      time.Time
}

// FeedOf states a snapshot in the terms of policies.
func FeedOf(s tocsin.Snapshot, now time.Time) Feed {
	return Feed{Fresh: len(s.Stale(now)) == 0, Landmarks: s.Landmarks}
}

// NewInput states a finding in the terms of policies. Of a list no more than 500 elements are taken.
func NewInput(f tocsin.Finding, c Context) Input {
	p := c.Project
	in := Input{
		Finding:  Finding{Status: string(f.Status), Match: string(f.Match), FixAvailable: len(f.Fixed) > 0, FirstSeen: c.Now.UTC()},
		Advisory: newAdvisory(f.Class, c.Now),
		Package: Package{
			Ecosystem: f.Package.Ecosystem, Name: f.Package.Name, Version: f.Package.Version,
			Relation: string(f.Package.Relation), Scope: string(f.Package.Scope), Origin: string(f.Package.Origin.Kind),
		},
		Project: Project{
			Slug: p.Slug, Group: p.Group, Owners: bounded(p.Owners), Criticality: string(p.Criticality), Exposure: string(p.Exposure), Visibility: string(p.Visibility),
			Mission: string(p.Mission), Safety: string(p.Safety), ValueDensity: string(p.ValueDensity),
		},
		Portfolio: c.Reach.Of(f.Class.ID),
		Feed:      c.Feed,
		Now:       c.Now.UTC(),
	}
	in.Finding.Accepted = f.Exception != nil && f.Exception.Kind == tocsin.ExceptionAccepted
	if r := f.Reachability; r != nil && r.Reach != tocsin.ReachUnknown {
		in.Finding.Reachability = string(r.Reach)
	}
	if len(f.Paths) > 0 {
		in.Finding.PathLength = len(slices.MinFunc(f.Paths, func(a, b []string) int { return len(a) - len(b) }))
	}
	if !c.FirstSeen.IsZero() {
		in.Finding.FirstSeen, in.Finding.Age = c.FirstSeen.UTC(), c.Now.Sub(c.FirstSeen)
	}
	if !c.FixKnown.IsZero() && in.Finding.FixAvailable {
		in.Finding.FixAge = c.Now.Sub(c.FixKnown)
	}
	for _, h := range f.Hygiene {
		in.Package.Hygiene = append(in.Package.Hygiene, string(h))
	}
	if p.Criticality == "" { // a scan without a configuration: what a configuration takes for granted
		in.Project.Criticality = string(tocsin.CriticalityMedium)
	}
	if p.Exposure == "" {
		in.Project.Exposure = string(tocsin.ExposureInternal)
	}
	if p.Visibility == "" {
		in.Project.Visibility = string(tocsin.VisibilityPublic)
	}
	if in.Package.Scope == "" {
		in.Package.Scope = string(tocsin.ScopeRuntime)
	}
	if in.Package.Origin == "" {
		in.Package.Origin = string(tocsin.OriginRegistry)
	}
	return in
}

func newAdvisory(c tocsin.Class, now time.Time) Advisory {
	a := Advisory{
		ID: c.ID, Aliases: bounded(c.Aliases), Kind: string(c.Kind), Rating: c.CVSS.Rating(), CWEs: bounded(c.CWEs), Origins: bounded(c.Origins), Published: c.Published,
	}
	if c.CVSS != nil {
		a.Scored, a.CVSS, a.ScoredBy = true, c.CVSS.Score, c.CVSS.Source
		a.Version, a.Metrics = metrics(c.CVSS.Vector)
	}
	if k := c.KEV; k != nil {
		a.KEV, a.KEVAdded, a.KEVDue, a.Ransomware = true, k.DateAdded, k.DueDate, k.Ransomware
	}
	if e := c.EPSS; e != nil {
		a.EPSS, a.Percentile, a.EPSSChange7d, a.EPSSChange30d = e.Score, e.Percentile, e.Change7d, e.Change30d
	}
	if !c.Published.IsZero() {
		a.Age = now.Sub(c.Published)
	}
	a.Exploit = exploit(a)
	a.SSVC = points(a)
	return a
}

// bounded cuts a list to what the cost of conditions is estimated for.
func bounded(list []string) []string { return list[:min(len(list), maxList)] }
