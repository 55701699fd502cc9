package scanner

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/tocsin-dev/tocsin/scanner/extract"
)

// read runs a reader on a file, and survives it: a panic is an error, and a reader that computes for too long is left
// behind. Its goroutine ends when it next reads, or when it is done with the bounded input it holds.
func (s *scan) read(ctx context.Context, reader extract.Reader, name string, limit int64) (extract.Result, error) {
	return run(ctx, reader, func() (io.ReadCloser, error) { return s.open(name, limit) }, extract.File{Path: name, FS: siblings{s.fsys}}, perFile)
}

func run(ctx context.Context, reader extract.Reader, open func() (io.ReadCloser, error), f extract.File, limit time.Duration) (extract.Result, error) {
	parent := ctx
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	body, err := open()
	if err != nil {
		return extract.Result{}, err
	}
	type outcome struct {
		res extract.Result
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		defer body.Close()
		defer func() {
			if p := recover(); p != nil {
				done <- outcome{err: fmt.Errorf("the %s reader failed on this content: %v", reader.Format(), p)}
			}
		}()
		f.Body = &interruptible{ctx, body}
		res, err := reader.Read(ctx, f)
		done <- outcome{res, err}
	}()
	select {
	case o := <-done:
		if errors.Is(ctx.Err(), context.DeadlineExceeded) && parent.Err() == nil {
			break
		}
		return o.res, o.err
	case <-ctx.Done():
	}
	if parent.Err() != nil {
		return extract.Result{}, parent.Err()
	}
	return extract.Result{}, fmt.Errorf("not done after %s", limit)
}

// interruptible is a reader that ends with its context.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (i *interruptible) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.Read(p)
}

// open opens a file as UTF-8 text of at most limit bytes. A byte-order mark is removed, and UTF-16, which PowerShell
// writes, is turned into UTF-8.
func (s *scan) open(name string, limit int64) (io.ReadCloser, error) {
	f, err := s.fsys.Open(name)
	if err != nil {
		return nil, err
	}
	var r io.Reader = &capped{r: f, left: limit, limit: limit}
	buf := bufio.NewReaderSize(r, 64<<10)
	mark, _ := buf.Peek(3)
	r = buf
	if hasMark(mark) {
		r = transform.NewReader(buf, unicode.BOMOverride(transform.Nop))
	}
	return struct {
		io.Reader
		io.Closer
	}{r, f}, nil
}

func hasMark(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")) || bytes.HasPrefix(head, []byte("\xFF\xFE")) || bytes.HasPrefix(head, []byte("\xFE\xFF"))
}

// head is the beginning of a file.
func (s *scan) head(name string) ([]byte, error) {
	body, err := s.open(name, extract.LimitStream)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	head := make([]byte, extract.SniffSize)
	n, err := io.ReadFull(body, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	return head[:n], nil
}

// capped fails where a file turns out longer than its size said, rather than pretend that it ends there.
type capped struct {
	r           io.Reader
	left, limit int64
}

func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		var one [1]byte
		if n, err := c.r.Read(one[:]); n == 0 {
			return 0, err
		}
		return 0, fmt.Errorf("more than %d bytes", c.limit)
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}

// siblings is what readers open other files through: regular ones only, since a pipe would block for ever, and no longer
// than a file that is held in memory may be.
type siblings struct{ fs.FS }

func (s siblings) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(s.FS, name) }
func (s siblings) Stat(name string) (fs.FileInfo, error)      { return fs.Stat(s.FS, name) }

func (s siblings) Open(name string) (fs.File, error) {
	info, err := fs.Stat(s.FS, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("not a regular file")}
	}
	f, err := s.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return &sibling{File: f, capped: capped{r: f, left: extract.LimitWhole, limit: extract.LimitWhole}}, nil
}

type sibling struct {
	fs.File
	capped
}

func (s *sibling) Read(p []byte) (int, error) { return s.capped.Read(p) }

// ReadAt reads anywhere, where the file can. It is not capped: who reads so holds no more than asked for.
func (s *sibling) ReadAt(p []byte, off int64) (int, error) {
	at, ok := s.File.(io.ReaderAt)
	if !ok {
		return 0, errors.ErrUnsupported
	}
	return at.ReadAt(p, off)
}
