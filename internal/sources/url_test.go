package sources

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/netguard"
)

func TestURL(t *testing.T) {
	text, etag := "one", `W/"1"`
	base, o := secure(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/app/go.sum", http.StatusFound)
			return
		case "/nothing":
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if etag != "" {
			w.Header().Set("ETag", etag)
		}
		if etag != "" && r.Header.Get("If-None-Match") == etag && r.URL.Path != "/deaf/go.sum" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write([]byte(text))
	}))
	for _, at := range []string{base + "/app/go.sum?token=hunter2", base + "/moved", base + "/deaf/go.sum"} {
		s := Source{Kind: KindURL, Location: at}
		name := "go.sum"
		if strings.HasSuffix(at, "moved") {
			name = "moved" // what people wrote
		}
		for _, etag = range []string{`W/"1"`, ""} {
			o.Unchanged, text = "", "one"
			tree, err := Open(t.Context(), s, o)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(map[string]string{name: "one"}, files(t, tree)); d != "" || !cmp.Equal(tree.Paths, []string{name}) || tree.Ref != "" || tree.Dir != "" {
				t.Errorf("%s: %+v %s", s, tree, d)
			}
			closed(t, tree, o)
			o.Unchanged = tree.Fingerprint
			if err := fails(t, s, o); !errors.Is(err, ErrUnchanged) {
				t.Errorf("%s with ETag %q: %v", s, etag, err)
			}
			text = "two"
			if etag != "" {
				etag = `W/"2"`
			}
			if tree, err = Open(t.Context(), s, o); err != nil || tree.Fingerprint == o.Unchanged {
				t.Fatalf("%s: changed: %q, %v", s, tree.Fingerprint, err)
			}
			closed(t, tree, o)
		}
	}
	if err := fails(t, Source{Kind: KindURL, Location: base + "/nothing"}, o); !errors.Is(err, tocsin.ErrInvalid) {
		t.Error(err)
	}
}

func TestDocumentName(t *testing.T) {
	for _, c := range []struct{ disposition, address, want string }{
		{"", "https://x/a/package-lock.json", "package-lock.json"},
		{"", "https://x/a/b%2Fgo.sum?x=/y", "go.sum"},
		{"", "https://x/", "document"},
		{"", "https://x", "document"},
		{"", "https://x/..", "document"},
		{`attachment; filename="Cargo.lock"`, "https://x/download", "Cargo.lock"},
		{`attachment; filename*=UTF-8''g%C3%B6.json`, "https://x/download", "gö.json"},
		{`attachment; filename="../../etc/passwd"`, "https://x/download", "passwd"},
		{`attachment; filename="/etc/cron.d/x"`, "https://x/download", "x"},
		{`attachment; filename="..\\..\\evil.json"`, "https://x/download", "evil.json"},
		{`attachment; filename=".."`, "https://x/go.sum", "go.sum"},
		{`attachment; filename="/"`, "https://x/go.sum", "go.sum"},
		{`attachment; filename*=UTF-8''a%00%0A%1B%E2%80%AEb.json`, "https://x/go.sum", "ab.json"},
		{`attachment; filename="` + strings.Repeat("x", 5000) + `.cdx.json"`, "https://x/y", strings.Repeat("x", 191) + ".cdx.json"},
		{`nonsense; =;;"`, "https://x/go.sum", "go.sum"},
	} {
		u, err := url.Parse(c.address)
		if err != nil {
			t.Fatal(err)
		}
		if got := documentName(c.disposition, u); got != c.want {
			t.Errorf("%q of %s: %q, want %q", c.disposition, c.address, got, c.want)
		}
	}
}

// A path in the name that a server gives leads nowhere.
func TestContentDispositionStaysInside(t *testing.T) {
	base, o := secure(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Disposition", `attachment; filename="../../../../tmp/go.sum"`)
		_, _ = w.Write([]byte("x"))
	}))
	tree, err := Open(t.Context(), Source{Kind: KindURL, Location: base + "/x"}, o)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"go.sum": "x"}, files(t, tree)); d != "" {
		t.Error(d)
	}
	closed(t, tree, o)
}

