package exceptions

import (
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

// trivy reads .trivyignore: an id a line, with an end as exp:2026-12-31. The comment directly above is the reason.
// https://trivy.dev/docs/latest/configuration/filtering/#trivyignore
func (r *reader) trivy() {
	var comment []string
	n := 0
	for line := range strings.Lines(string(r.data)) {
		n++
		line = strings.TrimSpace(line)
		if text, ok := strings.CutPrefix(line, "#"); ok {
			comment = append(comment, strings.TrimSpace(text))
			continue
		}
		if line != "" {
			r.trivyLine(n, strings.Fields(line), strings.Join(comment, " "))
		}
		comment = nil
	}
}

func (r *reader) trivyLine(n int, fields []string, reason string) {
	var until time.Time
	for _, f := range fields[1:] {
		text, ok := strings.CutPrefix(f, "exp:")
		if !ok {
			continue
		}
		var err error
		if until, err = time.Parse(time.DateOnly, text); err != nil {
			r.fault(n, "exp: %q is no day: write exp:2026-12-31", clip(text))
			return
		}
	}
	r.accept(n, fields[0], "", reason, until)
}

// trivyFile is .trivyignore.yaml; what it says about misconfigurations, secrets and licences is not for us.
// https://trivy.dev/docs/latest/configuration/filtering/#trivyignoreyaml
type trivyFile struct {
	Vulnerabilities []struct {
		ID        str   `yaml:"id"`
		Paths     []str `yaml:"paths"`
		PURLs     []str `yaml:"purls"`
		Statement str   `yaml:"statement"`
		ExpiredAt str   `yaml:"expired_at"`
	} `yaml:"vulnerabilities"`
}

func (r *reader) trivyYAML() {
	var f trivyFile
	r.faults = append(r.faults, yamlfile.DecodeForeign(r.name, r.data, &f)...)
	for _, v := range f.Vulnerabilities {
		line := v.ID.Line
		if line == 0 && len(v.PURLs) > 0 {
			line = v.PURLs[0].Line
		}
		until, err := day(v.ExpiredAt.V)
		switch {
		case err != nil:
			r.fault(v.ExpiredAt.Line, "expired_at: %q: %v", clip(v.ExpiredAt.V), err)
			continue
		case len(v.Paths) > 0:
			r.unused(line, "paths: cannot be used: name the packages by purls")
			continue
		case v.ID.V == "" && len(v.PURLs) == 0:
			r.unused(line, "names neither id nor purls")
			continue
		case len(v.PURLs) == 0:
			r.accept(line, v.ID.V, "", v.Statement.V, until)
		}
		for _, p := range v.PURLs {
			if ref, err := purl.Parse(p.V); err != nil {
				r.fault(p.Line, "purls: %q is no purl", clip(p.V))
			} else if ref.Ecosystem == "" {
				r.unused(p.Line, "purls: %q is no package that advisories know", clip(p.V))
			} else {
				r.accept(line, v.ID.V, p.V, v.Statement.V, until)
			}
		}
	}
}
