package sources

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

var theRepository = Source{Kind: KindGitHub, Location: "o/r"}

// An archive with a name that leads out is no archive of GitHub's, and nothing of it is used.
func TestArchivesThatLeadOut(t *testing.T) {
	for _, name := range []string{
		"../go.mod", "o-r-0123456/../../go.mod", "o-r-0123456/a/../../../go.mod", "/etc/go.mod", "//go.mod", "o-r-0123456/..", `o-r-0123456\..\..\go.mod`, "o-r-0123456/../go.mod",
	} {
		for _, kind := range []byte{tar.TypeReg, tar.TypeDir, tar.TypeSymlink, tar.TypeLink} {
			_, o := hosted(t, serve(tarball(t, file("go.mod", "module a"), tar.Header{Typeflag: kind, Name: name, Linkname: "x"})))
			if err := fails(t, theRepository, o); !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), "leads out of the archive") {
				t.Errorf("%q of type %c: %v", name, kind, err)
			}
		}
	}
}

// Nothing is made but folders and regular files. What a scan would have read is named.
func TestWhatIsNotARegularFile(t *testing.T) {
	link := func(kind byte, name, target string) tar.Header {
		return tar.Header{Typeflag: kind, Name: "o-r-0123456/" + name, Linkname: target}
	}
	_, o := hosted(t, serve(tarball(t,
		file("web/go.mod", "module a"),
		link(tar.TypeSymlink, "in/go.mod", "../web/go.mod"),
		link(tar.TypeSymlink, "out/go.mod", "../../../etc/passwd"),
		link(tar.TypeSymlink, "abs/go.mod", "/etc/passwd"),
		link(tar.TypeSymlink, "unread", "/etc/passwd"),
		link(tar.TypeSymlink, "door", "/"),
		file("door/go.mod", "through a link"), // the link was not made, so this is a file in a folder
		link(tar.TypeLink, "hard/go.mod", "/etc/passwd"),
		link(tar.TypeFifo, "fifo/go.mod", ""),
		tar.Header{Typeflag: tar.TypeChar, Name: "o-r-0123456/dev/go.mod", Devmajor: 1, Devminor: 5},
		tar.Header{Typeflag: tar.TypeBlock, Name: "o-r-0123456/disk/go.mod", Devmajor: 8},
		file(strings.Repeat("x", 300)+"/go.mod", "too long"),
		file("a", "a file"), file("a/go.mod", "below a file"),
		file("latin\xe9/go.mod", "no UTF-8"),
		file("twice/go.mod", "first"), file("twice/go.mod", "2"),
	)))
	o.Reads = func(name string) bool { return strings.HasSuffix(name, "go.mod") || name == "a" }
	tree, err := Open(t.Context(), theRepository, o)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"web/go.mod": "module a", "door/go.mod": "through a link", "a": "a file", "twice/go.mod": "2"}, files(t, tree)); d != "" {
		t.Error(d)
	}
	var left []string
	for _, f := range tree.Left {
		left = append(left, fmt.Sprintf("%.20s: %s %s", f.Path, f.Status, f.Reason))
	}
	want := []string{
		"out/go.mod: failed a symbolic link that leads out of the repository is not followed",
		"abs/go.mod: failed a symbolic link that leads out of the repository is not followed",
		"hard/go.mod: failed not a regular file",
		"fifo/go.mod: failed not a regular file",
		"dev/go.mod: failed not a regular file",
		"disk/go.mod: failed not a regular file",
		"xxxxxxxxxxxxxxxxxxxx: failed a name that cannot be written",
		"a/go.mod: failed a name that cannot be written beside the others",
		"latin\uFFFD/go.mod: failed a name that cannot be written",
	}
	if d := cmp.Diff(want, left); d != "" {
		t.Error(d)
	}
	closed(t, tree, o)
}

// zeros is a file in an archive that grows a thousandfold when it is unpacked.
func zeros(t *testing.T, name string, size int64) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "o-r/" + name, Size: size, Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(w, zero{}, size); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type zero struct{}

