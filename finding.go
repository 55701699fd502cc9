package tocsin

// A Finding says of one package and one vulnerability class whether the package is affected, with the evidence.
type Finding struct {
	Package Package `json:"package"`
	Class   Class   `json:"class"`
	Status  Status  `json:"status"`
	// Match is how sure the status is; empty unless affected.
	Match Match `json:"match,omitempty"`
	// Reason says why the status is unknown, the match only possible, or what is wrong with a pin.
	Reason string `json:"reason,omitempty"`
	// Exception is what a person decided about it, while that holds.
	Exception *Exception `json:"exception,omitempty"`
	// Evidence is what matched, one per record, sorted by record.
	Evidence []Evidence `json:"evidence,omitempty"`
	// Fixed are the versions that the records name as fixed and that lie after the package's version, lowest first.
	Fixed []string `json:"fixed,omitempty"`
	// Upgrade is the lowest version known that clears this class and every other that affects the package; empty if there
	// is none. It may be higher than the first of Fixed: a fix of one flaw is not a fix of all. Where the class is a flaw, classes
	// that say that nobody maintains the package do not count.
	Upgrade string `json:"upgrade,omitempty"`
	// Paths are the shortest dependency paths from the project to the package, each as name@version; empty where the
	// source tells no graph.
	Paths [][]string `json:"paths,omitempty"`
	// Hygiene is how far the package's pin can be trusted.
	Hygiene []Hygiene `json:"hygiene,omitempty"`
	// Reachability is nil where nobody looked.
	Reachability *Reachability `json:"reachability,omitempty"`
}

// Status of a [Finding]: three-valued, so that what is not known never looks clean.
type Status string

// The statuses.
const (
	StatusAffected    Status = "affected"
	StatusNotAffected Status = "not affected"
	StatusUnknown     Status = "unknown"
)

// Match is how a version came to be affected.
type Match string

// The matches, surest first.
const (
	MatchExact    Match = "exact"    // the record lists this very version
	MatchRange    Match = "range"    // it lies within a range of the record
	MatchPossible Match = "possible" // an open range of a malware record whose list does not have it: do not act on it alone
)

// Evidence is the part of one record that matched.
type Evidence struct {
	Advisory string `json:"advisory"`
	// Versions is the listed version that matched; Range the range in words (">= 2.0-beta9, < 2.15.0"). One of them is set.
	Version string `json:"version,omitempty"`
	Range   string `json:"range,omitempty"`
}
