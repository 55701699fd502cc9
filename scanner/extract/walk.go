package extract

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// walk goes through a JSON document of any size token by token, and forgives what it can: a value of an unexpected type
// is skipped and noted, and a document that breaks off keeps what came before.
type walk struct {
	dec *jsontext.Decoder
	// fault is the first place where the document was not as expected.
	fault string
}

func newWalk(r io.Reader) *walk {
	return &walk{dec: jsontext.NewDecoder(r, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
}

// object calls field for each name of the object at hand; field must read or skip the value. The name is valid until then.
func (w *walk) object(field func(name []byte) error) error {
	if w.dec.PeekKind() != '{' {
		return w.unexpected("an object")
	}
	if _, err := w.dec.ReadToken(); err != nil {
		return err
	}
	for {
		if k := w.dec.PeekKind(); k == '}' {
			_, err := w.dec.ReadToken()
			return err
		}
		raw, err := w.dec.ReadValue()
		if err != nil {
			return err
		}
		name := raw[1 : len(raw)-1]
		for _, c := range name {
			if c == '\\' {
				name, _ = jsontext.AppendUnquote(nil, raw)
				break
			}
		}
		if err := field(name); err != nil {
			return err
		}
	}
}

// array calls element for each element of the array at hand; element must read or skip it.
func (w *walk) array(element func() error) error {
	if w.dec.PeekKind() != '[' {
		return w.unexpected("an array")
	}
	if _, err := w.dec.ReadToken(); err != nil {
		return err
	}
	for {
		if w.dec.PeekKind() == ']' {
			_, err := w.dec.ReadToken()
			return err
		}
		if err := element(); err != nil {
			return err
		}
	}
}

// text reads a string. A number is taken as written, since people forget quotes around versions; null is empty.
func (w *walk) text(into *string) error {
	switch w.dec.PeekKind() {
	case '"':
		t, err := w.dec.ReadToken()
		if err == nil {
			*into = t.String()
		}
		return err
	case '0':
		v, err := w.dec.ReadValue()
		*into = string(v)
		return err
	case 'n':
		*into = ""
		return w.dec.SkipValue()
	default:
		return w.unexpected("a string")
	}
}

// truth reads a boolean; any other value is false.
func (w *walk) truth(into *bool) error {
	*into = w.dec.PeekKind() == 't'
	return w.dec.SkipValue()
}

func (w *walk) skip() error { return w.dec.SkipValue() }

// unexpected skips a value of another type than wanted. Null stands for nothing, and is no fault.
func (w *walk) unexpected(want string) error {
	k := w.dec.PeekKind()
	if err := w.dec.SkipValue(); err != nil {
		return err
	}
	if w.fault == "" && k != 'n' {
		w.fault = fmt.Sprintf("%s is not %s (byte %d)", w.place(), want, w.dec.InputOffset())
	}
	return nil
}

func (w *walk) place() string {
	p := string(w.dec.StackPointer())
	if p == "" {
		return "the document"
	}
	if len(p) > 120 {
		p = p[:120] + "…"
	}
	return p
}

// broken says in one sentence what ended the reading, with the place.
func (w *walk) broken(err error) string {
	var syntax *jsontext.SyntacticError
	switch {
	case errors.As(err, &syntax):
		at := string(syntax.JSONPointer)
		if len(at) > 120 {
			at = at[:120] + "…"
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Sprintf("the file ends at byte %d, inside %q", syntax.ByteOffset, at)
		}
		return fmt.Sprintf("byte %d, at %q: %v", syntax.ByteOffset, at, syntax.Err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Sprintf("the file ends at byte %d, inside %s", w.dec.InputOffset(), w.place())
	default:
		return fmt.Sprintf("byte %d, at %s: %v", w.dec.InputOffset(), w.place(), err)
	}
}

// finish turns the end of a walk into the reason of a partial result, or into an error if nothing was read.
func (w *walk) finish(err error, packages int) (string, error) {
	if err == nil && w.dec.PeekKind() != 0 && w.fault == "" {
		w.fault = fmt.Sprintf("more follows the document at byte %d", w.dec.InputOffset())
	}
	switch {
	case err == nil:
		return w.fault, nil
	case packages == 0:
		return "", errors.New(w.broken(err))
	default:
		return w.broken(err), nil
	}
}
