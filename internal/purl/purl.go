// Package purl translates between package URLs and the ecosystems and names of OSV, and holds the one rule by which two
// spellings of a name are the same. It is pure and its functions are safe for concurrent use.
package purl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"

	"github.com/tocsin-dev/tocsin"
)

// A Ref is what a purl says, in OSV's terms.
type Ref struct {
	// Ecosystem is empty where OSV has none for the type; Name is then the purl's own.
	Ecosystem string
	Name      string
	Version   string
	// SourceName is the distribution's source package, which is what its advisories name; empty if not given.
	SourceName string
	// Arch is the architecture it was built for; empty if not given.
	Arch string
	// Vers is a range of versions, as a vers; empty if not given. https://github.com/package-url/vers-spec
	Vers string
}

// Parse reads a purl. It is as lenient as packageurl-go: a purl that differs from the canonical form only by case or
// escaping is read; anything else is an [tocsin.ErrInvalid].
func Parse(s string) (Ref, error) {
	p, err := packageurl.FromString(s)
	if err != nil {
		return Ref{}, fmt.Errorf("%w: purl %q: %v", tocsin.ErrInvalid, s, err)
	}
	qualifiers := p.Qualifiers.Map()
	ref := Ref{Ecosystem: types[p.Type], Version: p.Version, Arch: qualifiers["arch"], Vers: qualifiers["vers"]}
	switch p.Type {
	case "apk", "deb", "rpm":
		ref.Ecosystem = distroEcosystem(p.Type, p.Namespace, qualifiers["distro"])
		ref.Name = p.Name
		// "upstream" is syft's and trivy's: name, or name@version where the two differ; for rpm the file's name.
		ref.SourceName, _, _ = strings.Cut(qualifiers["upstream"], "@")
		if file, ok := strings.CutSuffix(ref.SourceName, ".src.rpm"); ok && p.Type == "rpm" {
			ref.SourceName = withoutRelease(file)
		}
	case "maven":
		ref.Name = join(p.Namespace, ":", p.Name)
	case "golang":
		// A module of four or more path elements is often written with the rest as subpath (…/go-jose@v3.0.3#v3).
		ref.Name = strings.Trim(join(p.Namespace, "/", p.Name)+"/"+p.Subpath, "/")
	default:
		ref.Name = join(p.Namespace, "/", p.Name)
	}
	ref.Name = Canonical(ref.Ecosystem, ref.Name)
	return ref, nil
}

// Make is the purl of a package, or "" where the ecosystem has no purl type.
func Make(ecosystem, name, version string) string {
	if name == "" {
		return ""
	}
	for typ, eco := range types {
		if eco != Base(ecosystem) {
			continue
		}
		sep := "/"
		if typ == "maven" {
			sep = ":"
		}
		namespace, last := "", name
		if i := strings.LastIndex(name, sep); i >= 0 {
			namespace, last = name[:i], name[i+1:]
		}
		return packageurl.NewPackageURL(typ, namespace, last, version, nil, "").ToString()
	}
	return ""
}

// At is a purl with another version, "" for none, and In with a range of versions, as a vers. What is no purl gives "".
func At(s, version string) string { return with(s, version, "") }

// In is a purl with a range of versions; see [At].
func In(s, vers string) string { return with(s, "", vers) }

func with(s, version, vers string) string {
	p, err := packageurl.FromString(s)
	if err != nil {
		return ""
	}
	p.Version = version
	p.Qualifiers = slices.DeleteFunc(p.Qualifiers, func(q packageurl.Qualifier) bool { return q.Key == "vers" })
	if vers != "" {
		p.Qualifiers = append(p.Qualifiers, packageurl.Qualifier{Key: "vers", Value: vers})
	}
	return p.ToString()
}

// withoutRelease is the name in "name-version-release".
func withoutRelease(file string) string {
	for range 2 {
		if i := strings.LastIndexByte(file, '-'); i > 0 {
			file = file[:i]
		}
	}
	return file
}

func join(namespace, sep, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + sep + name
}

// Query reads what people write for a package: a purl, or ecosystem/name with @version or without ("npm/@ctrl/tinycolor@4.1.1",
// "Maven/org.apache.logging.log4j:log4j-core"). The ecosystem is OSV's, in any case. Anything else is an [tocsin.ErrInvalid].
func Query(s string) (Ref, error) {
	if strings.HasPrefix(s, "pkg:") {
		ref, err := Parse(s)
		if err == nil && ref.Ecosystem == "" {
			err = fmt.Errorf("%w: purl %q: OSV has no ecosystem of this type", tocsin.ErrInvalid, s)
		}
		return ref, err
	}
	ecosystem, name, ok := strings.Cut(s, "/")
	var ref Ref
	if i := strings.LastIndexByte(name, '@'); i > 0 {
		name, ref.Version = name[:i], name[i+1:]
	}
	for _, known := range []map[string]string{types, distros} {
		for _, e := range known {
			if strings.EqualFold(Base(ecosystem), e) {
				ref.Ecosystem = e + strings.TrimPrefix(ecosystem, Base(ecosystem))
			}
		}
	}
	if !ok || name == "" || ref.Ecosystem == "" {
		return ref, fmt.Errorf("%w: package %q: want ecosystem/name as OSV calls it, such as npm/debug@4.4.2, or a package URL", tocsin.ErrInvalid, s)
	}
	ref.Name = Canonical(ref.Ecosystem, name)
	return ref, nil
}
