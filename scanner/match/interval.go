package match

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/internal/version"
)

// interval is the part of a range that a version lies in.
type interval struct {
	holds bool
	open  bool   // nothing ends it
	words string // ">= 1.0, < 1.2"
}

// within walks the sorted events of a range as the schema says.
// https://ossf.github.io/osv-schema/#evaluation
func within(read reader, at version.Version, r tocsin.Range) (interval, error) {
	var in interval
	var from string
	limited, below := false, false
	for _, e := range r.Events {
		edge := e.Introduced + e.Fixed + e.LastAffected + e.Limit
		if edge == "" {
			continue
		}
		c := 1 // introduced "0" lies before every version
		if e.Introduced != "0" && e.Limit != "*" {
			v, err := read(edge)
			if err != nil {
				return interval{}, fmt.Errorf("the advisory's version %q cannot be read: %w", edge, err)
			}
			if c, err = at.Compare(v); err != nil {
				return interval{}, err
			}
		}
		switch {
		case e.Introduced != "" && c >= 0:
			in, from = interval{holds: true, open: true}, e.Introduced
		case e.Fixed != "":
			if c >= 0 {
				in = interval{}
			} else if in.holds && in.open {
				in.open, in.words = false, "< "+e.Fixed
			}
		case e.LastAffected != "":
			if c > 0 {
				in = interval{}
			} else if in.holds && in.open {
				in.open, in.words = false, "<= "+e.LastAffected
			}
		case e.Limit != "":
			limited = true
			below = below || e.Limit == "*" || c < 0
		}
	}
	if limited && !below {
		return interval{}, nil
	}
	if in.holds {
		in.words = strings.Trim(">= "+from+", "+in.words, ", ")
		if from == "0" && !in.open {
			in.words = strings.TrimPrefix(in.words, ">= 0, ")
		}
	}
	return in, nil
}

// fixes are the versions named as fixed that lie after the package's version and that none of the records holds, lowest
// first. Installing the first clears what they are about.
func fixes(read reader, p tocsin.Package, verdicts []verdict) []string {
	low, _ := version.Span(p.Ecosystem, p.Version)
	now, err := read(low)
	type fix struct {
		text string
		v    version.Version
	}
	var list []fix
	for _, v := range verdicts {
		for _, r := range v.posting.Affected.Ranges {
			for _, e := range r.Events {
				if e.Fixed == "" {
					continue
				}
				f, ferr := read(e.Fixed)
				if ferr != nil {
					continue
				}
				if c, cerr := f.Compare(now); err == nil && (cerr != nil || c <= 0) {
					continue
				}
				list = append(list, fix{e.Fixed, f})
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
		if clears(read, f.v, verdicts) {
			out = append(out, f.text)
		}
	}
	return out
}

// clears says whether no record holds the version, as far as can be read. The open range of a hijacked package holds
// every version, and counts for none.
func clears(read reader, v version.Version, verdicts []verdict) bool {
	return !slices.ContainsFunc(verdicts, func(w verdict) bool {
		now := weighVersion(read, v, w.posting.Affected, w.kind)
		return now.status != tocsin.StatusNotAffected && now.match != tocsin.MatchPossible
	})
}

// advise names the version to move to: the lowest that clears all classes that affect the package at once.
func advise(read reader, p tocsin.Package, findings []tocsin.Finding, affecting []verdict) {
	all := fixes(read, p, affecting)
	if len(all) == 0 {
		return
	}
	for i := range findings {
		if findings[i].Status == tocsin.StatusAffected {
			findings[i].Upgrade = all[0]
		}
	}
}

func baseOf(posting tocsin.Posting) string { return purl.Base(posting.Affected.Package.Ecosystem) }

// plain is the error's text without the kind, for a reason that people read.
func plain(err error) string {
	if errors.Is(err, tocsin.ErrInvalid) {
		return strings.TrimPrefix(err.Error(), tocsin.ErrInvalid.Error()+": ")
	}
	return err.Error()
}
