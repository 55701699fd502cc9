package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/scanner"
)

// packed is what goes to a service, with gzip, in a temporary file: of a folder a tar of what a scan would open, or one file as it is; of a
// change a tar with that, be it one file, below head/ and what was there before below base/.
type packed struct {
	file *os.File
	size int64
	// single is the name of the one file; empty for a folder.
	single string
}

// pack packs a path. A file that cannot be read is an error: the service would not miss it.
func pack(name string, before fs.FS) (p *packed, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, exit{exitUsage, fmt.Errorf("%w: %v", tocsin.ErrNotFound, err)}
	}
	dir, only := name, ""
	if !info.IsDir() {
		dir, only = filepath.Dir(name), filepath.Base(name)
	}
	root, closer, err := scanner.Dir(dir)
	if err != nil {
		return nil, err
	}
	defer closer.Close()
	f, err := os.CreateTemp("", "tocsin-gate-*")
	if err != nil {
		return nil, err
	}
	p = &packed{file: f}
	defer func() {
		if err != nil {
			p.Close()
			p = nil
		}
	}()
	z := gzip.NewWriter(f)
	p.single = only
	switch t := tar.NewWriter(z); {
	case before != nil:
		err = errors.Join(packSide(t, root, "head/", only), packSide(t, before, "base/", only), t.Close())
	case only != "":
		err = copyFile(z, root, only)
	default:
		err = errors.Join(packTree(t, root, ""), t.Close())
	}
	if err = errors.Join(err, z.Close()); err != nil {
		return p, fmt.Errorf("packing %s: %w", name, err)
	}
	p.size, err = f.Seek(0, io.SeekEnd)
	return p, err
}

// Close removes the file.
func (p *packed) Close() {
	_ = p.file.Close() // it goes away
	_ = os.Remove(p.file.Name())
}

// body gives the content anew for each attempt.
func (p *packed) body() func() (io.Reader, error) {
	return func() (io.Reader, error) { return io.NewSectionReader(p.file, 0, p.size), nil }
}

// packSide packs one side of a change: all of it, or the only file, which the base may not have.
func packSide(t *tar.Writer, root fs.FS, below, only string) error {
	if only == "" {
		return packTree(t, root, below)
	}
	err := packFile(t, root, below, only)
	if below == "base/" && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func packTree(t *tar.Writer, root fs.FS, below string) error {
	opens := scanner.Opens()
	return fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && !opens(path.Join(name, "package-lock.json")): // nothing below it is read
			return fs.SkipDir
		case d.IsDir() || !opens(name):
			return nil
		case d.Type()&fs.ModeSymlink != 0:
			if _, ok := root.(fs.ReadLinkFS); !ok { // a commit: its links are not followed
				return nil
			}
			target, err := fs.ReadLink(root, name)
			if err != nil {
				return err
			}
			return t.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: below + name, Linkname: filepath.ToSlash(target)})
		case !d.Type().IsRegular():
			return nil
		}
		return packFile(t, root, below, name)
	})
}

func packFile(t *tar.Writer, root fs.FS, below, name string) error {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: below + name, Size: info.Size(), Mode: 0o644}); err != nil {
		return err
	}
	_, err = io.CopyN(t, f, info.Size())
	return err
}

func copyFile(w io.Writer, root fs.FS, name string) error {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}
