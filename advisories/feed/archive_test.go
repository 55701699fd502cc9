package feed

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
)

func zipFile(t testing.TB, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "records.zip")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestZip(t *testing.T) {
	b := zipped(t, map[string]string{
		"a.json": "1", "dir/b.json": "2", "../../c.json": "3", `..\d.json`: "4", "/e.json": "5", "readme.txt": "no", "folder.json/": "",
	})
	got, parts := taken(t, open(t, zipFile(t, b), nil), nil)
	slices.Sort(got)
	wantTaken(t, got, parts, `..\d=4`, "a=1", "b=2", "c=3", "e=5")
	s := serve(t, map[string][]byte{"x/records.zip": b})
	got, parts = taken(t, open(t, s.URL+"/x/records.zip", s.Client()), nil)
	if len(got) != 5 || parts != nil {
		t.Errorf("over HTTP: %v, %v", got, parts)
	}
}

func TestNotAZip(t *testing.T) {
	for name, b := range map[string][]byte{"empty": nil, "text": []byte("no zip"), "cut off": zipped(t, map[string]string{"a.json": "1"})[:40]} {
		_, parts := taken(t, open(t, zipFile(t, b), nil), nil)
		wantInvalid(t, name, parts)
	}
}

// rawZip has one entry that claims a size of its own.
func rawZip(t testing.TB, packed []byte, claims uint64) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if w, err := z.Create("good.json"); err != nil {
		t.Fatal(err)
	} else if _, err := w.Write([]byte("{}")); err != nil {
		t.Fatal(err)
	}
	w, err := z.CreateRaw(&zip.FileHeader{
		Name: "bad.json", Method: zip.Store, CRC32: crc32.ChecksumIEEE(packed), CompressedSize64: uint64(len(packed)), UncompressedSize64: claims,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(packed); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestBadEntryIsOneBadRecord(t *testing.T) {
	for name, b := range map[string][]byte{
		"claims too little": rawZip(t, []byte("0123456789"), 3),
		"claims too much":   rawZip(t, []byte("0123456789"), 30),
		"too large":         zipped(t, map[string]string{"good.json": "{}", "bad.json": strings.Repeat("a", advisories.MaxRecord+1)}),
		"damaged":           bytes.Replace(rawZip(t, []byte("0123456789"), 10), []byte("0123456789"), []byte("0123456780"), 1),
	} {
		got, parts := taken(t, open(t, zipFile(t, b), nil), nil)
		slices.Sort(got)
		if !slices.Equal(got, []string{"bad!", "good={}"}) || parts != nil {
			t.Errorf("%s: took %q, %v", name, got, parts)
		}
	}
}

func TestZipBombs(t *testing.T) {
	_, parts := taken(t, open(t, zipFile(t, rawZip(t, []byte("0"), 1<<40)), nil), nil)
	wantInvalid(t, "one huge entry", parts)

	if err := plausible(&zip.Reader{File: make([]*zip.File, maxEntries+1)}, "x", 1<<40); !errors.Is(err, tocsin.ErrInvalid) {
		t.Errorf("many entries: error %v, want ErrInvalid", err)
	}

	// Many entries of a size that is allowed each, packed to nothing.
	many := make([]*zip.File, 100)
	for i := range many {
		many[i] = &zip.File{FileHeader: zip.FileHeader{UncompressedSize64: 15 << 20}}
	}
	if err := plausible(&zip.Reader{File: many}, "x", 1<<20); !errors.Is(err, tocsin.ErrInvalid) {
		t.Errorf("ratio: error %v, want ErrInvalid", err)
	}
	// Sizes that add up to less than one of them.
	over := []*zip.File{{FileHeader: zip.FileHeader{UncompressedSize64: 1 << 63}}, {FileHeader: zip.FileHeader{UncompressedSize64: 1 << 63}}}
	if err := plausible(&zip.Reader{File: over}, "x", 1<<20); !errors.Is(err, tocsin.ErrInvalid) {
		t.Errorf("overflow: error %v, want ErrInvalid", err)
	}
}

func TestDirectory(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "secret.json")
	for name, body := range map[string]string{
		"a.json": "1", "x/y/b.json": "2", "x/readme.md": "no", "garbage.json": "\x00", "folder.json/c.json": "3",
		"large.json": strings.Repeat("a", advisories.MaxRecord+1),
	} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"loop": dir, "out.json": outside, "dangling.json": "nowhere", "inside.json": "a.json"} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	src := open(t, "file://"+dir, nil)
	for range 2 { // a source can be read again
		got, parts := taken(t, src, nil)
		wantTaken(t, got, parts, "a=1", "c=3", "garbage=\x00", "large!", "b=2")
	}
	for range src.Records(context.Background(), nil) {
		break
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for e, err := range src.Records(ctx, nil) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v, %v", e, err)
		}
	}
}

func TestUnreadableFolder(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, name+".json"), []byte("1"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "b"), 0); err != nil {
		t.Fatal(err)
	}
	got, parts := taken(t, open(t, dir, nil), nil)
	want, faults := []string{"a=1", "c=1"}, 1
	if os.Getuid() == 0 { // root reads every folder
		want, faults = []string{"a=1", "b=1", "c=1"}, 0
	}
	if !slices.Equal(got, want) || len(parts) != faults {
		t.Errorf("took %v, %v", got, parts)
	}
}

func TestOpenRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "records.tar")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, nil, ""); !errors.Is(err, tocsin.ErrInvalid) {
		t.Errorf("another kind of file: error %v, want ErrInvalid", err)
	}
	if _, err := Open(file+"x", nil, ""); !errors.Is(err, tocsin.ErrNotFound) {
		t.Errorf("nothing: error %v, want ErrNotFound", err)
	}
	dir := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	src := open(t, dir, nil)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if _, parts := taken(t, src, nil); len(parts) != 1 {
		t.Errorf("a folder that went away: %v, want one error", parts)
	}
	path := zipFile(t, zipped(t, nil))
	src = open(t, path, nil)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, parts := taken(t, src, nil); len(parts) != 1 {
		t.Errorf("a zip that went away: %v, want one error", parts)
	}
}
