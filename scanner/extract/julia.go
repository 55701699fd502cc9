package extract

import (
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// completeJulia adds lines, and origins: "path" for what is developed in place, "repo-url" for what comes from a
// repository. https://pkgdocs.julialang.org/v1/toml-files/#Manifest.toml
func completeJulia(_ File, data []byte, r *Result) error {
	byName := map[string]*tocsin.Package{}
	for i := range r.Packages {
		byName[r.Packages[i].Name] = &r.Packages[i]
	}
	var p *tocsin.Package
	for n, l := range split(data) {
		l = strings.TrimSpace(l)
		if strings.HasPrefix(l, "[") {
			// Version 1 of the format has no "deps.".
			p = byName[strings.TrimPrefix(strings.Trim(l, "[]"), "deps.")]
			if p != nil && p.Location[0].Line == 0 {
				p.Location[0].Line = n + 1
			}
		}
		if p == nil {
			continue
		}
		if v := value([]string{l}, "path = "); v != "" {
			p.Origin = tocsin.Origin{Kind: tocsin.OriginLocal, URL: v}
		}
		if v := value([]string{l}, "repo-url = "); v != "" {
			p.Origin = tocsin.Origin{Kind: tocsin.OriginGit, URL: plain(v)}
		}
		if v := value([]string{l}, "git-tree-sha1 = "); v != "" {
			p.Integrity = v
		}
	}
	return nil
}
