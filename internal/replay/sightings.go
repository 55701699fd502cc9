package replay

import (
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/incidents"
	"github.com/tocsin-dev/tocsin/policies"
)

// A Moment is what a run over the whole portfolio would have seen when something changed: of every project that has an inventory by then.
type Moment struct {
	At        time.Time
	Sightings []incidents.Sighting
}

// Sightings gives what runs under a set of policies would have seen at each moment at which something changed, in the order of time. What
// becomes of it is for the caller, who may have people act in between: [Course.Run] is for when nobody does.
func (c *Course) Sightings(set policies.Set) []Moment {
	var list []*follower
	var times []time.Time
	for _, one := range c.components {
		f := newFollower(c, one, set, nil)
		list = append(list, f)
		times = append(times, f.times()...)
	}
	slices.SortFunc(times, time.Time.Compare)
	var out []Moment
	for _, t := range slices.CompactFunc(times, time.Time.Equal) {
		changed := false
		for _, f := range list {
			changed = len(f.see(t)) > 0 || changed
		}
		if changed {
			out = append(out, Moment{At: t, Sightings: c.whole(list, t)})
		}
	}
	return out
}

// whole is each project with all that the followers have decided of it.
func (c *Course) whole(list []*follower, at time.Time) []incidents.Sighting {
	decisions := make([][]tocsin.Decision, len(c.projects))
	for _, f := range list {
		for i := range f.places {
			if n := f.component.places[i].project; f.places[i].held >= 0 {
				decisions[n] = append(decisions[n], f.places[i].decisions...)
			}
		}
	}
	var out []incidents.Sighting
	for n, p := range c.projects {
		last := -1
		for i, inv := range p.Inventories {
			if !c.window.clamp(inv.TakenAt).After(at) {
				last = i
			}
		}
		if last >= 0 {
			out = append(out, incidents.Sighting{Project: p.Project, Inventory: p.Inventories[last], Decisions: decisions[n], Whole: true})
		}
	}
	return out
}
