package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/tocsin-dev/tocsin"
)

// SchemaVersion is the version of the JSON report. It grows when what was written before can no longer be read.
const SchemaVersion = 1

// maxReport bounds a report that is read, in bytes. One of 50,000 packages has a tenth of it.
const maxReport = 256 << 20

// Read reads a report that [JSON] wrote. One that is not whole, or of another version, is [tocsin.ErrInvalid].
func Read(r io.Reader) (Report, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxReport+1))
	if err != nil {
		return Report{}, fmt.Errorf("reading the report: %w", err)
	}
	if len(b) > maxReport {
		return Report{}, fmt.Errorf("%w: a report of more than %d MB", tocsin.ErrInvalid, maxReport>>20)
	}
	// The version comes first: what another version wrote need not have our fields.
	var version struct {
		Schema *int `json:"schema_version"`
	}
	if err := decode(b, &version); err != nil {
		return Report{}, err
	}
	switch {
	case version.Schema == nil:
		return Report{}, fmt.Errorf("%w: no report of this program: schema_version is missing; write one with tocsin scan --format json", tocsin.ErrInvalid)
	case *version.Schema != SchemaVersion:
		return Report{}, fmt.Errorf("%w: a report of schema version %d, and this program reads %d: write it again with this program",
			tocsin.ErrInvalid, *version.Schema, SchemaVersion)
	}
	var out Report
	if err := decode(b, &out); err != nil {
		return Report{}, err
	}
	return out, out.whole()
}

// decode tells at which byte the document breaks.
func decode(b []byte, v any) error {
	err := json.Unmarshal(b, v)
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		return fmt.Errorf("%w: no whole report: byte %d: %v", tocsin.ErrInvalid, syntax.Offset, err)
	case errors.As(err, &typ):
		return fmt.Errorf("%w: no report of this program: %s (byte %d) is a %s", tocsin.ErrInvalid, typ.Field, typ.Offset, typ.Value)
	default:
		return fmt.Errorf("%w: no report of this program: %v", tocsin.ErrInvalid, err)
	}
}

// whole checks what a reader of the report relies on.
func (r Report) whole() error {
	if r.At.IsZero() {
		return fmt.Errorf("%w: no whole report: at is missing", tocsin.ErrInvalid)
	}
	for i, t := range r.Targets {
		if len(t.Contents.Packages) != t.Packages {
			return fmt.Errorf("%w: no whole report: targets[%d] counts %d packages and contains %d", tocsin.ErrInvalid, i, t.Packages, len(t.Contents.Packages))
		}
		for _, e := range t.Contents.Edges {
			if e.From < tocsin.EdgeRoot || e.From >= t.Packages || e.To < 0 || e.To >= t.Packages {
				return fmt.Errorf("%w: no whole report: targets[%d].contents.edges: %d to %d, and there are %d packages", tocsin.ErrInvalid, i, e.From, e.To, t.Packages)
			}
		}
	}
	return nil
}
