package advisories

import (
	"bytes"
	"testing"

	"github.com/tocsin-dev/tocsin"
)

// Damage that the checksums cannot see, because whoever wrote the file computed them over it, is an error or a wrong
// answer, never a panic.
func FuzzSealedDamage(f *testing.F) {
	var b Builder
	b.Add(tocsin.Advisory{ID: "A-1", Aliases: []string{"CVE-1"}, Affected: []tocsin.Affected{{
		Package:  tocsin.AffectedPackage{Ecosystem: "npm", Name: "a"},
		Ranges:   []tocsin.Range{{Type: tocsin.RangeSemver, Events: []tocsin.Event{{Introduced: "0"}, {Fixed: "2.0.0"}}}},
		Versions: []string{"1.0.0", "1.1.0"},
	}}}, "digest")
	var file bytes.Buffer
	if _, err := b.Build(&file, Facts{}, tocsin.Snapshot{}); err != nil {
		f.Fatal(err)
	}
	x, err := Load(file.Bytes())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(x.postings, x.offsets, x.classes)
	f.Add([]byte{}, []byte{}, []byte{})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x07}, []byte{0xff, 0xff, 0xff, 0xff}, []byte("{"))
	f.Fuzz(func(t *testing.T, postings, offsets, classes []byte) {
		x := &Index{keys: x.keys, postings: postings, offsets: offsets, classes: classes}
		x.finders.New = func() any { return newFinder(x.keys) }
		_, _ = x.Lookup("npm", "a")
		_, _ = x.Class(0)
	})
}

func TestSealedDamageIsAnError(t *testing.T) {
	var b Builder
	b.Add(tocsin.Advisory{ID: "B-1", Affected: []tocsin.Affected{{Package: tocsin.AffectedPackage{Ecosystem: "npm", Name: "b"}}}}, "digest")
	b.Add(tocsin.Advisory{ID: "A-1", Affected: []tocsin.Affected{{Package: tocsin.AffectedPackage{Ecosystem: "npm", Name: "a"}}}}, "digest")
	var file bytes.Buffer
	if _, err := b.Build(&file, Facts{}, tocsin.Snapshot{}); err != nil {
		t.Fatal(err)
	}
	x, err := Load(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	x.postings = x.postings[:3] // the postings of b begin after that
	for _, name := range []string{"a", "b"} {
		if list, err := x.Lookup("npm", name); err == nil {
			t.Errorf("%s: %v, want an error: a package that cannot be looked up is not clean", name, list)
		}
	}
	x.classes = x.classes[:3]
	if _, err := x.Class(0); err == nil {
		t.Error("class: no error")
	}
	x.offsets = append([]byte{1, 0, 0, 0}, x.offsets...)
	if _, err := x.Class(0); err == nil {
		t.Error("class of one byte: no error")
	}
}
