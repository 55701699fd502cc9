package advisories

import (
	"cmp"
	"slices"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/version"
)

// placed is an event and its place in the order of versions.
type placed struct {
	event tocsin.Event
	rank  int // introduced "0", versions, what is no version
	at    version.Version
}

func (p placed) begins() bool { return p.event.Introduced != "" }

// compare orders by version only; an order that cannot be told counts as equal.
func (p placed) compare(q placed) int {
	if p.rank != q.rank || p.rank != 1 {
		return cmp.Compare(p.rank, q.rank)
	}
	c, err := p.at.Compare(q.at)
	if err != nil {
		return 0
	}
	return c
}

// sortEvents puts events in version order, once, so that matching walks them. What is no version goes last: matching
// reports it. The result does not depend on the order in which the record lists them.
func sortEvents(ecosystem string, events []tocsin.Event) []tocsin.Event {
	list := make([]placed, len(events))
	for i, e := range events {
		list[i] = placed{event: e, rank: 2}
		if e.Introduced == "0" {
			list[i].rank = 0
		} else if v, err := version.Parse(ecosystem, cmp.Or(e.Introduced, e.Fixed, e.LastAffected, e.Limit)); err == nil {
			list[i].rank, list[i].at = 1, v
		}
	}
	slices.SortFunc(list, func(x, y placed) int { return cmp.Or(x.compare(y), compareText(x.event, y.event)) })
	out := make([]tocsin.Event, 0, len(list))
	inside := false
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[0].compare(list[n]) == 0 {
			n++
		}
		out, inside = appendGroup(out, list[:n], inside)
		list = list[n:]
	}
	return out
}

// appendGroup appends the events at one version. Where one interval ends and the next begins ([0, 2) and [2, 3)) the end
// comes first, so that the version is in the second; outside any interval the beginning comes first, so that an empty
// one (introduced and fixed at 2) stays empty. inside says in which of the two the version lies, before and after.
func appendGroup(out []tocsin.Event, group []placed, inside bool) ([]tocsin.Event, bool) {
	begins, ends := false, false
	for _, beginning := range []bool{!inside, inside} {
		for _, p := range group {
			if p.begins() != beginning {
				continue
			}
			out = append(out, p.event)
			begins = begins || p.begins()
			ends = ends || p.event.Fixed != "" || p.event.LastAffected != ""
		}
	}
	switch {
	case begins && ends:
		return out, inside
	case begins:
		return out, true
	case ends:
		return out, false
	default:
		return out, inside
	}
}

func compareText(a, b tocsin.Event) int {
	return cmp.Or(cmp.Compare(a.Introduced, b.Introduced), cmp.Compare(a.Fixed, b.Fixed),
		cmp.Compare(a.LastAffected, b.LastAffected), cmp.Compare(a.Limit, b.Limit))
}
