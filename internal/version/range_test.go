package version_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/corpus"
	"github.com/tocsin-dev/tocsin/internal/version"
)

func contains(t *testing.T, ecosystem, scheme, vers, v string) (bool, error) {
	t.Helper()
	r, err := version.ParseRange(ecosystem, scheme, vers)
	if err != nil {
		return false, err
	}
	parsed, err := version.Parse(ecosystem, v)
	if err != nil {
		t.Fatal(err)
	}
	return r.Contains(parsed)
}

func TestRange(t *testing.T) {
	for _, c := range []struct {
		vers string
		in   []string
		out  []string
	}{
		{"vers:npm/*", []string{"0.0.1", "9.0.0"}, nil},
		{"vers:all/*", []string{"1.0.0"}, nil},
		{"vers:npm/1.2.3", []string{"1.2.3"}, []string{"1.2.4"}},
		{"vers:npm/=1.2.3|1.2.5", []string{"1.2.3", "1.2.5"}, []string{"1.2.4"}},
		{"vers:npm/>=1.0.0|<2.0.0", []string{"1.0.0", "1.9.9"}, []string{"0.9.0", "2.0.0", "2.0.1"}},
		{"vers:npm/<2.0.0|>=1.0.0", []string{"1.0.0"}, []string{"0.9.0", "2.0.0"}}, // out of order
		{"vers:npm/>1.0.0|<=2.0.0", []string{"1.0.1", "2.0.0"}, []string{"1.0.0", "2.0.1"}},
		{"vers:npm/<1.0.0|>=2.0.0", []string{"0.1.0", "2.0.0", "3.0.0"}, []string{"1.0.0", "1.5.0"}},
		{"vers:npm/<1.0.0|>=1.2.0|<1.2.7|>=2.0.0", []string{"0.1.0", "1.2.0", "1.2.6", "2.0.0"}, []string{"1.0.0", "1.2.7"}},
		{"vers:npm/>=1.0.0|!=1.5.0|<2.0.0", []string{"1.4.0"}, []string{"1.5.0", "2.0.0"}},
		{"vers:npm/>=1.0.0|>=1.1.0|<1.8.0|<2.0.0", []string{"1.0.5", "1.9.0"}, []string{"0.9.0", "2.0.0"}}, // more than need be
		{"vers:npm/<1.0.0|5.0.0", []string{"0.1.0", "5.0.0"}, []string{"1.0.0", "6.0.0"}},
		{"vers:npm/1.0.0-rc%2E1", []string{"1.0.0-rc.1"}, []string{"1.0.0"}},
	} {
		for want, versions := range map[bool][]string{true: c.in, false: c.out} {
			for _, v := range versions {
				if got, err := contains(t, "npm", "npm", c.vers, v); got != want || err != nil {
					t.Errorf("%s in %s: %v, %v", v, c.vers, got, err)
				}
			}
		}
	}
	if in, err := contains(t, "Maven", "maven", "vers:maven/<1.0", "1.0-rc1"); !in || err != nil {
		t.Errorf("the order is the ecosystem's: %v, %v", in, err)
	}
}

func TestRangeRefuses(t *testing.T) {
	for _, vers := range []string{
		"", "vers:", "vers:npm", "vers:npm/", "npm/1", "<2.0.0", "vers:pypi/<2", "vers:all/1.0.0", "vers:npm/|<2.0.0", "vers:npm/<2.0.0|", "vers:npm/1.0.0||2.0.0", "vers:npm/>=1.0.0| <2.0.0",
		"vers:npm/*|1.0.0", "vers:npm/=*", "vers:npm/=>1.0.0", "vers:npm/<>1.0.0", "vers:npm/!1.0.0", "vers:npm/!=1.0.0", "vers:npm/1.0.0|1.0.0", "vers:npm/<1.0.0|>1.0.0", "vers:npm/%ZZ", "vers:npm/<latest",
	} {
		if _, err := version.ParseRange("npm", "npm", vers); !errors.Is(err, tocsin.ErrInvalid) {
			t.Errorf("%q: %v", vers, err)
		}
	}
	if in, err := (version.Range{}).Contains(version.Version{}); in || err != nil {
		t.Errorf("nothing is in the zero range: %v, %v", in, err)
	}
	r, err := version.ParseRange("npm", "npm", "vers:npm/<2.0.0")
	if err != nil {
		t.Fatal(err)
	}
	if in, err := r.Contains(version.Version{}); in || !errors.Is(err, tocsin.ErrInvalid) {
		t.Errorf("no version: %v, %v", in, err)
	}
}

// The published tests of the specification, for containment.
func TestRangeConformance(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus.Dir(t), "conformance", "vers", "tests", "*_range_containment_test.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests: %v", err)
	}
	ecosystems := map[string]string{"npm": "npm", "pypi": "PyPI"}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var suite struct {
			Tests []struct {
				Input          struct{ Vers, Version string }
				ExpectedOutput bool `json:"expected_output"`
			}
		}
		if err := json.Unmarshal(text, &suite); err != nil || len(suite.Tests) == 0 {
			t.Fatalf("%s: %v", name, err)
		}
		for scheme, ecosystem := range ecosystems {
			if filepath.Base(name) != scheme+"_range_containment_test.json" {
				continue
			}
			for _, c := range suite.Tests {
				if got, err := contains(t, ecosystem, scheme, c.Input.Vers, c.Input.Version); got != c.ExpectedOutput || err != nil {
					t.Errorf("%s in %s: %v, %v", c.Input.Version, c.Input.Vers, got, err)
				}
			}
		}
	}
}

func FuzzRange(f *testing.F) {
	f.Add("vers:npm/>=1.0.0|!=1.5.0|<2.0.0", "1.5.0")
	f.Add("vers:npm/<1|>=1.2.0|<1.2.7|>=2", "1.2.7")
	f.Fuzz(func(t *testing.T, vers, v string) {
		r, err := version.ParseRange("npm", "npm", vers)
		if err != nil {
			return
		}
		if parsed, err := version.Parse("npm", v); err == nil {
			if _, err := r.Contains(parsed); err != nil {
				t.Error(err)
			}
		}
	})
}
