package extract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

// choose finds the reader of a fixture as the scanner does.
func choose(name string, data []byte) Reader {
	if r := NewTable().ByPath(name); r != nil {
		return r
	}
	return ByContent(data[:min(len(data), SniffSize)])
}

// notRead are the files of the fixtures that are read with others only.
var notRead = []string{"want.txt", "go.sum", "os-release", "package.json", "composer.json", "pyproject.toml", "Pipfile"}

// TestReaders reads every fixture; what is in them is compared in full by package scanner. Each format appears once in
// the list, and every package says where it was found.
func TestReaders(t *testing.T) {
	var formats []string
	for _, r := range Readers() {
		formats = append(formats, r.Format())
	}
	slices.Sort(formats)
	if len(slices.Compact(slices.Clone(formats))) != len(formats) {
		t.Errorf("a format appears twice in %q", formats)
	}
	root := os.DirFS("../../testdata")
	read := map[string]bool{}
	for _, top := range []string{"lockfiles", "sboms"} {
		err := fs.WalkDir(root, top, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || slices.Contains(notRead, d.Name()) || path.Ext(name) == ".md5sums" {
				return err
			}
			data, err := fs.ReadFile(root, name)
			if err != nil {
				return err
			}
			r := choose(name, data)
			if r == nil {
				t.Errorf("no reader for %s", name)
				return nil
			}
			read[r.Format()] = true
			res, err := r.Read(context.Background(), File{Path: name, Body: bytes.NewReader(data), FS: root})
			if err != nil || len(res.Packages) == 0 && r != (goWork{}) {
				t.Errorf("%s: %d packages, %v", name, len(res.Packages), err)
			}
			check(t, name, res)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range formats {
		if !read[f] {
			t.Errorf("no fixture for %s", f)
		}
	}
}

// check says what holds for every result.
func check(t testing.TB, name string, res Result) {
	t.Helper()
	for _, p := range res.Packages {
		if len(p.Location) == 0 || p.Location[0].Path == "" {
			t.Errorf("%s: %s has no location", name, p)
		}
	}
	for _, e := range res.Edges {
		if e.From < tocsin.EdgeRoot || e.From >= len(res.Packages) || e.To < 0 || e.To >= len(res.Packages) {
			t.Errorf("%s: edge %v of %d packages", name, e, len(res.Packages))
		}
	}
}

func read(t *testing.T, r Reader, name, content string) Result {
	t.Helper()
	res, err := r.Read(context.Background(), File{Path: name, Body: strings.NewReader(content), FS: fstest.MapFS{name: {Data: []byte(content)}}})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestOrigin(t *testing.T) {
	tests := []struct{ ecosystem, address, want string }{
		{"npm", "", " "},
		{"npm", "not an address", " "},
		{"npm", "https://registry.npmjs.org/a/-/a-1.0.0.tgz", "registry https://registry.npmjs.org/a/-/a-1.0.0.tgz"},
		{"npm", "https://u:p@files.example.com/a.tgz?token=x#y", "url https://files.example.com/a.tgz"},
		{"npm", "https://codeload.github.com/o/r/tar.gz/0", "git https://codeload.github.com/o/r/tar.gz/0"},
		{"npm", "git+ssh://git@github.com/o/r.git#0", "git ssh://github.com/o/r.git"},
		{"npm", "git@github.com:o/r.git", "git git@github.com:o/r.git"},
		{"npm", "github:o/r", "git github:o/r"},
		{"npm", "file:../a", "local ../a"},
		{"npm", "link:./a", "local link:./a"},
		{"npm", "https://u@example.com", "url https://example.com"},
		{"crates.io", "registry+https://github.com/rust-lang/crates.io-index", "registry https://github.com/rust-lang/crates.io-index"},
		{"crates.io", "sparse+https://index.crates.io/", "registry https://index.crates.io/"},
	}
	for _, tt := range tests {
		got := origin(tt.ecosystem, tt.address)
		if s := string(got.Kind) + " " + got.URL; s != tt.want {
			t.Errorf("origin(%s, %q) = %q, want %q", tt.ecosystem, tt.address, s, tt.want)
		}
	}
	if o := registry("crates.io", "https://github.com/someone/index.git"); o.Kind != tocsin.OriginPrivate {
		t.Errorf("an index in git: %v", o)
	}
	if o := tarball("https://npm.pkg.github.com/download/@o/a/1.0.0/0"); o.Kind != tocsin.OriginPrivate {
		t.Errorf("GitHub's registry: %v", o)
	}
}

func TestIdentify(t *testing.T) {
	tests := []struct {
		in                       component
		ecosystem, name, version string
	}{
		{component{name: "totally-other", version: "9", purl: "pkg:npm/lodash@4.17.4"}, "npm", "lodash", "4.17.4"},
		{component{name: "x", version: "1.0", purl: "pkg:pypi/My.Pkg"}, "PyPI", "my-pkg", "1.0"},
		{component{name: "go", purl: "pkg:golang/cloud.google.com/go@v0.110.0"}, "Go", "cloud.google.com/go", "0.110.0"},
		{component{name: "stdlib", purl: "pkg:golang/stdlib@v1.22.0"}, "Go", "stdlib", "1.22.0"},
		{component{name: "x", purl: "pkg:golang/example.com/x@(devel)"}, "Go", "example.com/x", "(devel)"},
		{component{name: "x", purl: "pkg:rpm/redhat/openssl@3.0.7-1.el9?arch=x86_64&distro=rhel-9.2"}, "Red Hat", "openssl", "3.0.7-1.el9"},
		{component{name: "x", version: "1", purl: "pkg:oci/image@sha256:0"}, "", "image", "sha256:0"},
		{component{name: "x", version: "1", purl: "not a purl"}, "", "x", "1"},
		{component{kind: "application", group: "@a", name: "b", version: "1"}, "", "@a/b", "1"},
		{component{kind: "library", group: "@a", name: "b", version: "1"}, "npm", "@a/b", "1"},
		{component{group: "org.example", name: "b c", version: "1"}, "", "org.example/b c", "1"},
		{component{kind: "framework", name: "gopkg.in/yaml.v3", version: "v3.0.0"}, "Go", "gopkg.in/yaml.v3", "3.0.0"},
	}
	for _, tt := range tests {
		p := identify(tt.in)
		if p.Ecosystem != tt.ecosystem || p.Name != tt.name || p.Version != tt.version {
			t.Errorf("identify(%+v) = %q %s %s, want %q %s %s", tt.in, p.Ecosystem, p.Name, p.Version, tt.ecosystem, tt.name, tt.version)
		}
	}
	for kind, want := range map[string]bool{"file": true, "library": false, "": false, "machine-learning-model": true} {
		if notSoftware(component{kind: kind}) != want {
			t.Errorf("notSoftware(%q) is not %v", kind, want)
		}
	}
	if notSoftware(component{kind: "file", purl: "pkg:npm/a"}) {
		t.Error("a file with a purl is a package")
	}
}

func TestByPath(t *testing.T) {
	table := NewTable()
	tests := map[string]string{
		"a/package-lock.json": "npm/package-lock", "requirements-dev.txt": "python/requirements", "dev-requirements.txt": "python/requirements",
		"requirements/base.txt": "python/requirements", "notes.txt": "", "pylock.dev.toml": "python/pylock", "a/lib-1.0.pom": "java/pom",
		"x.fsproj": "dotnet/project", "app.deps.json": "dotnet/deps", "Manifest-v1.11.toml": "julia/manifest", "Cargo.toml": "",
		".github/workflows/a.yaml": "github/workflow", "a/.github/workflows/b.yml": "github/workflow", ".github/dependabot.yml": "",
		"a/action.yaml": "github/workflow", "my-package-lock.json": "",
		"Dockerfile": "container/dockerfile", "a/Dockerfile.prod": "container/dockerfile", "x.Dockerfile": "container/dockerfile", "Containerfile-dev": "container/dockerfile",
		"Dockerfile.dockerignore": "", "Dockerfile.j2": "", "dockerfile.go": "", "docker-compose.prod.yml": "container/compose", "compose.json": "", "composer.yaml": "",
		"lib/apk/db/installed": "os/apk", "r/usr/lib/apk/db/installed": "os/apk", "xlib/apk/db/installed": "", "var/lib/dpkg/status.d/a": "os/dpkg",
		"var/lib/dpkg/status.d/a.md5sums": "", "mvar/lib/dpkg/status": "", "A.JAR": "java/archive", "old.purls": "purl/list", "go.work": "go/work",
	}
	for name, want := range tests {
		got := ""
		if r := table.ByPath(name); r != nil {
			got = r.Format()
		}
		if got != want {
			t.Errorf("%s is read by %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{"my-package-lock.json": "npm/package-lock", "x.Cargo.lock": "rust/cargo-lock", "notyarn.lock": "", "go.mod": "go/mod"} {
		got := ""
		if r := table.ByNamed(name); r != nil {
			got = r.Format()
		}
		if got != want {
			t.Errorf("named %s is read by %q, want %q", name, got, want)
		}
	}
	if s := table.Supported(); !strings.Contains(s, "CycloneDX") || !strings.Contains(s, "uv.lock") {
		t.Error(s)
	}
}

func TestByContent(t *testing.T) {
	tests := map[string]string{
		`{"bomFormat": "CycloneDX"}`: "cyclonedx/json", `{"bomFormat": "other"}`: "", `{"specVersion": "1.2", "components": []}`: "cyclonedx/json",
		`{"spdxVersion": "SPDX-2.2"}`: "spdx/json", `{"SPDXID": 7}`: "", `{"sbom": {"SPDXID": "SPDXRef-DOCUMENT"}}`: "spdx/json",
		`{"@context": ["https://spdx.org/rdf/3.0.1/spdx-context.jsonld"]}`: "spdx/json-ld", `{"@context": "https://openvex.dev/ns"}`: "",
		`<?xml version="1.0"?><!-- > --><bom xmlns="http://cyclonedx.org/schema/bom/1.2">`: "cyclonedx/xml",
		`<c:bom xmlns:c="http://cyclonedx.org/schema/bom/1.2">`:                            "cyclonedx/xml", `<project>`: "", `<?xml`: "", `<!-- `: "", `<`: "",
		"SPDXVersion: SPDX-2.2\n": "spdx/tag-value", "# comment\n\nSPDXID: SPDXRef-DOCUMENT\nSPDXVersion: SPDX-2.2": "spdx/tag-value",
		"---\nspdxVersion: \"SPDX-2.2\"\n": "spdx/yaml", "SPDXID: \"SPDXRef-DOCUMENT\"\nspdxVersion: \"SPDX-2.2\"": "spdx/yaml", "hello": "", "": "",
		`{"bom`: "", `{"bomFormat": `: "",
		`{"artifacts": [{"id": "a", "foundBy": "b"`: "syft/json", `{"artifacts": [{"id": "a"}], "descriptor": {"version": "1", "name": "syft"}}`: "syft/json",
		`{"artifacts": [], "descriptor": {"name": "grype"}}`: "", `{"artifacts": {"foundBy": 1}}`: "", `{"descriptor": {"name": `: "",
		"# a list\n\npkg:npm/a@1\n": "purl/list", "a\npkg:npm/a@1\n": "", "\x7fELF\x02": "go/binary",
	}
	for content, want := range tests {
		got := ""
		if r := ByContent([]byte(content)); r != nil {
			got = r.Format()
		}
		if got != want {
			t.Errorf("%.60q is read by %q, want %q", content, got, want)
		}
	}
	if r := ByWholeContent(strings.NewReader(`{"a": [1], "spdxVersion": "SPDX-2.3"}`)); r == nil || r.Format() != "spdx/json" {
		t.Error("a late key is not found")
	}
	for name, want := range map[string]bool{"a.json": true, "sbom": true, "README": false, "a.go": false, "x/BOM.XML": true} {
		if MayBeDocument(name) != want {
			t.Errorf("MayBeDocument(%s) is not %v", name, want)
		}
	}
	for name, want := range map[string]bool{"bin/a": true, "a.EXE": true, "a.sh": false} {
		if MayBeProgram(name) != want {
			t.Errorf("MayBeProgram(%s) is not %v", name, want)
		}
	}
	for name, want := range map[string]bool{"a.cdx.json": true, "bom.json": true, "my-sbom.json": true, "tsconfig.json": false} {
		if NamedDocument(name) != want {
			t.Errorf("NamedDocument(%s) is not %v", name, want)
		}
	}
}

// A document is read as far as it goes, and says where it stopped.
func TestCycloneDXFaults(t *testing.T) {
	tests := []struct {
		content, partial string
		packages         int
	}{
		{`{"components": {"a": 1}}`, "/components is not an array (byte 23)", 0},
		{`{"components": [{"name": "a"}], "dependencies": "none"}`, "/dependencies is not an array", 1},
		{`{"components": null, "dependencies": null}`, "", 0},
		{`{"components": [{"name": "a"}]} {"more": 1}`, "more follows", 1},
		{`{"components": [{"name": "a"}, {"name": "b", }]}`, "/components/1", 2},
		{`{"components": [{"na\u006de": "a", "version": 1.10, "purl": null}]}`, "", 1},
		{`{"components": [{"name": "a"}], "metadata": [`, "the file ends", 1},
	}
	for _, tt := range tests {
		res := read(t, cycloneDXJSON{}, "bom.json", tt.content)
		if len(res.Packages) != tt.packages || tt.partial == "" && res.Partial != "" || !strings.Contains(res.Partial, tt.partial) {
			t.Errorf("%s: %d packages, %q; want %d, %q", tt.content, len(res.Packages), res.Partial, tt.packages, tt.partial)
		}
	}
	if res := read(t, cycloneDXJSON{}, "bom.json", `{"components": [{"na\u006de": "a", "version": 1.10}]}`); res.Packages[0].Version != "1.10" {
		t.Errorf("a version without quotes: %+v", res.Packages)
	}
}

func TestGaps(t *testing.T) {
	var packages []tocsin.Package
	for i := range 5 {
		packages = append(packages, tocsin.Package{Ecosystem: "npm", Name: fmt.Sprint("p", i)})
	}
	packages = append(packages, tocsin.Package{Name: "x"}, tocsin.Package{PURL: "pkg:"}, tocsin.Package{Ecosystem: "npm", Name: "here", Origin: tocsin.Origin{Kind: tocsin.OriginLocal}})
	want := []tocsin.Gap{
		{Path: "f", Reason: tocsin.GapNoVersion, Count: 5, Examples: []string{"p0", "p1", "p2"}},
		{Path: "f", Reason: tocsin.GapNoEcosystem, Count: 1, Examples: []string{"x"}},
		{Path: "f", Reason: tocsin.GapNoName, Count: 1, Examples: []string{"pkg:"}},
	}
	if d := cmp.Diff(want, gaps("f", packages)); d != "" {
		t.Error(d)
	}
}

func TestSPDXRelationships(t *testing.T) {
	kinds := map[string]string{"DEPENDS_ON": "a>b", "CONTAINS": "a>b", "DEPENDENCY_OF": "b>a", "CONTAINED_BY": "b>a", "BUILD_DEPENDENCY_OF": "b>a", "OTHER": "", "dependsOn": ""}
	for kind, want := range kinds {
		res := read(t, spdxJSON{}, "s.json", fmt.Sprintf(`{"packages": [{"SPDXID": "a", "name": "a"}, {"SPDXID": "b", "name": "b"}], "relationships": [{"spdxElementId": "a", "relationshipType": %q, "relatedSpdxElement": "b"}, {"spdxElementId": "a", "relationshipType": %q, "relatedSpdxElement": "NOASSERTION"}]}`, kind, kind))
		got := ""
		for _, e := range res.Edges {
			got += res.Packages[e.From].Name + ">" + res.Packages[e.To].Name
		}
		if got != want {
			t.Errorf("%s: edges %q, want %q", kind, got, want)
		}
	}
	res := read(t, spdxJSON{}, "s.json", `{"packages": [{"SPDXID": "a", "name": "a"}], "relationships": [{"spdxElementId": "a", "relationshipType": "DESCRIBED_BY", "relatedSpdxElement": "SPDXRef-DOCUMENT"}]}`)
	if len(res.Edges) != 0 || len(res.Packages) != 1 {
		t.Errorf("one described element is the project: %+v", res)
	}
}

func TestBorrowedLimits(t *testing.T) {
	r := NewTable().ByPath("pom.xml")
	fsys := fstest.MapFS{
		"pom.xml":     {Data: []byte(`<project><groupId>g</groupId><artifactId>parent</artifactId><version>1</version><packaging>pom</packaging><properties><a>1.0</a></properties></project>`)},
		"sub/pom.xml": {Data: []byte(`<project><parent><groupId>g</groupId><artifactId>parent</artifactId><version>1</version></parent><artifactId>sub</artifactId><dependencies><dependency><groupId>x</groupId><artifactId>y</artifactId><version>${a}</version></dependency><dependency><groupId>x</groupId><artifactId>far</artifactId><version>${far}</version><scope>test</scope></dependency></dependencies></project>`)},
	}
	open := func(name string) Result {
		res, err := r.Read(context.Background(), File{Path: name, Body: bytes.NewReader(fsys[name].Data), FS: fsys})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	if res := open("sub/pom.xml"); len(res.Packages) != 2 || res.Packages[0].Version != "1.0" || res.Packages[1].Version != "" || res.Packages[1].Scope != tocsin.ScopeDev {
		t.Errorf("a version from the parent: %+v", res.Packages)
	}
	// A property that leads to itself, and one that draws on the parent's.
	g := &pomGuard{FS: fsys, values: map[string][]string{}, texts: map[string]string{}}
	if err := g.admit([]byte(`<p><x>${y}</x><y>${x}</y><z>${project.x}${pom.y}</z></p>`)); err != nil {
		t.Error(err)
	}
	if _, err := g.read("nowhere"); err == nil {
		t.Error("opened nothing")
	}
	if _, err := g.read("sub"); !errors.Is(err, errFolder) {
		t.Error(err)
	}
	fsys["bad.xml"] = &fstest.MapFile{Data: []byte("\x00")}
	if _, err := g.read("bad.xml"); err == nil {
		t.Error("opened a binary file")
	}
}

func TestSmallThings(t *testing.T) {
	if got := longLine([]byte("a\nb\n")); got != 0 {
		t.Error(got)
	}
	if got := longLine(append([]byte("a\n"), bytes.Repeat([]byte("x"), 70000)...)); got != 2 {
		t.Error(got)
	}
	if indented([]string{"a"}, 2) != nil || table([]string{"a"}, 0, "") != nil {
		t.Error("lines out of range")
	}
	if got := strip(fmt.Errorf("x: could not extract: %s", strings.Repeat("y", 400))).Error(); len(got) > 310 || !strings.HasPrefix(got, "y") {
		t.Error(got)
	}
	for in, want := range map[string]string{"1.0": "1.0", "[1.0]": "1.0", "[1.0,2.0)": "", "1.*": "", "$(V)": "3", "$(W)": ""} {
		if got := exactNuGet(in, map[string]string{"V": "3"}); got != want {
			t.Errorf("exactNuGet(%s) = %q, want %q", in, got, want)
		}
	}
	if scope(nil) != "" {
		t.Error("a scope from nothing")
	}
	info := size{"a", 3}
	if info.Name() != "a" || info.Size() != 3 || info.IsDir() || info.Sys() != nil || !info.ModTime().IsZero() || info.Mode() != 0o444 {
		t.Error("file info")
	}
	var q quiet
	for _, f := range []func(...any){q.Error, q.Warn, q.Info, q.Debug} {
		f("x")
	}
	for _, f := range []func(string, ...any){q.Errorf, q.Warnf, q.Infof, q.Debugf} {
		f("x")
	}
}
