// Package governance reads who may decide what in an emergency, who is called, and how often people hear of it: versioned YAML, checked when loaded.
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
	Governance str                    `yaml:"governance"`
	Version    count                  `yaml:"version"`
	Rights     map[tocsin.Right][]str `yaml:"rights"`
	Updates    map[tocsin.Level]span  `yaml:"updates"`
	Reviews    map[tocsin.Level]span  `yaml:"reviews"`
	People     []filePerson           `yaml:"people"`
	Rotations  []fileRotation         `yaml:"rotations"`
	Escalation []filePolicy           `yaml:"escalation"`
}

type (
	str   = yamlfile.Value[string]
	count = yamlfile.Value[int]
	span  = yamlfile.Value[yamlfile.Duration]
)

// Shipped is the governance that holds where people wrote none.
func Shipped() (tocsin.Governance, error) { return Load("default.yaml", shipped) }

// Load reads and checks a governance. The error joins everything that is wrong, each with file, line and column.
func Load(name string, data []byte) (tocsin.Governance, error) {
	var f file
	l := loader{name: name, problems: yamlfile.Decode(name, data, &f)}
	if f.Governance.V == "" {
		l.fault(f.Governance, "governance: is missing: give it a name")
	}
	if f.Version.V < 1 {
		l.fault(f.Version, "version: want a number from 1")
	}
	l.out = tocsin.Governance{Name: f.Governance.V, Version: f.Version.V, Digest: fmt.Sprintf("sha256:%x", sha256.Sum256(data))}
	l.rights(f)
	l.out.Updates, l.out.Reviews = l.rhythm("updates", f.Updates), l.rhythm("reviews", f.Reviews)
	l.people(f.People)
	l.rotations(f.Rotations)
	l.escalation(f.Escalation)
	return l.out, yamlfile.Join(l.problems)
}

type loader struct {
	name     string
	out      tocsin.Governance
	problems []yamlfile.Problem
}

func (l *loader) fault(v interface{ Place() (int, int) }, format string, args ...any) {
	line, column := v.Place()
	l.problems = append(l.problems, yamlfile.Problem{File: l.name, Line: line, Column: column, Text: fmt.Sprintf(format, args...)})
}

func (l *loader) rights(f file) {
	l.out.Rights = map[tocsin.Right][]tocsin.RoleName{}
	for _, right := range tocsin.Rights() {
		if len(f.Rights[right]) == 0 {
			l.fault(str{}, "rights: %s is missing: nobody could", right)
		}
	}
	for _, right := range sorted(f.Rights) {
		if !slices.Contains(tocsin.Rights(), right) {
			l.fault(str{}, "rights: there is no right %q: want %q", right, tocsin.Rights())
		}
		for _, role := range f.Rights[right] {
			if !tocsin.RoleName(role.V).Known() {
				l.fault(role, "rights: %s: %q is no role: want one of %q", right, role.V, append(tocsin.Roles(), tocsin.RoleScribe))
			}
			l.out.Rights[right] = append(l.out.Rights[right], tocsin.RoleName(role.V))
		}
	}
}

func (l *loader) rhythm(key string, list map[tocsin.Level]span) map[tocsin.Level]time.Duration {
	out := map[tocsin.Level]time.Duration{}
	for _, level := range sorted(list) {
		if err := level.Validate(); err != nil {
			l.fault(list[level], "%s: %v", key, err)
		}
		if list[level].V <= 0 {
			l.fault(list[level], "%s: %s: want a time above zero", key, level)
		}
		out[level] = time.Duration(list[level].V)
	}
	return out
}

func sorted[K ~string, V any](m map[K]V) []K {
	out := make([]K, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
