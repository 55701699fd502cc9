package extract

import (
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/tocsin-dev/tocsin/internal/pattern"
)

// pyproject is what a pyproject.toml asks for.
type pyproject struct {
	wants []want
	// dynamic says that dependencies are computed when the project is built.
	dynamic bool
}

// readPyproject reads the pyproject.toml beside a lockfile, as far as it can be read: the tables of the standard, of Poetry
// and of PDM. https://packaging.python.org/en/latest/specifications/pyproject-toml/
// https://packaging.python.org/en/latest/specifications/dependency-groups/ https://python-poetry.org/docs/pyproject/
func readPyproject(f File) pyproject {
	var file struct {
		Project struct {
			Dynamic      []string
			Dependencies []string
			Optional     map[string][]string `toml:"optional-dependencies"`
		}
		Groups map[string][]any `toml:"dependency-groups"`
		Tool   struct {
			Poetry struct {
				Dependencies map[string]any
				Dev          map[string]any `toml:"dev-dependencies"`
				Group        map[string]struct{ Dependencies map[string]any }
			}
			PDM struct {
				Dev map[string][]string `toml:"dev-dependencies"`
			}
		}
	}
	if err := toml.Unmarshal(beside(f, "pyproject.toml"), &file); err != nil {
		return pyproject{}
	}
	var p pyproject
	poetry := file.Tool.Poetry
	p.dynamic = slices.Contains(file.Project.Dynamic, "dependencies") && poetry.Dependencies == nil
	requirements := func(dev bool, list []string) {
		for _, r := range list {
			p.wants = append(p.wants, want{name: requirementName(r), dev: dev})
		}
	}
	names := func(dev bool, table map[string]any) {
		for name := range table {
			p.wants = append(p.wants, want{name: name, dev: dev})
		}
	}
	requirements(false, file.Project.Dependencies)
	for _, list := range file.Project.Optional {
		requirements(false, list)
	}
	for group, list := range file.Groups {
		for _, r := range list {
			// Anything else includes another group, which stands here as well.
			if r, ok := r.(string); ok {
				requirements(isDevGroup(group), []string{r})
			}
		}
	}
	names(false, poetry.Dependencies)
	names(true, poetry.Dev)
	for group, g := range poetry.Group {
		names(isDevGroup(group), g.Dependencies)
	}
	for _, list := range file.Tool.PDM.Dev {
		requirements(true, list)
	}
	return p
}

func isDevGroup(name string) bool { return slices.Contains(devGroups, strings.ToLower(name)) }

// requirement is the name at the start of a requirement. https://packaging.python.org/en/latest/specifications/dependency-specifiers/
var requirement = pattern.Lazy(`^\s*([A-Za-z0-9][A-Za-z0-9._-]*)(?:[\s\[(<>=!~;@,]|$)`)

// requirementName is the name that a requirement begins with; empty if it begins otherwise.
func requirementName(text string) string {
	if m := requirement().FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}
