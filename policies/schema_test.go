package policies

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/tocsin-dev/tocsin/policies/packs"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("policy.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("policy.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func asJSON(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Load([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestSchemaTakesPacks: what loads is valid, and some of what does not load is invalid.
func TestSchemaTakesPacks(t *testing.T) {
	s := compiled(t)
	for _, name := range packs.Names() {
		text, err := packs.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(asJSON(t, string(text))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, bad := range []string{
		"policy: p", "policy: p\ngate: {default: maybe, rules: []}", "policy: p\ngate: {default: pass, rules: [], extra: 1}",
		"policy: p\nresponse: {default: none, rules: [{name: a, when: 'true', then: emergency, because: x}]}",
		"policy: p\ngate: {default: pass, rules: [{name: a, when: 'true', then: fail, because: x, due: 3d}]}",
	} {
		if s.Validate(asJSON(t, bad)) == nil {
			t.Errorf("valid: %s", bad)
		}
		if _, err := Load("p.yaml", []byte(bad)); err == nil {
			t.Errorf("loads: %s", bad)
		}
	}
}

// TestSchemaKeys: the schema has the keys that the loader has.
func TestSchemaKeys(t *testing.T) {
	type object struct {
		Properties map[string]json.RawMessage `json:"properties"`
		Items      json.RawMessage            `json:"items"`
	}
	var root struct {
		object
		Defs map[string]object `json:"$defs"`
	}
	if err := json.Unmarshal(schema, &root); err != nil {
		t.Fatal(err)
	}
	within := func(o object, key string) object {
		var out object
		if err := json.Unmarshal(o.Properties[key], &out); err != nil {
			t.Fatal(err)
		}
		if out.Properties == nil && out.Items != nil {
			if err := json.Unmarshal(out.Items, &out); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	for name, c := range map[string]struct {
		o object
		t reflect.Type
	}{
		"policy": {root.object, reflect.TypeFor[file]()}, "active": {within(root.object, "active"), reflect.TypeFor[fileActive]()},
		"let": {within(root.object, "let"), reflect.TypeFor[fileLet]()}, "gate": {within(root.object, "gate"), reflect.TypeFor[fileAxis]()},
		"response": {within(root.object, "response"), reflect.TypeFor[fileAxis]()}, "rule": {root.Defs["responseRule"], reflect.TypeFor[fileRule]()},
		"table": {root.Defs["table"], reflect.TypeFor[fileTable]()}, "input": {within(root.Defs["table"], "inputs"), reflect.TypeFor[fileTableInput]()},
	} {
		var want []string
		for i := range c.t.NumField() {
			key, _, _ := strings.Cut(c.t.Field(i).Tag.Get("yaml"), ",")
			want = append(want, key)
		}
		slices.Sort(want)
		if d := cmp.Diff(want, slices.Sorted(maps.Keys(c.o.Properties))); d != "" {
			t.Errorf("%s (-loader +schema):\n%s", name, d)
		}
	}
}
