package web

import (
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/scanner"
)

// mediaInventory is an inventory that was taken elsewhere, as "contents" and "coverage" of a report have it.
const mediaInventory = "application/vnd.tocsin.inventory+json"

// inventory receives the body and reads what it holds. The place in the queue for work is kept until done is called.
func (c *call) inventory(ctx context.Context) (inv tocsin.Inventory, done func(), err error) {
	encoding, err := bodyEncoding(c.r.Header)
	if err != nil {
		return inv, nil, err
	}
	kind, name, err := c.bodyKind()
	if err != nil {
		return inv, nil, err
	}
	box, err := c.api.newBox()
	if err != nil {
		return inv, nil, err
	}
	defer func() { err = errors.Join(err, box.Close()) }()
	if box.change = c.query["base"] != ""; box.change {
		if kind != "archive" {
			return inv, nil, fault(errMedia, "Content-Type", "send a tar with head/ and base/ as application/x-tar", "A change is two trees of files, and this is one file.")
		}
		box.single = name
	}
	if err := c.receive(ctx, box); err != nil {
		return inv, nil, err
	}
	if done, err = c.api.work.take(ctx); err != nil {
		return inv, nil, err
	}
	if inv, err = c.read(ctx, box, encoding, kind, name); err != nil {
		done()
		return inv, nil, err
	}
	return inv, done, nil
}

func bodyEncoding(h http.Header) (string, error) {
	encoding := strings.ToLower(strings.TrimSpace(strings.Join(h.Values("Content-Encoding"), ",")))
	if !slices.Contains([]string{"", "identity", "gzip", "zstd"}, encoding) {
		err := fault(errMedia, "Content-Encoding", "send it plain, or packed with gzip or zstd, once", "%q cannot be unpacked.", clip(encoding))
		err.header = http.Header{"Accept-Encoding": {"gzip, zstd"}}
		return "", err
	}
	return encoding, nil
}

// bodyKind says what the body is: an inventory, an archive, or a file of a name; without any word of that, the body tells it.
func (c *call) bodyKind() (kind, name string, err error) {
	typ := c.r.Header.Get("Content-Type")
	params := map[string]string{}
	if typ != "" {
		if typ, params, err = mime.ParseMediaType(typ); err != nil {
			return "", "", fault(errMedia, "Content-Type", "", "It cannot be read.")
		}
	}
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "us-ascii") {
		return "", "", fault(errMedia, "Content-Type", "send it as UTF-8", "The charset %q is not read.", clip(charset))
	}
	if strings.HasPrefix(typ, "multipart/") {
		return "", "", fault(errMedia, "Content-Type", "with curl, use --data-binary @FILE and not --form; for several files send a tar", "A form is not read.")
	}
	name = c.query["name"]
	if _, p, err := mime.ParseMediaType(c.r.Header.Get("Content-Disposition")); name == "" && err == nil {
		name = p["filename"]
	}
	if name != "" && !fileName(name) {
		return "", "", invalid("name", "use a path like services/shop/package-lock.json", "%q is no path of a file", clip(name))
	}
	switch {
	case typ == mediaInventory:
		return "inventory", name, nil
	case slices.Contains([]string{"application/x-tar", "application/tar", "application/x-gtar", "application/gzip", "application/x-gzip", "application/zstd"}, typ):
		return "archive", name, nil
	case slices.ContainsFunc([]string{".tar", ".tar.gz", ".tgz", ".tar.zst"}, func(end string) bool { return strings.HasSuffix(name, end) }):
		return "archive", "", nil
	case name != "":
		return "file", name, nil
	default:
		return "", "", nil
	}
}

