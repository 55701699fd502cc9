package pipeline_test

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// difference is a finding that only one side has.
type difference struct {
	row    row
	input  string
	theirs bool // the peer has it, we do not
	rc     int  // the peer's exit code for the whole input
	// packages are ours of that name, all are all of ours.
	packages, all []tocsin.Package
	unknown       string
	finding       tocsin.Finding
	// twin is a finding of the other side alone with the same version and record.
	twin *row
	// recordNames are the names under which the record knows its packages.
	recordNames []string
	// recordVersions are the versions in its ranges.
	recordVersions []string
}

func (d difference) String() string {
	if d.theirs {
		return fmt.Sprintf("only theirs: %s (we have %v, unknown: %q)", d.row, d.packages, d.unknown)
	}
	return fmt.Sprintf("only ours: %s (%s %v, purl %s)", d.row, d.finding.Match, d.finding.Evidence, d.finding.Package.PURL)
}

// differenceRule explains a kind of difference. Its name stands in docs/differences.md.
type differenceRule struct {
	name    string
	explain func(d difference) bool
}

func explain(d difference) string {
	for _, r := range rules() {
		if r.explain(d) {
			return r.name
		}
	}
	return ""
}

// rules are tried in this order. Each says, of one kind of difference, what shows that it is of that kind; why ours is
// right stands in docs/differences.md under the rule's name.
func rules() []differenceRule {
	return []differenceRule{
		{"go becomes stdlib", func(d difference) bool {
			return d.theirs && d.row[1] == "stdlib" && slices.ContainsFunc(d.all, func(p tocsin.Package) bool {
				return p.Ecosystem == "Go" && path.Base(p.Name) == "go"
			})
		}},
		{"input not read", func(d difference) bool { return !d.theirs && d.rc != 0 && d.rc != 1 }},
		{"namespace lost", func(d difference) bool {
			return d.twin != nil && last(d.row[1]) == last(d.twin[1]) && purl.Key(d.row[0], d.row[1]) != purl.Key(d.row[0], d.twin[1]) ||
				d.theirs && slices.ContainsFunc(d.all, func(p tocsin.Package) bool {
					return last(p.Name) == d.row[1] && p.Name != d.row[1] && p.Version == d.row[2]
				})
		}},
		{"upper case in Go", func(d difference) bool {
			w := written(d.finding.Package)
			return !d.theirs && d.row[0] == "Go" && w != strings.ToLower(w)
		}},
		{"spelling", func(d difference) bool {
			return d.twin != nil && purl.Key(d.row[0], d.row[1]) == purl.Key(d.row[0], d.twin[1]) ||
				!d.theirs && slices.ContainsFunc(d.recordNames, func(n string) bool {
					return n != written(d.finding.Package) && purl.Key(d.row[0], n) == purl.Key(d.row[0], d.row[1])
				})
		}},
		{"purl types not known", func(d difference) bool {
			return !d.theirs && slices.Contains([]string{"Bitnami", "Hackage", "Julia"}, d.row[0])
		}},
		{"source package", func(d difference) bool {
			return !d.theirs && d.finding.Package.SourceName != "" && d.finding.Package.SourceName != d.row[1]
		}},
		{"what the SBOM is about", func(d difference) bool {
			return !d.theirs && d.finding.Package.Origin.Kind == tocsin.OriginSubject
		}},
		{"no version", func(d difference) bool {
			return d.theirs && (d.row[2] == "" || slices.ContainsFunc(d.packages, func(p tocsin.Package) bool { return p.Version == "" }))
		}},
		{"local path", func(d difference) bool { return d.theirs && strings.Contains(d.unknown, "local path") }},
		{"version beside the purl", func(d difference) bool {
			return !d.theirs && d.finding.Package.PURL != "" && !strings.Contains(d.finding.Package.PURL, "@")
		}},
		{"platform gem", func(d difference) bool {
			_, platform, ok := strings.Cut(d.row[2], "-")
			return d.theirs && d.row[0] == "RubyGems" && ok && strings.Contains(platform, "-")
		}},
		{"prerelease gem", func(d difference) bool {
			return d.theirs && d.row[0] == "RubyGems" && slices.ContainsFunc(d.recordVersions, func(v string) bool { return strings.Contains(v, "-") })
		}},
		{"update NA", func(d difference) bool {
			return !d.theirs && d.row[0] == "PyPI" && slices.ContainsFunc(d.recordVersions, func(v string) bool { return strings.HasSuffix(v, "-NA") })
		}},
		{"fourth number", func(d difference) bool { return d.row[0] == "npm" && strings.Count(d.row[2], ".") == 3 }},
		{"not a version", func(d difference) bool { return d.theirs && strings.Contains(d.unknown, "is not a version") }},
	}
}

// last is the part of a name after its namespace.
func last(name string) string { return name[strings.LastIndexAny(name, "/:")+1:] }

// written is the name as the input has it; its purl keeps the case that parsing folds.
func written(p tocsin.Package) string {
	if p.Ecosystem == "Go" && p.PURL != "" {
		name, _, _ := strings.Cut(strings.TrimPrefix(p.PURL, "pkg:golang/"), "@")
		return name
	}
	return p.Name
}
