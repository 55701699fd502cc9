package extract

import (
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
)

var (
	// mixEntry is a line of mix.lock: "app": {:hex, :package, "version", … or "app": {:git, "url", ….
	mixEntry = pattern.Lazy(`^\s*"([^"]+)":\s*\{:(\w+),\s*(?:"([^"]*)"|:("[^"]+"|\w+))?`)
	// mixNeed is a dependency in it: {:app, "requirement", [….
	mixNeed = pattern.Lazy(`\{:("[^"]+"|\w+),\s*"[^"]*",\s*\[`)
)

// completeMix adds lines, edges, the origin of packages from git, and the names of packages that are not called like the
// application they hold. What the project asks for stands in a program, mix.exs. https://hexdocs.pm/mix/Mix.Tasks.Deps.html
func completeMix(_ File, data []byte, r *Result) error {
	apps := map[string]int{}
	for i, p := range r.Packages {
		apps[p.Name] = i
	}
	g := newGraph(r)
	for n, l := range split(data) {
		m := mixEntry().FindStringSubmatch(l)
		if m == nil {
			continue
		}
		i, ok := apps[m[1]]
		if !ok {
			continue
		}
		p := &r.Packages[i]
		p.Location[0].Line = n + 1
		if m[2] == "git" {
			p.Origin = tocsin.Origin{Kind: tocsin.OriginGit, URL: plain(m[3])}
		}
		if m[2] == "hex" && m[4] != "" {
			p.Name = strings.Trim(m[4], `"`)
		}
		for _, need := range mixNeed().FindAllStringSubmatch(l, -1) {
			if to, ok := apps[strings.Trim(need[1], `"`)]; ok {
				g.link(i, false, to)
			}
		}
	}
	return nil
}
