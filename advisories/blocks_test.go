package advisories_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
)

// answers is all that an index says: of every name, or the error, and of every class and id.
func answers(x *advisories.Index, names, ids int) (out []any, damaged int) {
	add := func(v any, err error) {
		if err != nil {
			if !errors.Is(err, advisories.ErrDamaged) {
				v = err.Error()
			} else {
				v = nil
				damaged++
			}
		}
		out = append(out, v)
	}
	for i := range names {
		list, err := x.Lookup("npm", fmt.Sprint("p", i))
		add(list, err)
	}
	for i := range ids {
		c, err := x.Class(i)
		add(c, err)
		c, err = x.ClassOf(fmt.Sprintf("CVE-2024-%d", i))
		add(c, err)
	}
	return out, damaged
}

// opened opens an index file that is made of bytes.
func opened(t *testing.T, b []byte, open func(string) (*advisories.Index, error)) (*advisories.Index, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "some.idx")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	x, err := open(path)
	if err == nil {
		t.Cleanup(func() { x.Close() })
	}
	return x, err
}

func scored(n int) advisories.Facts {
	f := advisories.Facts{KEV: map[string]tocsin.KEV{}, EPSS: map[string]tocsin.EPSS{}}
	for i := range n {
		id := fmt.Sprintf("CVE-2024-%d", i)
		f.EPSS[id] = tocsin.EPSS{CVE: id, Score: float64(i) / float64(n)}
		f.KEV[id] = tocsin.KEV{CVE: id, DateAdded: time.Unix(int64(i+1), 0).UTC()}
	}
	return f
}

// Whatever byte is damaged, opening fails, or a question is answered as before, or is not answered at all.
func TestDamageBehindAMapIsNeverAnAnswer(t *testing.T) {
	const names, ids = 3, 3
	good := build(t, scored(ids), advisory("GHSA-1", "npm", "p0", "CVE-2024-0"), advisory("GHSA-2", "npm", "p1", "CVE-2024-1"))
	want, damaged := answers(load(t, good), names, ids)
	if damaged != 0 {
		t.Fatal("the index is damaged from the start")
	}
	path := filepath.Join(t.TempDir(), "some.idx")
	silent := 0
	for i := range good {
		good[i] ^= 1 << (i % 8)
		if err := os.WriteFile(path, good, 0o600); err != nil {
			t.Fatal(err)
		}
		good[i] ^= 1 << (i % 8)
		x, err := advisories.Open(path)
		if err != nil {
			if !errors.Is(err, tocsin.ErrInvalid) {
				t.Fatalf("byte %d: error %v, want ErrInvalid", i, err)
			}
			continue
		}
		got, damaged := answers(x, names, ids)
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
		if damaged == 0 {
			silent++
		}
		for q, a := range got {
			if a != nil && !reflect.DeepEqual(a, want[q]) {
				t.Fatalf("byte %d damaged: question %d gives %+v, want %+v or damage", i, q, a, want[q])
			}
		}
	}
	if silent > 0 {
		t.Errorf("%d damaged bytes were not noticed, though everything was asked", silent)
	}
}

// Only what comes to the damage is refused; the check of all of the file names it.
func TestDamageIsFoundWhereItIsTouched(t *testing.T) {
	var list []tocsin.Advisory
	const n = 3000
	for i := range n {
		a := advisory(fmt.Sprintf("GHSA-%d", i), "npm", fmt.Sprint("p", i), fmt.Sprintf("CVE-2024-%d", i))
		a.Summary = fmt.Sprint("what is wrong with package ", i)
		list = append(list, a)
	}
	good := build(t, scored(n), list...)
	want, _ := answers(load(t, good), n, n)
	r := rand.New(rand.NewPCG(1, 1))
	for range 10 {
		bad := append([]byte(nil), good...)
		at := 8 + r.IntN(len(bad)*9/10)
		bad[at] ^= 1 << r.IntN(8)
		if _, err := opened(t, bad, advisories.OpenWhole); !errors.Is(err, advisories.ErrDamaged) {
			t.Errorf("byte %d: the check of all says %v, want ErrDamaged", at, err)
		}
		x, err := opened(t, bad, advisories.Open)
		if err != nil {
			t.Fatalf("byte %d: %v, though nobody asked for it", at, err)
		}
		got, damaged := answers(x, n, n)
		if damaged == 0 || damaged == len(got) {
			t.Errorf("byte %d: %d of %d questions came to the damage", at, damaged, len(got))
		}
		for q, a := range got {
			if a != nil && !reflect.DeepEqual(a, want[q]) {
				t.Fatalf("byte %d damaged: question %d gives %+v, want %+v or damage", at, q, a, want[q])
			}
		}
	}
}

// What the disk cannot read is a fault of the program behind a map; here the file ends before the map does.
func TestFaultBehindTheMapIsDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "some.idx")
	if err := os.WriteFile(path, build(t, advisories.Facts{}, generated(1)...), 0o600); err != nil {
		t.Fatal(err)
	}
	x, err := advisories.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if err := os.Truncate(path, 0); err != nil {
		t.Logf("a file that is mapped cannot be cut here: %v", err)
		return
	}
	if list, err := x.Lookup("npm", "p1"); !errors.Is(err, advisories.ErrDamaged) {
		t.Errorf("%v, %v; want ErrDamaged", list, err)
	}
}
