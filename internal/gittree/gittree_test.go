package gittree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/tocsin-dev/tocsin"
)

// history makes a repository whose branch main went on after feature left it.
func history(t *testing.T) (dir string, left plumbing.Hash) {
	t.Helper()
	dir = t.TempDir()
	repo, err := git.PlainInitWithOptions(dir, &git.PlainInitOptions{InitOptions: git.InitOptions{DefaultBranch: "refs/heads/main"}})
	if err != nil {
		t.Fatal(err)
	}
	work, err := repo.Worktree()
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	save := func(files map[string]string) plumbing.Hash {
		t.Helper()
		for name, text := range files {
			full := filepath.Join(dir, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(text), 0o600)); err != nil {
				t.Fatal(err)
			}
			if _, err := work.Add(name); err != nil {
				t.Fatal(err)
			}
		}
		at = at.Add(time.Hour)
		who := &object.Signature{Name: "a", Email: "a@example.org", When: at}
		h, err := work.Commit("x", &git.CommitOptions{Author: who, Committer: who})
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := work.Add("link"); err != nil {
		t.Fatal(err)
	}
	left = save(map[string]string{"go.sum": "old", "sub/package-lock.json": "{}", "sub/deep/x": "1"})
	if err := work.Checkout(&git.CheckoutOptions{Branch: "refs/heads/feature", Create: true}); err != nil {
		t.Fatal(err)
	}
	save(map[string]string{"go.sum": "feature", "new/a": "1"})
	if err := work.Checkout(&git.CheckoutOptions{Branch: "refs/heads/main"}); err != nil {
		t.Fatal(err)
	}
	save(map[string]string{"go.sum": "main"})
	if err := work.Checkout(&git.CheckoutOptions{Branch: "refs/heads/feature"}); err != nil {
		t.Fatal(err)
	}
	return dir, left
}

func TestMergeBaseIsWhereTheBranchLeft(t *testing.T) {
	dir, left := history(t)
	tree, err := MergeBase(dir, "main")
	if err != nil {
		t.Fatal(err)
	}
	if tree.Commit != left.String() || tree.At.IsZero() {
		t.Errorf("commit %s at %v, want %s", tree.Commit, tree.At, left)
	}
	b, err := fs.ReadFile(tree, "go.sum")
	if err != nil || string(b) != "old" {
		t.Errorf("go.sum = %q, %v", b, err)
	}
	if err := fstest.TestFS(without{tree, "link"}, "go.sum", "sub/package-lock.json", "sub/deep/x"); err != nil {
		t.Error(err)
	}
	if _, err := tree.Open("new/a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file of later: %v", err)
	}
	if i, err := fs.Stat(without{tree, ""}, "."); err != nil || !i.IsDir() {
		t.Errorf("%v, %v", i, err)
	}
}

// without hides one entry: the link points out of the commit, and is not followed.
type without struct {
	*Tree
	name string
}

func (w without) ReadDir(dir string) ([]fs.DirEntry, error) {
	list, err := w.Tree.ReadDir(dir)
	var out []fs.DirEntry
	for _, e := range list {
		if e.Name() != w.name {
			out = append(out, e)
		}
	}
	return out, err
}

func (w without) Open(name string) (fs.File, error) {
	f, err := w.Tree.Open(name)
	if d, ok := f.(*folder); ok {
		d.entries, _ = w.ReadDir(name)
	}
	return f, err
}

func TestMergeBaseOfAFolder(t *testing.T) {
	dir, _ := history(t)
	tree, err := MergeBase(filepath.Join(dir, "sub"), "main")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := fs.ReadFile(tree, "package-lock.json"); err != nil || string(b) != "{}" {
		t.Errorf("%q, %v", b, err)
	}
	fresh, err := MergeBase(filepath.Join(dir, "new"), "main")
	if err != nil {
		t.Fatal(err)
	}
	if list, err := fresh.ReadDir("."); err != nil || len(list) != 0 {
		t.Errorf("a folder that was not there holds %v, %v", list, err)
	}
}

