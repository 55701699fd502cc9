package extract

import (
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// completeCargo adds source and checksum. A package without source is a member of the workspace or a path.
// https://doc.rust-lang.org/cargo/reference/pkgid-spec.html
func completeCargo(_ File, data []byte, r *Result) error {
	lines := split(data)
	// Before 2018 checksums stood in a table at the end: "checksum name version (source)" = "…".
	old := map[string]string{}
	for _, l := range lines {
		if rest, ok := strings.CutPrefix(l, `"checksum `); ok {
			key, sum, _ := strings.Cut(rest, `" = `)
			if parts := strings.Fields(key); len(parts) >= 2 {
				old[parts[0]+"@"+parts[1]] = strings.Trim(sum, `"`)
			}
		}
	}
	for i := range r.Packages {
		p := &r.Packages[i]
		if p.Location[0].Line == 0 {
			continue
		}
		body := table(lines, p.Location[0].Line, "[[package]]")
		source := value(body, "source = ")
		if source == "" {
			p.Origin.Kind = tocsin.OriginLocal
			continue
		}
		p.Integrity = value(body, "checksum = ")
		if p.Integrity == "" {
			p.Integrity = old[p.String()]
		}
		if strings.HasPrefix(source, "git+") {
			p.Origin = origin("crates.io", source)
		} else {
			p.Origin = registry("crates.io", source)
		}
	}
	return nil
}
