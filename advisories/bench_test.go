package advisories_test

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/internal/corpus"
)

func buildCorpus(t testing.TB, bodies [][]byte) []byte {
	t.Helper()
	var b advisories.Builder
	for _, body := range bodies {
		a, err := advisories.Parse(body)
		if err != nil {
			continue
		}
		sum := sha256.Sum256(body)
		b.Add(a, string(sum[:]))
	}
	var out bytes.Buffer
	if _, err := b.Build(&out, advisories.FactTables{}, tocsin.Snapshot{}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Every record of the corpus is read, those that break the schema too.
func TestCorpusIsRead(t *testing.T) {
	for _, body := range corpus.Records(t) {
		if _, err := advisories.Parse(body); err != nil {
			t.Errorf("%v: %.100s", err, body)
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	bodies := corpus.Records(b)
	size := int64(0)
	for _, body := range bodies {
		size += int64(len(body))
	}
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		buildCorpus(b, bodies)
	}
}

func BenchmarkLookup(b *testing.B) {
	x := load(b, buildCorpus(b, corpus.Records(b)))
	for _, tt := range []struct{ name, ecosystem, pkg string }{
		{"miss/npm", "npm", "@babel/helper-string-parser"},
		{"miss/Go", "Go", "github.com/Azure/azure-sdk-for-go-absent/sdk"},
		{"miss/PyPI", "PyPI", "typing_extensions_absent"},
		{"hit/npm", "npm", "lodash"},
		{"hit/PyPI", "PyPI", "django"},
		{"hit/Go", "Go", "golang.org/x/crypto"},
	} {
		b.Run(tt.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := x.Lookup(tt.ecosystem, tt.pkg); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
