package pin

import (
	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// A Fact is one thing to know of a package's pin.
type Fact struct {
	Hygiene tocsin.Hygiene
	// Detail is what was seen, as a sentence without its full stop; empty where the fact says all.
	Detail string
}

// A Judge tells the facts of the packages of one inventory. It is not safe for concurrent use.
type Judge struct {
	inv    tocsin.Inventory
	before *history // nil without a base
}

// New is for a sealed inventory; base is what it is compared with, nil if there is none.
func New(inv tocsin.Inventory, base *tocsin.Inventory) *Judge {
	j := &Judge{inv: inv}
	if base != nil {
		j.before = compare(*base, inv)
	}
	return j
}

// Of gives the facts that hold of a package of the inventory, in the order of the constants of [tocsin.Hygiene].
func (j *Judge) Of(p *tocsin.Package) []Fact {
	var out []Fact
	for _, h := range p.Hygiene() {
		out = append(out, Fact{Hygiene: h})
	}
	if j.before != nil {
		out = j.before.facts(out, p)
	}
	if model := j.lookalike(p); model != "" {
		out = append(out, Fact{tocsin.HygieneLookalike, "Well known is " + model})
	}
	return out
}

// Note adds the facts of their packages to findings, in place.
func (j *Judge) Note(findings []tocsin.Finding) {
	for i := range findings {
		findings[i].Hygiene = hygiene(j.Of(&findings[i].Package))
	}
}

// Findings gives a finding of kind pin for each fact of each package, in the order of the inventory.
func (j *Judge) Findings() []tocsin.Finding {
	var out []tocsin.Finding
	for i := range j.inv.Packages {
		p := &j.inv.Packages[i]
		facts := j.Of(p)
		for _, f := range facts {
			out = append(out, tocsin.Finding{
				Package: *p, Class: class(f.Hygiene), Status: tocsin.StatusAffected, Match: tocsin.MatchExact, Reason: f.Detail, Hygiene: hygiene(facts),
			})
		}
	}
	return out
}

func hygiene(facts []Fact) []tocsin.Hygiene {
	var out []tocsin.Hygiene
	for _, f := range facts {
		out = append(out, f.Hygiene)
	}
	return out
}

// class stands for an advisory: exceptions name its id, and reports tell its summary.
func class(h tocsin.Hygiene) tocsin.Class {
	id, summary := "", ""
	switch h {
	case tocsin.HygieneUnpinned:
		id, summary = "TOCSIN-PIN-UNPINNED", "No version is pinned: what runs is decided when it is installed"
	case tocsin.HygieneMutable:
		id, summary = "TOCSIN-PIN-MUTABLE", "It is named by a tag or branch, which its owner can move: name the commit or the digest"
	case tocsin.HygieneNoIntegrity:
		id, summary = "TOCSIN-PIN-NO-INTEGRITY", "No hash is pinned, though the lockfile has a place for one: whatever the registry serves is taken"
	case tocsin.HygieneChanged:
		id, summary = "TOCSIN-PIN-INTEGRITY-CHANGED", "The same version had another hash before: the file is another one, or the lockfile was tampered with"
	case tocsin.HygieneDowngrade:
		id, summary = "TOCSIN-PIN-DOWNGRADE", "It replaces a higher version: what was fixed in between may be back"
	case tocsin.HygieneNew:
		id, summary = "TOCSIN-PIN-NEW", "No version of it was there before: look at who publishes it"
	case tocsin.HygieneLookalike:
		id, summary = "TOCSIN-PIN-LOOKALIKE", "Its name is close to that of a well-known package, and it is another one: make sure that it is the one that is meant"
	}
	return tocsin.Class{ID: id, Aliases: []string{id}, Kind: tocsin.KindPin, Summary: summary, Origins: []string{"Tocsin"}}
}

// key is a package, whatever its version, release and spelling.
type key struct{ ecosystem, name string }

func of(p *tocsin.Package) key {
	return key{purl.Base(p.Ecosystem), purl.Key(p.Ecosystem, p.Name)}
}

// own says whether a package is a part of what was scanned, and not something that it depends on.
func own(p *tocsin.Package) bool {
	return p.Origin.Kind == tocsin.OriginLocal || p.Origin.Kind == tocsin.OriginSubject
}
