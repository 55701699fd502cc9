package exceptions

import (
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
)

const year = ", until 2027-05-02" // a year and a day from spring

func TestOSVScanner(t *testing.T) {
	reading{file: "osv-scanner.toml", text: `# why
[[IgnoredVulns]]
id = "GO-2022-0968"
ignoreUntil = 2026-07-01
reason = "no ssh servers"

[[IgnoredVulns]]
id = "CVE-1"

[[PackageOverrides]]
name = "@x/left"
version = "1.0.0"
ecosystem = "npm"
ignore = true
effectiveUntil = 2026-06-01T12:00:00Z
reason = "ours"

[[PackageOverrides]]
name = "@x/right"
version = "2.0.0"
vulnerability.ignore = true
effectiveUntil = 2030-01-01

[[PackageOverrides]]
ecosystem = "npm"
ignore = true

[[PackageOverrides]]
name = "left.*"
nameIsRegex = true
ignore = true

[[PackageOverrides]]
name = "left"
group = "dev"
ignore = true

[[PackageOverrides]]
name = "curl"
ecosystem = "Debian:12"
ignore = true

[[PackageOverrides]]
name = "left"
license.override = ["MIT"]
`, want: []string{
		"accepted-risk GO-2022-0968 : no ssh servers, not stated in osv-scanner.toml, until 2026-06-30, osv-scanner.toml:2",
		"accepted-risk CVE-1 : not stated (no end stated), not stated in osv-scanner.toml" + year + ", osv-scanner.toml:7",
		"accepted-risk  pkg:npm/%40x/left@1.0.0: ours, not stated in osv-scanner.toml, until 2026-05-31, osv-scanner.toml:10",
		"accepted-risk  @x/right@2.0.0: not stated (its end, 2030-01-01, is too far ahead to count), not stated in osv-scanner.toml" + year + ", osv-scanner.toml:18",
	}, unused: []string{
		"osv-scanner.toml:24: PackageOverrides: name: is missing", "osv-scanner.toml:28: PackageOverrides: nameIsRegex", "osv-scanner.toml:33: PackageOverrides: group",
		`osv-scanner.toml:38: PackageOverrides: ecosystem: "Debian:12" is none whose packages have purls`,
	}}.check(t)
}

func TestTrivyIgnore(t *testing.T) {
	reading{file: "/x/.trivyignore", text: `# what this file is

# behind a filter,
# until the rewrite
CVE-1 exp:2026-07-01
GHSA-2   other words
`, want: []string{
		"accepted-risk CVE-1 : behind a filter, until the rewrite, not stated in .trivyignore, until 2026-06-30, /x/.trivyignore:5",
		"accepted-risk GHSA-2 : not stated (no end stated), not stated in .trivyignore" + year + ", /x/.trivyignore:6",
	}}.check(t)
	reading{file: ".trivyignore.yaml", text: `vulnerabilities:
  - id: CVE-1
    statement: never called
    expired_at: 2026-07-01
  - id: CVE-2
    purls: ["pkg:npm/left", "pkg:oci/image"]
  - purls: ["pkg:npm/left@1.0.0"]
  - id: CVE-3
    paths: [app/**]
  - statement: nothing
misconfigurations:
  - id: AVD-1
`, want: []string{
		"accepted-risk CVE-1 : never called, not stated in .trivyignore.yaml, until 2026-06-30, .trivyignore.yaml:2",
		"accepted-risk CVE-2 pkg:npm/left: not stated (no end stated), not stated in .trivyignore.yaml" + year + ", .trivyignore.yaml:5",
		"accepted-risk  pkg:npm/left@1.0.0: not stated (no end stated), not stated in .trivyignore.yaml" + year + ", .trivyignore.yaml:7",
	}, unused: []string{`.trivyignore.yaml:6: purls: "pkg:oci/image" is no package`, ".trivyignore.yaml:8: paths: cannot be used", "names neither id nor purls"}}.check(t)
}

