// Package version orders the versions of every OSV ecosystem. The order itself is osv-scalibr's semantic package; what
// is added is a strict idea of what is a version at all, because a string that is none must become "unknown", never a
// place in an order. It is pure and its functions are safe for concurrent use.
package version

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/google/osv-scalibr/semantic"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// A Version is a parsed version of one ecosystem.
type Version struct {
	text   string
	order  string // the ecosystem whose order is used
	parsed semantic.Version
}

// semverLike orders ecosystems that semantic does not know but whose versions are numbers with dots.
const semverLike = "npm"

var (
	numeric = regexp.MustCompile(`^[vV=]?[0-9]`)
	goTool  = regexp.MustCompile(`^(?:go)?([0-9]+)\.([0-9]+)(?:\.([0-9]+))?(?:(rc|beta)([0-9]+))?(?:[-+ ].*)?$`)
	commit  = regexp.MustCompile(`^[0-9a-f]{7,40}$`)
	// mavenFree is what no resolved Maven version holds: properties, ranges and spaces.
	mavenBad = regexp.MustCompile(`[${}\[\](),\s]`)
)

// Parse reads a version in the ecosystem's own notation. An empty, symbolic or malformed version, or an ecosystem whose
// order nobody has written down, is an [tocsin.ErrInvalid] that says which.
func Parse(ecosystem, s string) (Version, error) {
	base := purl.Base(ecosystem)
	text, err := clean(base, s)
	if err != nil {
		return Version{}, err
	}
	order := ecosystem
	if base == "GitHub Actions" || base == "opam" || base == "CleanStart" {
		order = semverLike
	}
	p, err := semantic.Parse(text, order)
	if err != nil {
		return Version{}, fmt.Errorf("%w: version %q of %s: %v", tocsin.ErrInvalid, s, ecosystem, err)
	}
	return Version{text: text, order: order, parsed: p}, nil
}

// ParseSemver reads a version for a SEMVER range, whatever the ecosystem.
func ParseSemver(s string) (Version, error) { return Parse(semverLike, strings.TrimPrefix(s, "go")) }

// clean trims what is notation and refuses what is no version.
func clean(base, s string) (string, error) {
	if s == "" {
		return "", fmt.Errorf("%w: no version", tocsin.ErrInvalid)
	}
	bad := fmt.Errorf("%w: %q is not a version of %s", tocsin.ErrInvalid, s, base)
	switch base {
	case "Maven":
		if mavenBad.MatchString(s) || strings.EqualFold(s, "latest") || strings.EqualFold(s, "release") {
			return "", bad
		}
		return s, nil
	case "Go":
		if m := goTool.FindStringSubmatch(s); m != nil && (m[4] != "" || strings.HasPrefix(s, "go")) {
			return toolchain(m), nil
		}
		s = strings.TrimPrefix(s, "v")
	case "GitHub Actions":
		s = strings.TrimPrefix(s, "v")
		if commit.MatchString(s) && len(s) >= 12 {
			return "", fmt.Errorf("%w: pinned to commit %s, whose version is not known here", tocsin.ErrInvalid, s)
		}
	case "npm", "crates.io", "Hex", "Pub", "Julia", "Bitnami", "SwiftURL":
		s = strings.TrimPrefix(s, "=")
	}
	if !numeric.MatchString(s) {
		return "", bad
	}
	return s, nil
}

// toolchain turns Go's own notation (go1.21rc2) into the semantic version its advisories use (1.21.0-rc.2).
func toolchain(m []string) string {
	patch := m[3]
	if patch == "" {
		patch = "0"
	}
	v := m[1] + "." + m[2] + "." + patch
	if m[4] != "" {
		v += "-" + m[4] + "." + m[5]
	}
	return v
}

// Compare orders two versions of one ecosystem: negative if v is before w.
func (v Version) Compare(w Version) (int, error) {
	c, err := v.parsed.Compare(w.parsed)
	if err != nil {
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
	if !numeric.MatchString(t) || strings.ContainsAny(t, "-+") || (commit.MatchString(t) && len(t) >= 12) {
		return s, s
	}
	low, high = t, t
	for n := strings.Count(t, "."); n < 2; n++ {
		low, high = low+".0", high+".999999"
	}
	return low, high
}
