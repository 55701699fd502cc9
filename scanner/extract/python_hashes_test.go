package extract

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
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

func TestHashesAreBounded(t *testing.T) {
	var files []lockedFile
	for i := range maxHashes + 7 {
		files = append(files, lockedFile{fmt.Sprintf("sha256:%04d", i)})
	}
	if got := strings.Fields(integrity(files)); len(got) != maxHashes || got[0] != "sha256:0000" {
		t.Errorf("%d hashes from %s", len(got), got[0])
	}
}

// TestRealLockfilesPinHashes: nothing from a registry in the real lockfiles of Poetry and uv is without a hash.
func TestRealLockfilesPinHashes(t *testing.T) {
	fsys := os.DirFS(filepath.Join(corpus.Dir(t), "lockfiles", "open"))
	seen := map[string]int{}
	err := fs.WalkDir(fsys, ".", func(file string, d fs.DirEntry, err error) error {
		name := path.Base(file)
		if err != nil || d.IsDir() || name != "poetry.lock" && name != "uv.lock" {
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
	if seen["poetry.lock"] == 0 || seen["uv.lock"] == 0 {
		t.Errorf("packages that were looked at: %v", seen)
	}
}
