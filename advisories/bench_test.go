package advisories_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"io"
	"path/filepath"
	"testing"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
	"github.com/tocsin-dev/tocsin/internal/corpus"
)

// corpusRecords gives the bytes of every record of the corpus.
func corpusRecords(t testing.TB) [][]byte {
	t.Helper()
	zips, err := filepath.Glob(filepath.Join(corpus.Dir(t), "osv", "*", "all.zip"))
	if err != nil || len(zips) == 0 {
		t.Fatalf("zips of the corpus: %v, %v", zips, err)
	}
	var out [][]byte
	for _, path := range zips {
		z, err := zip.OpenReader(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, b)
		}
		z.Close()
	}
	return out
}

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
	if _, err := b.Build(&out, advisories.Facts{}, tocsin.Snapshot{}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Every record of the corpus is read, those that break the schema too.
func TestCorpusIsRead(t *testing.T) {
	for _, body := range corpusRecords(t) {
		if _, err := advisories.Parse(body); err != nil {
			t.Errorf("%v: %.100s", err, body)
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	bodies := corpusRecords(b)
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
	x := load(b, buildCorpus(b, corpusRecords(b)))
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
