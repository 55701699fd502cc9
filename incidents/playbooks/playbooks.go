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

// Load reads and checks a playbook. The error joins everything that is wrong, each with file, line and column. Criteria are only read:
// incidents/acceptance says whether they can be asked. Message templates are parsed; what they fill in is for package incidents to know.
func Load(name string, data []byte) (tocsin.Playbook, error) {
	l := loader{name: name}
	l.problems = yamlfile.Decode(name, data, &l.file)
	f := l.file
	for _, must := range []struct {
		key string
		yamlfile.Value[string]
	}{{"playbook", f.Playbook}, {"title", f.Title}, {"acceptance", f.Acceptance}} {
		if must.V == "" {
			l.fault(must.Value, "%s: is missing", must.key)
		}
		l.bound(must.Value, must.key, maxText)
	}
	l.bound(f.About, "about", maxText)
	if f.Version.V < 1 {
		l.fault(f.Version, "version: want a number from 1")
	}
	l.wait(f.Soak, "soak")
	if len(f.Tasks) == 0 {
		l.fault(nowhere, "tasks: is missing")
	}
	p := tocsin.Playbook{
		Name: f.Playbook.V, Version: f.Version.V, Title: f.Title.V, About: f.About.V, Acceptance: f.Acceptance.V, Soak: time.Duration(f.Soak.V),
		Tasks: l.tasks(), Decisions: l.decisions(), Criteria: l.criteria(), Messages: l.messages(),
	}
	for i, a := range f.Advice {
		if l.many(i, a, "advice") {
			break
		}
		l.bound(a, "advice", maxText)
		p.Advice = append(p.Advice, a.V)
	}
	if len(l.problems) == 0 { // each by itself is right; so the whole can be looked at
		l.order(p)
	}
	return p, yamlfile.Join(l.problems)
}

// What people write is bounded, far above what is sensible.
const (
	maxID      = 40     // bytes
	maxText    = 2_000  // bytes
	maxMessage = 10_000 // bytes
	maxMany    = 100    // tasks, decision points, answers of one, criteria, messages, pieces of advice
	maxWait    = 90 * tocsin.Day
)
