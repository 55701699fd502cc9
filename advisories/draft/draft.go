package draft

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// A Format of an advisory.
type Format string

// The formats.
const (
	OSV     Format = "osv"
	CSAF    Format = "csaf"    // 2.0
	OpenVEX Format = "openvex" // 0.2.0
	GitHub  Format = "github"  // the body of a request that makes a repository advisory, or closes one
	JSON    Format = "json"    // the document itself, by [tocsin.Document.Encode]: what the digests in the public history are of
)

// Formats lists all formats.
func Formats() []Format { return []Format{OSV, CSAF, OpenVEX, GitHub, JSON} }

// Write gives a document in a format, as JSON. The same document gives the same bytes. A format that there is not is an
// [tocsin.ErrInvalid]; a document that a format cannot say an [tocsin.ErrConflict], with what is missing.
func Write(d tocsin.Document, f Format) ([]byte, error) {
	var v any
	var err error
	switch f {
	case OSV:
		v, err = newOSV(d)
	case CSAF:
		v, err = newCSAF(d)
	case OpenVEX:
		v, err = newVEX(d)
	case GitHub:
		v, err = newGitHub(d)
	case JSON:
		return d.Encode()
	default:
		return nil, fmt.Errorf("%w: format: %.40q: want one of %q", tocsin.ErrInvalid, f, Formats())
	}
	if err != nil {
		return nil, fmt.Errorf("writing the advisory %s as %s: %w", d.ID, f, err)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("writing the advisory %s as %s: %w", d.ID, f, err)
	}
	return b.Bytes(), nil
}

// Bounds of what is written of a name, a line and a text, in characters.
const (
	maxName = 200
	maxLine = 2_000
	maxText = 20_000
)

func name(s string) string { return markdown.Line(s[:min(len(s), 4*maxName)], maxName) }
func line(s string) string { return markdown.Line(s[:min(len(s), 4*maxLine)], maxLine) }

// text is Markdown that people wrote. What GitHub could take for the end of our section is broken up.
func text(s string) string {
	return strings.ReplaceAll(markdown.Lines(s[:min(len(s), 4*maxText)], maxText), "<!--", "&lt;!--")
}

// host is that of the publisher, so that ids are like nobody else's.
func host(p tocsin.Publisher) string {
	u, err := url.Parse(p.URL)
	if err != nil || u.Hostname() == "" {
		return "tocsin"
	}
	return u.Hostname()
}

// about gives the flaws that a product has.
func about(d tocsin.Document, p tocsin.Product) []tocsin.Flaw {
	var out []tocsin.Flaw
	for _, f := range d.Flaws {
		for _, id := range p.Flaws {
			if id == f.ID {
				out = append(out, f)
			}
		}
	}
	return out
}

// versions are a range of affected versions, or a single one, of a product, and the version that is the fix; each empty if there is none.
type versions struct {
	vers, single, fix string
}

func versionsOf(p tocsin.Product, v tocsin.Interval) versions {
	out := versions{fix: v.Before}
	var parts []string
	switch {
	case v.From != "" && v.From == v.Through:
		out.single = v.From
		return out
	case v.From != "":
		parts = append(parts, ">="+url.PathEscape(v.From))
	}
	if v.Before != "" {
		parts = append(parts, "<"+url.PathEscape(v.Before))
	}
	if v.Through != "" {
		parts = append(parts, "<="+url.PathEscape(v.Through))
	}
	if len(parts) == 0 {
		parts = []string{"*"}
	}
	scheme, _, _ := strings.Cut(strings.TrimPrefix(p.PURL, "pkg:"), "/")
	out.vers = "vers:" + strings.ToLower(scheme) + "/" + strings.Join(parts, "|")
	return out
}

// purl is that of the affected versions.
func (v versions) purl(p tocsin.Product) string {
	if v.single != "" {
		return purl.At(p.PURL, v.single)
	}
	return purl.In(p.PURL, v.vers)
}

// affected are the intervals of a product; all versions where it is affected and nobody said which.
func affected(p tocsin.Product) []tocsin.Interval {
	if p.Status.Harmed() && len(p.Versions) == 0 {
		return []tocsin.Interval{{}}
	}
	return p.Versions
}
