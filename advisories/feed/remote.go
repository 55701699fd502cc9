package feed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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
	return newClient().StandardClient()
}

// maxWait bounds what a server may ask us to wait before the next attempt.
const maxWait = 5 * time.Minute

func newClient() *retryablehttp.Client {
	c := retryablehttp.NewClient()
	c.Logger = nil
	c.RetryMax = 4
	c.RetryWaitMax = time.Minute
	c.Backoff = func(least, most time.Duration, attempt int, resp *http.Response) time.Duration {
		return min(retryablehttp.DefaultBackoff(least, most, attempt, resp), maxWait)
	}
	c.ErrorHandler = retryablehttp.PassthroughErrorHandler // the last answer says more than "giving up"
	c.HTTPClient.Timeout = 0                               // large downloads; the context bounds them
	if t, ok := c.HTTPClient.Transport.(*http.Transport); ok {
		t.ResponseHeaderTimeout = time.Minute
	}
	return c
}

// remote is a bucket over HTTP.
type remote struct {
	base    string
	client  *http.Client
	scratch string
}

// get asks for one object of the bucket. The caller closes the body.
func (r *remote) get(ctx context.Context, name string, header http.Header) (*http.Response, error) {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return get(ctx, r.client, r.base+"/"+strings.Join(parts, "/"), name, header)
}

func get(ctx context.Context, client *http.Client, address, name string, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		// The parser's own words may quote a piece of a password.
		return nil, fmt.Errorf("%w: the address of %s is not a URL", tocsin.ErrInvalid, name)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("fetching %s: %w", name, scrub(err))
	}
	switch resp.StatusCode {
	case http.StatusOK, http.StatusPartialContent:
		return resp, nil
	case http.StatusRequestedRangeNotSatisfiable:
		err = fmt.Errorf("fetching %s: %w", name, errRange)
	case http.StatusNotFound, http.StatusGone:
		err = fmt.Errorf("fetching %s: %w", name, fs.ErrNotExist)
	default:
		err = fmt.Errorf("fetching %s: the server answered %s", name, resp.Status)
	}
	return nil, errors.Join(err, resp.Body.Close())
}

// errRange says that the server has nothing from the offset that we asked for.
var errRange = errors.New("the range cannot be had")

// scrub takes the URL out of a client error: a mirror's address may carry a password.
func scrub(err error) error {
	for {
		var u *url.Error
		if !errors.As(err, &u) {
			return err
		}
		err = u.Err
	}
}

func (r *remote) small(ctx context.Context, name string, limit int64) ([]byte, error) {
	resp, err := r.get(ctx, name, nil)
	if err != nil {
		return nil, err
	}
	return readBody(resp, name, limit)
}

// readBody reads a whole answer of at most limit bytes, and none of one that announces more.
func readBody(resp *http.Response, name string, limit int64) ([]byte, error) {
	defer resp.Body.Close()
	if resp.ContentLength > limit {
		return nil, fmt.Errorf("%w: %s has %d bytes, at most %d are read", tocsin.ErrInvalid, name, resp.ContentLength, limit)
	}
	return readAll(resp.Body, name, limit)
}

// large downloads to the scratch folder. A part that is there already is continued if the server still has the same
// object (If-Range on its ETag).
func (r *remote) large(ctx context.Context, name string) (largeFile, error) {
	if err := os.MkdirAll(r.scratch, 0o755); err != nil {
		return nil, fmt.Errorf("making the download folder: %w", err)
	}
	path := r.part(name)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the download: %w", err)
	}
	err = r.download(ctx, name, f, path+".etag", true)
	if errors.Is(err, errRange) { // what we have is not a part of what the server has, or is all of it
		err = r.download(ctx, name, f, path+".etag", false)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	// A complete download has served its purpose: the file lives on while it is open.
	_ = os.Remove(path)
	_ = os.Remove(path + ".etag")
	return sized(f)
}

// part is where an object lies while it is incomplete. The name is a digest, because an address may be long and may carry
// a password.
func (r *remote) part(name string) string {
	sum := sha256.Sum256([]byte(r.base + "/" + name))
	return filepath.Join(r.scratch, hex.EncodeToString(sum[:16])+".part")
}

func (r *remote) download(ctx context.Context, name string, f *os.File, etagPath string, resume bool) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	// Offsets count the bytes of the object as it is stored, so it must not be packed on the way.
	header := http.Header{"Accept-Encoding": {"identity"}}
	if etag, err := os.ReadFile(etagPath); resume && err == nil && strong(string(etag)) && info.Size() > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", info.Size()))
		header.Set("If-Range", string(etag))
	}
	resp, err := r.get(ctx, name, header)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	at := info.Size()
	if resp.StatusCode == http.StatusPartialContent {
		if want := fmt.Sprintf("bytes %d-", at); !strings.HasPrefix(resp.Header.Get("Content-Range"), want) {
			return fmt.Errorf("fetching %s from byte %d: %w", name, at, errRange)
		}
	} else {
		at = 0
		if err := f.Truncate(0); err != nil {
			return err
		}
		if err := os.WriteFile(etagPath, []byte(resp.Header.Get("ETag")), 0o600); err != nil {
			return err
		}
	}
	if resp.ContentLength > maxDownload-at {
		return fmt.Errorf("%w: %s has %d bytes, at most %d are read", tocsin.ErrInvalid, name, at+resp.ContentLength, int64(maxDownload))
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

// strong says whether an ETag promises the same bytes (RFC 9110, section 8.8.1); only such a one can stand in If-Range.
func strong(etag string) bool { return strings.HasPrefix(etag, `"`) }

// Fetch reads a file or URL of at most limit bytes: a catalogue, a table. A missing one is [fs.ErrNotExist].
func Fetch(ctx context.Context, from string, client *http.Client, limit int64) ([]byte, error) {
	if isURL(from) {
		name, _, _ := strings.Cut(from[strings.LastIndexByte(from, '/')+1:], "?")
		resp, err := get(ctx, client, from, name, nil)
		if err != nil {
			return nil, err
		}
		return readBody(resp, name, limit)
	}
	from = localPath(from)
	dir, name := split(from)
	b, err := local{dir}.small(ctx, name, limit)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", from, err)
	}
	return b, nil
}
