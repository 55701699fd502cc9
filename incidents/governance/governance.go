// Package governance reads who may decide what in an emergency, and how often people hear of it: versioned YAML, checked when loaded.
package governance

import (
	"crypto/sha256"
	_ "embed"
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

//go:embed default.yaml
var shipped []byte

// file is the YAML form.
type file struct {
	Governance yamlfile.Value[string]                             `yaml:"governance"`
	Version    yamlfile.Value[int]                                `yaml:"version"`
	Rights     map[tocsin.Right][]yamlfile.Value[string]          `yaml:"rights"`
	Updates    map[tocsin.Level]yamlfile.Value[yamlfile.Duration] `yaml:"updates"`
	Reviews    map[tocsin.Level]yamlfile.Value[yamlfile.Duration] `yaml:"reviews"`
}

// Shipped is the governance that holds where people wrote none.
func Shipped() (tocsin.Governance, error) { return Load("default.yaml", shipped) }

// Load reads and checks a governance. The error joins everything that is wrong, each with file, line and column.
func Load(name string, data []byte) (tocsin.Governance, error) {
	var f file
	problems := yamlfile.Decode(name, data, &f)
	fault := func(line, column int, format string, args ...any) {
		problems = append(problems, yamlfile.Problem{File: name, Line: line, Column: column, Text: fmt.Sprintf(format, args...)})
	}
	if f.Governance.V == "" {
		fault(f.Governance.Line, f.Governance.Column, "governance: is missing: give it a name")
	}
	if f.Version.V < 1 {
		fault(f.Version.Line, f.Version.Column, "version: want a number from 1")
	}
	g := tocsin.Governance{
		Name: f.Governance.V, Version: f.Version.V, Digest: fmt.Sprintf("sha256:%x", sha256.Sum256(data)), Rights: map[tocsin.Right][]tocsin.RoleName{},
	}
	for _, right := range tocsin.Rights() {
		if len(f.Rights[right]) == 0 {
			fault(0, 0, "rights: %s is missing: nobody could", right)
		}
	}
	for _, right := range sorted(f.Rights) {
		if !slices.Contains(tocsin.Rights(), right) {
			fault(0, 0, "rights: there is no right %q: want %q", right, tocsin.Rights())
		}
		for _, role := range f.Rights[right] {
			if !tocsin.RoleName(role.V).Known() {
				fault(role.Line, role.Column, "rights: %s: %q is no role: want one of %q", right, role.V, append(tocsin.Roles(), tocsin.RoleScribe))
			}
			g.Rights[right] = append(g.Rights[right], tocsin.RoleName(role.V))
		}
	}
	rhythm := func(key string, list map[tocsin.Level]yamlfile.Value[yamlfile.Duration]) map[tocsin.Level]time.Duration {
		out := map[tocsin.Level]time.Duration{}
		for _, level := range sorted(list) {
			if err := level.Validate(); err != nil {
				fault(list[level].Line, list[level].Column, "%s: %v", key, err)
			}
			if list[level].V <= 0 {
				fault(list[level].Line, list[level].Column, "%s: %s: want a time above zero", key, level)
			}
			out[level] = time.Duration(list[level].V)
		}
		return out
	}
	g.Updates, g.Reviews = rhythm("updates", f.Updates), rhythm("reviews", f.Reviews)
	return g, yamlfile.Join(problems)
}

func sorted[K ~string, V any](m map[K]V) []K {
	out := make([]K, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
