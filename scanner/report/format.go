package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/tocsin-dev/tocsin"
)

// Options are what single formats need beyond the report.
type Options struct {
	// Table is for the table.
	Table TableOptions
	// Record gives the JSON of an advisory; osv-scanner's format needs it.
	Record func(id string) ([]byte, error)
}

// Formats are the names that [Write] knows, sorted.
func Formats() []string {
	return []string{"codequality", "cyclonedx", "github", "gitlab", "html", "json", "junit", "markdown", "openvex", "osv-scanner", "sarif", "table"}
}

// Write writes the report in the named format. The same report gives the same bytes. A name that is not one of [Formats] is
// [tocsin.ErrInvalid].
func Write(w io.Writer, format string, r Report, o Options) error {
	switch format {
	case "codequality":
		return CodeQuality(w, r)
	case "cyclonedx":
		return CycloneDX(w, r)
	case "github":
		return GitHub(w, r)
	case "gitlab":
		return GitLab(w, r)
	case "html":
		return HTML(w, r)
	case "json":
		return JSON(w, r)
	case "junit":
		return JUnit(w, r)
	case "markdown":
		return Markdown(w, r)
	case "openvex":
		return OpenVEX(w, r)
	case "osv-scanner":
		if o.Record == nil {
			return fmt.Errorf("%w: the osv-scanner format needs the advisory records", tocsin.ErrInvalid)
		}
		return OSVScanner(w, r, o.Record)
	case "sarif":
		return SARIF(w, r)
	case "table":
		return Table(w, r, o.Table)
	}
	return fmt.Errorf("%w: report format %q: want one of %s", tocsin.ErrInvalid, format, strings.Join(Formats(), ", "))
}
