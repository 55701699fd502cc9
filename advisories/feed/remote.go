package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/tocsin-dev/tocsin"
)

// maxDownload bounds one object. The largest of the public bucket (npm) has 150 MB.
const maxDownload = 8 << 30

// NewClient is an HTTP client that tries again on connection errors, 429 and 5xx, waiting as Retry-After says. It only
// ever reads.
func NewClient() *http.Client {
	c := retryablehttp.NewClient()
	c.Logger = nil
	c.RetryMax = 4
	c.RetryWaitMax = time.Minute
	c.HTTPClient.Timeout = 0 // large downloads; the context bounds them
	if t, ok := c.HTTPClient.Transport.(*http.Transport); ok {
		t.ResponseHeaderTimeout = time.Minute
	}
	return c.StandardClient()
}

// remote is a bucket over HTTP.
type remote struct {
	base    string
	client  *http.Client
	scratch string
}

func (r *remote) get(ctx context.Context, name string, header http.Header) (*http.Response, error) {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+"/"+strings.Join(parts, "/"), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", tocsin.ErrInvalid, err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("fetching %s: %w", name, scrub(err))
	}
	switch resp.StatusCode {
	case http.StatusOK, http.StatusPartialContent:
		return resp, nil
	case http.StatusNotFound:
		err = fmt.Errorf("fetching %s: %w", name, fs.ErrNotExist)
	default:
		err = fmt.Errorf("fetching %s: the server answered %s", name, resp.Status)
	}
	return nil, errors.Join(err, resp.Body.Close())
}

// scrub takes the URL out of a client error: a mirror's address may carry a password.
func scrub(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func (r *remote) small(ctx context.Context, name string, limit int64) ([]byte, error) {
	resp, err := r.get(ctx, name, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return readAll(resp.Body, name, limit)
}

// large downloads to the scratch folder. A part that is there already is continued if the server still has the same
// object (If-Range on its ETag).
func (r *remote) large(ctx context.Context, name string) (largeFile, error) {
	if err := os.MkdirAll(r.scratch, 0o755); err != nil {
		return nil, fmt.Errorf("making the download folder: %w", err)
	}
	path := filepath.Join(r.scratch, url.PathEscape(r.base+"/"+name))
	if len(path) > 240 {
		path = filepath.Join(r.scratch, url.PathEscape(name))
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the download: %w", err)
	}
	if err := r.download(ctx, name, f, path+".etag"); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	// A complete download has served its purpose: the file lives on while it is open.
	_ = os.Remove(path)
	_ = os.Remove(path + ".etag")
	return sized(f)
}

func (r *remote) download(ctx context.Context, name string, f *os.File, etagPath string) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	header := http.Header{}
	if etag, err := os.ReadFile(etagPath); err == nil && info.Size() > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", info.Size()))
		header.Set("If-Range", string(etag))
	}
	resp, err := r.get(ctx, name, header)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	at := info.Size()
	if resp.StatusCode == http.StatusOK {
		at = 0
		if err := f.Truncate(0); err != nil {
			return err
		}
		if err := os.WriteFile(etagPath, []byte(resp.Header.Get("ETag")), 0o600); err != nil {
			return err
		}
	}
	n, err := io.Copy(io.NewOffsetWriter(f, at), io.LimitReader(resp.Body, maxDownload-at+1))
	switch {
	case err != nil:
		return fmt.Errorf("downloading %s (%d bytes are kept, run again to resume): %w", name, at+n, scrub(err))
	case at+n > maxDownload:
		return fmt.Errorf("%w: %s is larger than %d bytes", tocsin.ErrInvalid, name, int64(maxDownload))
	}
	return nil
}

// Fetch reads a file or URL of at most max bytes: a catalogue, a table.
func Fetch(ctx context.Context, from string, client *http.Client, limit int64) ([]byte, error) {
	from = strings.TrimPrefix(from, "file://")
	if isURL(from) {
		i := strings.LastIndexByte(from, '/')
		r := &remote{base: from[:i], client: client}
		return r.small(ctx, from[i+1:], limit)
	}
	dir, name := split(from)
	b, err := local{dir}.small(ctx, name, limit)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", from, err)
	}
	return b, nil
}
