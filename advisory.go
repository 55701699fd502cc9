package tocsin

import (
	"slices"
	"time"
)

// An Advisory is one OSV record in one revision. Fields we do not use are not kept here; the revision store keeps the
// record's own bytes. https://ossf.github.io/osv-schema/
type Advisory struct {
	ID        string    `json:"id"`
	Modified  time.Time `json:"modified"`
	Published time.Time `json:"published,omitzero"`
	// Withdrawn is zero while the record stands. A withdrawn record matches nothing and joins nothing.
	Withdrawn time.Time `json:"withdrawn,omitzero"`
	// Aliases assert that the records are about the same flaw. Related and upstream records are not: they do not join.
	Aliases    []string    `json:"aliases,omitempty"`
	Summary    string      `json:"summary,omitempty"`
	Severity   []Severity  `json:"severity,omitempty"`
	Affected   []Affected  `json:"affected,omitempty"`
	References []Reference `json:"references,omitempty"`
	CWEs       []string    `json:"cwes,omitempty"`
	// Reporters are those whose reports a malware record collects, as its database names them.
	Reporters []string `json:"reporters,omitempty"`
	// Unmaintained says that the record is about no flaw: nobody looks after its packages any more. RustSec has such records.
	Unmaintained bool `json:"unmaintained,omitempty"`
	// Private says that the record came from a feed of our own and is not known to be public.
	Private bool `json:"private,omitempty"`
}

// An AdvisoryRevision is one state of a record, as this service had it.
type AdvisoryRevision struct {
	Record string `json:"record"`
	Feed   string `json:"feed"`
	// SeenAt is when it came here, and Until when another took its place or the feed had it no more; zero: it stands.
	SeenAt time.Time `json:"seen_at"`
	Until  time.Time `json:"until,omitzero"`
	// Modified is what the record says of itself.
	Modified time.Time `json:"modified"`
	// First says that none is known before it. Changes are what is otherwise than in the one before, in words: they have texts of the record
	// in them.
	First   bool     `json:"first"`
	Changes []string `json:"changes"`
	Private bool     `json:"private,omitempty"`
}

// Severity is one score of a record: a CVSS vector, or another system's word.
type Severity struct {
	Type  string `json:"type"`
	Score string `json:"score"`
}

// Reference is a typed link.
type Reference struct {
	Type string `json:"type"`
	URL  string `json:"url"`
}

// Affected says which versions of one package a record is about. All ranges and all versions count, whatever their
// order: a version is affected if any of them holds it.
type Affected struct {
	Package  AffectedPackage `json:"package,omitzero"`
	Severity []Severity      `json:"severity,omitempty"`
	Ranges   []Range         `json:"ranges,omitempty"`
	Versions []string        `json:"versions,omitempty"`
}

// AffectedPackage names the package as the record does.
type AffectedPackage struct {
	Ecosystem string `json:"ecosystem"`
	Name      string `json:"name"`
	PURL      string `json:"purl,omitempty"`
}

// Range is a list of events on one version line. https://ossf.github.io/osv-schema/#affectedrangesevents-fields
type Range struct {
	Type   RangeType `json:"type"`
	Repo   string    `json:"repo,omitempty"`
	Events []Event   `json:"events"`
}

// RangeType says how the versions of a [Range] are ordered.
type RangeType string

// The range types. Commits of a GIT range have no order that can be had without the repository, so it neither
// includes nor excludes a released version.
const (
	RangeSemver    RangeType = "SEMVER"
	RangeEcosystem RangeType = "ECOSYSTEM"
	RangeGit       RangeType = "GIT"
)

// Event has exactly one field set. Introduced "0" is before every version; Fixed is outside the range; LastAffected is
// inside; Limit bounds what the range speaks of.
type Event struct {
	Introduced   string `json:"introduced,omitempty"`
	Fixed        string `json:"fixed,omitempty"`
	LastAffected string `json:"last_affected,omitempty"`
	Limit        string `json:"limit,omitempty"`
}

// Postings are what the index holds under one package name, with all versions that the records name put in one order, so
// that matching compares numbers.
type Postings struct {
	// Versions that the records name, lowest first. Those that cannot be ordered come last.
	Versions []string
	// Ranks of Versions, ascending from 0; equal ones ("1.0", "1.0.0") share one. It is as long as there are versions that
	// can be ordered.
	Ranks []int
	List  []Posting
}

// A Posting is what one record says of one package name. GIT ranges are left out: they order no versions.
type Posting struct {
	Record string
	// Class is the number of the record's class.
	Class int
	// Ecosystem is the entry's own, with its release.
	Ecosystem string
	// Ranges hold the bounds of each range, in version order.
	Ranges [][]Bound
	// Versions are the places in [Postings.Versions] of those that are listed, ascending.
	Versions []int
}

