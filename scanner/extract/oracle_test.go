package extract

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/corpus"
)

// TestCycloneDXLikeItsLibrary compares our streaming readers with cyclonedx-go, on every real document that it can read:
// the same purls with the same versions, nested ones included.
func TestCycloneDXLikeItsLibrary(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus.Dir(t), "sboms", "open", "*.cdx.*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	compared := 0
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		reader, format := Reader(cycloneDXJSON{}), cyclonedx.BOMFileFormatJSON
		if strings.HasSuffix(name, ".xml") {
			reader, format = cycloneDXXML{}, cyclonedx.BOMFileFormatXML
		}
		var b cyclonedx.BOM
		if err := cyclonedx.NewBOMDecoder(bytes.NewReader(data), format).Decode(&b); err != nil {
			continue // stricter than we are
		}
		want := map[string]bool{}
		collect(b.Components, want)
		if b.Metadata != nil && b.Metadata.Component != nil {
			collect(b.Metadata.Component.Components, want)
		}
		r, err := reader.Read(t.Context(), File{Path: filepath.Base(name), Body: bytes.NewReader(data)})
		if err != nil {
			if len(want) > 0 {
				t.Errorf("%s: %v", filepath.Base(name), err)
			}
			continue
		}
		got := map[string]bool{}
		for _, p := range r.Packages {
			if p.Origin.Kind == tocsin.OriginSubject {
				if p.PURL != b.Metadata.Component.PackageURL {
					t.Errorf("%s is about %s, not %s", filepath.Base(name), b.Metadata.Component.PackageURL, p.PURL)
				}
				continue
			}
			// A purl that we made ourselves, of group and name, is not in the document.
			if p.PURL != "" && (want[p.PURL] || bytes.Contains(data, []byte(p.PURL))) {
				got[p.PURL] = true
			}
		}
		if diff := cmp.Diff(keys(want), keys(got)); diff != "" {
			t.Errorf("%s (-cyclonedx-go +ours)\n%.2000s", filepath.Base(name), diff)
		}
		compared++
	}
	if compared < 100 {
		t.Errorf("only %d documents were compared", compared)
	}
}

func collect(list *[]cyclonedx.Component, into map[string]bool) {
	if list == nil {
		return
	}
	for _, c := range *list {
		if c.PackageURL != "" {
			into[c.PackageURL] = true
		}
		collect(c.Components, into)
	}
}

func keys(m map[string]bool) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
