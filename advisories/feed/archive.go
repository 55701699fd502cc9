package feed

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories"
)

// A zip is refused as a whole when it promises more than these: real ones hold a few hundred thousand records and
// shrink their JSON to a tenth.
const (
	maxEntries  = 5_000_000
	maxRatio    = 100
	freeRatioTo = 1 << 30 // below this size any ratio goes
)

// archive is a zip of records.
type archive struct {
	files files
	name  string
	part  string
}

func (a *archive) Records(ctx context.Context, _ Known) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := a.each(ctx, func(e Entry) bool { return yield(e, nil) }); err != nil && !errors.Is(err, errStopped) {
			yield(Entry{Part: a.part}, err)
		}
	}
}

// errStopped says that the consumer wants no more.
var errStopped = errors.New("stopped")

func (a *archive) each(ctx context.Context, yield func(Entry) bool) error {
	f, err := a.files.large(ctx, a.name)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := zip.NewReader(f, f.Size())
	if err != nil {
		return fmt.Errorf("%w: %s is not a zip file: %v", tocsin.ErrInvalid, a.name, err)
	}
	if err := plausible(z, a.name, f.Size()); err != nil {
		return err
	}
	return records(ctx, z, a.name, a.part, f.Size(), func(string) bool { return true }, yield)
}

// records yields the JSON files of a zip that are wanted.
func records(ctx context.Context, z *zip.Reader, name, part string, size int64, wanted func(string) bool, yield func(Entry) bool) error {
	budget := max(freeRatioTo, size*maxRatio)
	for i, zf := range z.File {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if zf.FileInfo().IsDir() || path.Ext(zf.Name) != ".json" || !wanted(zf.Name) {
			continue
		}
		e := Entry{ID: strings.TrimSuffix(path.Base(zf.Name), ".json"), Path: name + ":" + zf.Name, Part: part, Done: i + 1, Total: len(z.File)}
		e.Body, e.Err = inflate(zf)
		if budget -= int64(len(e.Body)); budget < 0 {
			return fmt.Errorf("%w: %s unpacks to more than %d times its size", tocsin.ErrInvalid, name, maxRatio)
		}
		if !yield(e) {
			return errStopped
		}
	}
	return nil
}

func plausible(z *zip.Reader, name string, size int64) error {
	if len(z.File) > maxEntries {
		return fmt.Errorf("%w: %s has %d entries, at most %d are read", tocsin.ErrInvalid, name, len(z.File), maxEntries)
	}
	var total uint64
	for _, f := range z.File {
		total += f.UncompressedSize64
		if total > freeRatioTo && total/maxRatio > uint64(size) {
			return fmt.Errorf("%w: %s unpacks to more than %d times its size; it is not read", tocsin.ErrInvalid, name, maxRatio)
		}
	}
	return nil
}

func inflate(zf *zip.File) ([]byte, error) {
	if zf.UncompressedSize64 > advisories.MaxRecord {
		return nil, fmt.Errorf("%w: record of %d bytes, at most %d are read", tocsin.ErrInvalid, zf.UncompressedSize64, advisories.MaxRecord)
	}
	r, err := zf.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %v", tocsin.ErrInvalid, err)
	}
	defer r.Close()
	var b bytes.Buffer
	b.Grow(int(zf.UncompressedSize64))
	n, err := io.Copy(&b, io.LimitReader(r, advisories.MaxRecord+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %v", tocsin.ErrInvalid, err)
	case n > advisories.MaxRecord:
		return nil, fmt.Errorf("%w: record is larger than %d bytes", tocsin.ErrInvalid, advisories.MaxRecord)
	}
	return b.Bytes(), nil
}

// directory is a tree of JSON records. Links in it are not followed.
type directory struct{ dir string }

func (d *directory) Records(ctx context.Context, _ Known) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		root, err := os.OpenRoot(d.dir)
		if err != nil {
			yield(Entry{}, fmt.Errorf("opening feed %s: %w", d.dir, err))
			return
		}
		defer root.Close()
		n := 0
		err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err != nil: // a folder that cannot be read; the others can
				if !yield(Entry{Part: name}, fmt.Errorf("reading %s: %w", name, err)) {
					return errStopped
				}
				return nil
			case !entry.Type().IsRegular() || path.Ext(name) != ".json":
				return nil
			}
			n++
			e := Entry{ID: strings.TrimSuffix(path.Base(name), ".json"), Path: name, Done: n}
			if f, err := root.Open(name); err != nil {
				e.Err = err
			} else {
				e.Body, e.Err = readAll(f, name, advisories.MaxRecord)
				f.Close()
			}
			if !yield(e, nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(Entry{}, err)
		}
	}
}
