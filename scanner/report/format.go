package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
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

// formats are what [Write] knows.
var formats = map[string]func(io.Writer, Report, Options) error{
	"codequality": plain(CodeQuality),
	"cyclonedx":   plain(CycloneDX),
	"github":      plain(GitHub),
	"gitlab":      plain(GitLab),
	"html":        plain(HTML),
	"json":        plain(JSON),
	"junit":       plain(JUnit),
	"markdown":    plain(Markdown),
	"openvex":     plain(OpenVEX),
	"osv-scanner": func(w io.Writer, r Report, o Options) error { return OSVScanner(w, r, o.Record) },
	"sarif":       plain(SARIF),
	"table":       func(w io.Writer, r Report, o Options) error { return Table(w, r, o.Table) },
}

func plain(write func(io.Writer, Report) error) func(io.Writer, Report, Options) error {
	return func(w io.Writer, r Report, _ Options) error { return write(w, r) }
}

// Formats are the names that [Write] knows, sorted.
func Formats() []string { return slices.Sorted(maps.Keys(formats)) }

// Write writes the report in the named format. The same report gives the same bytes. A name that is not one of [Formats] is
// [tocsin.ErrInvalid].
func Write(w io.Writer, format string, r Report, o Options) error {
	write, known := formats[format]
	if !known {
		return fmt.Errorf("%w: report format %q: want one of %s", tocsin.ErrInvalid, format, strings.Join(Formats(), ", "))
	}
	return write(w, r, o)
}
