package app

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/tocsin-dev/tocsin"
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
	for _, path := range exceptions.Find(tree) {
		f, err := tree.Open(path)
		if err != nil {
			faults = append(faults, fmt.Errorf("reading the exceptions of %s: %w", name, err))
			continue
		}
		one, err := readExceptions(f, name+":"+path, exceptions.Options{Now: now, Named: trusted, Folder: exceptions.FolderOf(path)})
		all = join(all, one)
		faults = append(faults, err)
	}
	return all, errors.Join(faults...)
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
