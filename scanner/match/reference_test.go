package match_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/internal/version"
	"github.com/tocsin-dev/tocsin/scanner/match"
)

// affectedByTheSchema is the evaluation of the OSV schema written down word for word, on the record itself: no index,
// no preparation, no classes. https://ossf.github.io/osv-schema/#evaluation
func affectedByTheSchema(p tocsin.Package, a tocsin.Advisory) bool {
	if !a.Withdrawn.IsZero() {
		return false
	}
	for _, aff := range a.Affected {
		if aff.Package.Ecosystem != p.Ecosystem || purl.Key(p.Ecosystem, aff.Package.Name) != purl.Key(p.Ecosystem, p.Name) {
			continue
		}
		for _, v := range aff.Versions {
			if v == p.Version || order(p.Ecosystem, v, p.Version) == 0 {
				return true
			}
		}
		for _, r := range aff.Ranges {
			if r.Type != tocsin.RangeGit && beforeLimits(p, r) && inRange(p, r) {
				return true
			}
		}
	}
	return false
}

// noOrder is what order gives for what is no version: it is equal to nothing, before nothing and after nothing.
const noOrder = 99

func order(ecosystem, a, b string) int {
	v, err1 := version.Parse(ecosystem, a)
	w, err2 := version.Parse(ecosystem, b)
	if err1 != nil || err2 != nil {
		return noOrder
	}
	c, err := v.Compare(w)
	if err != nil {
		return noOrder
	}
	return c
}

func beforeLimits(p tocsin.Package, r tocsin.Range) bool {
	limited := false
	for _, e := range r.Events {
		if e.Limit == "*" || e.Limit != "" && order(p.Ecosystem, p.Version, e.Limit) == -1 {
			return true
		}
		limited = limited || e.Limit != ""
	}
	return !limited
}

func inRange(p tocsin.Package, r tocsin.Range) bool {
	events := slices.Clone(r.Events)
	at := func(e tocsin.Event) string { return e.Introduced + e.Fixed + e.LastAffected }
	sort.SliceStable(events, func(i, j int) bool {
		if events[i].Introduced == "0" || events[j].Introduced == "0" {
			return events[i].Introduced == "0" && events[j].Introduced != "0"
		}
		return order(p.Ecosystem, at(events[i]), at(events[j])) == -1
	})
	vulnerable := false
	for _, e := range events {
		atOrAfter := func(v string) bool { c := order(p.Ecosystem, p.Version, v); return c == 0 || c == 1 }
		switch {
		case e.Introduced == "0" || e.Introduced != "" && atOrAfter(e.Introduced):
			vulnerable = true
		case e.Fixed != "" && atOrAfter(e.Fixed):
			vulnerable = false
		case e.LastAffected != "" && order(p.Ecosystem, p.Version, e.LastAffected) == 1:
			vulnerable = false
		}
	}
	return vulnerable
}

