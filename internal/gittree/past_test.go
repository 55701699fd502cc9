package gittree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

// line makes a repository whose commits are a day apart, but for the third, which is dated before the second.
func line(t *testing.T) (dir string, day func(int) time.Time) {
	t.Helper()
	dir = t.TempDir()
	repo, err := git.PlainInit(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	work, err := repo.Worktree()
	if err != nil {
		t.Fatal(err)
	}
	day = func(n int) time.Time { return time.Date(2026, 1, 1+n, 12, 0, 0, 0, time.UTC) }
	for i, c := range []struct {
		file, text string
		at         time.Time
	}{{"a.txt", "1", day(0)}, {"web/b.txt", "1", day(1)}, {"a.txt", "2", day(1).Add(-time.Hour)}, {"web/b.txt", "2", day(3)}, {"a.txt", "3", day(4)}} {
		full := filepath.Join(dir, c.file)
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(c.text), 0o600)); err != nil {
			t.Fatal(err)
		}
		if _, err := work.Add(c.file); err != nil {
			t.Fatal(err)
		}
		who := &object.Signature{Name: "a", Email: "a@example.org", When: c.at}
		if _, err := work.Commit(string(rune('a'+i)), &git.CommitOptions{Author: who, Committer: who}); err != nil {
			t.Fatal(err)
		}
	}
	return dir, day
}

func TestPast(t *testing.T) {
	dir, day := line(t)
	type step struct {
		At   string
		A, B string
	}
	for name, c := range map[string]struct {
		dir          string
		since, until time.Time
		want         []step
	}{
		// What stood when the time began comes first. A commit that is dated before its parent counts from its parent's time.
		"a window": {dir, day(1).Add(time.Hour), day(4), []step{{"01-02 12", "2", "1"}, {"01-04 12", "2", "2"}}},
		"all":      {dir, day(-9), day(9), []step{{"01-01 12", "1", ""}, {"01-02 12", "1", "1"}, {"01-02 12", "2", "1"}, {"01-04 12", "2", "2"}, {"01-05 12", "3", "2"}}},
		"a folder": {filepath.Join(dir, "web"), day(0), day(2), []step{{"01-01 12", "", ""}, {"01-02 12", "", "1"}, {"01-02 12", "", "1"}}},
		"nothing":  {dir, day(-9), day(-1), nil},
	} {
		trees, err := Past(t.Context(), c.dir, c.since, c.until)
		if err != nil {
			t.Fatal(err)
		}
		var got []step
		for _, tree := range trees {
			b := read(tree, "b.txt")
			if c.dir == dir {
				b = read(tree, "web/b.txt")
			}
			got = append(got, step{tree.At.Format("01-02 15"), read(tree, "a.txt"), b})
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	if _, err := Past(t.Context(), t.TempDir(), day(0), day(1)); !errors.Is(err, tocsin.ErrInvalid) {
		t.Errorf("no repository: %v", err)
	}
}

func read(tree *Tree, name string) string {
	b, err := fs.ReadFile(tree, name)
	if err != nil {
		return ""
	}
	return string(b)
}

func TestChanged(t *testing.T) {
	dir, day := line(t)
	trees, err := Past(t.Context(), dir, day(-9), day(9))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Changed(t.Context(), trees[0], trees[4])
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"a.txt", "web/b.txt"}, got); d != "" {
		t.Error(d)
	}
}
