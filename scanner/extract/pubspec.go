package extract

import (
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// completePubspec adds lines, relation and origin from the entry of each package.
// https://github.com/dart-lang/pub/blob/master/lib/src/lock_file.dart
func completePubspec(_ File, data []byte, r *Result) error {
	lines := split(data)
	at := map[string]int{}
	for n, l := range lines {
		if name, ok := strings.CutSuffix(l, ":"); ok && indent(l) == 2 {
			at[strings.Trim(strings.TrimSpace(name), `"'`)] = n + 1
		}
	}
	for i := range r.Packages {
		p := &r.Packages[i]
		p.Location[0].Line = at[p.Name]
		body := indented(lines, at[p.Name])
		switch kind := value(body, "dependency: "); {
		case strings.HasPrefix(kind, "direct"):
			p.Relation = tocsin.RelationDirect
		case kind == "transitive":
			p.Relation = tocsin.RelationTransitive
		}
		p.Integrity = value(body, "sha256: ")
		address := value(body, "url: ")
		switch value(body, "source: ") {
		case "path", "sdk":
			// What comes with the SDK is versioned by it, under names that pub.dev may use otherwise.
			p.Origin = tocsin.Origin{Kind: tocsin.OriginLocal, URL: value(body, "path: ")}
		case "git":
			p.Origin = tocsin.Origin{Kind: tocsin.OriginGit, URL: plain(address)}
		case "hosted":
			p.Origin = registry("Pub", address)
		}
	}
	return nil
}
