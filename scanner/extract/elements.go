package extract

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// elements goes through an XML document element by element. Entities are those of XML alone: what a document declares
// itself is an error, so that none can expand.
type elements struct {
	dec  *xml.Decoder
	path []string
}

func newElements(r io.Reader) *elements {
	x := &elements{dec: xml.NewDecoder(r)}
	x.dec.CharsetReader = charset
	return x
}

func (x *elements) line() int {
	line, _ := x.dec.InputPos()
	return line
}

// next is the next start or end tag, or text, with the depth kept and bounded.
func (x *elements) next() (xml.Token, error) {
	t, err := x.dec.Token()
	if errors.Is(err, io.EOF) && len(x.path) > 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		var syntax *xml.SyntaxError
		if errors.As(err, &syntax) && syntax.Msg == "unexpected EOF" {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	switch t := t.(type) {
	case xml.StartElement:
		if len(x.path) >= maxNesting {
			return nil, errNesting
		}
		x.path = append(x.path, t.Name.Local)
	case xml.EndElement:
		x.path = x.path[:len(x.path)-1]
	}
	return t, nil
}

// children calls child for each element inside the one just opened; child must read to its end.
func (x *elements) children(child func(e xml.StartElement) error) error {
	for {
		t, err := x.next()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if err := child(t); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

func (x *elements) skip() error {
	return x.children(func(xml.StartElement) error { return x.skip() })
}

func (x *elements) text(into *string) error {
	var b strings.Builder
	for {
		t, err := x.next()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.CharData:
			b.Write(t)
		case xml.StartElement:
			if err := x.skip(); err != nil {
				return err
			}
		case xml.EndElement:
			*into = strings.TrimSpace(b.String())
			return nil
		}
	}
}

// document reads the document if its top element has the name, passing those within to child.
func (x *elements) document(name string, child func(xml.StartElement) error) error {
	for {
		t, err := x.next()
		if errors.Is(err, io.EOF) {
			return errWrongTop
		}
		if err != nil {
			return err
		}
		if e, ok := t.(xml.StartElement); ok {
			if e.Name.Local != name {
				return fmt.Errorf("%w: the top element is <%s>, not <%s>", errWrongTop, e.Name.Local, name)
			}
			return x.children(child)
		}
	}
}

// finish turns the end of a document into the reason of a partial result, or into an error if nothing was read.
func (x *elements) finish(err error, packages int) (string, error) {
	if err == nil {
		return "", nil
	}
	reason := fmt.Errorf("line %d: %w", x.line(), err)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		reason = fmt.Errorf("the file ends at line %d, inside <%s>", x.line(), strings.Join(x.path, "><"))
	}
	if packages == 0 {
		return "", reason
	}
	return reason.Error(), nil
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// charset reads the two older encodings that still occur; anything else is an error.
func charset(label string, r io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "utf-8", "utf8", "us-ascii", "ascii", "utf-16":
		// The scanner has turned UTF-16 into UTF-8 already, by its byte-order mark.
		return r, nil
	case "iso-8859-1", "latin1":
		return charmap.ISO8859_1.NewDecoder().Reader(r), nil
	case "windows-1252":
		return charmap.Windows1252.NewDecoder().Reader(r), nil
	default:
		return nil, fmt.Errorf("unknown encoding %q", label)
	}
}
