package reach

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// judge says how far the code of one module gets to the flaw of a finding. why says why govulncheck could not be asked.
func judge(f tocsin.Finding, records []record, found answers, why error) *tocsin.Reachability {
	var ask []string
	exact := map[string]bool{} // by record: whether it names packages or functions
	for _, r := range records {
		about, names := r.about(f.Package.Name)
		if about && slices.Contains(f.Class.Aliases, r.ID) {
			ask, exact[r.ID] = append(ask, r.ID), names
		}
	}
	switch {
	case why != nil:
		return unknown(why.Error())
	case len(ask) == 0:
		return unknown("no record of the Go vulnerability database is known for it, and no other names functions")
	}
	module := key(f.Package.Name)
	version, ok := found.versions[module]
	switch {
	case !ok:
		return &tocsin.Reachability{Reach: tocsin.ReachPresent, Advisory: ask[0]}
	case strings.TrimPrefix(version, "v") != strings.TrimPrefix(f.Package.Version, "v"):
		return unknown(fmt.Sprintf("the build uses version %q of it", strings.TrimPrefix(version, "v")))
	}
	var best *tocsin.Reachability
	for _, id := range ask {
		r, ok := found.reach[flaw{module, id}]
		if !ok {
			continue
		}
		if r.Reach != tocsin.ReachPresent && !exact[id] { // govulncheck takes any function then, even the one that imports run
			r = *unknown("its package is compiled in, but " + id + " names no package or function to look for")
		}
		best = nearest(best, &r)
	}
	if best == nil {
		return unknown(strings.Join(ask, ", ") + " does not hold for this version")
	}
	return best
}

func unknown(why string) *tocsin.Reachability {
	return &tocsin.Reachability{Reach: tocsin.ReachUnknown, Reason: why}
}

// nearness orders answers: what is not known may be a call, and so comes before what is known to be none.
var nearness = []tocsin.Reach{tocsin.ReachCalled, tocsin.ReachUnknown, tocsin.ReachImported, tocsin.ReachPresent}

// nearest is the answer that counts of two; the first may be nil.
func nearest(a, b *tocsin.Reachability) *tocsin.Reachability {
	if a == nil || compare(*b, *a) < 0 {
		return b
	}
	return a
}

func compare(a, b tocsin.Reachability) int {
	return cmp.Or(
		cmp.Compare(slices.Index(nearness, a.Reach), slices.Index(nearness, b.Reach)),
		cmp.Compare(len(a.Trace), len(b.Trace)),
		slices.CompareFunc(a.Trace, b.Trace, func(x, y tocsin.Call) int { return strings.Compare(x.Function, y.Function) }),
		strings.Compare(a.Advisory, b.Advisory),
	)
}
