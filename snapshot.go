package tocsin

import "time"

// A Snapshot describes one immutable state of the advisory data: what a decision was made with.
type Snapshot struct {
	// ID is derived from the content: the same records and facts give the same id.
	ID      string    `json:"id"`
	BuiltAt time.Time `json:"built_at"`
	// AsOf is the time whose newest revisions are in it.
	AsOf time.Time `json:"as_of,omitzero"`
	// Cursor is its place in the history of the store that it was built from. Only that store reads it.
	Cursor string `json:"cursor,omitempty"`
	// Landmarks says that only the embedded advisories of famous incidents are in it. Nothing is clean by them.
	Landmarks bool        `json:"landmarks,omitempty"`
	Feeds     []FeedState `json:"feeds"`
	Records   int         `json:"records"`
	Classes   int         `json:"classes"`
	KEV       int         `json:"kev"`
	EPSS      int         `json:"epss"`
}

// FeedState is how one feed stood when a [Snapshot] was built.
type FeedState struct {
	Name string `json:"name"`
	From string `json:"from"`
	// SyncedAt is the last complete sync; zero if there was none.
	SyncedAt time.Time  `json:"synced_at,omitzero"`
	Status   FeedStatus `json:"status"`
	// Reason says what failed or tripped.
	Reason  string `json:"reason,omitempty"`
	Records int    `json:"records"`
	// Rejected records could not be read; the last revision that could is still used.
	Rejected int `json:"rejected,omitempty"`
}

// FeedStatus of a feed.
type FeedStatus string

// The feed statuses.
const (
	FeedOK      FeedStatus = "ok"
	FeedFailed  FeedStatus = "failed"  // the last sync did not complete
	FeedTripped FeedStatus = "tripped" // too much changed at once; a person must accept it
)

// MaxFeedAge is the age at which data counts as stale. OSV, KEV and EPSS change daily.
const MaxFeedAge = 7 * Day

// Stale gives the reasons why a verdict by this snapshot is undecided at the given time; none means it is fresh.
func (s Snapshot) Stale(now time.Time) []string {
	var why []string
	if s.Landmarks {
		why = append(why, "only the embedded landmark advisories were used")
	}
	for _, f := range s.Feeds {
		switch {
		case f.Status != FeedOK:
			why = append(why, "feed "+f.Name+" "+string(f.Status)+": "+f.Reason)
		case now.Sub(f.SyncedAt) > MaxFeedAge:
			why = append(why, "feed "+f.Name+" was last synced "+f.SyncedAt.UTC().Format(time.DateOnly))
		}
	}
	return why
}