func TestAt(t *testing.T) {
	dir, left := history(t)
	for ref, want := range map[string]string{"main": "main", "HEAD": "feature", left.String(): "old"} {
		tree, err := At(dir, ref)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := fs.ReadFile(tree, "go.sum"); err != nil || string(b) != want {
			t.Errorf("%s: %q, %v", ref, b, err)
		}
	}
	bare, err := At(filepath.Join(dir, ".git"), "main")
	if err != nil || bare.Commit == left.String() || bare.At.IsZero() {
		t.Errorf("%+v, %v", bare, err)
	}
	for name, c := range map[string]struct{ dir, ref, want string }{
		"unknown ref":              {dir, "no-such-branch", "does not know"},
		"hostile ref":              {dir, "--upload-pack=x", "does not know"},
		"no repository":            {t.TempDir(), "main", "no Git repository"},
		"a folder of a repository": {filepath.Join(dir, "sub"), "main", "no Git repository"},
	} {
		if _, err := At(c.dir, c.ref); !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A tree is whatever somebody wrote into it. Names that lead elsewhere would walk in circles.
func TestNamesThatAreNoNamesAreLeftOut(t *testing.T) {
	dir, _ := history(t)
	repo, err := git.PlainOpen(dir)
	if err != nil {
		t.Fatal(err)
	}
	store := func(o interface {
		Encode(plumbing.EncodedObject) error
	}) plumbing.Hash {
		t.Helper()
		e := repo.Storer.NewEncodedObject()
		if err := o.Encode(e); err != nil {
			t.Fatal(err)
		}
		h, err := repo.Storer.SetEncodedObject(e)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	for _, name := range []string{"..", ".", "", "/", "a/b", "../..", "a\xff"} {
		empty := store(&object.Tree{})
		below := repo.Storer.NewEncodedObject()
		below.SetType(plumbing.TreeObject)
		w, err := below.Writer()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(append([]byte("40000 "+name+"\x00"), empty[:]...)); err != nil {
			t.Fatal(err)
		}
		h, err := repo.Storer.SetEncodedObject(below)
		if err != nil {
			t.Fatal(err)
		}
		top := store(&object.Tree{Entries: []object.TreeEntry{{Name: "sub", Mode: filemode.Dir, Hash: h}}})
		who := object.Signature{Name: "a", Email: "a@example.org"}
		tree, err := At(dir, store(&object.Commit{Author: who, Committer: who, TreeHash: top}).String())
		if err != nil {
			t.Fatal(err)
		}
		met := 0
		_ = fs.WalkDir(tree, ".", func(string, fs.DirEntry, error) error {
			if met++; met > 10 {
				t.Errorf("%q: walked in circles", name)
				return fs.SkipAll
			}
			return nil
		})
	}
}

func TestMergeBaseRefuses(t *testing.T) {
	dir, _ := history(t)
	for name, c := range map[string]struct{ dir, ref, want string }{
		"unknown ref":   {dir, "no-such-branch", "fetch it first"},
		"hostile ref":   {dir, "--upload-pack=x", "does not know"},
		"no repository": {t.TempDir(), "main", "no Git repository"},
	} {
		if _, err := MergeBase(c.dir, c.ref); !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What HEAD has is what the change may have written; what merely lies in the work tree is not.
func TestKeeps(t *testing.T) {
	dir, _ := history(t)
	beside := filepath.Join(dir, "sub", "beside")
	if err := os.WriteFile(beside, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(t.TempDir(), "x")
	for _, c := range []struct {
		dir, file string
		want      bool
	}{
		{dir, filepath.Join(dir, "go.sum"), true},
		{filepath.Join(dir, "sub"), filepath.Join(dir, "sub", "package-lock.json"), true},
		{filepath.Join(dir, "sub", "package-lock.json"), filepath.Join(dir, "go.sum"), true}, // a file is judged
		{dir, beside, false},
		{dir, outside, false},
		{filepath.Dir(outside), outside, false},
	} {
		if got := Keeps(c.dir, c.file); got != c.want {
			t.Errorf("Keeps(%s, %s) = %v", c.dir, c.file, got)
		}
	}
	t.Chdir(filepath.Join(dir, "sub"))
	if !Keeps(".", "../go.sum") {
		t.Error("a relative path is not found")
	}
}
