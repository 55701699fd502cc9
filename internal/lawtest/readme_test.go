package lawtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin/policies/exceptions"
	"github.com/tocsin-dev/tocsin/scanner/report"
)

// TestReadme: what the first page shows is what the program takes.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	readme := string(text)
	for _, name := range report.Formats() {
		if !strings.Contains(readme, name) {
			t.Errorf("the report format %s is not named", name)
		}
	}
	examples := regexp.MustCompile("(?s)```yaml\n(exceptions:.*?)```").FindAllStringSubmatch(readme, -1)
	if len(examples) == 0 {
		t.Error("there is no example of exceptions")
	}
	for _, e := range examples {
		if _, err := exceptions.Load("README.md", []byte(e[1])); err != nil {
			t.Error(err)
		}
	}
	if lines := strings.SplitN(readme, "\n", 25); !strings.Contains(strings.Join(lines[:24], "\n"), "go run ./cmd/tocsin demo") ||
		!strings.Contains(strings.Join(lines[:24], "\n"), "go test ./...") {
		t.Error("the first screen does not have the two commands")
	}
}
