// Package gittree reads the files of a commit as a file system, without a work tree: what a branch had where another
// left it is judged from the repository itself, never from files that the judged branch could have changed.
package gittree

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/tocsin-dev/tocsin"
)

// A Tree is the files of one commit below one folder. It is safe for concurrent reading.
type Tree struct {
	// Commit is the full hash, At the committer's time.
	Commit string
	At     time.Time
	tree   *object.Tree
}

var (
	_ fs.FS        = (*Tree)(nil)
	_ fs.ReadDirFS = (*Tree)(nil)
)

// MergeBase opens the commit where HEAD left the given ref, in the repository that dir lies in, and the folder of that
// commit that corresponds to dir. A ref that does not exist, a folder outside any repository and histories without a
// common commit (a shallow clone, most often) are errors that say so.
func MergeBase(dir, ref string) (*Tree, error) {
	repo, err := git.PlainOpenWithOptions(dir, &git.PlainOpenOptions{DetectDotGit: true, EnableDotGitCommonDir: true})
	if err != nil {
		return nil, fmt.Errorf("%w: %s lies in no Git repository: %v", tocsin.ErrInvalid, dir, err)
	}
	head, err := commit(repo, "HEAD")
	if err != nil {
		return nil, err
	}
	other, err := commit(repo, ref)
	if err != nil {
		return nil, err
	}
	bases, err := head.MergeBase(other)
	if err != nil || len(bases) == 0 {
		return nil, errors.Join(fmt.Errorf("%w: HEAD and %s have no common commit here; a shallow clone must be deepened first", tocsin.ErrInvalid, ref), err)
	}
	below, err := inside(repo, dir)
	if err != nil {
		return nil, err
	}
	tree, err := subtree(bases[0], below)
	if err != nil {
		return nil, fmt.Errorf("reading commit %s: %w", bases[0].Hash, err)
	}
	return &Tree{Commit: bases[0].Hash.String(), At: bases[0].Committer.When.UTC(), tree: tree}, nil
}

// At opens a commit of the repository that dir is: a work tree's top folder, or a repository without one. The ref may be whatever Git
// takes for a revision; one that does not exist is an [tocsin.ErrInvalid].
func At(dir, ref string) (*Tree, error) {
	repo, err := git.PlainOpenWithOptions(dir, &git.PlainOpenOptions{EnableDotGitCommonDir: true})
	if err != nil {
		return nil, fmt.Errorf("%w: %s is no Git repository: %v", tocsin.ErrInvalid, dir, err)
	}
	c, err := commit(repo, ref)
	if err != nil {
		return nil, err
	}
	tree, err := c.Tree()
	if err != nil {
		return nil, fmt.Errorf("reading commit %s: %w", c.Hash, err)
	}
	return &Tree{Commit: c.Hash.String(), At: c.Committer.When.UTC(), tree: tree}, nil
}

// Keeps says whether HEAD of the repository that dir lies in has the file, so that whoever proposes a change may change it. A
// folder outside any repository keeps none.
func Keeps(dir, file string) bool {
	repo, err := git.PlainOpenWithOptions(dir, &git.PlainOpenOptions{DetectDotGit: true, EnableDotGitCommonDir: true})
	if err != nil {
		return false
	}
	head, err := commit(repo, "HEAD")
	if err != nil {
		return false
	}
	name, err := inside(repo, file)
	if err != nil {
		return false
	}
	_, err = head.File(name)
	return err == nil
}

func commit(repo *git.Repository, ref string) (*object.Commit, error) {
	hash, err := repo.ResolveRevision(plumbing.Revision(ref))
	if err != nil {
		return nil, fmt.Errorf("%w: Git does not know %q here; fetch it first (%v)", tocsin.ErrInvalid, ref, err)
	}
	c, err := repo.CommitObject(*hash)
	if err != nil {
		return nil, fmt.Errorf("%w: %q is no commit: %v", tocsin.ErrInvalid, ref, err)
	}
	return c, nil
}

// inside is dir as the repository sees it, slash-separated.
func inside(repo *git.Repository, dir string) (string, error) {
	work, err := repo.Worktree()
	if err != nil {
		return "", fmt.Errorf("%w: the repository has no work tree: %w", tocsin.ErrInvalid, err)
	}
	full, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("finding %s: %w", dir, err)
	}
	if real, err := filepath.EvalSymlinks(full); err == nil {
		full = real
	}
	root := work.Filesystem.Root()
	if real, err := filepath.EvalSymlinks(root); err == nil {
		root = real
	}
	below, err := filepath.Rel(root, full)
	if err != nil {
		return "", fmt.Errorf("finding %s in the repository: %w", dir, err)
	}
	return filepath.ToSlash(below), nil
}

// Open opens a file or folder of the commit. Symbolic links are not followed.
func (t *Tree) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if entries, err := t.ReadDir(name); err == nil {
		return &folder{info: info{name: path.Base(name), mode: fs.ModeDir | 0o555, at: t.At}, entries: entries}, nil
	}
	f, err := t.tree.File(name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: missing(err)}
	}
	r, err := f.Reader()
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &file{info: info{name: path.Base(name), size: f.Size, mode: mode(f.Mode), at: t.At}, ReadCloser: r}, nil
}

// ReadDir lists a folder, sorted by name.
func (t *Tree) ReadDir(name string) ([]fs.DirEntry, error) {
	tree := t.tree
	if name != "." {
		var err error
		if tree, err = t.tree.Tree(name); err != nil {
			return nil, &fs.PathError{Op: "readdir", Path: name, Err: missing(err)}
		}
	}
	var out []fs.DirEntry
	for _, e := range tree.Entries {
		if !fs.ValidPath(e.Name) || e.Name == "." || strings.Contains(e.Name, "/") {
			continue // no work tree could have it, and a walk would go in circles
		}
		size := int64(0)
		if e.Mode.IsFile() {
			size, _ = tree.Size(e.Name) // an object that is missing shows when it is opened
		}
		out = append(out, fs.FileInfoToDirEntry(info{name: e.Name, size: size, mode: mode(e.Mode), at: t.At}))
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return out, nil
}

func missing(err error) error {
	if errors.Is(err, object.ErrFileNotFound) || errors.Is(err, object.ErrDirectoryNotFound) || errors.Is(err, object.ErrEntryNotFound) {
		return fs.ErrNotExist
	}
	return err
}

func mode(m filemode.FileMode) fs.FileMode {
	switch m {
	case filemode.Dir:
		return fs.ModeDir | 0o555
	case filemode.Symlink:
		return fs.ModeSymlink | 0o444
	case filemode.Submodule:
		return fs.ModeIrregular
	default:
		return 0o444
	}
}

type info struct {
	name string
	size int64
	mode fs.FileMode
	at   time.Time
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return i.at }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }

type file struct {
	info
	io.ReadCloser
}

func (f *file) Stat() (fs.FileInfo, error) { return f.info, nil }

type folder struct {
	info
	entries []fs.DirEntry
}

func (f *folder) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *folder) Close() error               { return nil }
func (f *folder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.name, Err: fs.ErrInvalid}
}

// ReadDir gives the next entries, as [fs.ReadDirFile] wants it.
func (f *folder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(f.entries) == 0 {
		return nil, io.EOF
	}
	if n <= 0 {
		n = len(f.entries)
	}
	n = min(n, len(f.entries))
	out := f.entries[:n]
	f.entries = f.entries[n:]
	return out, nil
}
