package extract

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// spdxTagValue reads SPDX in tag-value form. It looks at the few tags it needs and passes over all others, so that the
// documents of the many tools that bend the form can be read. https://spdx.github.io/spdx-spec/v2.3/conformance/
type spdxTagValue struct{}

func (spdxTagValue) Format() string { return "spdx/tag-value" }
func (spdxTagValue) Limit() int64   { return LimitStream }

// maxTagLine bounds one line. Only licence texts come near it, and those are passed over.
const maxTagLine = 1 << 20

func (spdxTagValue) Read(_ context.Context, f File) (Result, error) {
	t := &tagValue{spdxGraph: spdxGraph{bom: newBOM(f.Path)}}
	err := t.read(bufio.NewReaderSize(f.Body, 64<<10))
	var r Result
	switch {
	case err == nil && t.tags == 0:
		return Result{}, fmt.Errorf("%w: no SPDX tags", errWrongTop)
	case err == nil && t.text:
		r.Partial = fmt.Sprintf("the file ends at line %d, inside <text>", t.line)
	case err != nil && t.count == 0:
		return Result{}, fmt.Errorf("line %d: %w", t.line, err)
	case err != nil:
		r.Partial = fmt.Sprintf("line %d: %v", t.line, err)
	}
	return t.result(r), nil
}

type tagValue struct {
	spdxGraph
	line, tags int
	// text says that we are inside <text>…</text>, which may span lines.
	text bool
	// part is the package being read; open says that there is one.
	part component
	open bool
}

func (t *tagValue) read(r *bufio.Reader) error {
	for {
		line, err := readLine(r)
		if line != "" || err == nil {
			t.line++
			if tagErr := t.take(line); tagErr != nil {
				return tagErr
			}
		}
		if errors.Is(err, io.EOF) {
			return t.close()
		}
		if err != nil {
			return errors.Join(err, t.close())
		}
	}
}

func (t *tagValue) take(line string) error {
	if t.text {
		t.text = !strings.Contains(line, "</text>")
		return nil
	}
	tag, val, ok := strings.Cut(line, ":")
	if !ok || strings.HasPrefix(line, "#") {
		return nil
	}
	tag, val = strings.TrimSpace(tag), strings.TrimSpace(val)
	if rest, ok := strings.CutPrefix(val, "<text>"); ok && !strings.Contains(rest, "</text>") {
		t.text = true
		return nil
	}
	switch tag {
	case "SPDXVersion", "DataLicense", "DocumentName":
		t.tags++
	case "PackageName":
		t.tags++
		if err := t.close(); err != nil {
			return err
		}
		t.part, t.open = component{name: val}, true
	case "FileName", "SnippetSPDXID", "LicenseID":
		return t.close()
	case "SPDXID":
		if t.open {
			t.part.id = val
		}
	case "PackageVersion":
		t.part.version = val
	case "ExternalRef":
		// ExternalRef: category type locator
		if fields := strings.Fields(val); len(fields) >= 3 {
			t.part.locate(fields[1], fields[2])
		}
	case "Relationship":
		// Relationship: element type element
		if fields := strings.Fields(val); len(fields) >= 3 {
			t.relationship(fields[0], fields[1], fields[2])
		}
	}
	return nil
}

// close ends the package being read.
func (t *tagValue) close() error {
	if !t.open {
		return nil
	}
	t.open = false
	return t.add(t.part.absent())
}

// readLine reads a line without its end; what exceeds maxTagLine is dropped.
func readLine(r *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, prefix, err := r.ReadLine()
		if len(line) < maxTagLine {
			line = append(line, part...)
		}
		if err != nil || !prefix {
			return string(line), err
		}
	}
}
