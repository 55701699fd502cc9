package extract

import (
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// completeYarn adds origin and integrity from the lines under each entry, in the notation of yarn 1 (resolved,
// integrity) and of later ones (resolution, checksum).
func completeYarn(_ File, data []byte, r *Result) error {
	lines := split(data)
	for i := range r.Packages {
		p := &r.Packages[i]
		n := p.Location[0].Line
		if n < 1 || n > len(lines) {
			continue
		}
		body := indented(lines, n)
		p.Integrity = value(body, "integrity ")
		if p.Integrity == "" {
			p.Integrity = value(body, "checksum: ")
		}
		if p.Origin.Kind != "" {
			continue
		}
		header := strings.Trim(strings.TrimSuffix(lines[n-1], ":"), `"`)
		resolution := value(body, "resolution: ")
		switch {
		case strings.Contains(header, "@workspace:"), strings.Contains(header, "@link:"), strings.Contains(header, "@portal:"), strings.Contains(header, "@file:"):
			p.Origin.Kind = tocsin.OriginLocal
		case strings.Contains(resolution, "@https://"), strings.Contains(resolution, "@http://"):
			p.Origin = tarball(resolution[strings.Index(resolution, "@http")+1:])
		case strings.Contains(resolution, "__archiveUrl="):
			// A registry that serves its archives elsewhere: the address is escaped, and tells no more than this.
			p.Origin.Kind = tocsin.OriginPrivate
		default:
			p.Origin = tarball(value(body, "resolved "))
		}
	}
	return nil
}
