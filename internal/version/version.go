// Package version orders the versions of every OSV ecosystem. The order itself is osv-scalibr's semantic package; what
// is added is a strict idea of what is a version at all, because a string that is none must become "unknown", never a
// place in an order. It is pure and its functions are safe for concurrent use.
package version

import (
	"fmt"
	"strings"

	"github.com/google/osv-scalibr/semantic"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// A Version is a parsed version of one ecosystem.
type Version struct {
	text   string
	parsed semantic.Version
}

// semverLike orders ecosystems that semantic does not know but whose versions are numbers with dots.
const semverLike = "npm"

// Parse reads a version in the ecosystem's own notation. An empty, symbolic or malformed version, or an ecosystem whose
// order nobody has written down, is an [tocsin.ErrInvalid] that says which.
func Parse(ecosystem, s string) (v Version, err error) {
	base := purl.Base(ecosystem)
	text, err := clean(base, s)
	if err != nil {
		return Version{}, err
	}
	order := base
	if base == "GitHub Actions" || base == "opam" || base == "CleanStart" {
		order = semverLike
	}
	defer func() {
		if r := recover(); r != nil { // in semantic, on an input that nobody thought of
			v, err = Version{}, fmt.Errorf("%w: version %q of %s: %v", tocsin.ErrInvalid, s, ecosystem, r)
		}
	}()
	p, err := semantic.Parse(text, order)
	if err != nil {
		return Version{}, fmt.Errorf("%w: version %q of %s: %v", tocsin.ErrInvalid, s, ecosystem, err)
	}
	return Version{text: text, parsed: p}, nil
}

// Compare orders two versions of one ecosystem: negative if v is before w. Versions of different orders, and the zero
// Version, are an [tocsin.ErrInvalid].
func (v Version) Compare(w Version) (c int, err error) {
	if v.parsed == nil || w.parsed == nil {
		return 0, fmt.Errorf("%w: comparing %q with %q: no version", tocsin.ErrInvalid, v.text, w.text)
	}
	defer func() {
		if r := recover(); r != nil {
			c, err = 0, fmt.Errorf("%w: comparing %q with %q: %v", tocsin.ErrInvalid, v.text, w.text, r)
		}
	}()
	if c, err = v.parsed.Compare(w.parsed); err != nil {
		return 0, fmt.Errorf("%w: comparing %q with %q: %v", tocsin.ErrInvalid, v.text, w.text, err)
	}
	return c, nil
}

// String is the version without its notation marks.
func (v Version) String() string { return v.text }

// Span is the lowest and highest version that a moving tag may mean: "v4" of an action is any 4.x.y. For every other
// version both are the version itself.
func Span(ecosystem, s string) (low, high string) {
	if purl.Base(ecosystem) != "GitHub Actions" {
		return s, s
	}
	t := strings.TrimPrefix(s, "v")
	dots := strings.Count(t, ".")
	if !dotted(t) || dots >= 2 || commit(t) {
		return s, s
	}
	low, high = t, t
	for ; dots < 2; dots++ {
		low, high = low+".0", high+".999999"
	}
	return low, high
}

// dotted says whether s is numbers with dots between them.
func dotted(s string) bool {
	for part := range strings.SplitSeq(s, ".") {
		if part == "" || strings.Trim(part, "0123456789") != "" {
			return false
		}
	}
	return true
}
