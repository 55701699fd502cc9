package app

import (
	"fmt"
	"iter"
	"slices"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/internal/pipeline"
	"github.com/tocsin-dev/tocsin/internal/store"
)

// maxRevisions bounds the revisions of one record that are told.
const maxRevisions = 50

// records are the ids by which the records of a class may be called.
func records(c tocsin.Class) []string {
	ids := slices.Concat([]string{c.ID}, c.Aliases)
	slices.Sort(ids)
	return slices.Compact(ids)
}

// revisions tells what became of records, the newest first. Of each record they come oldest first.
func revisions(past iter.Seq2[store.Past, error]) ([]tocsin.AdvisoryRevision, error) {
	var out, one []tocsin.AdvisoryRevision
	var before tocsin.Advisory
	var last store.Past
	for r, err := range past {
		if err != nil {
			return nil, err
		}
		a, err := advisories.Parse(r.Body)
		if err != nil {
			return nil, fmt.Errorf("stored advisory %s: %w", r.ID, err)
		}
		now := tocsin.AdvisoryRevision{Record: r.ID, Feed: r.Feed, SeenAt: r.SeenAt, Until: r.Until, Modified: r.Modified, Changes: []string{}, Private: r.Feed != pipeline.FeedOSV}
		if last.ID != r.ID || last.Feed != r.Feed {
			now.First = true
			out, one = append(out, one...), nil
		} else {
			now.Changes = append(now.Changes, advisories.Revised(before, a)...)
		}
		if one = append(one, now); len(one) > maxRevisions {
			one = one[1:]
		}
		before, last = a, r
	}
	out = append(out, one...)
	slices.SortStableFunc(out, func(a, b tocsin.AdvisoryRevision) int { return b.SeenAt.Compare(a.SeenAt) })
	return out, nil
}
