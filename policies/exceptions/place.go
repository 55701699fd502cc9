package exceptions

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"sort"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

// placed is a value with where it begins in its document.
type placed[T any] struct {
	V      T
	offset int64 // of JSON: the end of what stands before it
	line   int   // of XML
}

var _ json.UnmarshalerFrom = (*placed[int])(nil)

// UnmarshalJSONFrom keeps the place.
func (p *placed[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	p.offset = dec.InputOffset()
	return json.UnmarshalDecode(dec, &p.V)
}

// UnmarshalXML keeps the place.
func (p *placed[T]) UnmarshalXML(dec *xml.Decoder, start xml.StartElement) error {
	p.line, _ = dec.InputPos()
	return dec.DecodeElement(&p.V, &start)
}

// lines finds the line of an offset.
type lines struct {
	data []byte
	ends []int // offsets of the line feeds
}

func newLines(data []byte) *lines {
	l := &lines{data: data}
	for i, c := range data {
		if c == '\n' {
			l.ends = append(l.ends, i)
		}
	}
	return l
}

// of is the line of what follows an offset, after blanks, commas and colons.
func (l *lines) of(offset int64) int {
	at := min(max(int(offset), 0), len(l.data))
	at += len(l.data[at:]) - len(bytes.TrimLeft(l.data[at:], " \t\r\n,:"))
	return sort.SearchInts(l.ends, at) + 1
}

// jsonProblem says what is wrong with a document, with line and field. Documents nested deeper than 10,000 and those that
// name one field twice are wrong too.
func jsonProblem(name string, data []byte, err error) yamlfile.Problem {
	var syntax *jsontext.SyntacticError
	var meaning *json.SemanticError
	p := yamlfile.Problem{File: name, Text: err.Error()}
	switch {
	case errors.As(err, &syntax):
		p.Line, p.Text = newLines(data).of(syntax.ByteOffset), field(syntax.JSONPointer)+syntax.Err.Error()
	case errors.As(err, &meaning):
		p.Line, p.Text = newLines(data).of(meaning.ByteOffset), fmt.Sprintf("%s%s does not belong here", field(meaning.JSONPointer), kind(meaning.JSONKind))
		if meaning.Err != nil {
			p.Text = field(meaning.JSONPointer) + meaning.Err.Error()
		}
	}
	return p
}

func field(p jsontext.Pointer) string {
	if p == "" {
		return ""
	}
	if len(p) > 200 {
		p = p[:200] + "…"
	}
	return string(p) + ": "
}

func kind(k jsontext.Kind) string {
	switch k {
	case '"':
		return "a string"
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '0':
		return "a number"
	default:
		return k.String()
	}
}
