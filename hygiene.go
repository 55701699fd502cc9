package tocsin

import (
	"path"
	"slices"
	"strings"
)

// Hygiene is one fact about how far the pin of a package can be trusted. Where its bytes come from is a fact of its own,
// [Origin].
type Hygiene string

// The facts. The first three are told by the package alone, the next three by comparing the inventory with an earlier one.
const (
	HygieneUnpinned    Hygiene = "unpinned"          // no version: what runs is decided when it is installed
	HygieneMutable     Hygiene = "mutable"           // an action or image by a tag or branch, which its owner can move
	HygieneNoIntegrity Hygiene = "no integrity"      // no hash, though its lockfile's format pins one for what registries serve
	HygieneChanged     Hygiene = "integrity changed" // the same version had another hash before
	HygieneDowngrade   Hygiene = "downgrade"         // it replaces a higher version
	HygieneNew         Hygiene = "new"               // no version of it was there before
	HygieneLookalike   Hygiene = "lookalike"         // its name is close to that of a well-known package
)

// hashed are the lockfiles whose format pins a hash of every package that comes from a registry, and of which we read it.
var hashed = []string{"bun.lock", "Cargo.lock", "deno.lock", "npm-shrinkwrap.json", "package-lock.json", "packages.lock.json", "pnpm-lock.yaml", "poetry.lock", "uv.lock"}

// Hygiene gives the facts that the package alone tells, in the order of the constants; none is the best that can be said.
func (p Package) Hygiene() []Hygiene {
	var out []Hygiene
	if p.Version == "" && p.Integrity == "" && p.Origin.Kind != OriginLocal {
		out = append(out, HygieneUnpinned)
	}
	if p.mutable() {
		out = append(out, HygieneMutable)
	}
	if p.Integrity == "" && slices.ContainsFunc(p.Location, p.hashed) {
		out = append(out, HygieneNoIntegrity)
	}
	return out
}

// hashed says whether the place it was found at should pin a hash of the package. npm's lockfiles name the address of all but
// bundled packages, which come within another and under its hash.
func (p Package) hashed(l Location) bool {
	file := path.Base(l.Path)
	if p.Origin.Kind == "" {
		return slices.Contains(hashed, file) && file != "package-lock.json" && file != "npm-shrinkwrap.json"
	}
	return slices.Contains(hashed, file) && (p.Origin.Kind == OriginRegistry || p.Origin.Kind == OriginPrivate)
}

// mutable says whether an action or a container image is named by something that can be made to mean something else.
func (p Package) mutable() bool {
	switch {
	case p.Ecosystem == "GitHub Actions":
		return p.Origin.Kind != OriginLocal && !isHash(p.Version)
	case strings.HasPrefix(p.PURL, "pkg:docker/"), strings.HasPrefix(p.PURL, "pkg:oci/"):
		_, digest, _ := strings.Cut(p.Version, "sha256:")
		return p.Integrity == "" && !isHash(digest)
	default:
		return false
	}
}

// isHash says whether s is a whole SHA-1 or SHA-256 in hexadecimal; a shorter one may be met by another commit, or a branch.
func isHash(s string) bool {
	return (len(s) == 40 || len(s) == 64) && only(strings.ToLower(s), "0123456789abcdef")
}
