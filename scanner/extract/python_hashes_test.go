package extract

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin/internal/corpus"
)

// Poetry kept hashes in three places, one after the other.
func TestPoetryHashes(t *testing.T) {
	const head = "[[package]]\nname = \"Some.Name\"\nversion = \"1\"\n"
	for name, c := range map[string]struct{ lock, want string }{
		"in the package":      {head + "files = [{file = \"a\", hash = \"sha256:bb\"}, {file = \"b\", hash = \"sha256:aa\"}, {file = \"c\", hash = \"sha256:bb\"}]\n", "sha256:aa sha256:bb"},
		"at the end":          {head + "[metadata.files]\nsome-name = [{file = \"a\", hash = \"sha256:aa\"}]\nother = [{file = \"b\", hash = \"sha256:bb\"}]\n", "sha256:aa"},
		"without the files":   {head + "[metadata.hashes]\nsome-name = [\"bb\", \"aa\"]\n", "aa bb"},
		"none":                {head + "files = []\n[metadata.files]\nsome-name = []\n", ""},
		"a file without hash": {head + "files = [{file = \"a\"}, {file = \"b\", hash = \"a b\"}]\n", ""},
	} {
		r, err := NewTable().ByPath("poetry.lock").Read(t.Context(), File{Path: "poetry.lock", Body: strings.NewReader(c.lock), FS: os.DirFS(t.TempDir())})
		if err != nil || r.Partial != "" || len(r.Packages) != 1 {
			t.Fatalf("%s: %v, %q, %d packages", name, err, r.Partial, len(r.Packages))
		}
		if got := r.Packages[0].Integrity; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// PDM kept hashes in two places; pylock.toml has them for each kind of file.
func TestHashesOfPDMAndPylock(t *testing.T) {
	for name, c := range map[string]struct{ file, lock, want string }{
		"in the package": {"pdm.lock", "[[package]]\nname = \"a.b\"\nversion = \"1\"\nfiles = [{file = \"a\", hash = \"sha256:bb\"}, {file = \"b\", hash = \"sha256:aa\"}]\n", "sha256:aa sha256:bb"},
		"at the end":     {"pdm.lock", "[[package]]\nname = \"a-b\"\nversion = \"1\"\n[metadata.files]\n\"A.B 1\" = [{file = \"a\", hash = \"sha256:aa\"}]\n\"a-b 2\" = [{file = \"b\", hash = \"sha256:bb\"}]\nx = []\n", "sha256:aa"},
		"no file":        {"pdm.lock", "[[package]]\nname = \"a-b\"\nversion = \"1\"\n", ""},
		"wheels and sdist": {"pylock.toml", "lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nsdist = {url = \"u\", hashes = {sha256 = \"cc\"}}\n" +
			"wheels = [{url = \"u\", hashes = {sha256 = \"aa\", md5 = \"dd\"}}, {url = \"v\", hashes = {sha256 = \"bb\"}}]\n", "md5:dd sha256:aa sha256:bb sha256:cc"},
		"an archive": {"pylock.toml", "lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\narchive = {url = \"u\", hashes = {sha512 = \"ee\"}}\n", "sha512:ee"},
		"hostile":    {"pylock.toml", "lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nsdist = {url = \"u\", hashes = {\"a b\" = \"c d\"}}\n", ""},
	} {
		r, err := NewTable().ByPath(c.file).Read(t.Context(), File{Path: c.file, Body: strings.NewReader(c.lock), FS: os.DirFS(t.TempDir())})
		if err != nil || r.Partial != "" || len(r.Packages) != 1 {
			t.Fatalf("%s: %v, %q, %d packages", name, err, r.Partial, len(r.Packages))
		}
		if got := r.Packages[0].Integrity; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestHashesAreBounded(t *testing.T) {
	var files []lockedFile
	for i := range maxHashes + 7 {
		files = append(files, lockedFile{fmt.Sprintf("sha256:%04d", i)})
	}
	if got := strings.Fields(integrity(files)); len(got) != maxHashes || got[0] != "sha256:0000" {
		t.Errorf("%d hashes from %s", len(got), got[0])
	}
}

// TestRealLockfilesPinHashes: nothing from a registry in the real lockfiles of Python's tools is without a hash.
func TestRealLockfilesPinHashes(t *testing.T) {
	fsys := os.DirFS(filepath.Join(corpus.Dir(t), "lockfiles", "open"))
	seen := map[string]int{}
	err := fs.WalkDir(fsys, ".", func(file string, d fs.DirEntry, err error) error {
		name := path.Base(file)
		if err != nil || d.IsDir() || !slices.Contains([]string{"poetry.lock", "uv.lock", "pdm.lock", "pylock.toml"}, name) {
			return err
		}
		body, err := fsys.Open(file)
		if err != nil {
			return err
		}
		defer body.Close()
		r, err := NewTable().ByPath(file).Read(t.Context(), File{Path: file, Body: body, FS: fsys})
		for _, p := range r.Packages {
			seen[name]++
			if h := p.Hygiene(); len(h) > 0 {
				t.Errorf("%s: %s: %v", file, p, h)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) != 4 {
		t.Errorf("packages that were looked at: %v", seen)
	}
}
