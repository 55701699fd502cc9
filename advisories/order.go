package advisories

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/version"
)

// A scale is all versions that the records of one package name, in order. Parsing and comparing is done here, once, so
// that matching has little left of it.
type scale struct {
	versions []string
	ranks    []int // of versions that can be ordered
	place    map[string]int
}

func newScale(ecosystem string, texts []string) scale {
	type parsed struct {
		text string
		v    version.Version
	}
	slices.Sort(texts)
	var ordered []parsed
	var rest []string
	for _, s := range slices.Compact(texts) {
		if v, err := version.Parse(ecosystem, s); err == nil {
			ordered = append(ordered, parsed{s, v})
		} else {
			rest = append(rest, s)
		}
	}
	slices.SortStableFunc(ordered, func(x, y parsed) int {
		c, err := x.v.Compare(y.v)
		if err != nil {
			return 0
		}
		return c
	})
	s := scale{place: make(map[string]int, len(texts))}
	var last version.Version
	for i, p := range ordered {
		rank := 0
		if len(s.versions) > 0 {
			c, err := last.Compare(p.v)
			if err != nil || c > 0 { // two that cannot be compared, or not in one order with others: one of them has no place
				rest = append(rest, p.text)
				continue
			}
			if rank = s.ranks[len(s.ranks)-1]; c < 0 {
				rank++
			}
		}
		last = ordered[i].v
		s.versions, s.ranks = append(s.versions, p.text), append(s.ranks, rank)
	}
	slices.Sort(rest)
	s.versions = append(s.versions, rest...)
	for i, v := range s.versions {
		s.place[v] = i
	}
	return s
}

// bound is an event on the scale. ok is false for one that says nothing.
func (s scale) bound(e tocsin.Event) (b tocsin.Bound, ok bool) {
	var text string
	switch {
	case e.Introduced != "":
		b.Kind, text = tocsin.BoundIntroduced, e.Introduced
	case e.Fixed != "":
		b.Kind, text = tocsin.BoundFixed, e.Fixed
	case e.LastAffected != "":
		b.Kind, text = tocsin.BoundLastAffected, e.LastAffected
	case e.Limit != "":
		b.Kind, text = tocsin.BoundLimit, e.Limit
	default:
		return b, false
	}
	if everywhere(e) {
		b.At = -1
	} else {
		b.At = s.place[text]
	}
	return b, true
}

// everywhere says whether an event stands before or after every version.
func everywhere(e tocsin.Event) bool { return e.Introduced == "0" || e.Limit == "*" }

// texts are the versions that an affected entry names.
func texts(a tocsin.Affected) []string {
	list := slices.Clone(a.Versions)
	for _, r := range a.Ranges {
		for _, e := range r.Events {
			if t := cmp.Or(e.Introduced, e.Fixed, e.LastAffected, e.Limit); t != "" && !everywhere(e) {
				list = append(list, t)
			}
		}
	}
	return list
}

// posting puts an affected entry on the scale. The result does not depend on the order in which the record lists things:
// the first range that holds a version is shown as the evidence.
func (s scale) posting(a tocsin.Affected) tocsin.Posting {
	p := tocsin.Posting{Ecosystem: a.Package.Ecosystem}
	type typed struct {
		kind   tocsin.RangeType
		bounds []tocsin.Bound
	}
	var list []typed
	for _, r := range a.Ranges {
		list = append(list, typed{r.Type, s.bounds(r.Events)})
	}
	slices.SortFunc(list, func(x, y typed) int {
		return cmp.Or(strings.Compare(string(x.kind), string(y.kind)), slices.CompareFunc(x.bounds, y.bounds, func(b, c tocsin.Bound) int {
			return cmp.Or(cmp.Compare(b.At, c.At), cmp.Compare(b.Kind, c.Kind))
		}))
	})
	for _, r := range list {
		p.Ranges = append(p.Ranges, r.bounds)
	}
	for _, v := range a.Versions {
		p.Versions = append(p.Versions, s.place[v])
	}
	slices.Sort(p.Versions)
	p.Versions = slices.Compact(p.Versions)
	return p
}

// bounds puts the events of a range in version order. What has no place goes last: matching reports it.
func (s scale) bounds(events []tocsin.Event) []tocsin.Bound {
	var list []tocsin.Bound
	for _, e := range events {
		if b, ok := s.bound(e); ok {
			list = append(list, b)
		}
	}
	slices.SortFunc(list, func(x, y tocsin.Bound) int {
		return cmp.Or(cmp.Compare(s.rank(x), s.rank(y)), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.At, y.At))
	})
	out := make([]tocsin.Bound, 0, len(list))
	inside := false
	for len(list) > 0 {
		n := 1
		for n < len(list) && s.rank(list[0]) == s.rank(list[n]) {
			n++
		}
		out, inside = appendGroup(out, list[:n], inside)
		list = list[n:]
	}
	return out
}

// rank of a bound: before all, at a version, after all.
func (s scale) rank(b tocsin.Bound) int {
	switch {
	case b.At < 0 && b.Kind == tocsin.BoundIntroduced:
		return -1
	case b.At < 0 || b.At >= len(s.ranks):
		return len(s.versions)
	default:
		return s.ranks[b.At]
	}
}

// appendGroup appends the bounds at one version. Where one interval ends and the next begins ([0, 2) and [2, 3)) the end
// comes first, so that the version is in the second; outside any interval the beginning comes first, so that an empty
// one (introduced and fixed at 2) stays empty. inside says in which of the two the version lies, before and after.
func appendGroup(out, group []tocsin.Bound, inside bool) ([]tocsin.Bound, bool) {
	begins, ends := false, false
	for _, beginning := range []bool{!inside, inside} {
		for _, b := range group {
			if (b.Kind == tocsin.BoundIntroduced) != beginning {
				continue
			}
			out = append(out, b)
			begins = begins || b.Kind == tocsin.BoundIntroduced
			ends = ends || b.Kind == tocsin.BoundFixed || b.Kind == tocsin.BoundLastAffected
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
