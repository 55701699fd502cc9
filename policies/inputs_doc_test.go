package policies

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// typeOf names the type of an input as CEL does.
func typeOf(f field) string {
	switch v := f.value(&Input{}).Interface().(type) {
	case bool:
		return "bool"
	case int:
		return "int"
	case float64:
		return "double"
	case string:
		return "string"
	case []string:
		return "list(string)"
	case time.Time:
		return "timestamp"
	case time.Duration:
		return "duration"
	default:
		return reflect.TypeOf(v).String()
	}
}

// valuesOf are the values of an input as the document writes them.
func valuesOf(f field) string {
	var out []string
	for _, v := range f.enum {
		out = append(out, "`"+v+"`")
	}
	return strings.ReplaceAll(strings.Join(out, ", "), "``", "`\"\"`")
}

// TestInputsAreDocumented: docs/policies.md has one row for each input, with its type and its values.
func TestInputsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	known, seen := inputs(), map[string]bool{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 4 || !strings.HasPrefix(line, "| `") {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		path := strings.Trim(cells[0], "`")
		f, ok := known[path]
		if !ok || seen[path] {
			t.Errorf("%s: there is no such input, or it stands twice", path)
			continue
		}
		seen[path] = true
		if cells[1] != typeOf(f) || cells[2] != valuesOf(f) && f.enum != nil || cells[3] == "" {
			t.Errorf("%s: the row is %q, want %s, %s and a meaning", path, cells, typeOf(f), valuesOf(f))
		}
	}
	for path, f := range known {
		if !seen[path] {
			t.Errorf("not in the table: | `%s` | %s | %s | |", path, typeOf(f), valuesOf(f))
		}
	}
}
