package extract

import (
	"regexp"

	"github.com/tocsin-dev/tocsin"
)

// mixEntry is a line of mix.lock: "name": {:hex, :package, "version", … or {:git, "url", ….
var mixEntry = regexp.MustCompile(`^\s*"([^"]+)":\s*\{:(\w+),\s*(?:"([^"]*)")?`)

// completeMix adds lines and the origin of packages from git. https://hexdocs.pm/mix/Mix.Tasks.Deps.html
func completeMix(_ File, data []byte, r *Result) error {
	byName := map[string]*tocsin.Package{}
	for i := range r.Packages {
		byName[r.Packages[i].Name] = &r.Packages[i]
	}
	for n, l := range split(data) {
		m := mixEntry.FindStringSubmatch(l)
		if m == nil || byName[m[1]] == nil {
			continue
		}
		p := byName[m[1]]
		p.Location[0].Line = n + 1
		if m[2] == "git" {
			p.Origin = tocsin.Origin{Kind: tocsin.OriginGit, URL: plain(m[3])}
		}
	}
	return nil
}