func (zero) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestArchivesThatAreTooMuch(t *testing.T) {
	var many []tar.Header
	for i := range 2000 {
		many = append(many, file(fmt.Sprintf("%d", i), ""))
	}
	var nested []tar.Header
	for i := range 50 {
		nested = append(nested, file(fmt.Sprintf("%d/go.mod", i), strings.Repeat("x", 1000)))
	}
	bomb := zeros(t, "go.mod", 64<<20)
	if len(bomb) > 100<<10 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	whole := tarball(t, file("go.mod", "module a"))
	for name, c := range map[string]struct {
		archive []byte
		limits  Limits
		want    string
	}{
		"entries":            {tarball(t, many...), Limits{Files: 1000}, "over 1000 entries"},
		"unpacked, unread":   {zeros(t, "x.bin", 64<<20), Limits{Unpacked: 1 << 20}, "over 1048576 bytes unpacked"},
		"unpacked, read":     {bomb, Limits{Unpacked: 1 << 20}, "over 1048576 bytes unpacked"},
		"kept":               {tarball(t, nested...), Limits{Download: 20_000}, "more than may be kept"},
		"downloaded":         {whole, Limits{Download: 60}, "over 60 bytes to download"},
		"no archive":         {[]byte("<html>"), Limits{}, "no archive"},
		"cut short":          {whole[:len(whole)/2], Limits{}, "unexpected EOF"},
		"nothing":            {nil, Limits{}, "no archive"},
		"a tar without gzip": {[]byte(strings.Repeat("\x00", 1024)), Limits{}, "no archive"},
	} {
		_, o := hosted(t, serve(c.archive))
		o.Limits = c.limits
		o.Reads = func(name string) bool { return strings.HasSuffix(name, "go.mod") }
		if err := fails(t, theRepository, o); !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// One file that is too large is a gap, not the end.
	_, o := hosted(t, serve(bomb))
	o.Limits.File = 1 << 20
	tree, err := Open(t.Context(), theRepository, o)
	if err != nil || len(tree.Left) != 1 || tree.Left[0].Reason != "67108864 bytes; the limit is 1048576" {
		t.Fatal(tree.Left, err)
	}
	closed(t, tree, o)
}

// A sparse file says that it is large without being so in the archive (GNU tar, section "Storing Sparse Files").
func TestSparseFile(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	h := make([]byte, 512)
	copy(h, "o-r/go.mod")
	copy(h[100:], "0000644\x00")
	copy(h[124:], "00000000000\x00") // nothing is stored
	copy(h[136:], "00000000000\x00")
	h[156] = 'S'
	copy(h[257:], "ustar  \x00")
	copy(h[386:], "00000000000\x0000000000000\x00")
	copy(h[483:], "77777777777\x00") // 8 GiB when read
	copy(h[148:], "        ")
	sum := 0
	for _, c := range h {
		sum += int(c)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	if _, err := z.Write(append(h, make([]byte, 1024)...)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	_, o := hosted(t, serve(b.Bytes()))
	tree, err := Open(t.Context(), theRepository, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Left) != 1 || len(files(t, tree)) != 0 {
		t.Errorf("%+v", tree)
	}
	closed(t, tree, o)
}

// Whatever an archive holds, nothing is written outside the folder, nothing but folders and files in it, and no more than allowed.
func FuzzTarball(f *testing.F) {
	for _, entries := range [][]tar.Header{
		{file("go.mod", "module a"), file("web/go.sum", "x")},
		{{Typeflag: tar.TypeSymlink, Name: "o-r/x", Linkname: "/"}, {Typeflag: tar.TypeReg, Name: "o-r/x/y", Gname: "z"}},
		{{Typeflag: tar.TypeLink, Name: "o-r/x", Linkname: "../.."}, {Typeflag: tar.TypeFifo, Name: "o-r/f"}},
		{file("a", "x"), file("a/b", "y"), file("../b", "y")},
	} {
		z, err := gzip.NewReader(bytes.NewReader(tarball(f, entries...)))
		if err != nil {
			f.Fatal(err)
		}
		b, err := io.ReadAll(z)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, archive []byte) {
		outer := t.TempDir()
		o := Options{TempDir: filepath.Join(outer, "temp"), Limits: Limits{Download: 1 << 16, Unpacked: 1 << 20, File: 1 << 14, Files: 100}.orDefault()}
		if err := os.Mkdir(o.TempDir, 0o700); err != nil {
			t.Fatal(err)
		}
		out, err := newScratch(o)
		if err != nil {
			t.Fatal(err)
		}
		u := unpacking{out: out, limits: o.Limits, below: "web"}
		_ = u.tar(bytes.NewReader(archive))
		total := int64(0)
		err = filepath.WalkDir(outer, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if !d.IsDir() && !d.Type().IsRegular() {
				t.Errorf("made %s, a %s", name, d.Type())
			}
			if !strings.HasPrefix(name, out.dir) && !strings.HasPrefix(out.dir, name) {
				t.Errorf("made %s", name)
			}
			if info, err := d.Info(); err == nil && d.Type().IsRegular() {
				total += info.Size()
			}
			return nil
		})
		if err != nil || total > o.Limits.Download+1 {
			t.Errorf("%d bytes kept, %v", total, err)
		}
		if err := out.Close(); err != nil {
			t.Error(err)
		}
		empty(t, o)
	})
}

// A million entries take no more time than they need to be looked at, and next to no memory.
func BenchmarkArchiveOfManyEntries(b *testing.B) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for i := range 100_000 {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: fmt.Sprintf("o-r/src/%d.go", i), ModTime: time.Unix(0, 0)}); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(archive.Len()))
	b.ReportAllocs()
	for b.Loop() {
		u := unpacking{limits: Limits{}.orDefault(), reads: func(name string) bool { return strings.HasSuffix(name, ".mod") }}
		if err := u.tar(bytes.NewReader(archive.Bytes())); err != nil && !errors.Is(err, tocsin.ErrInvalid) {
			b.Fatal(err)
		}
	}
}
