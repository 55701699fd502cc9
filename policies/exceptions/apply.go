package exceptions

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/internal/version"
)

// Apply gives the findings of a project with the exceptions that hold for them: one that is stated as not affected gets
// that status, one whose risk is accepted stays as it is and says so. Where several hold, the statement that it is not
// affected comes first, then the one that lasts longest. One that has expired, or lasts longer than [Longest] from now,
// does not hold.
//
// VEX statements have no expiry. Of those about one finding, from whatever documents, the latest speaks; of one time the
// one that names the version, then the one that names a range, then the one that says affected. A statement about a component of a product holds in a
// project that publishes this product, and where there is no portfolio to tell products apart.
//
// Malware is never excused: a person who is sure removes it, or reports the record.
func Apply(findings []tocsin.Finding, list []tocsin.Exception, project tocsin.Project, now time.Time) []tocsin.Finding {
	if len(list) == 0 {
		return findings
	}
	about := map[string][]*tocsin.Exception{} // by class
	for i := range list {
		about[list[i].Class] = append(about[list[i].Class], &list[i])
	}
	out := slices.Clone(findings)
	for i, f := range out {
		if f.Class.Kind == tocsin.KindMalware {
			continue
		}
		var best, vex *tocsin.Exception
		for _, id := range append([]string{""}, f.Class.Aliases...) {
			for _, x := range about[id] {
				switch {
				case !covers(*x, f, project, now):
				case isVEX(*x) && (vex == nil || later(*x, *vex)):
					vex = x
				case !isVEX(*x) && (best == nil || stronger(*x, *best)):
					best = x
				}
			}
		}
		if vex != nil && vex.Kind == tocsin.ExceptionNotAffected && (best == nil || stronger(*vex, *best)) {
			best = vex
		}
		if best == nil {
			continue
		}
		x := *best
		out[i].Exception = &x
		if x.Kind == tocsin.ExceptionNotAffected {
			out[i].Status, out[i].Match, out[i].Reason = tocsin.StatusNotAffected, "", strings.TrimPrefix(x.Justification+": "+x.Reason, ": ")
		}
	}
	return out
}

// isVEX tells VEX statements, which have no end, from everything else, which must have one.
func isVEX(x tocsin.Exception) bool {
	return x.Expires.IsZero() && x.Kind != tocsin.ExceptionAccepted
}

func stronger(x, y tocsin.Exception) bool {
	if (x.Kind == tocsin.ExceptionNotAffected) != (y.Kind == tocsin.ExceptionNotAffected) {
		return x.Kind == tocsin.ExceptionNotAffected
	}
	return x.Expires.After(y.Expires)
}

// later says which of two VEX statements about one finding speaks.
func later(x, y tocsin.Exception) bool {
	if !x.Stated.Equal(y.Stated) {
		return x.Stated.After(y.Stated)
	}
	if vx, vy := exactness(x), exactness(y); vx != vy {
		return vx > vy
	}
	return x.Kind == tocsin.ExceptionAffected && y.Kind != tocsin.ExceptionAffected
}

// exactness is higher for a statement that names a version than for one that names a range, and that is lower for all of them.
func exactness(x tocsin.Exception) int {
	ref, err := purl.Parse(x.Package)
	switch {
	case err == nil && ref.Version != "":
		return 2
	case x.Range != "":
		return 1
	default:
		return 0
	}
}

// covers says whether an exception whose class is that of the finding is about it, and holds now. It holds through its last day.
func covers(x tocsin.Exception, f tocsin.Finding, project tocsin.Project, now time.Time) bool {
	if !isVEX(x) && (!now.Before(x.Expires.Add(tocsin.Day)) || x.Expires.Sub(now) > Longest) {
		return false
	}
	if x.Project != "" && x.Project != project.Slug || x.Folder != "" && !within(f.Package, x.Folder) {
		return false
	}
	if x.Product != "" && project.Slug != "" && !Publishes(project, x.Product) {
		return false
	}
	return names(x, f.Package)
}

// names says whether an exception is about a package.
func names(x tocsin.Exception, p tocsin.Package) bool {
	if x.Package == "" {
		return x.Class != "" && x.Kind == tocsin.ExceptionAccepted
	}
	if !strings.HasPrefix(x.Package, "pkg:") {
		name, version := bare(x.Package)
		return x.Kind == tocsin.ExceptionAccepted && purl.Key(p.Ecosystem, name) == purl.Key(p.Ecosystem, p.Name) && sameVersion(p, version)
	}
	ref, err := purl.Parse(x.Package)
	return err == nil && ref.Ecosystem != "" && sameEcosystem(ref.Ecosystem, p.Ecosystem) &&
		purl.Key(ref.Ecosystem, ref.Name) == purl.Key(p.Ecosystem, p.Name) && sameVersion(p, ref.Version) && sameArch(p, ref.Arch) && inRange(x, ref, p)
}

// inRange says whether a package is in the range of an exception, if that has one. Of a version that cannot be compared nothing
// is excused, and everything is taken back.
func inRange(x tocsin.Exception, ref purl.Ref, p tocsin.Package) bool {
	if x.Range == "" {
		return true
	}
	r, err := versions(x.Package, ref, x.Range)
	if err != nil {
		return x.Kind == tocsin.ExceptionAffected
	}
	v, err := version.Parse(p.Ecosystem, p.Version)
	if err != nil {
		return x.Kind == tocsin.ExceptionAffected
	}
	in, err := r.Contains(v)
	if err != nil {
		return x.Kind == tocsin.ExceptionAffected
	}
	return in
}

// sameArch says whether an architecture, if there is one, is the package's, as far as that is known.
func sameArch(p tocsin.Package, arch string) bool {
	if arch == "" {
		return true
	}
	have, err := purl.Parse(p.PURL)
	return err != nil || have.Arch == "" || have.Arch == arch
}

// sameEcosystem says whether two ecosystems are one. A distribution without a release means every release.
func sameEcosystem(a, b string) bool {
	base := purl.Base(a)
	return base == purl.Base(b) && (a == b || a == base || b == base)
}

// sameVersion says whether a version, if there is one, is the package's. Go's are written with and without their v.
func sameVersion(p tocsin.Package, version string) bool {
	if purl.Base(p.Ecosystem) == "Go" {
		return version == "" || strings.TrimPrefix(version, "v") == strings.TrimPrefix(p.Version, "v")
	}
	return version == "" || version == p.Version
}

// bare splits name@version. The name may begin with an at sign (@scope/name).
func bare(s string) (name, version string) {
	if i := strings.LastIndexByte(s, '@'); i > 0 {
		return s[:i], s[i+1:]
	}
	return s, ""
}

// within says whether a package was found directly in a folder, and nowhere else.
func within(p tocsin.Package, folder string) bool {
	return len(p.Location) > 0 && !slices.ContainsFunc(p.Location, func(l tocsin.Location) bool { return path.Dir(l.Path) != folder })
}

// Publishes says whether a product, as a purl, is what a project's users know it by.
func Publishes(project tocsin.Project, product string) bool {
	have, err := purl.Parse(project.Publishes)
	if err != nil {
		return false
	}
	want, err := purl.Parse(product)
	return err == nil && have.Ecosystem != "" && have.Ecosystem == want.Ecosystem && purl.Key(have.Ecosystem, have.Name) == purl.Key(want.Ecosystem, want.Name)
}
