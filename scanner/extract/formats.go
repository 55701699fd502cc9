package extract

import (
	"path"
	"slices"
	"strings"

	"github.com/google/osv-scalibr/extractor/filesystem/language/cpp/conanlock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/dotnet/depsjson"
	"github.com/google/osv-scalibr/extractor/filesystem/language/dotnet/packagesconfig"
	"github.com/google/osv-scalibr/extractor/filesystem/language/dotnet/packageslockjson"
	"github.com/google/osv-scalibr/extractor/filesystem/language/dotnet/paketlock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/elixir/mixlock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/golang/gomod"
	"github.com/google/osv-scalibr/extractor/filesystem/language/haskell/cabal"
	"github.com/google/osv-scalibr/extractor/filesystem/language/haskell/stacklock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/java/gradlelockfile"
	"github.com/google/osv-scalibr/extractor/filesystem/language/java/gradleverificationmetadataxml"
	"github.com/google/osv-scalibr/extractor/filesystem/language/javascript/yarnlock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/julia/manifesttoml"
	"github.com/google/osv-scalibr/extractor/filesystem/language/python/pdmlock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/python/poetrylock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/python/pylock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/python/requirements"
	"github.com/google/osv-scalibr/extractor/filesystem/language/python/uvlock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/r/renvlock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/ruby/gemfilelock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/rust/cargolock"
	"github.com/google/osv-scalibr/extractor/filesystem/language/swift/packageresolved"
	"github.com/google/osv-scalibr/extractor/filesystem/language/swift/podfilelock"
)

// A rule says which files a reader takes, by path.
type rule struct {
	// names are base names.
	names []string
	// match recognises what names cannot; nil if there is no more.
	match func(file string) bool
	Reader
}

// rules is the list of everything that is recognised by its path, in order; the first that fits takes the file.
func rules() []rule {
	return []rule{
		{names: []string{"package-lock.json", "npm-shrinkwrap.json"}, Reader: npmLock{}},
		{names: []string{"yarn.lock"}, Reader: &borrowed{format: "npm/yarn-lock", ecosystem: "npm", open: yarnlock.New, lines: true, complete: completeYarn}},
		{names: []string{"pnpm-lock.yaml"}, Reader: pnpmLock{}},
		{names: []string{"bun.lock"}, Reader: bunLock{}},
		{names: []string{"deno.lock"}, Reader: denoLock{}},

		{names: []string{"go.mod"}, Reader: &borrowed{format: "go/mod", ecosystem: "Go", open: gomod.New, complete: completeGoMod}},

		{match: isRequirements, Reader: &borrowed{format: "python/requirements", ecosystem: "PyPI", open: requirements.New, lines: true, complete: completeRequirements}},
		{names: []string{"poetry.lock"}, Reader: &borrowed{format: "python/poetry-lock", ecosystem: "PyPI", open: poetrylock.New, complete: completePoetry}},
		{names: []string{"uv.lock"}, Reader: &borrowed{format: "python/uv-lock", ecosystem: "PyPI", open: uvlock.New, complete: completeUV}},
		{names: []string{"Pipfile.lock"}, Reader: pipfileLock{}},
		{names: []string{"pdm.lock"}, Reader: &borrowed{format: "python/pdm-lock", ecosystem: "PyPI", open: pdmlock.New, complete: completePDM}},
		{match: isPylock, Reader: &borrowed{format: "python/pylock", ecosystem: "PyPI", open: pylock.New, complete: completePylock}},

		{names: []string{"Cargo.lock"}, Reader: &borrowed{format: "rust/cargo-lock", ecosystem: "crates.io", open: cargolock.New, complete: completeCargo}},
		{names: []string{"Gemfile.lock", "gems.locked"}, Reader: &borrowed{format: "ruby/gemfile-lock", ecosystem: "RubyGems", open: gemfilelock.New, lines: true, complete: completeGemfile}},
		{names: []string{"composer.lock"}, Reader: composerLock{}},

		{match: isPOM, Reader: pom{}},
		{names: []string{"gradle.lockfile", "buildscript-gradle.lockfile"}, Reader: &borrowed{format: "java/gradle-lock", ecosystem: "Maven", open: gradlelockfile.New, lines: true}},
		{names: []string{"verification-metadata.xml"}, Reader: &borrowed{format: "java/gradle-verification", ecosystem: "Maven", open: gradleverificationmetadataxml.New}},

		{names: []string{"packages.lock.json"}, Reader: &borrowed{format: "dotnet/packages-lock", ecosystem: "NuGet", open: packageslockjson.New, complete: completeNuGetLock}},
		{names: []string{"packages.config"}, Reader: &borrowed{format: "dotnet/packages-config", ecosystem: "NuGet", open: packagesconfig.New}},
		{names: []string{"Directory.Packages.props", "Directory.Build.props"}, Reader: msbuild{"dotnet/central"}},
		{match: isProject, Reader: msbuild{"dotnet/project"}},
		{match: suffix(".deps.json"), Reader: &borrowed{format: "dotnet/deps", ecosystem: "NuGet", open: depsjson.New}},
		{names: []string{"project.assets.json"}, Reader: nugetAssets{}},
		{names: []string{"paket.lock"}, Reader: &borrowed{format: "dotnet/paket-lock", ecosystem: "NuGet", open: paketlock.New, lines: true}},

		{names: []string{"mix.lock"}, Reader: &borrowed{format: "elixir/mix-lock", ecosystem: "Hex", open: mixlock.New, lines: true, complete: completeMix}},
		{names: []string{"rebar.lock"}, Reader: rebar{}},
		{names: []string{"pubspec.lock"}, Reader: pubspecLock{}},
		{names: []string{"conan.lock"}, Reader: &borrowed{format: "cpp/conan-lock", ecosystem: "ConanCenter", open: conanlock.New}},
		{names: []string{"renv.lock"}, Reader: &borrowed{format: "r/renv-lock", ecosystem: "CRAN", open: renvlock.New}},
		{names: []string{"Package.resolved"}, Reader: &borrowed{format: "swift/package-resolved", ecosystem: "SwiftURL", open: packageresolved.New}},
		// OSV has no ecosystem for CocoaPods: its packages are kept, and counted as a gap.
		{names: []string{"Podfile.lock"}, Reader: &borrowed{format: "swift/podfile-lock", open: podfilelock.New}},
		{names: []string{"cabal.project.freeze"}, Reader: &borrowed{format: "haskell/cabal-freeze", ecosystem: "Hackage", open: cabal.New, lines: true}},
		{names: []string{"stack.yaml.lock"}, Reader: &borrowed{format: "haskell/stack-lock", ecosystem: "Hackage", open: stacklock.New, lines: true}},
		{match: isJuliaManifest, Reader: &borrowed{format: "julia/manifest", ecosystem: "Julia", open: manifesttoml.New, complete: completeJulia}},

		{names: []string{"build.sbt.lock"}, Reader: sbtLock{}},
		{names: []string{"go.work"}, Reader: goWork{}},
		{match: isJavaArchive, Reader: javaArchive{}},
		{match: isAPK, Reader: apkInstalled{}},
		{match: isDpkg, Reader: dpkgStatus{}},

		{match: isWorkflow, Reader: workflow{}},
		{match: isDockerfile, Reader: dockerfile{}},
		{match: isCompose, Reader: compose{}},
		{match: isPURLList, Reader: purlList{}},
	}
}

