package sources

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"unicode"

	"github.com/tocsin-dev/tocsin"
)

// openURL gives the one document behind an address.
func openURL(ctx context.Context, s Source, o Options, w *wire) (_ Tree, err error) {
	u, err := address(s.Location)
	if err != nil {
		return Tree{}, fmt.Errorf("%w: %w", tocsin.ErrInvalid, err)
	}
	header := map[string]string{}
	if etag, ok := strings.CutPrefix(o.Unchanged, "etag:"); ok {
		header["If-None-Match"] = etag
	}
	resp, err := w.get(ctx, u, header)
	if err != nil {
		return Tree{}, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotModified:
		return Tree{}, ErrUnchanged
	default:
		return Tree{}, fmt.Errorf("%w: %s answered %d, not with a document", tocsin.ErrInvalid, u.Host, resp.StatusCode)
	}
	etag := resp.Header.Get("ETag")
	if etag != "" && "etag:"+etag == o.Unchanged { // a server that does not listen
		return Tree{}, ErrUnchanged
	}
	out, err := newScratch(o)
	if err != nil {
		return Tree{}, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, out.Close())
		}
	}()
	sum := sha256.New()
	name := documentName(resp.Header.Get("Content-Disposition"), u)
	if err := out.write(name, io.TeeReader(resp.Body, sum)); err != nil {
		return Tree{}, err
	}
	t := out.tree()
	t.Paths = []string{name}
	t.Fingerprint = "sha256:" + hex.EncodeToString(sum.Sum(nil))
	if t.Fingerprint == o.Unchanged {
		return Tree{}, ErrUnchanged
	}
	if etag != "" && len(etag) <= 200 {
		t.Fingerprint = "etag:" + etag
	}
	return t, nil
}

// documentName is the name under which a document is scanned: what the server calls it (RFC 6266), else the last of its address. A path
// in it counts for nothing.
func documentName(disposition string, u *url.URL) string {
	_, params, _ := mime.ParseMediaType(disposition)
	for _, name := range []string{params["filename"], u.Path} {
		name = strings.Map(func(r rune) rune {
			if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
				return -1
			}
			return r
		}, name)
		name = path.Base(strings.ReplaceAll(name, `\`, "/"))
		if len(name) > 200 { // the end says what it is
			name = strings.ToValidUTF8(name[len(name)-200:], "")
		}
		if name != "." && name != ".." && name != "/" && validName(name) {
			return name
		}
	}
	return "document"
}
