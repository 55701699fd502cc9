package match

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/version"
)

// verdict is what one posting says of one package.
type verdict struct {
	scale    *scale
	posting  tocsin.Posting
	kind     tocsin.Kind
	status   tocsin.Status
	match    tocsin.Match
	reason   string
	evidence tocsin.Evidence
}

// judge applies one posting to one package, whose release and name it is known to be about.
func judge(s *scale, p tocsin.Package, posting tocsin.Posting, kind tocsin.Kind) verdict {
	v := weigh(s, p, posting, kind)
	v.scale, v.posting, v.kind = s, posting, kind
	v.evidence.Advisory = posting.Record
	if v.status != tocsin.StatusAffected {
		return v
	}
	switch {
	case p.Origin.Kind == tocsin.OriginLocal:
		// A path or workspace member only shares its name with the public package, unless it is a copy of it.
		return unknown(v, "comes from a local path; it may be another package of that name")
	case kind == tocsin.KindMalware && p.Origin.Kind == tocsin.OriginSubject:
		// Projects are called "backend" and "web-app", and so is malware.
		return unknown(v, "is what the SBOM is about, not what a registry served")
	case kind == tocsin.KindMalware && !p.Origin.Public():
		// Malice sits in the registry's artifact; the same name elsewhere is most often somebody's own package.
		return unknown(v, "comes from "+cmp.Or(p.Origin.URL, string(p.Origin.Kind))+", not from the public registry")
	case p.Ecosystem != posting.Ecosystem && p.Ecosystem == baseOf(posting):
		return unknown(v, "release of "+p.Ecosystem+" is not known; the advisory is for "+posting.Ecosystem)
	}
	return v
}

// unknown takes back that a package is affected, and with it how sure that was.
func unknown(v verdict, reason string) verdict {
	v.status, v.match, v.reason = tocsin.StatusUnknown, "", reason
	return v
}

// weigh compares the version with the posting's list and ranges.
func weigh(s *scale, p tocsin.Package, posting tocsin.Posting, kind tocsin.Kind) verdict {
	if p.Version == "" {
		return verdict{status: tocsin.StatusUnknown, reason: "no version is pinned"}
	}
	// The record's own spelling works where the order of versions is not known.
	if as := s.locate(p.Version); as.spelled >= 0 {
		if _, ok := slices.BinarySearch(posting.Versions, as.spelled); ok {
			return verdict{status: tocsin.StatusAffected, match: tocsin.MatchExact, evidence: tocsin.Evidence{Version: p.Version}}
		}
	}
	low, high := version.Span(p.Ecosystem, p.Version)
	at := s.locate(low)
	if at.err != nil {
		return verdict{status: tocsin.StatusUnknown, reason: plain(at.err)}
	}
	v := weighPlace(s, at.at, posting, kind)
	if high == low {
		return v
	}
	// A moving tag: the verdict stands if it is the same for all that the tag may mean. It can only change at the
	// versions that the record names.
	top := s.locate(high)
	for _, q := range append(named(s, posting), top.at) {
		if top.err == nil && q >= at.at && q <= top.at && weighPlace(s, q, posting, kind).status != v.status {
			return verdict{status: tocsin.StatusUnknown, reason: fmt.Sprintf("%s is a moving tag; part of what it may mean is affected", p.Version)}
		}
	}
	return v
}

// named are the places at which a posting changes its mind.
func named(s *scale, posting tocsin.Posting) []int {
	var list []int
	for _, at := range posting.Versions {
		if at < len(s.Ranks) {
			list = append(list, 2*s.Ranks[at]+1)
		}
	}
	for _, r := range posting.Ranges {
		for _, b := range r {
			if at, err := s.of(b); err == nil {
				list = append(list, at)
			}
		}
	}
	return list
}

// weighPlace is [weigh] for a place.
func weighPlace(s *scale, at int, posting tocsin.Posting, kind tocsin.Kind) verdict {
	open := false
	for _, r := range posting.Ranges {
		in, err := within(s, at, r)
		switch {
		case err != nil:
			return verdict{status: tocsin.StatusUnknown, reason: plain(err)}
		case in.holds && kind == tocsin.KindMalware && in.open && len(posting.Versions) > 0:
			// A hijacked package: the list names the bad releases, the open range would call every clean one malware.
			open = true
		case in.holds:
			return verdict{status: tocsin.StatusAffected, match: tocsin.MatchRange, evidence: tocsin.Evidence{Range: in.words(s)}}
		}
	}
	// What equals a listed version has another spelling of it. What is listed but is no version cannot equal one.
	i, ok := slices.BinarySearchFunc(posting.Versions, at, func(v, at int) int {
		if v >= len(s.Ranks) {
			return 1
		}
		return cmp.Compare(2*s.Ranks[v]+1, at)
	})
	if ok {
		return verdict{status: tocsin.StatusAffected, match: tocsin.MatchExact, evidence: tocsin.Evidence{Version: s.Versions[posting.Versions[i]]}}
	}
	if open {
		return verdict{
			status: tocsin.StatusUnknown, match: tocsin.MatchPossible,
			reason: "the record lists other versions as malicious; only its open range holds this one",
		}
	}
	return verdict{status: tocsin.StatusNotAffected}
}
