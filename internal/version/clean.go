package version

import (
	"fmt"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
)

// maxLength bounds a version. The longest of the public corpus has 59 characters; comparing costs more than its length.
const maxLength = 256

var (
	goTool      = pattern.Lazy(`^(?:go)?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:(rc|beta)([0-9]+))?(?:[-+ ].*)?$`)
	fourth      = pattern.Lazy(`^([0-9]+\.[0-9]+\.[0-9]+)\.([0-9])`)
	wildcard    = pattern.Lazy(`^[0-9]+(\.[0-9]+)*(\.[xX])+$`)
	action      = pattern.Lazy(`^[0-9]+(\.[0-9]+)*([-+].*)?$`)
	gemPlatform = pattern.Lazy(`-(x86|x64|i[3-6]86|aarch64|arm|universal|java|jruby|mswin|mingw)[a-z0-9_.-]*$`)
	torchLabel  = pattern.Lazy(`-(NA|cpu|cu[0-9]+)$`)
	// pep440 is the version scheme of PyPI. What is none has been refused by PyPI for years and has no order.
	// https://packaging.python.org/specifications/version-specifiers/#appendix-parsing-version-strings-with-regular-expressions
	pep440 = pattern.Lazy(`(?i)^([0-9]+!)?[0-9]+(\.[0-9]+)*([-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?[0-9]*)?(-[0-9]+|[-_.]?(post|rev|r)[-_.]?[0-9]*)?([-_.]?dev[-_.]?[0-9]*)?(\+[a-z0-9]+([-_.][a-z0-9]+)*)?$`)
)

// clean trims what is notation and refuses what is no version.
func clean(base, s string) (string, error) {
	bad := func(why string) (string, error) {
		return "", fmt.Errorf("%w: %.80q is not a version of %s%s", tocsin.ErrInvalid, s, base, why)
	}
	switch {
	case s == "":
		return "", fmt.Errorf("%w: no version", tocsin.ErrInvalid)
	case len(s) > maxLength:
		return bad(": it is too long")
	case commit(s):
		return "", fmt.Errorf("%w: pinned to commit %s, whose version is not known here", tocsin.ErrInvalid, s)
	}
	text := s
	if base == "Go" && strings.HasPrefix(s, "go") || base == "Go" && goPrerelease(s) {
		m := goTool().FindStringSubmatch(s)
		if m == nil {
			return bad("")
		}
		return toolchain(m), nil
	}
	if symbolic(text) {
		return bad("")
	}
	switch base {
	case "Maven":
		// Any text orders in Maven; without a number it is a name ("unspecified", "LATEST", a branch), not a version.
		if !named(text) {
			return bad("")
		}
		return text, nil
	case "AlmaLinux", "Mageia", "openEuler", "openSUSE", "Red Hat", "Rocky Linux", "SUSE":
		// An RPM version may begin with a letter ("B.02.19.2-6.el8").
		if !named(text) {
			return bad("")
		}
		return text, nil
	case "Alpaquita", "Alpine", "BellSoft Hardened Containers", "Chainguard", "Debian", "MinimOS", "Ubuntu", "Wolfi":
		// No mark may stand before the number.
	case "npm", "crates.io", "Hex", "Pub":
		// Their versions have three numbers. Who writes a fourth means a build of the version, not one before it.
		text = fourth().ReplaceAllString(trimV(strings.TrimPrefix(text, "=")), "$1+$2")
	case "Julia", "Bitnami", "SwiftURL":
		text = trimV(strings.TrimPrefix(text, "="))
	case "RubyGems":
		// RubyGems itself reads a hyphen as ".pre."; what some lockfiles and SBOMs put there is the platform.
		text = strings.ReplaceAll(gemPlatform().ReplaceAllString(trimV(text), ""), "-", ".pre.")
	case "PyPI":
		// PyTorch's advisories write the local label (2.6.0+cu124) with a hyphen.
		text = torchLabel().ReplaceAllString(trimV(text), "+$1")
	default:
		text = trimV(text)
	}
	switch {
	case text == "" || text[0] < '0' || text[0] > '9', wildcard().MatchString(text),
		base == "PyPI" && !pep440().MatchString(text),
		base == "GitHub Actions" && !action().MatchString(text):
		return bad("")
	case base == "Packagist" && strings.HasSuffix(text, "-dev") && strings.Contains(text, ".x"):
		return bad(": it is a branch")
	}
	return text, nil
}

// symbolic says whether s has what no version has: blanks, control characters, letters outside ASCII, and the marks of ranges, properties and
// addresses.
func symbolic(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune(`*|,<>$(){}[]"'/\@#`, c) })
}

// named says whether s begins with a letter or digit and has a number in it.
func named(s string) bool {
	return strings.Trim(s[:1], "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" && strings.ContainsAny(s, "0123456789")
}

func trimV(s string) string {
	if s != "" && (s[0] == 'v' || s[0] == 'V') {
		return s[1:]
	}
	return s
}

// commit says whether s is a hash: twelve or more hexadecimal digits, at least one of them a letter.
func commit(s string) bool {
	return len(s) >= 12 && strings.Trim(s, "0123456789abcdef") == "" && strings.ContainsAny(s, "abcdef")
}

// goPrerelease says whether s is Go's own notation without its prefix: 1.21rc2.
func goPrerelease(s string) bool {
	if !strings.Contains(s, "rc") && !strings.Contains(s, "beta") {
		return false
	}
	m := goTool().FindStringSubmatch(s)
	return m != nil && m[4] != ""
}

// toolchain turns Go's own notation (go1.21rc2) into the semantic version its advisories use (1.21.0-rc.2).
func toolchain(m []string) string {
	number := func(s string) string {
		if s == "" {
			return "0"
		}
		return s
	}
	v := m[1] + "." + number(m[2]) + "." + number(m[3])
	if m[4] != "" {
		v += "-" + m[4] + "." + m[5]
	}
	return v
}