func TestGrype(t *testing.T) {
	reading{file: ".grype.yaml", text: `fail-on-severity: high
ignore:
  - vulnerability: CVE-1
    reason: never called
    include-aliases: true
  - vulnerability: CVE-2
    package: {name: "@x/left", version: 1.0.0, type: npm}
  - package: {name: golang.org/x/net}
  - fix-state: unknown
  - vulnerability: CVE-3
    package: {location: "/usr/**"}
  - vulnerability: CVE-4
    package: {name: "left-.*"}
  - vulnerability: CVE-5
    package: {name: log4j-core, type: java-archive}
  - vulnerability: CVE-6
    vex-status: not_affected
  - vulnerability: CVE-7
    package: {type: npm}
  - reason: everything
`, want: []string{
		"accepted-risk CVE-1 : never called (no end stated), not stated in .grype.yaml" + year + ", .grype.yaml:3",
		"accepted-risk CVE-2 pkg:npm/%40x/left@1.0.0: not stated (no end stated), not stated in .grype.yaml" + year + ", .grype.yaml:6",
		"accepted-risk  golang.org/x/net: not stated (no end stated), not stated in .grype.yaml" + year + ", .grype.yaml:8",
	}, unused: []string{
		".grype.yaml:9: ignore: fix-state: cannot be used", ".grype.yaml:11: ignore: package: location", `.grype.yaml:13: ignore: package: name: "left-.*" is a pattern`,
		`.grype.yaml:15: ignore: package: type: "java-archive"`, ".grype.yaml:17: ignore: vex-status", ".grype.yaml:18: ignore: package: name: is missing",
		".grype.yaml:20: ignore: names neither",
	}}.check(t)
}

// An ignore file accepts a risk: the finding is affected as before. It covers what it says and no more, and never malware.
func TestApplyIgnores(t *testing.T) {
	left := finding("npm", "@x/left", "1.0.0", tocsin.KindFlaw, "CVE-1", "GHSA-1")
	nested := left
	nested.Package.Location = []tocsin.Location{{Path: "package-lock.json"}, {Path: "app/package-lock.json"}}
	top := left
	top.Package.Location = nested.Package.Location[:1]
	malware := left
	malware.Class.Kind = tocsin.KindMalware
	const in = `[[PackageOverrides]]
ignore = true
name = `
	for name, c := range map[string]struct {
		file, text, folder string
		f                  tocsin.Finding
		now                time.Time
		want               bool
	}{
		"by an alias":              {".trivyignore", "GHSA-1", "", left, spring, true},
		"another class":            {".trivyignore", "GHSA-2", "", left, spring, false},
		"malware":                  {".trivyignore", "GHSA-1", "", malware, spring, false},
		"on the day before":        {".trivyignore", "CVE-1 exp:2026-05-02", "", left, spring, true},
		"on the day of the end":    {".trivyignore", "CVE-1 exp:2026-05-02", "", left, spring.AddDate(0, 0, 1), false},
		"a year and two days on":   {".trivyignore", "CVE-1", "", left, spring.AddDate(1, 0, 2), false},
		"every class of a package": {"a.toml", in + `"@x/left"`, "", left, spring, true},
		"malware of a package":     {"a.toml", in + `"@x/left"`, "", malware, spring, false},
		"another package":          {"a.toml", in + `"left"`, "", left, spring, false},
		"a version":                {"a.toml", in + "\"@x/left\"\nversion=\"1.0.0\"", "", left, spring, true},
		"another version":          {"a.toml", in + "\"@x/left\"\nversion=\"1.0.1\"", "", left, spring, false},
		"another ecosystem":        {"a.toml", in + "\"@x/left\"\necosystem=\"PyPI\"", "", left, spring, false},
		"its own folder":           {"a.toml", in + `"@x/left"`, ".", top, spring, true},
		"and a folder below":       {"a.toml", in + `"@x/left"`, ".", nested, spring, false},
		"a package nobody found":   {"a.toml", in + `"@x/left"`, ".", left, spring, false},
	} {
		f, err := Read(c.file, []byte(c.text), Options{Now: spring, Folder: c.folder})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := Apply([]tocsin.Finding{c.f}, f.Exceptions, tocsin.Project{}, c.now)[0]
		if got.Status != tocsin.StatusAffected || (got.Exception != nil) != c.want {
			t.Errorf("%s: %s, %+v", name, got.Status, got.Exception)
		}
	}
}
