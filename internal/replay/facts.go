package replay

import (
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
)

// renew takes the state and the facts of the moment, and says whether they differ from those before.
func (f *follower) renew() bool {
	s := &f.component.states[f.component.at(f.now)]
	facts := advisories.Facts{KEV: map[string]tocsin.KEV{}, EPSS: map[string]tocsin.EPSS{}}
	source := ""
	for _, id := range f.component.ids {
		if k, ok := f.course.kev[id]; ok && !k.From.After(f.now) {
			facts.KEV[id] = k.Entry
			source += id + " "
		}
	}
	if n := f.course.scores(f.now); n >= 0 {
		e, before := f.course.epss[n], f.course.before[n]
		week, month := f.course.scored(before[0]), f.course.scored(before[1])
		for _, id := range f.component.ids {
			if score, ok := e.Scores[id]; ok {
				score = advisories.EPSSChanges(score, week, month)
				facts.EPSS[id] = score
				source += fmt.Sprint(id, score.Score, score.Percentile, score.Change7d, score.Change30d, " ")
			}
		}
	}
	if s == f.state && source == f.facts.Source {
		return false
	}
	facts.Source = source
	f.state, f.facts = s, facts
	f.found = map[int][]tocsin.Finding{}
	for n, list := range s.found {
		list = slices.Clone(list)
		for i := range list {
			f.facts.Attach(&list[i].Class)
		}
		f.found[n] = list
	}
	return true
}

// scored are the scores of a place; nil if it is -1.
func (c *Course) scored(n int) map[string]tocsin.EPSS {
	if n < 0 {
		return nil
	}
	return c.epss[n].Scores
}

// scores is the place of those of the day nearest before a moment, -1 if there are none at all; before the first day they are the
// first day's, which is the nearest.
func (c *Course) scores(t time.Time) int {
	n, ok := slices.BinarySearchFunc(c.epss, t, func(e EPSS, t time.Time) int { return e.From.Compare(t) })
	if !ok {
		n--
	}
	if len(c.epss) == 0 {
		return -1
	}
	return max(n, 0)
}
