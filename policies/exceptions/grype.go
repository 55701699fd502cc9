package exceptions

import (
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

// grypeFile is the part of .grype.yaml that ignores. All that a rule says must be true of a match, so that a rule with a
// condition that we cannot check is not used at all. https://github.com/anchore/grype#specifying-matches-to-ignore
type grypeFile struct {
	Ignore []grypeRule `yaml:"ignore"`
}

type grypeRule struct {
	Vulnerability    str `yaml:"vulnerability"`
	Reason           str `yaml:"reason"`
	Namespace        str `yaml:"namespace"`
	FixState         str `yaml:"fix-state"`
	MatchType        str `yaml:"match-type"`
	VexStatus        str `yaml:"vex-status"`
	VexJustification str `yaml:"vex-justification"`
	Package          struct {
		Name         str `yaml:"name"`
		Version      str `yaml:"version"`
		Language     str `yaml:"language"`
		Type         str `yaml:"type"`
		Location     str `yaml:"location"`
		UpstreamName str `yaml:"upstream-name"`
	} `yaml:"package"`
}

// grypeEcosystem is the ecosystem of one of syft's package types, if its packages have the same names there; else empty.
// Java's lack the group, those of distributions the distribution.
func grypeEcosystem(typ string) string {
	types := map[string]string{
		"npm": "npm", "python": "PyPI", "gem": "RubyGems", "go-module": "Go", "rust-crate": "crates.io", "php-composer": "Packagist", "dotnet": "NuGet",
		"hex": "Hex", "dart-pub": "Pub", "hackage": "Hackage", "swift": "SwiftURL", "github-action": "GitHub Actions",
	}
	return types[typ]
}

// expression are the characters that make a name a pattern. A dot does too, but stands in many names for itself.
const expression = `\^$*+?()[]{}|`

func (r *reader) grype() {
	var f grypeFile
	r.faults = append(r.faults, yamlfile.DecodeForeign(r.name, r.data, &f)...)
	for _, rule := range f.Ignore {
		r.grypeRule(rule)
	}
}

func (r *reader) grypeRule(rule grypeRule) {
	p := rule.Package
	line := 0
	for _, v := range []str{rule.Vulnerability, p.Name, rule.Reason, p.Version, p.Type} {
		if line == 0 {
			line = v.Line
		}
	}
	for _, no := range []struct {
		key string
		v   str
	}{
		{"fix-state", rule.FixState}, {"namespace", rule.Namespace}, {"match-type", rule.MatchType}, {"vex-status", rule.VexStatus}, {"vex-justification", rule.VexJustification},
		{"package: language", p.Language}, {"package: location", p.Location}, {"package: upstream-name", p.UpstreamName},
	} {
		if no.v.V != "" {
			r.unused(no.v.Line, "ignore: %s: cannot be used, so the rule is not", no.key)
			return
		}
	}
	pkg := p.Name.V
	switch {
	case rule.Vulnerability.V == "" && pkg == "":
		r.unused(line, "ignore: names neither a vulnerability nor a package")
		return
	case pkg == "" && (p.Version.V != "" || p.Type.V != ""):
		r.unused(line, "ignore: package: name: is missing")
		return
	case strings.ContainsAny(pkg, expression):
		r.unused(p.Name.Line, "ignore: package: name: %q is a pattern, which cannot be used: name the packages", clip(pkg))
		return
	case p.Type.V != "":
		if pkg = purl.Make(grypeEcosystem(p.Type.V), pkg, p.Version.V); pkg == "" {
			r.unused(p.Type.Line, "ignore: package: type: %q does not tell a package by its name: use its purl in .tocsin/exceptions.yaml", clip(p.Type.V))
			return
		}
	case p.Version.V != "":
		pkg += "@" + p.Version.V
	}
	r.accept(line, rule.Vulnerability.V, pkg, rule.Reason.V, time.Time{}) // the format has no end
}
