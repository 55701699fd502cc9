package sources

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tocsin-dev/tocsin"
)

// openPath opens a folder, or one file in its folder. What leads out of the folder cannot be followed.
func openPath(s Source) (Tree, error) {
	info, err := os.Stat(s.Location)
	if err != nil {
		return Tree{}, fromDisk(err)
	}
	t := Tree{Dir: s.Location}
	if !info.IsDir() {
		if s.Subdir != "" {
			return Tree{}, fmt.Errorf("%w: it is a file, and has no subdir", tocsin.ErrInvalid)
		}
		t.Dir, t.Paths = filepath.Dir(s.Location), []string{filepath.Base(s.Location)}
	}
	root, err := os.OpenRoot(t.Dir)
	if err != nil {
		return Tree{}, fromDisk(err)
	}
	t.FS, t.close = root.FS(), root.Close
	if err := t.below(s.Subdir); err != nil {
		return Tree{}, errors.Join(err, t.Close())
	}
	return t, nil
}

// below restricts the tree to a folder, which must be there.
func (t *Tree) below(dir string) error {
	if dir == "" || dir == "." {
		return nil
	}
	if info, err := fs.Stat(t.FS, dir); err != nil || !info.IsDir() {
		return fmt.Errorf("%w: it has no folder %q", tocsin.ErrNotFound, dir)
	}
	t.Paths = []string{dir}
	return nil
}

func fromDisk(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %w", tocsin.ErrNotFound, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", tocsin.ErrForbidden, err)
	}
	return err
}
