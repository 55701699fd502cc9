package version

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// maxConstraints bounds a range. Real ones have a dozen.
const maxConstraints = 1000

// A Range is a set of versions of one ecosystem, as a vers states it. https://github.com/package-url/vers-spec
type Range struct {
	all bool
	// equal and unequal are versions by themselves, bounds the others in order: lower and upper ones in turn.
	equal, unequal []Version
	bounds         []bound
}

// bound is one end of an interval; it holds its version if closed.
type bound struct {
	at     Version
	lower  bool
	closed bool
}

// ParseRange reads a vers ("vers:npm/>=1.0.0|<2.0.0") whose scheme is one of those given ("npm": the type of a purl), by the
// order of an ecosystem. "vers:all/*" and "*" are every version. It is strict about what is written and lenient about its order.
// What it cannot read is an [tocsin.ErrInvalid].
func ParseRange(ecosystem, scheme, vers string) (Range, error) {
	rest, ok := strings.CutPrefix(vers, "vers:")
	of, list, found := strings.Cut(rest, "/")
	switch {
	case !ok || !found || list == "":
		return Range{}, fmt.Errorf("%w: %.200q is no vers: want vers:%s/…", tocsin.ErrInvalid, vers, scheme)
	case of == "all" && list == "*", of == scheme && list == "*":
		return Range{all: true}, nil
	case of != scheme:
		return Range{}, fmt.Errorf("%w: %.200q is of versions in the order of %.40q, want %s", tocsin.ErrInvalid, vers, of, scheme)
	}
	parts := strings.Split(list, "|")
	if len(parts) > maxConstraints {
		return Range{}, fmt.Errorf("%w: a vers of %d constraints, at most %d are read", tocsin.ErrInvalid, len(parts), maxConstraints)
	}
	var r Range
	var all []Version
	for _, p := range parts {
		comparator := p[:len(p)-len(strings.TrimLeft(p, "<>=!"))]
		text, err := url.PathUnescape(p[len(comparator):])
		if err != nil || strings.ContainsAny(p, " \t\r\n*") {
			return Range{}, fmt.Errorf("%w: %.200q in %.200q is no constraint", tocsin.ErrInvalid, p, vers)
		}
		v, err := Parse(ecosystem, text)
		if err != nil {
			return Range{}, err
		}
		all = append(all, v)
		switch comparator {
		case "", "=":
			r.equal = append(r.equal, v)
		case "!=":
			r.unequal = append(r.unequal, v)
		case ">", ">=", "<", "<=":
			r.bounds = append(r.bounds, bound{v, comparator[0] == '>', len(comparator) == 2})
		default:
			return Range{}, fmt.Errorf("%w: %.200q in %.200q is no comparator", tocsin.ErrInvalid, comparator, vers)
		}
	}
	if len(r.equal)+len(r.bounds) == 0 {
		return Range{}, fmt.Errorf("%w: %.200q says only what is not in it", tocsin.ErrInvalid, vers)
	}
	if err := distinct(all); err != nil {
		return Range{}, fmt.Errorf("%.200q: %w", vers, err)
	}
	slices.SortFunc(r.bounds, func(a, b bound) int { return order(a.at, b.at) })
	r.simplify()
	return r, nil
}

// order is [Version.Compare] where it was found that it does not fail.
func order(v, w Version) int {
	c, _ := v.Compare(w)
	return c
}

// distinct refuses versions that stand twice or cannot be ordered.
func distinct(list []Version) error {
	var failed error
	slices.SortFunc(list, func(v, w Version) int {
		c, err := v.Compare(w)
		if err != nil {
			failed = err
		}
		return c
	})
	for i := 1; i < len(list) && failed == nil; i++ {
		if order(list[i-1], list[i]) == 0 {
			failed = fmt.Errorf("%w: version %s stands twice", tocsin.ErrInvalid, list[i])
		}
	}
	return failed
}

// simplify leaves out bounds that another one makes superfluous: of lower ones that follow each other all but the first, of
// upper ones all but the last.
func (r *Range) simplify() {
	var out []bound
	for _, b := range r.bounds {
		switch n := len(out); {
		case n == 0 || out[n-1].lower != b.lower:
			out = append(out, b)
		case !b.lower:
			out[n-1] = b
		}
	}
	r.bounds = out
}

// Contains says whether a version is in the range. A version that cannot be compared is an [tocsin.ErrInvalid].
func (r Range) Contains(v Version) (bool, error) {
	if r.all {
		return true, nil
	}
	for _, w := range r.equal {
		if c, err := v.Compare(w); err != nil || c == 0 {
			return c == 0 && err == nil, err
		}
	}
	for _, w := range r.unequal {
		if c, err := v.Compare(w); err != nil || c == 0 {
			return false, err
		}
	}
	in := len(r.bounds) > 0 && !r.bounds[0].lower // an interval without a beginning
	for _, b := range r.bounds {
		c, err := v.Compare(b.at)
		switch {
		case err != nil:
			return false, err
		case c == 0:
			return b.closed, nil
		case c < 0:
			return in, nil
		}
		in = b.lower
	}
	return in, nil
}
