package feed

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tocsin-dev/tocsin"
)

// bundleFormat names the layout of a bundle. A change of it changes the name.
const bundleFormat = "tocsin-advisories-1"

// The files of a bundle. Records lie under feeds/, in a folder per feed.
const (
	manifestFile = "manifest.json"
	recordsDir   = "feeds"
	documentsDir = "documents"
)

// A Manifest says what a bundle holds.
type Manifest struct {
	Format string `json:"format"`
	// Snapshot is the id of an index of what is in the bundle: a digest over every record and document.
	Snapshot string    `json:"snapshot"`
	AsOf     time.Time `json:"as_of"`
	// Feeds are the feeds as they stood then, with the time of their last sync: moving data does not make it fresher.
	Feeds []tocsin.FeedState `json:"feeds"`
}

// A BundleWriter writes advisories to a zip that another machine takes in: records, documents, manifest last.
type BundleWriter struct{ zip *zip.Writer }

// NewBundleWriter begins a bundle.
func NewBundleWriter(w io.Writer) BundleWriter { return BundleWriter{zip.NewWriter(w)} }

// Record adds a record of a feed.
func (w BundleWriter) Record(feed, id string, body []byte) error {
	return w.add(path.Join(recordsDir, feed, id+".json"), body)
}

// Document adds the body of a feed that is taken whole.
func (w BundleWriter) Document(feed string, body []byte) error {
	return w.add(path.Join(documentsDir, feed), body)
}

// Close writes the manifest and ends the bundle. It does not close the writer underneath.
func (w BundleWriter) Close(m Manifest) error {
	m.Format = bundleFormat
	body, err := json.Marshal(m, jsontext.WithIndent("  "))
	if err != nil {
		return fmt.Errorf("encoding the manifest: %w", err)
	}
	return errors.Join(w.add(manifestFile, body), w.zip.Close())
}

func (w BundleWriter) add(name string, body []byte) error {
	f, err := w.zip.Create(name)
	if err == nil {
		_, err = f.Write(body)
	}
	if err != nil {
		return fmt.Errorf("adding %s to the bundle: %w", name, err)
	}
	return nil
}

// A Bundle is an open bundle. What is in it is checked as that of any feed is; that it is all, and unchanged, is for
// comparing the snapshot id to tell.
type Bundle struct {
	Manifest
	path string
	file *os.File
	zip  *zip.Reader
}

// OpenBundle opens a bundle and reads its manifest. What is no bundle is an [tocsin.ErrInvalid]. Close it.
func OpenBundle(name string) (*Bundle, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening the bundle: %w", err)
	}
	b := &Bundle{path: name, file: f}
	if err := b.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("bundle %s: %w", name, err), f.Close())
	}
	return b, nil
}

func (b *Bundle) open() error {
	info, err := b.file.Stat()
	if err != nil {
		return err
	}
	if b.zip, err = zip.NewReader(b.file, info.Size()); err != nil {
		return fmt.Errorf("%w: not a zip file: %v", tocsin.ErrInvalid, err)
	}
	if err := plausible(b.zip, "the bundle", info.Size()); err != nil {
		return err
	}
	body, err := b.read(manifestFile, 16<<20)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, &b.Manifest); err != nil {
		return fmt.Errorf("%w: %s: %v", tocsin.ErrInvalid, manifestFile, err)
	}
	if b.Format != bundleFormat {
		return fmt.Errorf("%w: %s: format %.60q, want %s", tocsin.ErrInvalid, manifestFile, b.Format, bundleFormat)
	}
	for i, f := range b.Feeds {
		if !validFeed(f.Name) || slices.ContainsFunc(b.Feeds[:i], func(g tocsin.FeedState) bool { return g.Name == f.Name }) {
			return fmt.Errorf("%w: %s: feed %d: name %.60q is empty, no name, or there twice", tocsin.ErrInvalid, manifestFile, i+1, f.Name)
		}
	}
	return nil
}

func validFeed(name string) bool {
	return name != "" && len(name) <= 100 && name != "." && name != ".." && !strings.ContainsAny(name, "/\\\x00\n")
}

func (b *Bundle) read(name string, limit int64) ([]byte, error) {
	f, err := b.zip.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w: it has no %s", tocsin.ErrInvalid, name)
	}
	defer f.Close()
	return readAll(f, name, limit)
}

// Source gives the records of a feed in the bundle.
func (b *Bundle) Source(feed string) Source { return bundled{b, feed} }

// Document gives the body of a feed that is taken whole.
func (b *Bundle) Document(feed string, limit int64) ([]byte, error) {
	body, err := b.read(path.Join(documentsDir, feed), limit)
	if err != nil {
		return nil, fmt.Errorf("bundle %s: %w", b.path, err)
	}
	return body, nil
}

// Close closes the file.
func (b *Bundle) Close() error { return b.file.Close() }

type bundled struct {
	bundle *Bundle
	feed   string
}

func (s bundled) Records(ctx context.Context, _ Known) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		prefix := path.Join(recordsDir, s.feed) + "/"
		err := records(ctx, s.bundle.zip, s.bundle.path, "", s.bundle.size(), func(name string) bool { return strings.HasPrefix(name, prefix) },
			func(e Entry) bool { return yield(e, nil) })
		if err != nil && !errors.Is(err, errStopped) {
			yield(Entry{}, err)
		}
	}
}

func (b *Bundle) size() int64 {
	info, err := b.file.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}
