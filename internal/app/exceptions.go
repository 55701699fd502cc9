package app

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
	"github.com/tocsin-dev/tocsin/policies/exceptions"
)

// Exceptions loads files of exceptions, and joins what is wrong with any of them.
func Exceptions(paths []string) ([]tocsin.Exception, error) {
	var list []tocsin.Exception
	var faults []error
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			faults = append(faults, fmt.Errorf("%w: reading exceptions: %v", tocsin.ErrInvalid, err))
			continue
		}
		some, err := exceptions.Load(path, text)
		list = append(list, some...)
		faults = append(faults, err)
	}
	return list, errors.Join(faults...)
}

// ExceptionsOf loads the exceptions that a tree keeps for itself; none is not an error. The tree must be one that the
// judged change could not write to.
func ExceptionsOf(tree fs.FS, name string) ([]tocsin.Exception, error) {
	f, err := tree.Open(exceptions.InRepository)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the exceptions of %s: %w", name, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, yamlfile.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("reading the exceptions of %s: %w", name, err)
	}
	return exceptions.Load(name+":"+exceptions.InRepository, text)
}
