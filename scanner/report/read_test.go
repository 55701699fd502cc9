package report

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

func TestReadWhatWasWritten(t *testing.T) {
	for name, r := range map[string]Report{"thorough": thorough(), "sample": sample()} {
		text := written(t, "json", r)
		back, err := Read(strings.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(text, written(t, "json", back)); diff != "" {
			t.Errorf("%s changes on the way (-want +got):\n%s", name, diff)
		}
	}
	if _, err := Read(strings.NewReader(written(t, "json", Report{}))); !errors.Is(err, tocsin.ErrInvalid) {
		t.Errorf("a report without a time: %v", err)
	}
}

// Whatever is read as a report is one, or is refused as invalid.
func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	if err := JSON(&b, sample()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(`{"schema_version": 1, "at": "2026-01-01T00:00:00Z", "targets": [{"packages": 1, "contents": {"packages": [{}], "edges": [{"from": -1, "to": 0}]}}]}`))
	f.Add([]byte(`{"schema_version": 1, "targets": null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Read(bytes.NewReader(text))
		if err != nil {
			if !errors.Is(err, tocsin.ErrInvalid) {
				t.Errorf("%v", err)
			}
			return
		}
		for _, target := range r.Targets { // what a gate does with it
			inv := tocsin.Inventory{Packages: target.Contents.Packages, Edges: target.Contents.Edges, Coverage: target.Coverage}
			inv.Seal()
		}
	})
}
