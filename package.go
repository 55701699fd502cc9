package tocsin

// A Package is one resolved dependency: what a lockfile or SBOM says will run.
type Package struct {
	// Ecosystem is the OSV name, with its release where it has one ("npm", "Go", "Debian:12"). Empty if the
	// source names none that OSV knows.
	Ecosystem string `json:"ecosystem"`
	// Name as the ecosystem writes it (purl.Canonical).
	Name string `json:"name"`
	// SourceName is the distribution's source package where it has one; its advisories name that.
	SourceName string `json:"source_name,omitempty"`
	// Version as resolved; empty when the source does not pin one.
	Version string `json:"version"`
	// PURL is the package URL, empty where none can be made. https://github.com/package-url/purl-spec
	PURL string `json:"purl,omitempty"`
	// Relation to the project: direct, transitive, or empty where the source does not tell.
	Relation Relation `json:"relation,omitempty"`
	// Scope in which it is used; empty is read as runtime.
	Scope Scope `json:"scope,omitempty"`
	// Location is where it was found, first mention first.
	Location []Location `json:"location,omitempty"`
	// Integrity is the hash the lockfile pins, in the lockfile's own notation. Of several, for the files of one release or in
	// several algorithms, each stands after a space.
	Integrity string `json:"integrity,omitempty"`
	Origin    Origin `json:"origin,omitzero"`
}

// A Relation of a package to the project that resolved it.
type Relation string

// The relations.
const (
	RelationDirect     Relation = "direct"
	RelationTransitive Relation = "transitive"
)

// A Scope is when a dependency is used.
type Scope string

// The scopes.
const (
	ScopeRuntime Scope = "runtime"
	ScopeDev     Scope = "dev"
)

// A Location is a place in a file; Line is 1-based, 0 if unknown. Path is slash-separated and relative to what was scanned.
type Location struct {
	Path string `json:"path"`
	Line int    `json:"line,omitempty"`
}

// An Origin is where the package's bytes come from, as far as its lockfile says. A package that is not from the public
// registry is not the public package of that name.
type Origin struct {
	Kind OriginKind `json:"kind,omitempty"`
	// URL as written, without user info, query or fragment.
	URL string `json:"url,omitempty"`
}

// OriginKind says what sort of place an [Origin] is. Empty: the source does not tell, which is read as the registry.
type OriginKind string

// The kinds of origin.
const (
	OriginRegistry OriginKind = "registry" // the ecosystem's public registry
	OriginPrivate  OriginKind = "private"  // another registry
	OriginGit      OriginKind = "git"
	OriginURL      OriginKind = "url"     // a tarball by address
	OriginLocal    OriginKind = "local"   // a path or workspace member
	OriginSubject  OriginKind = "subject" // what an SBOM is about: built by whoever wrote it, not served by a registry
)

// Public says whether the package may be the public package of its name.
func (o Origin) Public() bool { return o.Kind == "" || o.Kind == OriginRegistry }

// String is name@version, or the name alone.
func (p Package) String() string {
	if p.Version == "" {
		return p.Name
	}
	return p.Name + "@" + p.Version
}
