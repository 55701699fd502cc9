// Package exceptions reads what people decided about single findings, and applies it: risks that are accepted for a time,
// and statements that a package is not affected. They stand in a file of our own, in VEX documents, and in the ignore files
// of other scanners; [Read] reads all of them, [Load] ours. Such files come from the base branch or the server, never from
// the tree that is judged, or a change could excuse itself.
package exceptions

import (
	"fmt"
	"slices"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

// InRepository is where a repository keeps its exceptions; a gate reads it from the base of the change.
const InRepository = ".tocsin/exceptions.yaml"

// Longest is the longest time for which a risk can be accepted. What is accepted for ever was never decided.
const Longest = 366 * tocsin.Day

// file is the YAML form.
type file struct {
	Exceptions []entry `yaml:"exceptions"`
}

type entry struct {
	Kind          str `yaml:"kind"`
	Class         str `yaml:"class"`
	Package       str `yaml:"package"`
	Project       str `yaml:"project"`
	Justification str `yaml:"justification"`
	Reason        str `yaml:"reason"`
	Owner         str `yaml:"owner"`
	Expires       str `yaml:"expires"`
}

type str = yamlfile.Value[string]

// justifications are VEX's labels. https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md#status-justifications
var justifications = []string{
	"component_not_present", "vulnerable_code_not_present", "vulnerable_code_not_in_execute_path",
	"vulnerable_code_cannot_be_controlled_by_adversary", "inline_mitigations_already_exist",
}

// Load reads and checks a file. Every entry needs a class, a package as a purl, a reason, an owner and a day on which it
// ends. The error joins everything that is wrong, each with file, line and column.
func Load(name string, data []byte) ([]tocsin.Exception, error) {
	var f file
	problems := yamlfile.Decode(name, data, &f)
	fault := func(v str, format string, args ...any) {
		problems = append(problems, yamlfile.Problem{File: name, Line: v.Line, Column: v.Column, Text: fmt.Sprintf(format, args...)})
	}
	var out []tocsin.Exception
	for i, e := range f.Exceptions {
		x := tocsin.Exception{
			Kind: tocsin.ExceptionKind(e.Kind.V), Class: e.Class.V, Package: e.Package.V, Project: e.Project.V,
			Justification: e.Justification.V, Reason: e.Reason.V, Owner: e.Owner.V, Source: fmt.Sprintf("%s:%d", name, e.Class.Line),
		}
		for _, need := range []struct {
			key string
			v   str
		}{{"class", e.Class}, {"package", e.Package}, {"reason", e.Reason}, {"owner", e.Owner}, {"expires", e.Expires}} {
			if need.v.V == "" {
				fault(need.v, "exception %d: %s: is missing", i+1, need.key)
			}
		}
		if _, err := purl.Parse(x.Package); err != nil && x.Package != "" {
			fault(e.Package, "package: %q is no purl (pkg:npm/lodash, pkg:npm/lodash@4.17.20)", x.Package)
		}
		var err error
		if x.Expires, err = time.Parse(time.DateOnly, e.Expires.V); err != nil && e.Expires.V != "" {
			fault(e.Expires, "expires: %q is no day: write 2026-12-31", e.Expires.V)
		}
		switch x.Kind {
		case tocsin.ExceptionAccepted:
			if x.Justification != "" {
				fault(e.Justification, "justification: belongs to kind not-affected; an accepted risk has a reason")
			}
		case tocsin.ExceptionNotAffected:
			if !slices.Contains(justifications, x.Justification) {
				fault(e.Justification, "justification: %q: want one of %q", x.Justification, justifications)
			}
		default:
			fault(e.Kind, "kind: %q: want accepted-risk or not-affected", x.Kind)
		}
		out = append(out, x)
	}
	if err := yamlfile.Join(problems); err != nil {
		return nil, err
	}
	return out, nil
}