// pairs are the package and record of every affected finding, one line each.
func pairs(found []tocsin.Finding) []string {
	var out []string
	for _, f := range found {
		for _, e := range f.Evidence {
			out = append(out, line(f.Package, e.Advisory))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func line(p tocsin.Package, id string) string {
	return p.Ecosystem + " " + purl.Key(p.Ecosystem, p.Name) + " " + p.Version + " " + id
}

// generated gives packages and records over a few names and versions, so that they meet often. The intervals of a range
// are as the schema wants them: each ends before the next begins, or where it does.
func generated(seed uint64) ([]tocsin.Package, []tocsin.Advisory) {
	r := rand.New(rand.NewPCG(seed, 7))
	ecosystems := []string{"npm", "PyPI", "Go", "Maven", "Debian:12"}
	v := func(n int) string { return fmt.Sprintf("%d.%d.0", n/3, n%3) }
	var packages []tocsin.Package
	for range 40 {
		packages = append(packages, tocsin.Package{Ecosystem: ecosystems[r.IntN(5)], Name: fmt.Sprint("p", r.IntN(4)), Version: v(r.IntN(12))})
	}
	var list []tocsin.Advisory
	for i := range 60 {
		a := tocsin.Advisory{ID: fmt.Sprint("A-", i)}
		if r.IntN(3) == 0 {
			a.Aliases = []string{fmt.Sprint("A-", r.IntN(60))}
		}
		for range r.IntN(3) + 1 {
			aff := tocsin.Affected{Package: tocsin.AffectedPackage{Ecosystem: ecosystems[r.IntN(5)], Name: fmt.Sprint("P", r.IntN(4))}}
			if r.IntN(2) == 0 {
				aff.Package.Name = strings.ToLower(aff.Package.Name)
			}
			for range r.IntN(3) {
				aff.Versions = append(aff.Versions, v(r.IntN(12)))
			}
			for range r.IntN(3) {
				rg := tocsin.Range{Type: tocsin.RangeEcosystem}
				if r.IntN(4) == 0 {
					rg.Type = tocsin.RangeGit
				}
				for n := r.IntN(4); n < 12; n += r.IntN(4) {
					begin := v(n)
					if n == 0 && r.IntN(2) == 0 {
						begin = "0"
					}
					rg.Events = append(rg.Events, tocsin.Event{Introduced: begin})
					n += r.IntN(3) + 1
					switch r.IntN(3) {
					case 0:
						rg.Events = append(rg.Events, tocsin.Event{Fixed: v(n)})
					case 1:
						rg.Events = append(rg.Events, tocsin.Event{LastAffected: v(n)})
						n++ // an interval that ends at its last version and one that begins there would overlap
					default:
						n = 12 // open
					}
				}
				if r.IntN(4) == 0 {
					rg.Events = append(rg.Events, tocsin.Event{Limit: v(r.IntN(12))})
				}
				aff.Ranges = append(aff.Ranges, rg)
			}
			a.Affected = append(a.Affected, aff)
		}
		list = append(list, a)
	}
	return packages, list
}

func TestAgainstTheSchema(t *testing.T) {
	matched := 0
	for seed := range uint64(150) {
		packages, list := generated(seed)
		var want []string
		for _, p := range packages {
			for _, a := range list {
				if affectedByTheSchema(p, a) {
					want = append(want, line(p, a.ID))
				}
			}
		}
		slices.Sort(want)
		want = slices.Compact(want)
		matched += len(want)
		if diff := cmp.Diff(want, pairs(run(t, index(t, list...), packages...))); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
	}
	if matched < 1000 {
		t.Errorf("only %d matches: the generated data are too sparse to say anything", matched)
	}
}

// Rule 7: the order of packages, records, entries, ranges, events and versions changes nothing.
func TestOrderOfInputsDoesNotMatter(t *testing.T) {
	for seed := range uint64(20) {
		packages, list := generated(seed)
		for i := range list { // graphs and malware too
			if i%5 == 0 {
				list[i].ID = fmt.Sprint("MAL-", i)
			}
		}
		root := packages[0]
		r := rand.New(rand.NewPCG(seed, 3))
		var edges [][2]tocsin.Package
		for range 60 {
			edges = append(edges, [2]tocsin.Package{packages[r.IntN(len(packages))], packages[r.IntN(len(packages))]})
		}
		result := func() string {
			at := func(p tocsin.Package) int {
				return slices.IndexFunc(packages, func(q tocsin.Package) bool { return tocsin.ComparePackages(p, q) == 0 })
			}
			inv := tocsin.Inventory{Packages: slices.Clone(packages), Edges: []tocsin.Edge{{From: tocsin.EdgeRoot, To: at(root)}}}
			for _, e := range edges {
				inv.Edges = append(inv.Edges, tocsin.Edge{From: at(e[0]), To: at(e[1])})
			}
			inv.Seal()
			found, err := match.Run(context.Background(), inv, index(t, list...))
			if err != nil {
				t.Fatal(err)
			}
			b, err := json.Marshal(found)
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		want := result()
		for range 5 {
			shuffle(packages)
			shuffle(list)
			for _, a := range list {
				for _, aff := range a.Affected {
					shuffle(aff.Versions)
					shuffle(aff.Ranges)
					for _, rg := range aff.Ranges {
						shuffle(rg.Events)
					}
				}
			}
			if got := result(); got != want {
				t.Fatalf("seed %d: %s", seed, cmp.Diff(want, got))
			}
		}
	}
}

func shuffle[T any](list []T) {
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}
