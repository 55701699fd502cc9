package match

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/internal/version"
)

// interval is the part of a range that a version lies in.
type interval struct {
	holds bool
	from  tocsin.Bound
	to    tocsin.Bound
	open  bool // nothing ends it
}

// within walks the sorted bounds of a range as the schema says. https://ossf.github.io/osv-schema/#evaluation
func within(s *scale, at int, bounds []tocsin.Bound) (interval, error) {
	var in interval
	limited, below := false, false
	for _, b := range bounds {
		edge, err := s.of(b)
		if err != nil {
			return interval{}, err
		}
		switch b.Kind {
		case tocsin.BoundIntroduced:
			if at >= edge {
				in = interval{holds: true, open: true, from: b}
			}
		case tocsin.BoundFixed:
			if at >= edge {
				in = interval{}
			} else if in.holds && in.open {
				in.open, in.to = false, b
			}
		case tocsin.BoundLastAffected:
			if at > edge {
				in = interval{}
			} else if in.holds && in.open {
				in.open, in.to = false, b
			}
		case tocsin.BoundLimit:
			limited = true
			below = below || at < edge
		}
	}
	if limited && !below {
		return interval{}, nil
	}
	return in, nil
}

// words are the interval for people: ">= 1.0, < 1.2".
func (in interval) words(s *scale) string {
	from := ">= " + s.text(in.from)
	switch {
	case in.open:
		return from
	case in.to.Kind == tocsin.BoundFixed:
		from += ", < " + s.text(in.to)
	default:
		from += ", <= " + s.text(in.to)
	}
	return strings.TrimPrefix(from, ">= 0, ")
}

// fixes are the versions named as fixed that lie after the package's version and that none of the records holds, lowest
// first. Installing the first clears what they are about.
func fixes(read reader, p tocsin.Package, verdicts []verdict) []string {
	low, _ := version.Span(p.Ecosystem, p.Version)
	type fix struct {
		text string
		v    version.Version
	}
	var list []fix
	seen := map[string]bool{}
	for _, v := range verdicts {
		now := v.scale.locate(low)
		for _, r := range v.posting.Ranges {
			for _, b := range r {
				if b.Kind != tocsin.BoundFixed {
					continue
				}
				edge, err := v.scale.of(b)
				if text := v.scale.text(b); err == nil && (now.err != nil || edge > now.at) && !seen[text] {
					f, ferr := read(text)
					if seen[text] = true; ferr == nil {
						list = append(list, fix{text, f})
					}
				}
			}
		}
	}
	slices.SortFunc(list, func(a, b fix) int {
		c, _ := a.v.Compare(b.v)
		return cmp.Or(c, strings.Compare(a.text, b.text))
	})
	list = slices.CompactFunc(list, func(a, b fix) bool { c, err := a.v.Compare(b.v); return err == nil && c == 0 })
	var out []string
	for _, f := range list {
		if clears(f.text, verdicts) {
			out = append(out, f.text)
		}
	}
	return out
}

// clears says whether no record holds the version, as far as can be read. The open range of a hijacked package holds
// every version, and counts for none.
func clears(fixed string, verdicts []verdict) bool {
	return !slices.ContainsFunc(verdicts, func(w verdict) bool {
		p := w.scale.locate(fixed)
		if p.err != nil {
			return true
		}
		now := weighPlace(w.scale, p.at, w.posting, w.kind)
		return now.status != tocsin.StatusNotAffected && now.match != tocsin.MatchPossible
	})
}

// advise names the version to move to: the lowest that clears all classes that affect the package at once. That nobody maintains the
// package any more is often said of every version, and must not hide the one that clears its flaws.
func advise(read reader, p tocsin.Package, findings []tocsin.Finding, affecting, flawed []verdict) {
	all := fixes(read, p, affecting)
	flaws := all
	if len(flawed) != len(affecting) {
		flaws = fixes(read, p, flawed)
	}
	for i := range findings {
		list := flaws
		if findings[i].Class.Kind == tocsin.KindUnmaintained {
			list = all
		}
		if findings[i].Status == tocsin.StatusAffected && len(list) > 0 {
			findings[i].Upgrade = list[0]
		}
	}
}

func baseOf(posting tocsin.Posting) string { return purl.Base(posting.Ecosystem) }

// plain is the error's text without the kind, for a reason that people read.
func plain(err error) string {
	if errors.Is(err, tocsin.ErrInvalid) {
		return strings.TrimPrefix(err.Error(), tocsin.ErrInvalid.Error()+": ")
	}
	return err.Error()
}
