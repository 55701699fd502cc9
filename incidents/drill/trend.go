package drill

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// A Trend is what several drills show together.
type Trend struct {
	Drills []Held `json:"drills"`
	// Again is what was not met, late or missing in more than one drill, most often first.
	Again []Again `json:"again"`
	// Gaps is what should be mended before the next emergency, drill or not.
	Gaps []string `json:"gaps"`
}

// Held is one drill that was held.
type Held struct {
	Drill   string `json:"drill"`
	Version int    `json:"version"`
	Held    string `json:"held,omitempty"`
	Played  string `json:"played"`
	Score   int    `json:"score"`
	Of      int    `json:"of"`
	Percent int    `json:"percent"`
	// Reference says that it was played with the scenario's own moves: it is compared with nothing, and counts as no drill.
	Reference bool `json:"reference,omitempty"`
	// Change in percent against the last drill of the same scenario; nil for the first.
	Change *int `json:"change,omitempty"`
}

// Again is something that went wrong more than once.
type Again struct {
	What  string `json:"what"`
	Times int    `json:"times"`
}

// TrendOf sets results beside each other: by the day on which they were held, those without one first, as they were given.
func TrendOf(list []Result) Trend {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Result) int { return strings.Compare(a.Held, b.Held) })
	t := Trend{Drills: []Held{}, Again: []Again{}, Gaps: []string{}}
	last := map[string]int{}
	wrong := map[string]int{}
	for _, r := range list {
		h := Held{Drill: r.Drill, Version: r.Version, Held: r.Held, Played: r.Played, Score: r.Score, Of: r.Of, Percent: r.Percent(), Reference: r.Reference}
		if r.Reference {
			t.Drills = append(t.Drills, h)
			continue
		}
		if before, ok := last[r.Drill]; ok {
			change := h.Percent - before
			h.Change = &change
		}
		last[r.Drill] = h.Percent
		t.Drills = append(t.Drills, h)
		once := map[string]bool{}
		for _, s := range r.Scored {
			if s.Outcome != Met {
				once[s.Expects] = true
			}
		}
		for _, l := range r.Readiness.Late {
			once["task "+l.Task+" late"] = true
		}
		for _, e := range r.Readiness.Empty {
			once["nobody was the "+e.Role] = true
		}
		for _, u := range r.Readiness.Unreachable {
			once[u.Person+" could not be reached"] = true
		}
		for what := range once {
			wrong[what]++
		}
	}
	for _, what := range sorted(wrong) {
		if wrong[what] > 1 {
			t.Again = append(t.Again, Again{what, wrong[what]})
		}
	}
	slices.SortStableFunc(t.Again, func(a, b Again) int { return cmp.Compare(b.Times, a.Times) })
	return t
}

// Gaps lists what is not ready between drills: playbooks that were never drilled, or not for a while, or in an older version; people whom
// nothing reaches, or who did not say for a while how they are reached; and roles that nobody can take. Without a
// governance, nil, only playbooks are looked at.
func Gaps(list []Result, books map[string]tocsin.Playbook, g *tocsin.Governance, now time.Time) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, name := range sorted(books) {
		newest, version := time.Time{}, 0
		drilled := false
		for _, r := range list {
			for _, b := range r.Playbooks {
				if b.Name != name || r.Reference {
					continue
				}
				drilled = true
				if held, err := time.Parse(time.DateOnly, r.Held); err == nil && held.After(newest) {
					newest = held
				}
				version = max(version, b.Version)
			}
		}
		switch {
		case !drilled:
			say("playbook %s: was never drilled", name)
		case newest.IsZero():
			say("playbook %s: was drilled on a day that nobody wrote down: set held: in the moves", name)
		case now.Sub(newest) > tocsin.Stale:
			say("playbook %s: was last drilled on %s", name, newest.Format(time.DateOnly))
		case version < books[name].Version:
			say("playbook %s: is version %d, and was drilled in version %d", name, books[name].Version, version)
		}
	}
	if g == nil {
		return out
	}
	reachable := 0
	for _, p := range g.People {
		switch {
		case !p.Reachable():
			say("person %s: has neither a login nor a contact: nothing reaches them", p.Name)
		case p.Confirmed.IsZero():
			say("person %s: never said that they are reached so: ask them, and set confirmed: in the governance", p.Name)
		case now.Sub(p.Confirmed) > tocsin.Stale:
			say("person %s: last said on %s how they are reached", p.Name, p.Confirmed.Format(time.DateOnly))
		}
		if p.Reachable() {
			reachable++
		}
	}
	switch roles := tocsin.Roles(); {
	case reachable == 0:
		say("roles: the governance has nobody who can be reached: nobody can take %s", names(roles))
	case reachable == 1:
		say("roles: one person can be reached: what takes two people cannot be done")
	case reachable < len(roles):
		say("roles: %d people can be reached for %d roles: somebody holds more than one", reachable, len(roles))
	}
	return out
}

func names(list []tocsin.RoleName) string {
	var out []string
	for _, r := range list {
		out = append(out, string(r))
	}
	return strings.Join(out, ", ")
}
