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
	if _, err := b.Build(&file, FactTables{}, tocsin.Snapshot{}); err != nil {
		f.Fatal(err)
	}
	x, err := Load(file.Bytes())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(x.base.postings, x.base.ends, x.base.classes, x.base.names, x.facts.epss)
	f.Add([]byte{}, []byte{}, []byte{}, []byte{}, []byte{})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x07}, []byte{0xff, 0xff, 0xff, 0xff}, []byte("{"), []byte{1, 0, 0, 0, 9}, []byte{1})
	f.Fuzz(func(t *testing.T, postings, ends, classes, names, epss []byte) {
		x, err := Load(file.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		x.base.postings, x.base.ends, x.base.classes, x.base.names, x.facts.epss = postings, ends, classes, names, epss
		_, _ = x.Lookup("npm", "a")
		_, _ = x.Class(0)
		_, _ = x.ClassOf("A-1")
		_, _ = x.Reach([]string{"CVE-1"})
	})
}

func TestSealedDamageIsAnError(t *testing.T) {
	var b Builder
	b.Add(tocsin.Advisory{ID: "B-1", Affected: []tocsin.Affected{{Package: tocsin.AffectedPackage{Ecosystem: "npm", Name: "b"}}}}, "digest")
	b.Add(tocsin.Advisory{ID: "A-1", Affected: []tocsin.Affected{{Package: tocsin.AffectedPackage{Ecosystem: "npm", Name: "a"}}}}, "digest")
	var file bytes.Buffer
	if _, err := b.Build(&file, FactTables{}, tocsin.Snapshot{}); err != nil {
		t.Fatal(err)
	}
	x, err := Load(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	x.base.postings = x.base.postings[:3] // the postings of b begin after that
	for _, name := range []string{"a", "b"} {
		if list, err := x.Lookup("npm", name); err == nil {
			t.Errorf("%s: %v, want an error: a package that cannot be looked up is not clean", name, list)
		}
	}
	x.base.classes = x.base.classes[:3]
	if _, err := x.Class(0); err == nil {
		t.Error("class: no error")
	}
	x.base.ends = append([]byte{1, 0, 0, 0}, x.base.ends...)
	if _, err := x.Class(0); err == nil {
		t.Error("class of one byte: no error")
	}
}
