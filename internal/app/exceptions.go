package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/mod/modfile"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
	"github.com/tocsin-dev/tocsin/policies/exceptions"
)

// Exceptions reads files of exceptions that a person named, and joins what is wrong with any of them.
func Exceptions(paths []string, now time.Time) (exceptions.File, error) {
	var all exceptions.File
	var faults []error
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			faults = append(faults, fmt.Errorf("%w: reading exceptions: %v", tocsin.ErrInvalid, err))
			continue
		}
		one, err := readExceptions(f, path, exceptions.Options{Now: now, Named: true})
		all = join(all, one)
		faults = append(faults, err)
	}
	return all, errors.Join(faults...)
}

// ExceptionsOf reads the exceptions that a tree keeps for itself; none is not an error. The tree must be one that the
// judged change could not write to, unless a person trusts it.
func ExceptionsOf(tree fs.FS, name string, trusted bool, now time.Time) (exceptions.File, error) {
	var all exceptions.File
	var faults []error
	o := exceptions.Options{Now: now, Named: trusted, Products: itself(tree)}
	for _, path := range exceptions.Find(tree) {
		f, err := tree.Open(path)
		if err != nil {
			faults = append(faults, fmt.Errorf("reading the exceptions of %s: %w", name, err))
			continue
		}
		o.Folder = exceptions.FolderOf(path)
		one, err := readExceptions(f, name+":"+path, o)
		all = join(all, one)
		faults = append(faults, err)
	}
	return all, errors.Join(faults...)
}

// itself gives the purls by which a tree calls itself: the module of the go.mod and the name in the package.json at its
// top. What cannot be read calls itself nothing.
func itself(tree fs.FS) []string {
	var out []string
	out = append(out, purl.Make("Go", modfile.ModulePath(manifest(tree, "go.mod")), ""))
	var node struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(manifest(tree, "package.json"), &node) == nil {
		out = append(out, purl.Make("npm", node.Name, ""))
	}
	return out
}

// manifest is the text of a file at the top of a tree, up to a size that no manifest has; nothing where it is not there.
func manifest(tree fs.FS, name string) []byte {
	f, err := tree.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, yamlfile.MaxSize))
	if err != nil {
		return nil
	}
	return text
}

// readExceptions reads no more of a file than may be read of the largest kind, closes it, and reads what it says.
func readExceptions(f io.ReadCloser, name string, o exceptions.Options) (exceptions.File, error) {
	text, err := io.ReadAll(io.LimitReader(f, exceptions.MaxSize+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return exceptions.File{}, fmt.Errorf("%w: reading exceptions: %v", tocsin.ErrInvalid, err)
	}
	return exceptions.Read(name, text, o)
}

func join(a, b exceptions.File) exceptions.File {
	a.Exceptions, a.Unused = append(a.Exceptions, b.Exceptions...), append(a.Unused, b.Unused...)
	a.MoreUnused += b.MoreUnused
	return a
}
