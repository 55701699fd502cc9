package replay

import (
	"time"

	"github.com/tocsin-dev/tocsin"
)

// A History is what was known when. From and To of its parts are half open: from the first moment to the one after the
// last; a To of zero is open.
type History struct {
	Records  []Record
	KEV      []KEV
	EPSS     []EPSS
	Projects []Project
	// Exceptions as they stand today. One that expires holds in the past as long as it would have been let to.
	Exceptions []tocsin.Exception
}

// A Record is one revision of an advisory for the time that it was the newest.
type Record struct {
	Advisory tocsin.Advisory
	Digest   string
	From, To time.Time
	// Exact says that we saw this revision then. Otherwise it is reconstructed: today's words at the time that the record
	// says it was published or withdrawn.
	Exact bool
}

// A KEV is an entry of the catalogue from the time that it was there.
type KEV struct {
	Entry tocsin.KEV
	From  time.Time
	Exact bool
}

// EPSS is one day's scores, which hold until the next. Only CVEs of the history's records need to be in it.
type EPSS struct {
	From   time.Time
	Scores map[string]tocsin.EPSS // by CVE id
	Exact  bool
}

// A Project is its inventories in the order of time. Each holds until the next.
type Project struct {
	tocsin.Project
	Inventories []tocsin.Inventory
	// Exact says that the inventories were taken then, not read out of a repository's history afterwards.
	Exact bool
}

// A Window is the time that a replay speaks of.
type Window struct{ Since, Until time.Time }

func (w Window) clamp(t time.Time) time.Time {
	if t.Before(w.Since) {
		return w.Since
	}
	return t
}
