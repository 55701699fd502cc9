package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// An Entry is one OSV record as a source lists it.
type Entry struct {
	// ID as listed; the record's own id counts once it is parsed.
	ID string
	// Path says where it stands, for messages.
	Path string
	// Body is the record's JSON, nil if the source says that it is as known.
	Body []byte
	// Err says why this one record could not be read. The rest goes on.
	Err error
	// Part is the ecosystem or file that is being read, Done of Total its records so far.
	Part        string
	Done, Total int
}

// Known says when the record that we have was modified, by the source's word; ok is false for one that we do not have.
type Known func(id string) (modified time.Time, ok bool)

// A Source lists OSV records. Records yields every record that exists, in the source's order. A yielded error means
// that a part could not be read, so that records missing from it are not gone; the rest goes on.
type Source interface {
	Records(ctx context.Context, known Known) iter.Seq2[Entry, error]
}

// Open finds out what from is: the base URL of a bucket (https://…), the URL or path of a zip of records, the directory of a bucket's
// mirror (it has ecosystems.txt), or a directory of JSON records. Downloads are kept in scratch while they are
// incomplete, so that a later run resumes them.
func Open(from string, client *http.Client, scratch string) (Source, error) {
	if isURL(from) {
		get := &remote{base: strings.TrimSuffix(from, "/"), client: client, scratch: scratch}
		if strings.HasSuffix(from, ".zip") {
			get.base = from[:strings.LastIndexByte(from, '/')]
			return &archive{files: get, name: from[strings.LastIndexByte(from, '/')+1:]}, nil
		}
		return &bucket{files: get}, nil
	}
	from = localPath(from)
	info, err := os.Stat(from)
	if err != nil {
		return nil, fmt.Errorf("%w: feed %s: %v", tocsin.ErrNotFound, from, err)
	}
	if !info.IsDir() {
		if !strings.HasSuffix(from, ".zip") {
			return nil, fmt.Errorf("%w: feed %s: want a directory, a .zip or a URL", tocsin.ErrInvalid, from)
		}
		dir, name := split(from)
		return &archive{files: local{dir}, name: name}, nil
	}
	if _, err := os.Stat(from + "/ecosystems.txt"); err == nil {
		return &bucket{files: local{from}}, nil
	}
	return &directory{from}, nil
}

// localPath is the path that a file:// URL names; anything else is a path already.
func localPath(from string) string {
	rest, ok := strings.CutPrefix(from, "file://")
	if !ok {
		return from
	}
	if path, ok := strings.CutPrefix(rest, "localhost/"); ok {
		rest = "/" + path
	}
	if path, err := url.PathUnescape(rest); err == nil {
		return path
	}
	return rest
}

func split(path string) (dir, name string) {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i+1], path[i+1:]
	}
	return ".", path
}

func isURL(s string) bool {
	return strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")
}

// files is where a bucket's objects lie. A missing object is [fs.ErrNotExist].
type files interface {
	// small reads an object of at most max bytes.
	small(ctx context.Context, name string, max int64) ([]byte, error)
	// large gives an object for random access.
	large(ctx context.Context, name string) (largeFile, error)
}

type largeFile interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// local is a bucket's mirror on disk.
type local struct{ dir string }

func (l local) small(_ context.Context, name string, limit int64) ([]byte, error) {
	f, err := os.OpenInRoot(l.dir, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, name, limit)
}

func (l local) large(_ context.Context, name string) (largeFile, error) {
	f, err := os.OpenInRoot(l.dir, name)
	if err != nil {
		return nil, err
	}
	return sized(f)
}

type sizedFile struct {
	*os.File
	size int64
}

func (f sizedFile) Size() int64 { return f.size }

func sized(f *os.File) (largeFile, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return sizedFile{f, info.Size()}, nil
}

// readAll reads a whole object but not more than limit bytes.
func readAll(r io.Reader, name string, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%w: %s is larger than %d bytes", tocsin.ErrInvalid, name, limit)
	}
	return b, nil
}

func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
