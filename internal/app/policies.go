package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
	"github.com/tocsin-dev/tocsin/policies"
	"github.com/tocsin-dev/tocsin/policies/packs"
)

// Policies loads policies by the name of a shipped pack or by path (ending in .yaml or .yml), and joins what is wrong
// with any of them. Their mode is not asked: who names a policy to try it wants it.
func Policies(names []string) (policies.Set, error) {
	list, err := load(names)
	var out []*policies.Policy
	for _, l := range list {
		out = append(out, l.policy)
	}
	return policies.NewSet(out...), err
}

// loaded is a policy with what it was loaded by, and from.
type loaded struct {
	policy *policies.Policy
	name   string
	text   []byte
	// cases and change are those of one that two people agreed to, which was loaded from nowhere.
	cases  []byte
	change string
}

func load(names []string) ([]loaded, error) {
	var list []loaded
	var faults []error
	for _, name := range names {
		p, text, err := readWhole(name)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		list = append(list, loaded{policy: p, name: name, text: text})
	}
	return list, errors.Join(faults...)
}

// Modes are policies told apart by their mode.
type Modes struct {
	Live        policies.Set
	Shadow, Off []*policies.Policy
	// texts are where each came from, by digest.
	texts map[string]loaded
}

// PoliciesByMode loads policies as [Policies] does, for those who obey them. That none of them counts is an
// [tocsin.ErrInvalid]: everything would look clean.
func PoliciesByMode(names []string) (Modes, error) {
	all, err := load(names)
	if err != nil {
		return Modes{}, err
	}
	m := Modes{texts: map[string]loaded{}}
	var live []*policies.Policy
	var silent []string
	for _, l := range all {
		p := l.policy
		m.texts[p.Digest] = l
		switch p.Mode {
		case policies.ModeEnforce:
			live = append(live, p)
			continue
		case policies.ModeShadow:
			m.Shadow = append(m.Shadow, p)
		case policies.ModeOff:
			m.Off = append(m.Off, p)
		}
		silent = append(silent, fmt.Sprintf("%s is %s", p.Name, p.Mode))
	}
	if len(live) == 0 && len(silent) > 0 {
		return m, fmt.Errorf("%w: none of the policies counts: %s; set mode: enforce in one of them, or name another", tocsin.ErrInvalid, strings.Join(silent, ", "))
	}
	m.Live = policies.NewSet(live...)
	return m, nil
}

// Policy loads one policy by pack name or path.
func Policy(name string) (*policies.Policy, error) {
	p, _, err := readWhole(name)
	return p, err
}

func readWhole(name string) (*policies.Policy, []byte, error) {
	text, err := PolicyText(name)
	if err != nil {
		return nil, nil, err
	}
	if !isFile(name) {
		name += ".yaml"
	}
	p, err := policies.Load(name, text)
	return p, text, err
}

// Packs names the shipped policies.
func Packs() []string { return packs.Names() }

// PolicyText gives the file of a policy, by pack name or path.
func PolicyText(name string) ([]byte, error) {
	if !isFile(name) {
		text, err := packs.Read(name)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", tocsin.ErrInvalid, err)
		}
		return text, nil
	}
	return readPolicy(name)
}

// PolicyCases gives the tests beside a policy, and their name.
func PolicyCases(name string) (file string, text []byte, err error) {
	if !isFile(name) {
		text, err = packs.Tests(name)
		return name + "_test.yaml", text, err
	}
	ext := filepath.Ext(name)
	file = strings.TrimSuffix(name, ext) + "_test" + ext
	text, err = readPolicy(file)
	return file, text, err
}

func isFile(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

func readPolicy(name string) ([]byte, error) { return readRules("policy", name) }

func readRules(kind, name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w: reading %s: %v", tocsin.ErrInvalid, kind, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, yamlfile.MaxSize+1)) // a larger one is refused, with the reason
	if err != nil {
		return nil, fmt.Errorf("%w: reading %s: %v", tocsin.ErrInvalid, kind, err)
	}
	return text, nil
}