// documents is the list of everything that is recognised by its content.
func documents() []Reader {
	return []Reader{cycloneDXJSON{}, cycloneDXXML{}, spdxJSON{}, spdxYAML{}, spdxTagValue{}, spdx3{}, syftJSON{}, goBinary{}}
}

// Readers is the list of all readers.
func Readers() []Reader {
	var out []Reader
	for _, r := range rules() {
		out = append(out, r.Reader)
	}
	return append(out, documents()...)
}

// A Table finds the reader of a file by its path.
type Table struct {
	rules []rule
}

// NewTable returns the table of all that has a name of its own.
func NewTable() *Table { return &Table{rules: rules()} }

// ByPath is the reader that takes a file by its path, or nil.
func (t *Table) ByPath(file string) Reader {
	base := path.Base(file)
	for _, r := range t.rules {
		if slices.Contains(r.names, base) || r.match != nil && r.match(file) {
			return r.Reader
		}
	}
	return nil
}

// ByNamed is [Table.ByPath] for a file that somebody named, and who thus means it: the name may carry a prefix
// ("backend-package-lock.json").
func (t *Table) ByNamed(file string) Reader {
	if r := t.ByPath(file); r != nil {
		return r
	}
	base := path.Base(file)
	for _, r := range t.rules {
		for _, name := range r.names {
			if prefix, ok := strings.CutSuffix(base, name); ok && prefix != "" && strings.ContainsAny(prefix[len(prefix)-1:], "-_.") {
				return r.Reader
			}
		}
	}
	return nil
}

// Supported names, for people, what can be read.
func (t *Table) Supported() string {
	var names []string
	for _, r := range t.rules {
		names = append(names, r.names...)
	}
	names = append(names, "requirements*.txt", "pylock.*.toml", "pom.xml", "*.csproj", "*.deps.json", "Manifest.toml", ".github/workflows/*.yml", "action.yml",
		"Dockerfile", "Containerfile", "compose.yaml", "*.jar", "*.war", "*.ear", "lib/apk/db/installed", "var/lib/dpkg/status")
	return "CycloneDX (JSON, XML), SPDX (JSON, YAML, tag-value), syft JSON, lists of purls, Go programs, " + strings.Join(names, ", ")
}

func isRequirements(file string) bool {
	base := path.Base(file)
	return strings.HasSuffix(base, ".txt") && strings.Contains(base, "requirements") ||
		strings.HasSuffix(base, ".txt") && path.Base(path.Dir(file)) == "requirements"
}

// isPylock follows PEP 751: pylock.toml or pylock.<name>.toml.
func isPylock(file string) bool {
	base := path.Base(file)
	return base == "pylock.toml" || strings.HasPrefix(base, "pylock.") && strings.HasSuffix(base, ".toml")
}

func isPOM(file string) bool {
	base := path.Base(file)
	return base == "pom.xml" || strings.HasSuffix(base, ".pom") || strings.HasSuffix(base, "-pom.xml")
}

func isProject(file string) bool {
	ext := path.Ext(file)
	return ext == ".csproj" || ext == ".vbproj" || ext == ".fsproj"
}

// isJuliaManifest follows Pkg: Manifest.toml, or Manifest-v1.11.toml for one version of Julia.
func isJuliaManifest(file string) bool {
	base := path.Base(file)
	return base == "Manifest.toml" || base == "JuliaManifest.toml" || strings.HasPrefix(base, "Manifest-v") && strings.HasSuffix(base, ".toml")
}

func isWorkflow(file string) bool {
	base, dir := path.Base(file), path.Dir(file)
	if ext := path.Ext(base); ext != ".yml" && ext != ".yaml" {
		return false
	}
	return base == "action.yml" || base == "action.yaml" || dir == ".github/workflows" || strings.HasSuffix(dir, "/.github/workflows")
}

func suffix(s string) func(string) bool {
	return func(file string) bool { return strings.HasSuffix(file, s) }
}