// No answer leads elsewhere than an address may.
func TestRedirectsThatAreRefused(t *testing.T) {
	to := ""
	base, o := secure(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to+"/info/refs?hunter2", http.StatusFound) // the end that Git wants
	}))
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached over plain HTTP") }))
	defer plain.Close()
	o.GitHubAPI = base
	for _, to = range []string{
		"https://[::1]:1", "https://169.254.169.254", "https://[::ffff:10.0.0.1]", "https://10.0.0.1", "https://[64:ff9b::a9fe:a9fe]", "https://[2002:7f00:1::]",
		plain.URL, "file:///etc", "https://u:hunter2@127.0.0.1", base,
	} {
		for _, s := range []Source{
			{Kind: KindURL, Location: base + "/x"}, {Kind: KindGit, Location: base + "/x"}, {Kind: KindGitHub, Location: "o/r"}, {Kind: KindGitHubSBOM, Location: "o/r"},
		} {
			err := fails(t, s, o)
			if !errors.Is(err, netguard.ErrRefused) && !errors.Is(err, tocsin.ErrInvalid) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s to %s: %v", s, to, err)
			}
			if te := (*TransientError)(nil); errors.As(err, &te) {
				t.Errorf("%s to %s: to be tried again: %v", s, to, err)
			}
		}
	}
}

// What is sent to a repository is not sent on.
func TestGitRequestIsNotSentOn(t *testing.T) {
	r := newRepository(t)
	r.commit(map[string]string{"go.sum": "a"})
	base, o := secure(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodPost {
			http.Redirect(w, req, "/elsewhere?hunter2", http.StatusTemporaryRedirect)
			return
		}
		r.ServeHTTP(w, req)
	}))
	if err := fails(t, Source{Kind: KindGit, Location: base + "/x"}, o); !errors.Is(err, netguard.ErrRefused) || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}

// However much comes, and however slowly, it ends.
func TestBodiesWithoutEnd(t *testing.T) {
	block := make([]byte, 64<<10)
	endless := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}
	slow := func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("{"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	cut := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte("{"))
	}
	for name, c := range map[string]struct {
		h         http.HandlerFunc
		limits    Limits
		transient bool
		want      string
	}{
		"endless":      {endless, Limits{Download: 1 << 20, File: 1 << 30}, false, "over 1048576 bytes to download"},
		"a large file": {endless, Limits{Download: 1 << 30, File: 1 << 20}, false, "1048576 bytes"},
		"slow":         {slow, Limits{Time: 50 * time.Millisecond}, true, "not done after 50ms"},
		"cut off":      {cut, Limits{}, true, "unexpected EOF"},
	} {
		base, o := secure(t, c.h)
		o.Limits = c.limits
		err := fails(t, Source{Kind: KindURL, Location: base + "/x.json"}, o)
		te := (*TransientError)(nil)
		if errors.As(err, &te) != c.transient || errors.Is(err, tocsin.ErrInvalid) == c.transient || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		for _, s := range []Source{{Kind: KindGit, Location: base + "/r"}, {Kind: KindGitHub, Location: "o/r"}, {Kind: KindGitHubSBOM, Location: "o/r"}} {
			o.GitHubAPI = base
			if err := fails(t, s, o); errors.As(err, &te) != c.transient && name != "endless" && name != "a large file" {
				t.Errorf("%s: %s: %v", name, s.Kind, err)
			}
		}
	}
}

// A server that is not there may be there later; one that nobody vouches for needs a person.
func TestServersThatCannotBeSpokenTo(t *testing.T) {
	base, o := secure(t, http.NotFoundHandler())
	gone := httptest.NewServer(http.NotFoundHandler())
	address := strings.Replace(gone.URL, "http://", "https://", 1)
	gone.Close()
	te := (*TransientError)(nil)
	for _, kind := range []Kind{KindURL, KindGit} {
		if err := fails(t, Source{Kind: kind, Location: address + "/x"}, o); !errors.As(err, &te) {
			t.Errorf("%s: %v", kind, err)
		}
		strange := o
		tr := netguard.Transport(netguard.Allow{Hosts: []string{"127.0.0.1"}})
		defer tr.CloseIdleConnections()
		strange.Transport = tr
		if err := fails(t, Source{Kind: kind, Location: base + "/x"}, strange); !errors.Is(err, tocsin.ErrForbidden) || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestTempFolderThatIsNotThere(t *testing.T) {
	base, o := secure(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("x")) }))
	o.TempDir += "/gone"
	if _, err := Open(t.Context(), Source{Kind: KindURL, Location: base + "/x"}, o); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
