package app

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/policies"
	"github.com/tocsin-dev/tocsin/policies/packs"
)

// Policies loads policies by the name of a shipped pack or by path (ending in .yaml or .yml), and joins what is wrong
// with any of them.
func Policies(names []string) (policies.Set, error) {
	var list []*policies.Policy
	var faults []error
	for _, name := range names {
		p, err := Policy(name)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		list = append(list, p)
	}
	return policies.NewSet(list...), errors.Join(faults...)
}

// Policy loads one policy by pack name or path.
func Policy(name string) (*policies.Policy, error) {
	if !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml") {
		text, err := packs.Read(name)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", tocsin.ErrInvalid, err)
		}
		return policies.Load(name+".yaml", text)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("%w: reading policy: %v", tocsin.ErrInvalid, err)
	}
	return policies.Load(name, text)
}