// A Bound is an [Event] of a range.
type Bound struct {
	Kind BoundKind
	// At is the place in [Postings.Versions]; -1 before every version (introduced "0") or after every one (limit "*").
	At int
}

// BoundKind says what a [Bound] does.
type BoundKind int

// The kinds of bound.
const (
	BoundIntroduced BoundKind = iota
	BoundFixed
	BoundLastAffected
	BoundLimit
)

// A Class is a vulnerability class: all advisories that alias assertions join. One class is one finding, one issue,
// one result in a report.
type Class struct {
	// ID is the member that people know best: the CVE, else the GHSA, else the first; for malware the MAL record.
	ID string `json:"id"`
	// Aliases are all ids of the class, sorted, ID among them.
	Aliases []string `json:"aliases"`
	// Assertions are what joined them: which record says that it is about the same as which id. A record that is withdrawn
	// or changed takes its own back.
	Assertions []Assertion `json:"assertions,omitempty"`
	// Kind keeps malice apart from flaws: malware has no CVSS, a low EPSS and comes late to KEV. Pins are neither, and
	// that a package is unmaintained is no flaw.
	Kind      Kind      `json:"kind"`
	Summary   string    `json:"summary,omitempty"`
	Published time.Time `json:"published,omitzero"`
	Modified  time.Time `json:"modified,omitzero"`
	// Origins are the independent reporters that speak of it, sorted: the database of each member, or those whose reports
	// a member of the malicious-packages database collects.
	Origins []string `json:"origins"`
	// Private says that no member is public: nothing about it may leave.
	Private bool `json:"private,omitempty"`
	// CVSS is the highest base score of any member, with its vector; nil if no member has one that can be read.
	CVSS *CVSS `json:"cvss,omitempty"`
	// CWEs of all members, sorted.
	CWEs []string `json:"cwes,omitempty"`
	// KEV is set if the class is in CISA's catalogue of exploited vulnerabilities.
	KEV *KEV `json:"kev,omitempty"`
	// EPSS is nil if no member has a score.
	EPSS *EPSS `json:"epss,omitempty"`
	// URL is the best page to read.
	URL string `json:"url,omitempty"`
}

// Has says whether an id is one of the class.
func (c Class) Has(id string) bool { return c.ID == id || slices.Contains(c.Aliases, id) }

// An Assertion is one alias that one record names.
type Assertion struct {
	Record string `json:"record"`
	Alias  string `json:"alias"`
}

// Kind of a [Class].
type Kind string

// The kinds.
const (
	KindFlaw    Kind = "flaw"
	KindMalware Kind = "malware"
	// KindUnmaintained is no flaw yet: nobody would repair one. A class is of this kind if all its records are.
	KindUnmaintained Kind = "unmaintained"
	KindPin          Kind = "pin"   // no advisory: a [Hygiene] of a package, as a finding of its own
	KindEvent        Kind = "event" // something that happened, with no advisory: an incident that a person declared
)

// CVSS is a base score and where it comes from. https://www.first.org/cvss/
type CVSS struct {
	Vector string  `json:"vector"`
	Score  float64 `json:"score"`
	// Source is the id of the record that gave it.
	Source string `json:"source"`
}

// Rating is the qualitative name of the score: none, low, medium, high or critical (CVSS 3.1 section 5).
func (c *CVSS) Rating() string {
	switch {
	case c == nil:
		return "unscored"
	case c.Score >= 9:
		return "critical"
	case c.Score >= 7:
		return "high"
	case c.Score >= 4:
		return "medium"
	case c.Score > 0:
		return "low"
	default:
		return "none"
	}
}

// KEV is an entry of CISA's Known Exploited Vulnerabilities catalogue. Dates are days in UTC.
// https://www.cisa.gov/known-exploited-vulnerabilities-catalog
type KEV struct {
	CVE       string    `json:"cve"`
	DateAdded time.Time `json:"date_added"`
	DueDate   time.Time `json:"due_date"`
	// Ransomware: known to be used in ransomware campaigns.
	Ransomware bool `json:"ransomware,omitempty"`
}

// EPSS is the estimated probability of exploitation in the next 30 days. https://www.first.org/epss/
type EPSS struct {
	CVE string `json:"cve"`
	// Score is a probability, 0 to 1; Percentile the share of CVEs scored no higher, 0 to 1.
	Score      float64   `json:"score"`
	Percentile float64   `json:"percentile"`
	Date       time.Time `json:"date"`
	// Change7d and Change30d are the score minus that of 7 and 30 days before, to six decimals; 0 also where no score of then
	// is known.
	Change7d  float64 `json:"change_7d,omitempty"`
	Change30d float64 `json:"change_30d,omitempty"`
}
