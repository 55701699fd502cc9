package web

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/tocsin-dev/tocsin/scanner/report"
)

func gzipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.String()
}

func zstded(t *testing.T, s string) string {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(z.EncodeAll([]byte(s), nil))
}

type entry struct {
	name, body, link string
	kind             byte
}

func tarred(t *testing.T, entries ...entry) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		kind := e.kind
		if kind == 0 {
			kind = tar.TypeReg
		}
		if err := w.WriteHeader(&tar.Header{Name: e.name, Typeflag: kind, Linkname: e.link, Size: int64(len(e.body)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// small are limits that a test can exceed.
func small(o *Options) { o.Limits.Body, o.Limits.Unpacked, o.Limits.Files = 64<<10, 256<<10, 20 }

const lockName = "package-lock.json"

func TestBodiesThatMeanNoGood(t *testing.T) {
	w := newWorld(t, small)
	zeros := strings.Repeat("\x00", 4<<20)
	many := []entry{}
	for i := range 30 {
		many = append(many, entry{name: fmt.Sprintf("%d/README", i)})
	}
	for name, c := range map[string]struct {
		query, typ, encoding, body string
		status                     int
		want                       string
	}{
		"empty":                     {"name=" + lockName, "", "", "", 400, "the body is empty"},
		"too large":                 {"name=" + lockName, "", "", strings.Repeat("x", 100<<10), 413, "65536"},
		"gzip bomb":                 {"name=" + lockName, "", "gzip", gzipped(zeros), 413, "262144"},
		"zstd bomb":                 {"name=" + lockName, "", "zstd", zstded(t, zeros), 413, "262144"},
		"gzip in gzip":              {"", "", "gzip", gzipped(gzipped(tarred(t, entry{name: lockName, body: zeros[:1<<20]}))), 413, "262144"},
		"gzip that is none":         {"name=" + lockName, "", "gzip", "hello", 400, "not packed with gzip"},
		"torn gzip":                 {"name=" + lockName, "", "gzip", gzipped(lockfile)[:40], 400, "cannot be unpacked"},
		"torn gzip inside":          {"", "", "", gzipped(tarred(t, entry{name: lockName, body: lockfile}))[:80], 400, "cannot be"},
		"zstd that is none":         {"name=" + lockName, "", "zstd", "hello", 400, "cannot be unpacked"},
		"unknown encoding":          {"name=" + lockName, "", "br", "x", 415, "gzip or zstd"},
		"two encodings":             {"name=" + lockName, "", "gzip, gzip", "x", 415, "once"},
		"a form":                    {"name=" + lockName, "multipart/form-data; boundary=x", "", "x", 415, "--data-binary"},
		"another charset":           {"name=" + lockName, "application/json; charset=utf-16", "", "x", 415, "UTF-8"},
		"tar that climbs":           {"", "", "", tarred(t, entry{name: "../../etc/" + lockName, body: "x"}), 400, "leads out of the archive"},
		"tar that climbs backwards": {"", "", "", tarred(t, entry{name: `a\..\..\` + lockName, body: "x"}), 400, "leads out of the archive"},
		"absolute tar":              {"", "", "", tarred(t, entry{name: "/etc/" + lockName, body: "x"}), 400, "leads out of the archive"},
		"tar of many":               {"", "", "", tarred(t, many...), 413, "more than 20 entries"},
		"torn tar":                  {"", "application/x-tar", "", tarred(t, entry{name: lockName, body: lockfile})[:560], 400, "cannot be read"},
		"tar without lockfiles":     {"", "", "", tarred(t, entry{name: "README", body: "x"}), 422, "lockfile"},
		"name that climbs":          {"name=..%2F" + lockName, "", "", lockfile, 400, "no path of a file"},
		"absolute name":             {"name=%2Fetc%2F" + lockName, "", "", lockfile, 400, "no path of a file"},
		"name with a line break":    {"name=a%0d%0ab", "", "", lockfile, 400, "control characters"},
		"name that turns around":    {"name=%E2%80%AEkcol", "", "", lockfile, 400, "control characters"},
		"name that is no text":      {"name=%ff", "", "", lockfile, 400, "control characters"},
		"long name":                 {"name=" + strings.Repeat("a", 300), "", "", lockfile, 400, "no path of a file"},
		"unknown parameter":         {"nmae=x", "", "", lockfile, 400, "no such parameter"},
		"twice":                     {"name=a&name=b", "", "", lockfile, 400, "given 2 times"},
		"broken query":              {"name=%zz", "", "", lockfile, 400, "cannot be read"},
		"inventory that is none":    {"", mediaInventory, "", `{"packages":[],"x":1}`, 400, "no such field"},
		"inventory out of bounds":   {"", mediaInventory, "", `{"packages":[],"edges":[{"from":-1,"to":0}]}`, 400, "there are 0 packages"},
		"inventory without names":   {"", mediaInventory, "", `{"packages":[{"ecosystem":"npm","name":"","version":"1"}]}`, 400, "no name"},
		"change that is one file":   {"base=main&name=" + lockName, "", "", lockfile, 415, "two trees"},
		"change with other folders": {"base=main", "application/x-tar", "", tarred(t, entry{name: "head/" + lockName, body: lockfile}, entry{name: lockName, body: "x"}), 400, "in neither"},
		"change that climbs":        {"base=main", "application/x-tar", "", tarred(t, entry{name: "head/../base/" + lockName, body: "x"}), 400, "leads out of the archive"},
		"change without head":       {"base=main", "application/x-tar", "", tarred(t, entry{name: "base/" + lockName, body: lockfile}), 422, "lockfile"},
		"time of no base":           {"base_at=2026-03-01", "application/x-tar", "", "x", 400, "base_at is given"},
		"base at no time":           {"base=main&base_at=soon", "application/x-tar", "", "x", 400, "want a time"},
		"deep inventory":            {"", mediaInventory, "", `{"packages":` + strings.Repeat("[", 60_000), 400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			w.wants(c.status, asked{as: "gate", method: "POST", path: "/v1/gate?" + c.query, body: c.body, header: map[string]string{
				"Content-Type": c.typ, "Content-Encoding": c.encoding,
			}}, c.want)
		})
	}
	left, err := os.ReadDir(w.api.opts.Limits.TempDir)
	if err != nil || len(left) > 0 {
		t.Errorf("%d folders are left: %v", len(left), err)
	}
}

// What cannot be read leaves the verdict undecided; it is not the end of the request.
func TestFilesThatMeanNoGood(t *testing.T) {
	w := newWorld(t)
	deep := `{"packages":` + strings.Repeat(`{"a":`, 200_000)
	for name, c := range map[string]struct {
		query, body, want string
	}{
		"a depth bomb":          {"name=" + lockName, deep, `"status": "failed"`},
		"a torn lockfile":       {"name=" + lockName, "{", `"status": "failed"`},
		"a link that leads out": {"", tarred(t, entry{name: lockName, link: "/etc/passwd", kind: tar.TypeSymlink}), "leads out of the archive is not followed"},
		"a device":              {"", tarred(t, entry{name: lockName, kind: tar.TypeBlock}), "not a regular file"},
		"a hard link":           {"", tarred(t, entry{name: lockName, link: "/etc/passwd", kind: tar.TypeLink}), "not a regular file"},
		"twice the same":        {"", tarred(t, entry{name: lockName, body: cleanLockfile}, entry{name: lockName, body: lockfile}), "beside the others"},
		"a file as a folder":    {"", tarred(t, entry{name: lockName, body: cleanLockfile}, entry{name: lockName + "/" + lockName, body: lockfile}), "beside the others"},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			rec := w.wants(200, asked{as: "gate", method: "POST", path: "/v1/gate?" + c.query, body: c.body}, c.want)
			if g := rec.Header().Get("Tocsin-Gate"); g == "pass" || rec.Header().Get("Tocsin-Exit-Code") == "0" {
				t.Errorf("the gate says %s", g)
			}
		})
	}
}

func TestHostileNamesInAnswers(t *testing.T) {
	w := newWorld(t)
	const evil = `left</script><b>\u202e\r\nX: y`
	body := `{"packages":[{"ecosystem":"npm","name":"` + strings.ReplaceAll(evil, "<", "\\u003c") + `","version":"1"}]}`
	rec := w.wants(200, asked{as: "gate", method: "POST", path: "/v1/gate", body: body, header: map[string]string{"Content-Type": mediaInventory}})
	if r, err := report.Read(rec.Body); err != nil || len(r.Targets[0].Contents.Packages) != 1 {
		t.Errorf("%v", err)
	}
	for _, q := range []asked{
		{as: "viewer", path: "/v1/search?q=%25%25"}, {as: "viewer", path: "/v1/search?q=__"}, {as: "viewer", path: "/v1/search?q=%27%20OR%201%3D1--"},
		{as: "viewer", path: "/v1/findings?class=%25"}, {as: "viewer", path: "/v1/findings?project=%27"}, {as: "viewer", path: "/v1/who?package=npm/%25"},
	} {
		w.wants(200, q, "!shop")
	}
}

func TestMethodsAndPaths(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"DELETE", "/v1/gate", 405, "POST"},
		{"OPTIONS", "/v1/projects", 405, "GET, HEAD"},
		{"BREW", "/v1/projects/a", 405, "DELETE, GET, HEAD, PUT"},
		{"TRACE", "/healthz", 405, "GET, HEAD"},
		{"GET", "/nothing", 404, ""},
		{"GET", "/v1", 404, ""},
		{"GET", "/v1/projects/pay/shop", 404, ""}, // the slash of a slug is %2F
	} {
		rec := w.wants(c.status, asked{as: "viewer", method: c.method, path: c.path})
		if got := rec.Header().Get("Allow"); got != c.allow {
			t.Errorf("%s %s: Allow is %q, want %q", c.method, c.path, got, c.allow)
		}
		problem(t, rec)
	}
	w.wants(200, asked{as: "viewer", method: "HEAD", path: "/v1/projects"})
}

func TestOtherSitesChangeNothing(t *testing.T) {
	w := newWorld(t)
	for _, header := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}} {
		w.wants(403, asked{as: "admin", method: "DELETE", path: "/v1/projects/pay%2Fshop", header: header}, "another site")
		w.wants(200, asked{as: "admin", path: "/v1/projects/pay%2Fshop", header: header})
	}
	w.wants(204, asked{as: "admin", method: "DELETE", path: "/v1/projects/pay%2Fshop", header: map[string]string{"Sec-Fetch-Site": "same-origin"}})
}

func TestCursorsAreNotForged(t *testing.T) {
	w := newWorld(t)
	first := w.wants(200, asked{as: "all-viewer", path: "/v1/projects?limit=1"}, "pay/shop", "!web/site")
	var page Page[Project]
	if err := json.Unmarshal(first.Body.Bytes(), &page); err != nil || page.Next == "" {
		t.Fatalf("%v: %s", err, first.Body)
	}
	w.wants(200, asked{as: "all-viewer", path: "/v1/projects?limit=1&cursor=" + page.Next}, "web/site", "!next")
	w.wants(400, asked{as: "all-viewer", path: "/v1/projects?limit=1&group=pay&cursor=" + page.Next}, `"field":"cursor"`)
	w.wants(400, asked{as: "all-viewer", path: "/v1/findings?limit=1&cursor=" + page.Next}, `"field":"cursor"`)
	flipped := []byte(page.Next)
	for i := range flipped {
		was := flipped[i]
		flipped[i] ^= 1
		w.wants(400, asked{as: "all-viewer", path: "/v1/projects?limit=1&cursor=" + strings.NewReplacer("`", "x", "^", "x", "@", "x").Replace(string(flipped))}, `"field":"cursor"`)
		flipped[i] = was
	}
	for _, limit := range []string{"0", "501", "-1", "x", "1e2"} {
		w.wants(400, asked{as: "all-viewer", path: "/v1/projects?limit=" + limit}, `"field":"limit"`)
	}
}

func TestRatesAreForEachPrincipal(t *testing.T) {
	now := noon
	w := newWorld(t, func(o *Options) { o.Rate, o.Burst, o.Now = 1, 3, func() time.Time { return now } })
	for range 3 {
		w.wants(200, asked{as: "viewer", path: "/v1/feeds"})
	}
	rec := w.wants(429, asked{as: "viewer", path: "/v1/feeds"}, "too-many-requests")
	if rec.Header().Get("Retry-After") != "1" {
		t.Errorf("Retry-After is %q", rec.Header().Get("Retry-After"))
	}
	w.wants(200, asked{as: "admin", path: "/v1/feeds"})
	now = now.Add(time.Second)
	w.wants(200, asked{as: "viewer", path: "/v1/feeds"})
}

func TestRatesAreBounded(t *testing.T) {
	now := noon
	r := newRates(1, 1, func() time.Time { return now })
	for i := range 2 * maxRates {
		_ = r.allow(fmt.Sprint(i))
	}
	if len(r.of) > maxRates {
		t.Errorf("%d are counted", len(r.of))
	}
	now = now.Add(time.Minute) // all have been quiet for long enough
	if err := r.allow("late"); err != nil || len(r.of) != 1 {
		t.Errorf("a minute later there is no room: %v, %d are counted", err, len(r.of))
	}
}

func TestWorkIsBounded(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Work, o.Queue = 1, -1 })
	w.slow, w.entered = make(chan struct{}), make(chan struct{}, 1)
	gate := asked{as: "gate", method: "POST", path: "/v1/gate?name=" + lockName, body: cleanLockfile}
	var running sync.WaitGroup
	running.Go(func() { w.wants(200, gate) })
	<-w.entered
	rec := w.wants(503, gate, "busy")
	if rec.Header().Get("Retry-After") == "" {
		t.Error("it does not say when to come back")
	}
	w.wants(200, asked{as: "viewer", path: "/v1/feeds"}) // which takes no place
	close(w.slow)
	running.Wait()
	w.wants(200, gate)
}

func TestTheQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(1, 1, time.Minute)
		done, err := s.take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		second := make(chan error, 1)
		go func() {
			_, err := s.take(t.Context())
			second <- err
		}()
		synctest.Wait() // it waits
		if _, err := s.take(t.Context()); !errors.Is(err, errBusy) {
			t.Errorf("a third: %v", err)
		}
		done()
		if err := <-second; err != nil {
			t.Error(err)
		}
		if _, err := s.take(t.Context()); !errors.Is(err, errBusy) { // after a minute
			t.Errorf("a fourth: %v", err)
		}
	})
}

func TestPanicsAndFaultsTellNothing(t *testing.T) {
	w := newWorld(t)
	body := `{"packages":[{"ecosystem":"npm","name":"panic","version":"1"}]}`
	p := problem(t, w.wants(500, asked{as: "gate", method: "POST", path: "/v1/gate", body: body, header: map[string]string{"Content-Type": mediaInventory, "X-Request-Id": "given-by-them"}}, "!broke"))
	if p.RequestID != "given-by-them" || !strings.Contains(w.log.String(), "given-by-them") || !strings.Contains(w.log.String(), "a reader broke") {
		t.Errorf("%+v; the log: %s", p, w.log)
	}
	w.fail = errors.New("dial postgres://user:hunter2@db: no")
	p = problem(t, w.wants(500, asked{as: "sender", method: "POST", path: "/v1/projects/pay%2Fshop/inventories?name=" + lockName, body: lockfile, header: map[string]string{"X-Request-Id": "bad\x01id"}}, "!hunter2"))
	if len(p.RequestID) < 20 || !strings.Contains(w.log.String(), p.RequestID) {
		t.Errorf("the id is %q", p.RequestID)
	}
	w.fail, w.leak = nil, true
	w.wants(500, asked{as: "gate", method: "POST", path: "/v1/gate?name=" + lockName, body: lockfile}, "!SECRET")
}

func TestTheLogHoldsNoSecrets(t *testing.T) {
	w := newWorld(t)
	w.wants(400, asked{as: "viewer", path: "/v1/projects?access_token=hunter2"})
	w.wants(200, asked{as: "security", path: "/v1/incidents/INC-pay-SECRET-pay"})
	log := w.log.String()
	for _, secret := range []string{"hunter2", "SECRET", "Bearer"} {
		if strings.Contains(log, secret) {
			t.Errorf("%q is in the log: %s", secret, log)
		}
	}
	for _, want := range []string{`route="GET /v1/incidents/{key}"`, "status=200", "principal=security", "took="} {
		if !strings.Contains(log, want) {
			t.Errorf("%s is not in the log: %s", want, log)
		}
	}
}

// served is the API behind real connections.
func (w *world) served() net.Addr {
	w.t.Helper()
	l, err := new(net.ListenConfig).Listen(w.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	s := Server(slog.New(slog.DiscardHandler), w.api)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	w.t.Cleanup(func() {
		_ = s.Shutdown(context.WithoutCancel(w.t.Context()))
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			w.t.Error(err)
		}
	})
	return l.Addr()
}

// raw sends bytes over a connection and gives the first line of the answer.
func raw(t *testing.T, at net.Addr, text string) string {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, _ = conn.Write([]byte(text)) // what is refused early cuts it short
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil && line == "" {
		return err.Error()
	}
	return strings.TrimSpace(line)
}

func TestConnectionsThatMeanNoGood(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits.Grace, o.Limits.Pace = 300*time.Millisecond, 1<<20 })
	at := w.served()
	for name, c := range map[string]struct{ send, want string }{
		"a body that does not come": {"POST /v1/gate?name=package-lock.json HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer gate\r\nContent-Length: 100\r\n\r\n{", "408"},
		"a body that never began":   {"POST /v1/gate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer gate\r\nTransfer-Encoding: chunked\r\n\r\n", "408"},
		"a body that is announced":  {"POST /v1/gate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer gate\r\nContent-Length: 99999999999\r\n\r\n", "413"},
		"huge headers":              {"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", "431"},
		"no host":                   {"GET /healthz HTTP/1.1\r\n\r\n", "400"},
		"a strange host":            {"GET /v1/openapi.json HTTP/1.1\r\nHost: evil.example\r\n\r\n", "200"},
		"a smuggled header":         {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\nb: c\r\n\r\n", "200"},
		"two lengths":               {"POST /v1/gate HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", "400"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := raw(t, at, c.send); !strings.Contains(got, " "+c.want+" ") {
				t.Errorf("%q, want %s", got, c.want)
			}
		})
	}
}
