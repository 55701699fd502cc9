package web

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/scanner"
)

// maxLeft is how many files are named that were left out.
const maxLeft = 1000

// A box is a temporary folder with what one request brought: the body as it came, and a tree of the files in it. Nothing leads out of it.
type box struct {
	dir    string
	root   *os.Root
	limits Limits
	// single is the only file of the tree; empty for an archive.
	single string
	// change says that the archive has two trees, head and base, in place of one.
	change bool
	// left are files that were left out.
	left []tocsin.FileCoverage
}

// Close removes the folder with all that is in it.
func (b *box) Close() error { return errors.Join(b.root.Close(), os.RemoveAll(b.dir)) }

func (b *box) write(name string, r io.Reader) (err error) {
	if err := b.root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := b.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(struct{ io.Writer }{f}, r)
	return errors.Join(err, f.Close())
}

// fill makes the tree of what was received. What kind it is tells the content where nobody said so.
func (b *box) fill(r io.Reader, kind, name string) error {
	bounded := &counted{r: r, left: b.limits.Unpacked}
	err := b.unfold(bounded, kind, name)
	if bounded.over() {
		return tooLarge(b.limits.Unpacked)
	}
	if bounded.failed != nil {
		return invalid("", "", "it cannot be unpacked")
	}
	return err
}

func (b *box) unfold(r *counted, kind, name string) error {
	if kind != "file" {
		head := bufio.NewReaderSize(r, 1<<10)
		inner, err := peel(head)
		if err != nil {
			return err
		}
		// What comes out of a second packing is bounded too.
		inside := &counted{r: inner, left: b.limits.Unpacked}
		body := bufio.NewReaderSize(inside, 1<<10)
		if kind == "archive" || isTar(body) {
			err := b.tar(body)
			if inside.over() {
				return tooLarge(b.limits.Unpacked)
			}
			return err
		}
		err = b.one(body, name)
		switch {
		case inside.over():
			return tooLarge(b.limits.Unpacked)
		case inside.failed != nil:
			return invalid("", "", "it cannot be unpacked")
		}
		return err
	}
	return b.one(r, name)
}

func (b *box) one(r io.Reader, name string) error {
	b.single = name
	return b.write(path.Join("tree", name), r)
}

// adopt makes the body itself the only file.
func (b *box) adopt(name string) error {
	b.single = name
	to := path.Join("tree", name)
	if err := b.root.MkdirAll(path.Dir(to), 0o700); err != nil {
		return err
	}
	return b.root.Rename("body", to)
}

// peel takes off a packing that the content has by itself.
func peel(r *bufio.Reader) (io.Reader, error) {
	magic, _ := r.Peek(4)
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		return unpack(r, "gzip")
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return unpack(r, "zstd")
	default:
		return r, nil
	}
}

// isTar says whether a header of POSIX or GNU begins it.
func isTar(r *bufio.Reader) bool {
	head, _ := r.Peek(262)
	return len(head) == 262 && string(head[257:]) == "ustar"
}

// tar makes the files that a scan may open. What is not made but would have been read is told.
func (b *box) tar(r io.Reader) error {
	opens := scanner.Opens()
	for _, folder := range []string{"tree", "base"} {
		if err := b.root.MkdirAll(folder, 0o700); err != nil {
			return err
		}
	}
	t := tar.NewReader(r)
	for entries := 0; ; entries++ {
		h, err := t.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return invalid("", "make it with tar, or send one file with ?name=", "the archive cannot be read")
		case entries >= b.limits.Files:
			return fault(errTooLarge, "", "send the lockfiles and SBOMs only", "The archive has more than %d entries.", b.limits.Files)
		}
		if path.IsAbs(h.Name) || climbs(h.Name) {
			return invalid("", "make it with relative names below one folder", "entry %q leads out of the archive", clip(h.Name))
		}
		if h.Typeflag == tar.TypeDir || h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		into, name := "tree", path.Clean(h.Name)
		if b.change {
			var side string
			if side, name, _ = strings.Cut(name, "/"); side != "head" && side != "base" || name == "" {
				return invalid("", "put what was there before below base/, and what is there now below head/", "entry %q is in neither", clip(h.Name))
			}
			if side == "base" {
				into = side
			}
		}
		if !opens(name) && name != b.single {
			continue
		}
		if err := b.entry(into, name, h, t); err != nil {
			return err
		}
	}
}

func (b *box) entry(into, name string, h *tar.Header, r io.Reader) error {
	switch {
	case !fileName(name):
		b.leave(into, name, "a name that cannot be written")
	case h.Typeflag == tar.TypeSymlink && !path.IsAbs(h.Linkname) && fileName(path.Join(path.Dir(name), h.Linkname)):
		// Its target is met on its own.
	case h.Typeflag == tar.TypeSymlink:
		b.leave(into, name, "a symbolic link that leads out of the archive is not followed")
	case h.Typeflag != tar.TypeReg:
		b.leave(into, name, "not a regular file")
	default:
		err := b.write(path.Join(into, name), r)
		if errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.EISDIR) || errors.Is(err, syscall.ENAMETOOLONG) {
			b.leave(into, name, "a name that cannot be written beside the others")
			return nil
		}
		var p *fs.PathError
		if err != nil && !errors.As(err, &p) { // of the archive, not of the disk
			return invalid("", "", "entry %q of the archive cannot be read", clip(name))
		}
		if err != nil {
			return fmt.Errorf("writing an entry of an archive: %w", err)
		}
	}
	return nil
}

// leave notes a file of the change, or of all there is, that was left out. Of a base what is missing shows as brought by the change.
func (b *box) leave(into, name, reason string) {
	if into == "tree" && len(b.left) < maxLeft {
		b.left = append(b.left, tocsin.FileCoverage{Path: strings.ToValidUTF8(name, "\uFFFD"), Status: tocsin.FileFailed, Reason: reason})
	}
}

func climbs(name string) bool {
	for part := range strings.SplitSeq(strings.ReplaceAll(name, `\`, "/"), "/") {
		if part == ".." {
			return true
		}
	}
	return false
}

// counted ends a stream that goes on for too long, and remembers how it failed.
type counted struct {
	r      io.Reader
	left   int64
	failed error
}

func (c *counted) over() bool { return c.left < 0 }

func (c *counted) Read(p []byte) (int, error) {
	if c.over() {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.over() {
		return 0, io.ErrUnexpectedEOF
	}
	if err != nil && !errors.Is(err, io.EOF) {
		c.failed = err
	}
	return n, err
}
