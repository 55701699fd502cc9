// Package playbooks holds the shipped playbooks and reads those that people write: versioned YAML, checked when loaded.
package playbooks

import (
	"embed"
	"fmt"
	"path"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

//go:embed *.yaml
var shipped embed.FS

// file is the YAML form of a playbook.
type file struct {
	Playbook   yamlfile.Value[string]   `yaml:"playbook"`
	Version    yamlfile.Value[int]      `yaml:"version"`
	Title      yamlfile.Value[string]   `yaml:"title"`
	About      yamlfile.Value[string]   `yaml:"about"`
	Tasks      []fileTask               `yaml:"tasks"`
	Advice     []yamlfile.Value[string] `yaml:"advice"`
	Acceptance yamlfile.Value[string]   `yaml:"acceptance"`
}

type fileTask struct {
	ID    yamlfile.Value[string]            `yaml:"id"`
	Title yamlfile.Value[string]            `yaml:"title"`
	Role  yamlfile.Value[string]            `yaml:"role"`
	Due   yamlfile.Value[yamlfile.Duration] `yaml:"due"`
}

// Shipped loads the playbooks that come with the program, by name.
func Shipped() (map[string]tocsin.Playbook, error) {
	entries, err := shipped.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("reading the shipped playbooks: %w", err)
	}
	out := map[string]tocsin.Playbook{}
	for _, e := range entries {
		text, err := shipped.ReadFile(e.Name())
		if err != nil {
			return nil, fmt.Errorf("reading the shipped playbook %s: %w", e.Name(), err)
		}
		p, err := Load(path.Base(e.Name()), text)
		if err != nil {
			return nil, err
		}
		out[p.Name] = p
	}
	return out, nil
}

// Load reads and checks a playbook. The error joins everything that is wrong, each with file, line and column.
func Load(name string, data []byte) (tocsin.Playbook, error) {
	var f file
	problems := yamlfile.Decode(name, data, &f)
	fault := func(line, column int, format string, args ...any) {
		problems = append(problems, yamlfile.Problem{File: name, Line: line, Column: column, Text: fmt.Sprintf(format, args...)})
	}
	for _, must := range []struct {
		key string
		yamlfile.Value[string]
	}{{"playbook", f.Playbook}, {"title", f.Title}, {"acceptance", f.Acceptance}} {
		if must.V == "" {
			fault(must.Line, must.Column, "%s: is missing", must.key)
		}
	}
	if f.Version.V < 1 {
		fault(f.Version.Line, f.Version.Column, "version: want a number from 1")
	}
	p := tocsin.Playbook{Name: f.Playbook.V, Version: f.Version.V, Title: f.Title.V, About: f.About.V, Acceptance: f.Acceptance.V}
	seen := map[string]bool{}
	for _, t := range f.Tasks {
		role := tocsin.RoleName(t.Role.V)
		switch {
		case t.ID.V == "" || t.Title.V == "":
			fault(max(t.ID.Line, t.Title.Line), 0, "a task needs id: and title:")
		case seen[t.ID.V]:
			fault(t.ID.Line, t.ID.Column, "task %s stands twice", t.ID.V)
		case !isRole(role):
			fault(max(t.Role.Line, t.ID.Line), t.Role.Column, "task %s: role %q: want one of %q", t.ID.V, role, tocsin.Roles())
		}
		seen[t.ID.V] = true
		p.Tasks = append(p.Tasks, tocsin.PlaybookTask{ID: t.ID.V, Title: t.Title.V, Role: role, Due: time.Duration(t.Due.V)})
	}
	if len(f.Tasks) == 0 {
		fault(0, 0, "tasks: is missing")
	}
	for _, a := range f.Advice {
		p.Advice = append(p.Advice, a.V)
	}
	return p, yamlfile.Join(problems)
}

func isRole(r tocsin.RoleName) bool {
	for _, known := range tocsin.Roles() {
		if r == known {
			return true
		}
	}
	return false
}
