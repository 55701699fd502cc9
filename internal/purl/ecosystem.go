package purl

import (
	"slices"
	"strings"
	"unicode"

	"github.com/tocsin-dev/tocsin/internal/pattern"
)

// types maps a purl type to the OSV ecosystem it always means.
// https://github.com/package-url/purl-spec/blob/main/purl-types-index.json and https://ossf.github.io/osv-schema/#defined-ecosystems
var types = map[string]string{
	"bitnami":       "Bitnami",
	"cargo":         "crates.io",
	"composer":      "Packagist",
	"conan":         "ConanCenter",
	"cran":          "CRAN",
	"gem":           "RubyGems",
	"githubactions": "GitHub Actions",
	"golang":        "Go",
	"hackage":       "Hackage",
	"hex":           "Hex",
	"julia":         "Julia",
	"maven":         "Maven",
	"npm":           "npm",
	"nuget":         "NuGet",
	"opam":          "opam",
	"pub":           "Pub",
	"pypi":          "PyPI",
	"swift":         "SwiftURL",
}

// distros maps purl type and namespace of a system package to the OSV ecosystem.
var distros = map[string]string{
	"apk/alpaquita":   "Alpaquita",
	"apk/alpine":      "Alpine",
	"apk/chainguard":  "Chainguard",
	"apk/minimos":     "MinimOS",
	"apk/wolfi":       "Wolfi",
	"deb/debian":      "Debian",
	"deb/ubuntu":      "Ubuntu",
	"rpm/almalinux":   "AlmaLinux",
	"rpm/mageia":      "Mageia",
	"rpm/openeuler":   "openEuler",
	"rpm/opensuse":    "openSUSE",
	"rpm/redhat":      "Red Hat",
	"rpm/rocky":       "Rocky Linux",
	"rpm/rocky-linux": "Rocky Linux",
	"rpm/suse":        "SUSE",
}

// foldCase lists the ecosystems whose names are the same in any case. Go is among them because the purl of a Go module
// is lower case by its specification, while the module and its advisories are not.
var foldCase = []string{"Bitnami", "GitHub Actions", "Go", "Hex", "NuGet", "Packagist", "Pub", "SwiftURL"}

// ubuntuLTS are the releases whose OSV name carries ":LTS".
var ubuntuLTS = []string{"14.04", "16.04", "18.04", "20.04", "22.04", "24.04", "26.04"}

var (
	pypiRuns    = pattern.Lazy(`[-_.]+`)
	leadingNums = pattern.Lazy(`^[0-9]+(\.[0-9]+)*`)
)

// Base is the ecosystem without its release suffix: "Debian" for "Debian:12".
func Base(ecosystem string) string {
	base, _, _ := strings.Cut(ecosystem, ":")
	return base
}

// Canonical is the name as the ecosystem itself prints it: PyPI names by PEP 503, Swift packages without scheme and ".git".
func Canonical(ecosystem, name string) string {
	switch Base(ecosystem) {
	case "PyPI":
		return pypiRuns().ReplaceAllLiteralString(strings.ToLower(name), "-")
	case "SwiftURL":
		name = strings.TrimPrefix(strings.TrimPrefix(name, "https://"), "http://")
		return strings.TrimSuffix(name, ".git")
	default:
		return name
	}
}

// Key is the form under which a name is looked up: canonical, and without case where the ecosystem has none. Advisories
// and packages are both keyed by it, so that two spellings of one name meet.
func Key(ecosystem, name string) string {
	return string(AppendKey(nil, ecosystem, name))
}

// AppendKey appends [Key] to b. It allocates only for b and for names outside ASCII.
func AppendKey(b []byte, ecosystem, name string) []byte {
	base := Base(ecosystem)
	fold := base == "PyPI" || slices.Contains(foldCase, base)
	if base == "SwiftURL" {
		name = Canonical(ecosystem, name)
	}
	if !fold {
		return append(b, name...)
	}
	if strings.IndexFunc(name, func(r rune) bool { return r > unicode.MaxASCII }) >= 0 {
		name = strings.ToLower(name)
	}
	run := false // of the separators that PyPI holds equal
	for i := range len(name) {
		c := name[i]
		separator := base == "PyPI" && (c == '-' || c == '_' || c == '.')
		switch {
		case separator && !run:
			b = append(b, '-')
		case separator:
		case 'A' <= c && c <= 'Z':
			b = append(b, c+'a'-'A')
		default:
			b = append(b, c)
		}
		run = separator
	}
	return b
}

// distroEcosystem names the ecosystem of a system package, with the release from the purl's distro qualifier
// ("alpine-3.17.2", "debian-11.6", "3.18.4"), or "" where OSV has none.
func distroEcosystem(typ, namespace, distro string) string {
	base := distros[typ+"/"+strings.ToLower(namespace)]
	if base == "" {
		return ""
	}
	release := leadingNums().FindString(strings.TrimLeft(distro[strings.LastIndexByte(distro, '-')+1:], "vV"))
	if release == "" {
		return base
	}
	parts := strings.Split(release, ".")
	switch base {
	case "Alpine":
		if len(parts) < 2 {
			return base
		}
		return "Alpine:v" + parts[0] + "." + parts[1]
	case "Debian", "AlmaLinux", "Rocky Linux":
		return base + ":" + parts[0]
	case "Ubuntu":
		if slices.Contains(ubuntuLTS, release) {
			return base + ":" + release + ":LTS"
		}
		return base + ":" + release
	default:
		return base
	}
}
