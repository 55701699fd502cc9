package report

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tocsin-dev/tocsin/internal/corpus"
)

// schema compiles a JSON Schema; more are files that it refers to by the names of their $id. Nothing is fetched.
func schema(t *testing.T, file string, more ...string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.UseLoader(jsonschema.SchemeURLLoader{}) // fetches nothing
	c.AssertFormat()
	id := ""
	for _, name := range append(more, file) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		id, _ = doc.(map[string]any)["$id"].(string)
		if id == "" {
			id = "https://example.org/" + filepath.Base(name)
		}
		if err := c.AddResource(id, doc); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	s, err := c.Compile(id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// valid fails on what the schema refuses in a document.
func valid(t *testing.T, s *jsonschema.Schema, text string) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(doc); err != nil {
		t.Errorf("%v\n%.2000s", err, text)
	}
}

// reports are those that every format is checked with.
func reports() map[string]Report {
	return map[string]Report{"thorough": thorough(), "hostile": hostile(), "empty": {}}
}

// TestReportSchema: the JSON report is what its schema says, and the schema says no more and no less than the types.
func TestReportSchema(t *testing.T) {
	file := filepath.Join("..", "..", "docs", "report.schema.json")
	s := schema(t, file)
	for name, r := range reports() {
		if name != "empty" { // which has no verdict
			valid(t, s, written(t, "json", r))
		}
	}
	golden, err := os.ReadFile(filepath.Join("testdata", "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	valid(t, s, string(golden))
	for _, wrong := range []string{`"schema_version": 1`, `"gate": "fail"`, `"ecosystem": "npm"`, `"status": "affected"`} {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(strings.Replace(string(golden), wrong, `"x": 0`, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(doc) == nil {
			t.Errorf("it is valid without %s", wrong)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc shape
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	doc.describes(t, reflect.TypeFor[Report](), doc, seen)
	for name := range doc.Defs {
		if !seen[name] {
			t.Errorf("$defs has %s, which no report contains", name)
		}
	}
	for name, values := range enumerations(t) {
		if seen[name] && !cmp.Equal(values, doc.Defs[name].Enum) {
			t.Errorf("%s (-types +schema): %s", name, cmp.Diff(values, doc.Defs[name].Enum))
		}
	}
}

// shape is as much of a schema as is compared with the types.
type shape struct {
	Ref        string           `json:"$ref"`
	Defs       map[string]shape `json:"$defs"`
	Type       string           `json:"type"`
	Enum       []string         `json:"enum"`
	Properties map[string]shape `json:"properties"`
	Required   []string         `json:"required"`
	Items      *shape           `json:"items"`
}

// describes compares a type with what the schema says of it, and goes on with the types in it.
func (doc shape) describes(t *testing.T, typ reflect.Type, s shape, seen map[string]bool) {
	t.Helper()
	switch {
	case typ.Kind() == reflect.Pointer:
		doc.describes(t, typ.Elem(), s, seen)
	case typ == reflect.TypeFor[time.Time]():
	case typ.Kind() == reflect.Slice:
		if s.Type != "array" || s.Items == nil {
			t.Errorf("%s is a list; the schema has %+v", typ, s)
			return
		}
		doc.describes(t, typ.Elem(), *s.Items, seen)
	case typ.Kind() == reflect.Struct || typ.Kind() == reflect.String && typ.PkgPath() != "":
		if typ != reflect.TypeFor[Report]() {
			if s.Ref != "#/$defs/"+typ.Name() {
				t.Errorf("%s is described as %q", typ, s.Ref)
				return
			}
			s = doc.Defs[typ.Name()]
		}
		if seen[typ.Name()] {
			return
		}
		seen[typ.Name()] = true
		if typ.Kind() == reflect.Struct {
			doc.fields(t, typ, s, seen)
		}
	}
}

func (doc shape) fields(t *testing.T, typ reflect.Type, s shape, seen map[string]bool) {
	t.Helper()
	var names, required []string
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			t.Errorf("%s.%s has no name in JSON", typ, f.Name)
		}
		names = append(names, name)
		if !strings.Contains(rest, "omit") {
			required = append(required, name)
		}
		doc.describes(t, f.Type, s.Properties[name], seen)
	}
	var have []string
	for name := range s.Properties {
		have = append(have, name)
	}
	for _, l := range [][]string{names, required, have, s.Required} {
		slices.Sort(l)
	}
	if diff := cmp.Diff(names, have); diff != "" {
		t.Errorf("%s (-fields +properties): %s", typ, diff)
	}
	if diff := cmp.Diff(required, s.Required); diff != "" {
		t.Errorf("%s (-always written +required): %s", typ, diff)
	}
}

// enumerations are the constants of the root package by type, in order. Every type that a report uses is made of strings.
func enumerations(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	pkgs, err := filepath.Glob(filepath.Join("..", "..", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range pkgs {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				typ, ok := v.Type.(*ast.Ident)
				if !ok || len(v.Values) != 1 {
					continue
				}
				if lit, ok := v.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
					text, err := strconv.Unquote(lit.Value)
					if err != nil {
						t.Fatal(err)
					}
					out[typ.Name] = append(out[typ.Name], text)
				}
			}
		}
	}
	return out
}

// What others publish as a schema, or ask for in their documents, holds whatever is in a report. Those of the corpus are
// skipped where it is not.
func TestSchemasOfOthers(t *testing.T) {
	for format, load := range map[string]func(*testing.T) *jsonschema.Schema{
		"codequality": func(t *testing.T) *jsonschema.Schema { return schema(t, "testdata/codequality.schema.json") },
		"gitlab":      func(t *testing.T) *jsonschema.Schema { return schema(t, "testdata/gitlab.schema.json") },
		"openvex": func(t *testing.T) *jsonschema.Schema {
			return schema(t, filepath.Join(corpus.Dir(t), "conformance", "openvex", "openvex_json_schema.json"))
		},
		"cyclonedx": func(t *testing.T) *jsonschema.Schema {
			dir := filepath.Join(corpus.Dir(t), "conformance", "cyclonedx", "schema")
			return schema(t, filepath.Join(dir, "bom-1.6.schema.json"), filepath.Join(dir, "spdx.schema.json"), filepath.Join(dir, "jsf-0.82.schema.json"))
		},
	} {
		t.Run(format, func(t *testing.T) {
			s := load(t)
			for name, r := range reports() {
				if format == "openvex" && name == "empty" {
					continue // its schema asks for a statement, and where nothing was found there is none to make
				}
				t.Run(name, func(t *testing.T) { valid(t, s, written(t, format, r)) })
			}
		})
	}
}
