package incidents

import (
	"path"
	"regexp"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
)

// What names and versions may look like to stand in a command: nothing that a shell reads, no flag, and nothing that the
// tool would take for a path, a URL or somebody's repository.
var (
	plainVersion = pattern.Lazy(`^v?[0-9][A-Za-z0-9.+_-]*$`)
	plainNames   = map[string]func() *regexp.Regexp{
		"npm":       pattern.Lazy(`^(@[a-z0-9][a-z0-9._-]*/)?[A-Za-z0-9][A-Za-z0-9._-]*$`),
		"Go":        pattern.Lazy(`^(stdlib|[a-z0-9][a-z0-9.-]*\.[a-z]+(/[A-Za-z0-9_][A-Za-z0-9._-]*)+)$`),
		"crates.io": pattern.Lazy(`^[A-Za-z0-9][A-Za-z0-9_-]*$`),
		"RubyGems":  pattern.Lazy(`^[A-Za-z0-9][A-Za-z0-9._-]*$`),
		"Packagist": pattern.Lazy(`^[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._-]*$`),
		"PyPI":      pattern.Lazy(`^[A-Za-z0-9][A-Za-z0-9._-]*$`),
	}
)

// maxName is the longest name or version that stands in a command.
const maxName = 200

// command is what a maintainer would type to move a dependency to the version, where one line does it. Which tool it is
// follows from the file that was read; where it cannot be told, there is none.
func command(p tocsin.IncidentPackage, to string) string {
	name := plainNames[p.Ecosystem]
	if name == nil || len(p.Name) > maxName || len(to) > maxName || !name().MatchString(p.Name) || !plainVersion().MatchString(to) {
		return ""
	}
	file, _, _ := strings.Cut(path.Base(p.Location), ":")
	deep := len(p.Path) > 1 // comes in through another
	switch p.Ecosystem + " " + file {
	case "npm package-lock.json", "npm npm-shrinkwrap.json":
		if deep {
			return "npm update " + p.Name
		}
		return "npm install " + p.Name + "@" + to
	case "npm pnpm-lock.yaml":
		if deep {
			return "pnpm update --depth Infinity " + p.Name
		}
		return "pnpm add " + p.Name + "@" + to
	case "Go go.mod", "Go go.sum":
		if p.Name == "stdlib" {
			return "go get toolchain@go" + strings.TrimPrefix(to, "v")
		}
		return "go get " + p.Name + "@v" + strings.TrimPrefix(to, "v")
	case "crates.io Cargo.lock":
		if !plainVersion().MatchString(p.Version) {
			return ""
		}
		return "cargo update -p " + p.Name + "@" + p.Version + " --precise " + to
	case "RubyGems Gemfile.lock":
		return "bundle update " + p.Name
	case "Packagist composer.lock":
		if deep {
			return "composer update " + p.Name
		}
		return "composer require " + p.Name + ":^" + strings.TrimPrefix(to, "v")
	case "PyPI poetry.lock":
		return "poetry update " + p.Name
	case "PyPI uv.lock":
		return "uv lock --upgrade-package " + p.Name + "==" + to
	case "PyPI Pipfile.lock":
		return "pipenv upgrade " + p.Name + "==" + to
	default:
		return ""
	}
}