// fileName says whether a name can be a file's in any tree: nothing in it leads anywhere else, or lies about where it is.
func fileName(name string) bool {
	if !fs.ValidPath(name) || name == "." || len(name) > 1000 || strings.Contains(name, `\`) || !printable(name) {
		return false
	}
	return !slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool { return len(part) > 255 })
}

// receive takes the body as it comes. It has a place of its own to wait: what is slow here is the client.
func (c *call) receive(ctx context.Context, b *box) error {
	limits := c.api.opts.Limits
	if c.r.ContentLength > limits.Body {
		return tooLarge(limits.Body)
	}
	done, err := c.api.receive.take(ctx)
	if err != nil {
		return err
	}
	defer done()
	control := http.NewResponseController(c.w)
	body := &paced{r: http.MaxBytesReader(c.w, c.r.Body, limits.Body), start: time.Now(), limits: limits, deadline: control.SetReadDeadline}
	err = b.write("body", body)
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return tooLarge(limits.Body)
	case err != nil && body.failed != nil:
		return fault(errSlow, "", "", "After %d bytes the body did not come.", body.n)
	case err != nil:
		return err
	case body.n == 0:
		return invalid("", "send a lockfile, an SBOM or a tar of them", "the body is empty")
	}
	// The time for the answer counts from here. Recorders in tests have no deadlines.
	_ = errors.Join(control.SetReadDeadline(time.Time{}), control.SetWriteDeadline(time.Now().Add(writeTime)))
	return nil
}

func tooLarge(limit int64) error {
	return fault(errTooLarge, "", "send the lockfiles and SBOMs only, packed with gzip or zstd", "It has more than %d bytes.", limit)
}

// paced gives a body more time for as long as it comes.
type paced struct {
	r        io.Reader
	start    time.Time
	limits   Limits
	deadline func(time.Time) error
	n        int64
	failed   error
}

func (p *paced) Read(b []byte) (int, error) {
	earned := time.Duration(float64(p.n) / float64(p.limits.Pace) * float64(time.Second))
	_ = p.deadline(p.start.Add(p.limits.Grace + earned)) // recorders in tests have none
	n, err := p.r.Read(b)
	p.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		p.failed = err
	}
	return n, err
}

// read makes an inventory of what was received.
func (c *call) read(ctx context.Context, b *box, encoding, kind, name string) (inv tocsin.Inventory, err error) {
	if kind == "file" && (encoding == "" || encoding == "identity") { // as it came
		if err := b.adopt(name); err != nil {
			return inv, err
		}
		return c.scan(ctx, b, cmp.Or(c.query["source"], name))
	}
	body, err := b.root.Open("body")
	if err != nil {
		return inv, err
	}
	defer body.Close()
	plain, err := unpack(body, encoding)
	if err != nil {
		return inv, err
	}
	source := cmp.Or(c.query["source"], name, "upload")
	if kind == "inventory" {
		return c.sent(io.LimitReader(plain, c.api.opts.Limits.Unpacked), source)
	}
	if err := b.fill(plain, kind, cmp.Or(name, "upload")); err != nil {
		return inv, err
	}
	return c.scan(ctx, b, source)
}

// scan takes the inventory of the tree in a box, and for a change that of its base, which may be empty.
func (c *call) scan(ctx context.Context, b *box, source string) (inv tocsin.Inventory, err error) {
	if inv, err = c.tree(ctx, b, "tree", source); err != nil {
		return inv, err
	}
	if b.change {
		before, err := c.tree(ctx, b, "base", c.query["base"])
		if err != nil {
			return inv, err
		}
		c.before = &before
	}
	if len(b.left) > 0 {
		inv.Coverage.Files = append(inv.Coverage.Files, b.left...)
		inv.Seal()
	}
	if len(inv.Coverage.Files) == 0 {
		return inv, fault(errNothing, "", "send lockfiles, manifests or SBOMs under their own names", "Nothing in it has the name of a lockfile, manifest or SBOM.")
	}
	return inv, nil
}

func (c *call) tree(ctx context.Context, b *box, folder, source string) (inv tocsin.Inventory, err error) {
	opts := scanner.Options{Source: source, TakenAt: c.now}
	if c.project != nil {
		opts.Project = c.project.Slug
	}
	if b.single != "" {
		opts.Paths = []string{b.single}
		if _, err := b.root.Stat(path.Join(folder, b.single)); folder == "base" && errors.Is(err, fs.ErrNotExist) { // it is new
			return tocsin.Inventory{Project: opts.Project, Source: source, TakenAt: c.now}, nil
		}
	}
	root, closer, err := scanner.Dir(path.Join(b.dir, folder))
	if err != nil {
		return inv, err
	}
	defer closer.Close()
	if inv, err = scanner.Scan(ctx, root, opts); err != nil {
		return inv, fmt.Errorf("reading what was sent: %w", err)
	}
	return inv, nil
}

// unpack takes one packing off.
func unpack(r io.Reader, encoding string) (io.Reader, error) {
	switch encoding {
	case "gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, invalid("Content-Encoding", "", "the body is not packed with gzip")
		}
		return z, nil
	case "zstd":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, fmt.Errorf("starting zstd: %w", err)
		}
		return z.IOReadCloser(), nil
	default:
		return r, nil
	}
}

// maxWindow is what zstd needs at every level but those of --ultra.
const maxWindow = 8 << 20

// newBox makes a folder for one request.
func (a *API) newBox() (*box, error) {
	dir, err := os.MkdirTemp(a.opts.Limits.TempDir, "tocsin-request-")
	if err != nil {
		return nil, fmt.Errorf("making a temporary folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the temporary folder: %w", err), os.RemoveAll(dir))
	}
	return &box{dir: dir, root: root, limits: a.opts.Limits}, nil
}
