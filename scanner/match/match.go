package match

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// An Index answers what is known of a package name. Implementations are safe for concurrent use.
type Index interface {
	// Lookup gives the postings under a name, for all releases of the ecosystem. None is not an error.
	Lookup(ecosystem, name string) ([]tocsin.Postings, error)
	// Class gives the class of a posting.
	Class(n int) (tocsin.Class, error)
}

// Run gives the findings of a sealed inventory with status affected or unknown, sorted by package and class. What is not
// affected is left out. The error is the context's, or the index's.
func Run(ctx context.Context, inv tocsin.Inventory, x Index) ([]tocsin.Finding, error) {
	return RunOn(ctx, inv, x, func(*tocsin.Package) bool { return true })
}

// RunOn is [Run] for some packages of an inventory, with their paths through all of it.
func RunOn(ctx context.Context, inv tocsin.Inventory, x Index, which func(p *tocsin.Package) bool) ([]tocsin.Finding, error) {
	m := matcher{index: x, classes: map[int]tocsin.Class{}}
	var out []tocsin.Finding
	for i := range inv.Packages {
		p := &inv.Packages[i] // by address: a package is large, and most have no finding
		if i%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !which(p) {
			continue
		}
		found, err := m.match(p)
		if err != nil {
			return nil, fmt.Errorf("matching %s: %w", p, err)
		}
		for j := range found {
			found[j].Package = *p
		}
		out = append(out, found...)
	}
	Paths(inv, out)
	return out, nil
}

type matcher struct {
	index   Index
	classes map[int]tocsin.Class
}

// match gives the findings of one package, one per class, sorted by class.
func (m *matcher) match(p *tocsin.Package) ([]tocsin.Finding, error) {
	if p.Ecosystem == "" || p.Name == "" {
		return nil, nil // counted in coverage
	}
	lists, err := m.postings(p)
	if err != nil || len(lists) == 0 {
		return nil, err
	}
	read := newReader(p.Ecosystem)
	byClass := map[int][]verdict{}
	for _, list := range lists {
		s := newScale(read, list)
		for _, posting := range list.List {
			if !sameRelease(p.Ecosystem, posting.Ecosystem) {
				continue
			}
			class, err := m.class(posting.Class)
			if err != nil {
				return nil, err
			}
			byClass[posting.Class] = append(byClass[posting.Class], judge(s, *p, posting, class.Kind))
		}
	}
	var out []tocsin.Finding
	var affecting, flawed []verdict // flawed are those of them that a fix can clear
	for n, verdicts := range byClass {
		f, ok := m.finding(read, *p, n, verdicts)
		if !ok {
			continue
		}
		out = append(out, f)
		if f.Status == tocsin.StatusAffected {
			affecting = append(affecting, verdicts...)
			if f.Class.Kind != tocsin.KindUnmaintained {
				flawed = append(flawed, verdicts...)
			}
		}
	}
	advise(read, *p, out, affecting, flawed)
	slices.SortFunc(out, func(a, b tocsin.Finding) int { return strings.Compare(a.Class.ID, b.Class.ID) })
	return out, nil
}

// bothNames lists the distributions whose advisories name binary packages, some of them or all; the others name source
// packages only.
var bothNames = []string{"AlmaLinux", "Mageia", "openEuler", "openSUSE", "Red Hat", "Rocky Linux", "SUSE"}

func (m *matcher) postings(p *tocsin.Package) ([]tocsin.Postings, error) {
	if p.SourceName == "" || p.SourceName == p.Name {
		return m.index.Lookup(p.Ecosystem, p.Name)
	}
	list, err := m.index.Lookup(p.Ecosystem, p.SourceName)
	if err != nil || !slices.Contains(bothNames, purl.Base(p.Ecosystem)) {
		return list, err
	}
	binary, err := m.index.Lookup(p.Ecosystem, p.Name)
	return slices.Concat(list, binary), err
}

func (m *matcher) class(n int) (tocsin.Class, error) {
	c, ok := m.classes[n]
	if !ok {
		var err error
		if c, err = m.index.Class(n); err != nil {
			return c, err
		}
		m.classes[n] = c
	}
	return c, nil
}

// sameRelease says whether an affected entry speaks of the package's release. An entry for the whole distribution
// ("Alpine") speaks of each of its releases; a package whose release is not known may be of any.
func sameRelease(pkg, entry string) bool {
	return pkg == entry || entry == purl.Base(entry) || pkg == purl.Base(pkg)
}

// less says which of two doubts is told: a possible match before one without, then by the text.
func less(m tocsin.Match, reason string, n tocsin.Match, than string) bool {
	if m != n {
		return m == tocsin.MatchPossible
	}
	return reason < than
}

// finding joins what the records of one class say. Affected outweighs unknown: one record that knows is enough.
func (m *matcher) finding(read reader, p tocsin.Package, class int, verdicts []verdict) (tocsin.Finding, bool) {
	f := tocsin.Finding{Class: m.classes[class], Status: tocsin.StatusNotAffected}
	for _, v := range verdicts {
		switch v.status {
		case tocsin.StatusAffected:
			f.Evidence = append(f.Evidence, v.evidence)
			f.Status = tocsin.StatusAffected
			if f.Match == "" || v.match == tocsin.MatchExact {
				f.Match = v.match
			}
		case tocsin.StatusUnknown:
			if f.Status == tocsin.StatusNotAffected {
				f.Status = tocsin.StatusUnknown
			}
		}
	}
	if f.Status == tocsin.StatusUnknown {
		for _, v := range verdicts {
			if v.status == tocsin.StatusUnknown && (f.Reason == "" || less(v.match, v.reason, f.Match, f.Reason)) {
				f.Reason, f.Match = v.reason, v.match
			}
		}
	}
	if f.Status == tocsin.StatusNotAffected {
		return f, false
	}
	slices.SortFunc(f.Evidence, func(a, b tocsin.Evidence) int {
		return cmp.Or(strings.Compare(a.Advisory, b.Advisory), strings.Compare(a.Version, b.Version), strings.Compare(a.Range, b.Range))
	})
	f.Evidence = slices.Compact(f.Evidence)
	f.Fixed = fixes(read, p, verdicts)
	return f, true
}
