package advisories

import (
	"bytes"
	"io"
	"testing"

	"github.com/tocsin-dev/tocsin"
)

// inMemory is a section whose checksums agree with whatever it holds.
func inMemory(b []byte) part {
	l := &layout{w: io.Discard}
	l.bytes(b)
	if l.at%blockSize > 0 {
		l.seal()
	}
	return part{blocks: newBlocks(b, l.sums, nil), size: len(b)}
}

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
	var seed [][]byte
	for _, p := range []part{x.base.postings, x.base.ends, x.base.classes, x.base.names, x.facts.epss} {
		b, err := p.all()
		if err != nil {
			f.Fatal(err)
		}
		seed = append(seed, b)
	}
	f.Add(seed[0], seed[1], seed[2], seed[3], seed[4])
	f.Add([]byte{}, []byte{}, []byte{}, []byte{}, []byte{})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x07}, []byte{0xff, 0xff, 0xff, 0xff}, []byte("{"), []byte{1, 0, 0, 0, 9}, []byte{1})
	f.Fuzz(func(t *testing.T, postings, ends, classes, names, epss []byte) {
		x, err := Load(file.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		x.base.postings, x.base.ends, x.base.classes, x.base.names = inMemory(postings), inMemory(ends), inMemory(classes), inMemory(names)
		x.facts.epss = inMemory(epss)
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
	x.base.postings.size = 3 // the postings of b begin after that
	for _, name := range []string{"a", "b"} {
		if list, err := x.Lookup("npm", name); err == nil {
			t.Errorf("%s: %v, want an error: a package that cannot be looked up is not clean", name, list)
		}
	}
	x.base.classes.size = 3
	if _, err := x.Class(0); err == nil {
		t.Error("class: no error")
	}
	x.base.ends = inMemory([]byte{1, 0, 0, 0})
	if _, err := x.Class(0); err == nil {
		t.Error("class of one byte: no error")
	}
}
