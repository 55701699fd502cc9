package incidents

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

// random is one run of a small portfolio.
func random(r *rand.Rand) []Sighting {
	classes := []tocsin.Class{class("CVE-1", "GHSA-1"), class("GHSA-1"), class("CVE-2"), class("MAL-1")}
	if r.IntN(2) == 0 { // classes of one run are disjoint
		classes = classes[1:]
	} else {
		classes = slices.Delete(classes, 1, 2)
	}
	responses := []tocsin.Response{tocsin.ResponseNone, tocsin.ResponseWatch, tocsin.ResponseIssue, tocsin.ResponseHold, tocsin.ResponseEmergency}
	statuses := []tocsin.Status{tocsin.StatusAffected, tocsin.StatusAffected, tocsin.StatusUnknown, tocsin.StatusNotAffected}
	matches := []tocsin.Match{tocsin.MatchExact, tocsin.MatchRange, tocsin.MatchPossible, ""}
	var out []Sighting
	for n := range 5 {
		if r.IntN(6) == 0 {
			continue // not seen
		}
		var list []tocsin.Decision
		for _, c := range classes {
			for range r.IntN(3) {
				d := says(responses[r.IntN(len(responses))], c, fmt.Sprint("pkg-", r.IntN(2)), fmt.Sprint(r.IntN(3)))
				d.Finding.Status, d.Finding.Match = statuses[r.IntN(len(statuses))], matches[r.IntN(len(matches))]
				list = append(list, d)
			}
		}
		s := sees(fmt.Sprint("project-", n), list, fmt.Sprintf("pkg-0@%d", r.IntN(3)))
		s.Project.Group, s.Whole = []string{"", "", "", "team", "team"}[n], r.IntN(5) > 0
		out = append(out, s)
	}
	return out
}

func TestInvariantsOverRandomRuns(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := newWorld(t) // checks the invariants, and that the same again changes nothing
		for range 12 {
			w.run(random(r)...)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	books := Rules{Playbooks: shippedPlaybooks(t)}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 2))
		var known []tocsin.Incident
		now := dawn
		for range 6 {
			now = now.Add(time.Hour)
			seen := random(r)
			want := books.Fold(known, seen, now)
			for i := range seen {
				seen[i].Decisions = slices.Clone(seen[i].Decisions)
				r.Shuffle(len(seen[i].Decisions), func(a, b int) {
					seen[i].Decisions[a], seen[i].Decisions[b] = seen[i].Decisions[b], seen[i].Decisions[a]
				})
			}
			r.Shuffle(len(seen), func(a, b int) { seen[a], seen[b] = seen[b], seen[a] })
			other := slices.Clone(known)
			r.Shuffle(len(other), func(a, b int) { other[a], other[b] = other[b], other[a] })
			if diff := cmp.Diff(want, books.Fold(other, seen, now)); diff != "" {
				t.Fatalf("seed %d (-one order +another):\n%s", seed, diff)
			}
			for _, c := range want {
				known = slices.DeleteFunc(known, func(i tocsin.Incident) bool { return i.Key == c.Incident.Key })
				known = append(known, c.Incident)
			}
		}
	}
}
