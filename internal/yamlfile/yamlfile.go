// Package yamlfile reads the YAML files that people write: strictly, and with the place of everything, so that all that
// is wrong with a file is said at once and with file, line and column.
package yamlfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
)

// MaxSize of a file, in bytes. People do not write more.
const MaxSize = 1 << 20

// A Value is a scalar with its place in the file.
type Value[T any] struct {
	V            T
	Line, Column int // 1-based; 0 where the file does not have it
	// Block is set for a literal or folded block, whose text starts on the line below.
	Block bool
}

// UnmarshalYAML keeps the place and decodes the scalar.
func (v *Value[T]) UnmarshalYAML(n *yaml.Node) error {
	v.Line, v.Column = n.Line, n.Column
	v.Block = n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
	return n.Load(&v.V)
}

// IsSet says whether the file has it.
func (v Value[T]) IsSet() bool { return v.Line > 0 }

// Place is where it stands in the file; zeros where the file does not have it.
func (v Value[T]) Place() (line, column int) { return v.Line, v.Column }

// A Duration is written as people do: 90m, 24h, 3d, 2w.
type Duration time.Duration

// UnmarshalYAML reads one number with one unit.
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	var s string
	if err := n.Load(&s); err != nil {
		return err
	}
	units := map[string]time.Duration{"d": tocsin.Day, "w": 7 * tocsin.Day}
	for unit, size := range units {
		var count int
		if rest, ok := strings.CutSuffix(s, unit); ok {
			if _, err := fmt.Sscanf(rest+" ", "%d ", &count); err == nil && fmt.Sprint(count) == rest && count >= 0 && count < 10_000 {
				*d = Duration(time.Duration(count) * size)
				return nil
			}
		}
	}
	t, err := time.ParseDuration(s)
	if err != nil || t < 0 {
		return fmt.Errorf("%q is not a duration: write 90m, 24h, 3d or 2w", s)
	}
	*d = Duration(t)
	return nil
}

// A Problem is one thing that is wrong, and where.
type Problem struct {
	File         string
	Line, Column int
	Text         string
}

func (p Problem) Error() string {
	switch {
	case p.Line == 0:
		return p.File + ": " + p.Text
	case p.Column == 0:
		return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
	default:
		return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Text)
	}
}

// Unwrap says that a problem is the input's fault.
func (p Problem) Unwrap() error { return tocsin.ErrInvalid }

// Decode reads one document into v. Unknown and repeated keys, aliases beyond reason and values of the wrong type are
// problems; all of them are returned, and v holds what could be read.
func Decode(file string, data []byte, v any) []Problem {
	return decode(file, data, v, yaml.WithKnownFields())
}

// DecodeForeign is [Decode] for a file that is written for another program: keys that v does not have are left alone.
func DecodeForeign(file string, data []byte, v any) []Problem { return decode(file, data, v) }

func decode(file string, data []byte, v any, options ...yaml.Option) []Problem {
	if len(data) > MaxSize {
		return []Problem{{File: file, Text: fmt.Sprintf("has %d bytes, at most %d are read", len(data), MaxSize)}}
	}
	err := yaml.Load(data, v, options...)
	if err == nil {
		return nil
	}
	var list *yaml.LoadErrors
	if errors.As(err, &list) {
		out := make([]Problem, 0, len(list.Errors))
		for _, e := range list.Errors {
			out = append(out, problem(file, e))
		}
		return out
	}
	var one *yaml.LoadError
	if errors.As(err, &one) {
		return []Problem{problem(file, one)}
	}
	return []Problem{{File: file, Text: err.Error()}}
}

func problem(file string, e *yaml.LoadError) Problem {
	mark, text := e.Mark, e.Message
	if mark.Line == 0 {
		mark = e.ContextMark
	}
	if inner := errors.Unwrap(e); text == "" && inner != nil {
		text = inner.Error()
	}
	// The library speaks of Go types; people wrote keys and values.
	if m := unknownKey().FindStringSubmatch(text); m != nil {
		text = fmt.Sprintf("unknown key %q", m[1])
	}
	if m := wrongType().FindStringSubmatch(text); m != nil {
		text = fmt.Sprintf("%s where %s is wanted", m[1], m[2])
	}
	return Problem{File: file, Line: mark.Line, Column: mark.Column, Text: text}
}

var (
	unknownKey = pattern.Lazy(`^field (.+) not found in type `)
	wrongType  = pattern.Lazy("^cannot construct !!\\S+ (`.*`) into (\\S+)$")
)

// Join makes one error of all problems, in the order of the file; nil if there are none.
func Join(list []Problem) error {
	slices.SortStableFunc(list, func(a, b Problem) int {
		if a.File != b.File {
			return strings.Compare(a.File, b.File)
		}
		return (a.Line-b.Line)*10_000 + a.Column - b.Column
	})
	errs := make([]error, len(list))
	for i, p := range list {
		errs[i] = p
	}
	return errors.Join(errs...)
}
