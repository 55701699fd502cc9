package match

import (
	"fmt"
	"math"
	"sort"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/internal/version"
)

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

// A scale is the versions that the records of one name list, in their order, on which others are placed.
type scale struct {
	tocsin.Postings
	read  reader
	known map[string]place
}

func newScale(read reader, p tocsin.Postings) *scale {
	return &scale{Postings: p, read: read, known: map[string]place{}}
}

// A place is where a version lies on a [scale]: 2*rank+1 at a version of that rank, 2*rank before it.
type place struct {
	at int
	// spelled is the place in Versions of the same spelling, -1 if there is none. It needs no order.
	spelled int
	err     error
}

const (
	before = -1 // every version
	after  = math.MaxInt
)

// locate finds the place of a version by a few comparisons.
func (s *scale) locate(text string) place {
	p, ok := s.known[text]
	if ok {
		return p
	}
	p.spelled = -1
	v, err := s.read(text)
	if err != nil {
		p.err = err
		for i := len(s.Ranks); i < len(s.Versions); i++ {
			if s.Versions[i] == text {
				p.spelled = i
			}
		}
		s.known[text] = p
		return p
	}
	i := sort.Search(len(s.Ranks), func(i int) bool {
		c, cerr := s.compare(i, v)
		if cerr != nil {
			p.err = cerr
		}
		return c >= 0
	})
	switch {
	case i == len(s.Ranks) && i == 0:
		p.at = 0
	case i == len(s.Ranks):
		p.at = 2 * (s.Ranks[i-1] + 1)
	default:
		p.at = 2 * s.Ranks[i]
		if c, cerr := s.compare(i, v); cerr == nil && c == 0 {
			p.at++
		}
	}
	for ; p.at%2 == 1 && i < len(s.Ranks) && 2*s.Ranks[i]+1 == p.at; i++ {
		if s.Versions[i] == text {
			p.spelled = i
		}
	}
	s.known[text] = p
	return p
}

func (s *scale) compare(i int, v version.Version) (int, error) {
	w, err := s.read(s.Versions[i])
	if err != nil {
		return 0, err
	}
	return w.Compare(v)
}

// of is the place of a bound.
func (s *scale) of(b tocsin.Bound) (int, error) {
	switch {
	case b.At < 0 && b.Kind == tocsin.BoundIntroduced:
		return before, nil
	case b.At < 0:
		return after, nil
	case b.At < len(s.Ranks):
		return 2*s.Ranks[b.At] + 1, nil
	}
	edge := s.Versions[b.At]
	_, err := s.read(edge)
	if err == nil {
		err = fmt.Errorf("%w: it cannot be compared with others", tocsin.ErrInvalid)
	}
	return 0, fmt.Errorf("the advisory's version %q cannot be read: %w", edge, err)
}

// text is the version of a bound as the record has it.
func (s *scale) text(b tocsin.Bound) string {
	switch {
	case b.At >= 0:
		return s.Versions[b.At]
	case b.Kind == tocsin.BoundIntroduced:
		return "0"
	default:
		return "*"
	}
}
