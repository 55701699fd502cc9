package sources

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/tocsin-dev/tocsin"
)

// scratch is a temporary folder that nothing written to it can lead out of.
type scratch struct {
	dir  string
	root *os.Root
	// left is how many bytes may still be written, file how many of them to one file.
	left, file int64
}

func newScratch(o Options) (*scratch, error) {
	dir, err := os.MkdirTemp(o.TempDir, "tocsin-source-")
	if err != nil {
		return nil, fmt.Errorf("making a temporary folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the temporary folder: %w", err), os.RemoveAll(dir))
	}
	return &scratch{dir: dir, root: root, left: o.Limits.Download, file: o.Limits.File}, nil
}

// write makes one file, and the folders that it lies in.
func (s *scratch) write(name string, r io.Reader) (err error) {
	if err := s.root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return fmt.Errorf("writing %q: %w", name, err)
	}
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("writing %q: %w", name, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	limit := min(s.left, s.file)
	n, err := io.Copy(f, io.LimitReader(r, limit+1))
	s.left -= n
	if err != nil {
		return fmt.Errorf("writing %q: %w", name, err)
	}
	if n > limit {
		return fmt.Errorf("%w: %q has over %d bytes, or the whole has more than may be kept", tocsin.ErrInvalid, name, limit)
	}
	return nil
}

// Close removes the folder with all that is in it.
func (s *scratch) Close() error {
	return errors.Join(s.root.Close(), os.RemoveAll(s.dir))
}

// tree is the folder as the files of a source.
func (s *scratch) tree() Tree { return Tree{FS: s.root.FS(), close: s.Close} }

// validName says whether a path stays inside the tree and can be a file's on any disk.
func validName(name string) bool {
	if !fs.ValidPath(name) || !utf8.ValidString(name) || len(name) > 3000 || strings.ContainsAny(name, "\x00\\") {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if len(part) > 255 {
			return false
		}
	}
	return true
}
