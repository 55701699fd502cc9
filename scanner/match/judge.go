package match

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/internal/version"
)

// verdict is what one posting says of one package.
type verdict struct {
	posting  tocsin.Posting
	kind     tocsin.Kind
	status   tocsin.Status
	match    tocsin.Match
	reason   string
	evidence tocsin.Evidence
}

// judge applies one posting to one package, whose release and name it is known to be about.
func judge(read reader, p tocsin.Package, posting tocsin.Posting, kind tocsin.Kind) verdict {
	v := weigh(read, p, posting, kind)
	v.posting, v.kind = posting, kind
	v.evidence.Advisory = posting.Record
	if v.status != tocsin.StatusAffected {
		return v
	}
	switch {
	case p.Origin.Kind == tocsin.OriginLocal:
		// A path or workspace member only shares its name with the public package, unless it is a copy of it.
		return unknown(v, "comes from a local path; it may be another package of that name")
	case kind == tocsin.KindMalware && !p.Origin.Public():
		// Malice sits in the registry's artifact; the same name elsewhere is most often somebody's own package.
		return unknown(v, "comes from "+cmp.Or(p.Origin.URL, string(p.Origin.Kind))+", not from the public registry")
	case p.Ecosystem != posting.Affected.Package.Ecosystem && p.Ecosystem == baseOf(posting):
		return unknown(v, "release of "+p.Ecosystem+" is not known; the advisory is for "+posting.Affected.Package.Ecosystem)
	}
	return v
}

// unknown takes back that a package is affected, and with it how sure that was.
func unknown(v verdict, reason string) verdict {
	v.status, v.match, v.reason = tocsin.StatusUnknown, "", reason
	return v
}

// A reader parses the versions of one package's ecosystem, each once: the records of a package name the same ones over
// and over.
type reader func(s string) (version.Version, error)

func newReader(ecosystem string) reader {
	type parsed struct {
		v   version.Version
		err error
	}
	base := purl.Base(ecosystem)
	seen := map[string]parsed{}
	return func(s string) (version.Version, error) {
		p, ok := seen[s]
		if !ok {
			p.v, p.err = version.Parse(base, s)
			seen[s] = p
		}
		return p.v, p.err
	}
}

// weigh compares the version with the posting's list and ranges.
func weigh(read reader, p tocsin.Package, posting tocsin.Posting, kind tocsin.Kind) verdict {
	a := posting.Affected
	if p.Version == "" {
		return verdict{status: tocsin.StatusUnknown, reason: "no version is pinned"}
	}
	// The record's own spelling needs no parsing, and works where the order of versions is not known.
	if _, ok := slices.BinarySearch(a.Versions, p.Version); ok {
		return verdict{status: tocsin.StatusAffected, match: tocsin.MatchExact, evidence: tocsin.Evidence{Version: p.Version}}
	}
	low, high := version.Span(p.Ecosystem, p.Version)
	at, err := read(low)
	if err != nil {
		return verdict{status: tocsin.StatusUnknown, reason: plain(err)}
	}
	v := weighVersion(read, at, a, kind)
	if high == low {
		return v
	}
	// A moving tag: the verdict stands if it is the same for all that the tag may mean. It can only change at the
	// versions that the record names.
	for _, s := range append(named(a), high) {
		other, err := read(s)
		if err == nil && inSpan(read, other, at, high) && weighVersion(read, other, a, kind).status != v.status {
			return verdict{status: tocsin.StatusUnknown, reason: fmt.Sprintf("%s is a moving tag; part of what it may mean is affected", p.Version)}
		}
	}
	return v
}

// leading is the number that a version begins with, without zeros before it. It is "" where equal versions may begin with
// different numbers, or it cannot be seen at once: an epoch, a mark, a word.
func leading(s string) string {
	digits := strings.TrimLeft(s, "0123456789")
	number := s[:len(s)-len(digits)]
	if number == "" || strings.ContainsAny(digits, ":!") {
		return ""
	}
	if number = strings.TrimLeft(number, "0"); number == "" {
		return "0"
	}
	return number
}

// named are the versions at which an affected entry changes its mind.
func named(a tocsin.Affected) []string {
	list := slices.Clone(a.Versions)
	for _, r := range a.Ranges {
		for _, e := range r.Events {
			list = append(list, cmp.Or(e.Introduced, e.Fixed, e.LastAffected, e.Limit))
		}
	}
	return list
}

func inSpan(read reader, v, low version.Version, high string) bool {
	top, err := read(high)
	if err != nil {
		return false
	}
	below, err1 := v.Compare(low)
	above, err2 := v.Compare(top)
	return err1 == nil && err2 == nil && below >= 0 && above <= 0
}

func weighVersion(read reader, at version.Version, a tocsin.Affected, kind tocsin.Kind) verdict {
	open := false
	for _, r := range a.Ranges {
		in, err := within(read, at, r)
		switch {
		case err != nil:
			return verdict{status: tocsin.StatusUnknown, reason: plain(err)}
		case in.holds && kind == tocsin.KindMalware && in.open && len(a.Versions) > 0:
			// A hijacked package: the list names the bad releases, the open range would call every clean one malware.
			open = true
		case in.holds:
			return verdict{status: tocsin.StatusAffected, match: tocsin.MatchRange, evidence: tocsin.Evidence{Range: in.words}}
		}
	}
	number := leading(at.String())
	for _, s := range a.Versions {
		if n := leading(s); n != "" && number != "" && n != number {
			continue // another major version; most of a long list need not be parsed
		}
		listed, err := read(s)
		if err != nil {
			continue // a list may hold what is no version; it cannot equal one
		}
		if c, err := at.Compare(listed); err == nil && c == 0 {
			return verdict{status: tocsin.StatusAffected, match: tocsin.MatchExact, evidence: tocsin.Evidence{Version: s}}
		}
	}
	if open {
		return verdict{
			status: tocsin.StatusUnknown, match: tocsin.MatchPossible,
			reason: "the record lists other versions as malicious; only its open range holds this one",
		}
	}
	return verdict{status: tocsin.StatusNotAffected}
}
