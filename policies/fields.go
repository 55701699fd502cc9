package policies

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/common/ast"
)

// A field is one input by its path: "advisory.epss", "advisory.metrics.attack_vector", "now".
type field struct {
	path  string
	index []int    // for [reflect.Value.FieldByIndex] on an Input
	enum  []string // the values that a text, or the texts of a list, can have; nil if any
	// boolean says that it is a truth value.
	boolean bool
}

// inputs are all fields that policies can name, by path.
func inputs() map[string]field {
	out := map[string]field{}
	var walk func(t reflect.Type, path string, index []int)
	walk = func(t reflect.Type, path string, index []int) {
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			p, at := strings.TrimPrefix(path+"."+name, "."), append(slices.Clone(index), i)
			if f.Type.Kind() == reflect.Struct && f.Type.PkgPath() == t.PkgPath() {
				walk(f.Type, p, at)
				continue
			}
			one := field{path: p, index: at, boolean: f.Type.Kind() == reflect.Bool}
			if enum, ok := f.Tag.Lookup("enum"); ok {
				one.enum = strings.Split(enum, ",")
			}
			out[p] = one
		}
	}
	walk(reflect.TypeFor[Input](), "", nil)
	return out
}

// inputField is the input that an expression selects.
func (l *loader) inputField(e ast.Expr) (field, bool) {
	var path []string
	for e.Kind() == ast.SelectKind && !e.AsSelect().IsTestOnly() {
		path = append(path, e.AsSelect().FieldName())
		e = e.AsSelect().Operand()
	}
	if e.Kind() != ast.IdentKind {
		return field{}, false
	}
	path = append(path, e.AsIdent())
	slices.Reverse(path)
	f, ok := l.inputs[strings.Join(path, ".")]
	return f, ok
}

// A sight is something that an expression reads, for explanations: an input, or a name.
type sight struct {
	text string
	field
	name int // place in [Policy.names], -1 for an input
}

// sights lists what an expression reads, each once, in the order of the text.
func (l *loader) sights(e ast.Expr) []sight {
	var out []sight
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(n ast.Expr) {
		s := sight{name: l.named(n)}
		if s.name >= 0 {
			s.text = l.p.names[s.name].name + "()"
		} else if f, ok := l.inputField(n); ok {
			s.text, s.field = f.path, f
		} else {
			return
		}
		if !slices.ContainsFunc(out, func(o sight) bool { return o.text == s.text }) {
			out = append(out, s)
		}
	}))
	return out
}

// reads says whether any expression of the policy reads an input at or below a path.
func (p *Policy) reads(path string) bool {
	below := func(x expression) bool {
		return slices.ContainsFunc(x.sees, func(s sight) bool {
			return s.name < 0 && (s.path == path || strings.HasPrefix(s.path, path+"."))
		})
	}
	for _, n := range p.names {
		if n.value != nil && below(*n.value) || n.table != nil && slices.ContainsFunc(n.table.inputs, func(i tableInput) bool { return below(i.is) }) {
			return true
		}
	}
	return slices.ContainsFunc(p.atoms, below)
}

// value reads the field of an input.
func (f field) value(in *Input) reflect.Value {
	return reflect.ValueOf(in).Elem().FieldByIndex(f.index)
}

// append adds the value in a form that differs where the value does.
func (f field) append(b []byte, in *Input) []byte {
	switch v := f.value(in); v.Kind() {
	case reflect.Bool:
		b = strconv.AppendBool(b, v.Bool())
	case reflect.Int, reflect.Int64:
		b = strconv.AppendInt(b, v.Int(), 10)
	case reflect.Float64:
		b = strconv.AppendFloat(b, v.Float(), 'g', -1, 64)
	case reflect.String:
		b = strconv.AppendInt(b, int64(v.Len()), 10)
		b = append(append(b, ' '), v.String()...)
	case reflect.Slice:
		for i := range v.Len() {
			b = strconv.AppendQuote(b, v.Index(i).String())
		}
	default:
		b = fmt.Append(b, v.Interface())
	}
	return append(b, 0)
}

// text writes a value as people read it.
func text(v any) string {
	var s string
	switch v := v.(type) {
	case string:
		s = v
	case bool:
		s = strconv.FormatBool(v)
	case float64:
		s = strconv.FormatFloat(v, 'g', -1, 64)
	case []string:
		s = strings.Join(v, ", ")
	case time.Time:
		s = v.UTC().Format(time.RFC3339)
	default:
		s = fmt.Sprint(v)
	}
	if len(s) > maxShown {
		s = strings.ToValidUTF8(s[:maxShown], "") + "…"
	}
	return s
}

// maxShown bounds the text of one value in an explanation.
const maxShown = 200
