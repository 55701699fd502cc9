package sources

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"syscall"

	"github.com/tocsin-dev/tocsin"
)

// maxLeft is how many files are named that were left out.
const maxLeft = 1000

// unpacking takes from an archive what a scan would read.
type unpacking struct {
	out    *scratch
	limits Limits
	reads  func(path string) bool
	// below is a folder that is made if the archive has it, and empty once it was.
	below string
	left  []tocsin.FileCoverage
}

// tar unpacks an archive as GitHub makes it: all in one folder, which is taken off. Only regular files are made; links of any sort and
// devices are not. A name that leads out of the archive ends it.
func (u *unpacking) tar(r io.Reader) error {
	unpacked := &counted{r: r, left: u.limits.Unpacked}
	t := tar.NewReader(unpacked)
	for entries := 0; ; entries++ {
		h, err := t.Next()
		switch {
		case unpacked.left < 0:
			return fmt.Errorf("%w: over %d bytes unpacked", tocsin.ErrInvalid, u.limits.Unpacked)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%w: the archive cannot be read: %w", tocsin.ErrInvalid, err)
		case entries >= u.limits.Files:
			return fmt.Errorf("%w: over %d entries", tocsin.ErrInvalid, u.limits.Files)
		case h.Typeflag == tar.TypeXGlobalHeader: // says which commit it is
			continue
		}
		if path.IsAbs(h.Name) || escapes(h.Name) {
			return fmt.Errorf("%w: entry %.100q leads out of the archive", tocsin.ErrInvalid, h.Name)
		}
		_, name, ok := strings.Cut(path.Clean(h.Name), "/")
		if !ok {
			continue // the one folder
		}
		if err := u.entry(name, h, t); err != nil {
			if unpacked.left < 0 {
				return fmt.Errorf("%w: over %d bytes unpacked", tocsin.ErrInvalid, u.limits.Unpacked)
			}
			return err
		}
	}
}

func escapes(name string) bool {
	for part := range strings.SplitSeq(strings.ReplaceAll(name, `\`, "/"), "/") {
		if part == ".." {
			return true
		}
	}
	return false
}

func (u *unpacking) entry(name string, h *tar.Header, body io.Reader) error {
	if u.below != "" && (name == u.below && h.Typeflag == tar.TypeDir || strings.HasPrefix(name, u.below+"/")) {
		// It is there, even if nothing in it is worth keeping.
		if err := u.out.root.MkdirAll(u.below, 0o700); err != nil && !clashes(err) {
			return fmt.Errorf("writing %q: %w", u.below, err)
		}
		u.below = ""
	}
	if h.Typeflag == tar.TypeDir || u.reads != nil && !u.reads(name) {
		return nil
	}
	switch {
	case h.Typeflag == tar.TypeSymlink && inside(name, h.Linkname):
		// Its target is met on its own.
	case h.Typeflag == tar.TypeSymlink:
		u.leave(name, "a symbolic link that leads out of the repository is not followed")
	case h.Typeflag != tar.TypeReg:
		u.leave(name, "not a regular file")
	case !validName(name):
		u.leave(name, "a name that cannot be written")
	case h.Size > u.limits.File:
		u.leave(name, fmt.Sprintf("%d bytes; the limit is %d", h.Size, u.limits.File))
	default:
		err := u.out.write(name, body)
		if clashes(err) {
			u.leave(name, "a name that cannot be written beside the others")
			return nil
		}
		return err
	}
	return nil
}

// clashes says whether a name cannot be written because of what it is or what is there already, rather than for want of a disk.
func clashes(err error) bool {
	return errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.EISDIR) || errors.Is(err, syscall.ENAMETOOLONG)
}

// inside says whether a link leads to somewhere in the archive.
func inside(name, target string) bool {
	return !path.IsAbs(target) && validName(path.Join(path.Dir(name), target))
}

func (u *unpacking) leave(name, reason string) {
	if len(u.left) < maxLeft {
		u.left = append(u.left, tocsin.FileCoverage{Path: strings.ToValidUTF8(name, "\uFFFD"), Status: tocsin.FileFailed, Reason: reason})
	}
}

// counted ends a stream that goes on for too long.
type counted struct {
	r    io.Reader
	left int64
}

func (c *counted) Read(p []byte) (int, error) {
	if c.left < 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}
