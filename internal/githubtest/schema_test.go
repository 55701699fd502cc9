package githubtest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin/internal/corpus"
)

// description is GitHub's own description of its REST calls, or the part of it that we use.
// https://github.com/github/rest-api-description
type description struct {
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Components struct {
		Schemas   map[string]schema   `json:"schemas"`
		Responses map[string]response `json:"responses"`
	} `json:"components"`
}

type response struct {
	Ref     string `json:"$ref"`
	Content map[string]struct {
		Schema schema `json:"schema"`
	} `json:"content"`
}

// schema is as much of JSON Schema as GitHub's description uses for answers.
type schema struct {
	Ref        string            `json:"$ref"`
	Type       string            `json:"type"`
	Nullable   bool              `json:"nullable"`
	Enum       []any             `json:"enum"`
	Required   []string          `json:"required"`
	Properties map[string]schema `json:"properties"`
	Additional json.RawMessage   `json:"additionalProperties"`
	Items      *schema           `json:"items"`
	AllOf      []schema          `json:"allOf"`
	OneOf      []schema          `json:"oneOf"`
	AnyOf      []schema          `json:"anyOf"`
	MaxLength  int               `json:"maxLength"`
}

func readDescription(t *testing.T) *description {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(corpus.Dir(t), "github", "rest-subset.openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d description
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	return &d
}

// answers returns the documented answers of a call by status.
func (d *description) answers(method, path string) (map[string]response, bool) {
	raw, ok := d.Paths[path][strings.ToLower(method)]
	if !ok {
		return nil, false
	}
	var op struct {
		Responses map[string]response `json:"responses"`
	}
	if json.Unmarshal(raw, &op) != nil {
		return nil, false
	}
	for k, r := range op.Responses {
		if r.Ref != "" {
			op.Responses[k] = d.Components.Responses[r.Ref[strings.LastIndexByte(r.Ref, '/')+1:]]
		}
	}
	return op.Responses, true
}

// check returns what is wrong with the value, "" for nothing.
func (d *description) check(s schema, v any, at string) string {
	if s.Ref != "" {
		named, ok := d.Components.Schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]]
		if !ok {
			return "" // outside the part we have
		}
		return d.check(named, v, at)
	}
	if v == nil {
		if s.Nullable || s.Type == "" && len(s.OneOf)+len(s.AnyOf)+len(s.AllOf)+len(s.Properties) == 0 {
			return ""
		}
		for _, o := range slices.Concat(s.OneOf, s.AnyOf, s.AllOf) {
			if d.check(o, v, at) == "" {
				return ""
			}
		}
		return at + " is null"
	}
	for _, o := range s.AllOf {
		if bad := d.check(o, v, at); bad != "" {
			return bad
		}
	}
	for _, alternatives := range [][]schema{s.OneOf, s.AnyOf} {
		var bad []string
		for _, o := range alternatives {
			b := d.check(o, v, at)
			if b == "" {
				bad = nil
				break
			}
			bad = append(bad, b)
		}
		if bad != nil {
			return strings.Join(bad, " or ")
		}
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
		return fmt.Sprintf("%s is %v, not one of %v", at, v, s.Enum)
	}
	switch v := v.(type) {
	case map[string]any:
		return d.checkObject(s, v, at)
	case []any:
		if s.Type != "" && s.Type != "array" {
			return at + " is an array"
		}
		for i, e := range v {
			if s.Items != nil {
				if bad := d.check(*s.Items, e, fmt.Sprintf("%s[%d]", at, i)); bad != "" {
					return bad
				}
			}
		}
	case string:
		if s.Type != "" && s.Type != "string" || s.MaxLength > 0 && len([]rune(v)) > s.MaxLength {
			return at + " is a string, or too long a one"
		}
	case bool:
		if s.Type != "" && s.Type != "boolean" {
			return at + " is a boolean"
		}
	case float64:
		if s.Type != "" && s.Type != "number" && (s.Type != "integer" || v != float64(int64(v))) {
			return at + " is a number"
		}
	}
	return ""
}

func (d *description) checkObject(s schema, v map[string]any, at string) string {
	if s.Type != "" && s.Type != "object" {
		return at + " is an object"
	}
	for _, name := range s.Required {
		if _, ok := v[name]; !ok {
			return at + "." + name + " is missing"
		}
	}
	for name, e := range v {
		p, ok := s.Properties[name]
		if !ok {
			if string(s.Additional) == "false" {
				return at + "." + name + " is unknown"
			}
			continue
		}
		if bad := d.check(p, e, at+"."+name); bad != "" {
			return bad
		}
	}
	return ""
}
