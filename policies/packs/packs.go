// Package packs holds the policies that are shipped, each with its tests beside it.
package packs

import (
	"embed"
	"fmt"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

//go:embed *.yaml
var files embed.FS

// Names of the shipped policies, sorted.
func Names() []string {
	entries, _ := files.ReadDir(".") // an embedded folder can be read
	var out []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".yaml"); ok && !strings.HasSuffix(name, "_test") {
			out = append(out, name)
		}
	}
	return out
}

// Read gives the text of a shipped policy, or [tocsin.ErrNotFound] with the names there are.
func Read(name string) ([]byte, error) {
	b, err := files.ReadFile(name + ".yaml")
	if err != nil || strings.HasSuffix(name, "_test") {
		return nil, fmt.Errorf("policy pack %q: %w; there are %s", name, tocsin.ErrNotFound, strings.Join(Names(), ", "))
	}
	return b, nil
}

// Tests gives the tests of a shipped policy.
func Tests(name string) ([]byte, error) { return files.ReadFile(name + "_test.yaml") }
