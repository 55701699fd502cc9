package sources

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

const head = "0123456789abcdef0123456789abcdef01234567"

// tarball is an archive as GitHub's codeload makes it.
func tarball(t testing.TB, entries ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	write := func(h tar.Header) {
		body := h.Gname // the content, for want of another field
		h.Gname, h.Size, h.Mode = "", int64(len(body)), 0o644
		if h.Typeflag == tar.TypeXGlobalHeader {
			h.Mode = 0
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, body); err != nil {
			t.Fatal(err)
		}
	}
	write(tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": head}, Name: "pax_global_header"})
	write(tar.Header{Typeflag: tar.TypeDir, Name: "o-r-0123456/"})
	for _, h := range entries {
		write(h)
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func file(name, content string) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: "o-r-0123456/" + name, Gname: content}
}

// forge answers as GitHub does, of one repository with one commit. Its archives are served by another host.
type forge struct {
	t        *testing.T
	codeload string
	sbom     string
	asked    []string
}

func (f *forge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.asked = append(f.asked, r.URL.EscapedPath())
	if got := r.Header.Get("Authorization"); got != "Bearer hunter2" {
		f.t.Errorf("%s: authorization %q", r.URL, got)
	}
	switch r.URL.EscapedPath() {
	case "/api/v3/repos/o/r/commits/HEAD", "/api/v3/repos/o/r/commits/feature%2Fx", "/api/v3/repos/o/r/commits/v1":
		if r.Header.Get("Accept") != "application/vnd.github.sha" {
			f.t.Errorf("accept %q", r.Header.Get("Accept"))
		}
		w.Header().Set("ETag", `"`+head+`"`)
		if r.Header.Get("If-None-Match") == `"`+head+`"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprint(w, head)
	case "/api/v3/repos/o/r/tarball/" + head:
		http.Redirect(w, r, f.codeload+"/o/r/legacy.tar.gz/"+head+"?token=hunter3", http.StatusFound)
	case "/api/v3/repos/o/r/dependency-graph/sbom":
		fmt.Fprint(w, f.sbom)
	case "/api/v3/repos/o/old/commits/HEAD":
		http.Redirect(w, r, "/api/v3/repos/o/r/commits/HEAD", http.StatusMovedPermanently)
	case "/api/v3/repos/o/old/tarball/" + head:
		http.Redirect(w, r, "/api/v3/repos/o/r/tarball/"+head, http.StatusMovedPermanently)
	case "/api/v3/repos/o/empty/commits/HEAD":
		w.WriteHeader(http.StatusConflict)
		fmt.Fprint(w, `{"message":"Git Repository is empty."}`)
	default:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"message":"Not Found","documentation_url":"https://docs.github.com/rest"}`)
	}
}

// hosted is a forge whose archives a codeload host gives.
func hosted(t *testing.T, archive http.HandlerFunc) (*forge, Options) {
	t.Helper()
	f := &forge{t: t, sbom: `{"sbom":{}}`}
	base, o := secure(t, f)
	load := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the token went to another host")
		}
		archive(w, r)
	}))
	t.Cleanup(load.Close)
	f.codeload = load.URL // both have the certificate of the standard library's test servers
	o.GitHubAPI = base + "/api/v3/"
	o.GitHubToken = func(context.Context) (string, error) { return "hunter2", nil }
	return f, o
}

func serve(b []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-gzip")
		_, _ = w.Write(b)
	}
}

func TestGitHub(t *testing.T) {
	f, o := hosted(t, serve(tarball(t, file("go.mod", "module a"), file("web/package-lock.json", "{}"), file("main.go", "package main"),
		tar.Header{Typeflag: tar.TypeDir, Name: "o-r-0123456/docs/"}, file("docs/a.md", "x"))))
	o.Reads = func(name string) bool { return strings.HasSuffix(name, "go.mod") || strings.HasSuffix(name, ".json") }
	for _, s := range []Source{
		{Kind: KindGitHub, Location: "o/r"}, {Kind: KindGitHub, Location: "o/r", Ref: "feature/x"}, {Kind: KindGitHub, Location: "o/r", Ref: "v1", Subdir: "web"},
		{Kind: KindGitHub, Location: "o/r", Subdir: "docs"}, // there, with nothing to read in it
		{Kind: KindGitHub, Location: "o/old"},               // renamed
	} {
		tree, err := Open(t.Context(), s, o)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		if d := cmp.Diff(map[string]string{"go.mod": "module a", "web/package-lock.json": "{}"}, files(t, tree)); d != "" || tree.Ref != head || tree.Dir != "" || tree.Left != nil {
			t.Errorf("%s: %+v %s", s, tree, d)
		}
		if s.Subdir != "" && !cmp.Equal(tree.Paths, []string{s.Subdir}) {
			t.Errorf("%s: paths %q", s, tree.Paths)
		}
		closed(t, tree, o)
		again := o
		again.Unchanged = tree.Fingerprint
		f.asked = nil
		if err := fails(t, s, again); !errors.Is(err, ErrUnchanged) || strings.Contains(strings.Join(f.asked, " "), "tarball") {
			t.Errorf("%s: %v, asked %q", s, err, f.asked)
		}
	}
	for name, c := range map[string]struct {
		s    Source
		kind error
		want string
	}{
		"none":           {Source{Kind: KindGitHub, Location: "o/none"}, tocsin.ErrNotFound, "Not Found; check the name"},
		"no such branch": {Source{Kind: KindGitHub, Location: "o/r", Ref: "gone"}, tocsin.ErrNotFound, "Not Found"},
		"no such folder": {Source{Kind: KindGitHub, Location: "o/r", Subdir: "gone"}, tocsin.ErrNotFound, `no folder "gone"`},
		"a file":         {Source{Kind: KindGitHub, Location: "o/r", Subdir: "go.mod"}, tocsin.ErrNotFound, `no folder "go.mod"`},
		"empty":          {Source{Kind: KindGitHub, Location: "o/empty"}, tocsin.ErrInvalid, "Git Repository is empty"},
	} {
		if err := fails(t, c.s, o); !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGitHubSBOM(t *testing.T) {
	f, o := hosted(t, serve(nil))
	s := Source{Kind: KindGitHubSBOM, Location: "o/r"}
	doc := `{"spdxVersion":"SPDX-2.3","creationInfo":{"created":"2026-01-0%d"},"documentNamespace":"https://x/%d","packages":[{"name":"%s"}]}`
	f.sbom = `{"sbom":` + fmt.Sprintf(doc, 1, 1, "a") + `}`
	tree, err := Open(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"dependency-graph.spdx.json": fmt.Sprintf(doc, 1, 1, "a")}, files(t, tree)); d != "" || len(tree.Paths) != 1 {
		t.Error(d, tree.Paths)
	}
	closed(t, tree, o)
	o.Unchanged = tree.Fingerprint
	f.sbom = `{"sbom":` + fmt.Sprintf(doc, 2, 2, "a") + `}`
	if err := fails(t, s, o); !errors.Is(err, ErrUnchanged) {
		t.Errorf("made anew, with the same in it: %v", err)
	}
	f.sbom = `{"sbom":` + fmt.Sprintf(doc, 2, 2, "b") + `}`
	tree, err = Open(t.Context(), s, o)
	if err != nil || tree.Fingerprint == o.Unchanged {
		t.Error(tree.Fingerprint, err)
	}
	closed(t, tree, o)
	for _, text := range []string{"", "{}", `{"sbom":null}`, `{"sbom":[]}`, `{"sbom":{"a":`, "<html>", `{"sbom":` + strings.Repeat("[", 20_000)} {
		f.sbom = text
		if err := fails(t, s, o); !errors.Is(err, tocsin.ErrInvalid) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	if err := fails(t, Source{Kind: KindGitHubSBOM, Location: "o/none"}, o); !errors.Is(err, tocsin.ErrNotFound) {
		t.Error(err)
	}
}

// What may go better later is told apart from what needs a person, with the time that the server asks for.
func TestRefusals(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	reset := fmt.Sprint(now.Add(10 * time.Minute).Unix())
	for name, c := range map[string]struct {
		status int
		header map[string]string
		body   string
		kind   error // nil is transient
		after  time.Duration
	}{
		"budget used up":                       {403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}, `{"message":"API rate limit exceeded"}`, nil, 10*time.Minute + time.Second},
		"budget used up, 429":                  {429, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}, "", nil, 10*time.Minute + time.Second},
		"secondary limit":                      {403, map[string]string{"Retry-After": "60"}, `{"message":"You have exceeded a secondary rate limit"}`, nil, time.Minute},
		"secondary, no time":                   {403, nil, `{"message":"You have exceeded a secondary rate limit"}`, nil, time.Minute},
		"too many":                             {429, map[string]string{"Retry-After": "7"}, "", nil, 7 * time.Second},
		"too many, a date":                     {429, map[string]string{"Retry-After": now.Add(time.Hour).Format(http.TimeFormat)}, "", nil, time.Hour},
		"too many, for ever":                   {429, map[string]string{"Retry-After": "99999999"}, "", nil, 24 * time.Hour},
		"too many, nonsense":                   {429, map[string]string{"Retry-After": "soon"}, "", nil, time.Minute},
		"down":                                 {503, map[string]string{"Retry-After": "5"}, "<html>", nil, 5 * time.Second},
		"broken":                               {500, nil, "", nil, 0},
		"bad gateway":                          {502, nil, "", nil, 0},
		"slow":                                 {408, nil, "", nil, 0},
		"not allowed":                          {403, nil, `{"message":"Resource not accessible by integration hunter2"}`, tocsin.ErrForbidden, 0},
		"who are you":                          {401, nil, `{"message":"Bad credentials"}`, tocsin.ErrForbidden, 0},
		"gone":                                 {410, nil, "", tocsin.ErrNotFound, 0},
		"for legal reasons":                    {451, nil, "", tocsin.ErrInvalid, 0},
		"a very long message":                  {422, nil, `{"message":"` + strings.Repeat("x", 5000) + `"}`, tocsin.ErrInvalid, 0},
		"an endless page":                      {422, nil, strings.Repeat("x", 1<<20), tocsin.ErrInvalid, 0},
		"control characters":                   {422, nil, `{"message":"\u001b[31m\n"}`, tocsin.ErrInvalid, 0},
		"a call that the server does not know": {501, nil, "", tocsin.ErrInvalid, 0},
	} {
		base, o := secure(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for k, v := range c.header {
				w.Header().Set(k, v)
			}
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		}))
		o.Now = func() time.Time { return now }
		o.GitHubAPI, o.GitHubToken = base, func(context.Context) (string, error) { return "hunter2", nil }
		for _, s := range []Source{
			{Kind: KindURL, Location: base + "/a?token=hunter4"}, {Kind: KindGit, Location: base + "/a"}, {Kind: KindGitHub, Location: "o/r"}, {Kind: KindGitHubSBOM, Location: "o/r"},
		} {
			err := fails(t, s, o)
			var te *TransientError
			switch {
			case c.kind == nil && (!errors.As(err, &te) || te.RetryAfter != c.after):
				t.Errorf("%s: %s: %v", name, s.Kind, err)
			case c.kind != nil && (!errors.Is(err, c.kind) || errors.As(err, &te)):
				t.Errorf("%s: %s: %v", name, s.Kind, err)
			}
			if text := err.Error(); len(text) > 600 || strings.ContainsAny(text, "\x1b\n") || strings.Contains(text, "hunter4") || strings.HasPrefix(string(s.Kind), "github") && strings.Contains(text, "hunter2") {
				t.Errorf("%s: %s: %q", name, s.Kind, text)
			}
		}
	}
}

func TestTokenThatCannotBeHad(t *testing.T) {
	var asked atomic.Int32
	base, o := secure(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	o.GitHubAPI = base
	o.GitHubToken = func(context.Context) (string, error) { return "", fmt.Errorf("no file: %w", tocsin.ErrNotFound) }
	if err := fails(t, Source{Kind: KindGitHub, Location: "o/r"}, o); !errors.Is(err, tocsin.ErrNotFound) || asked.Load() != 0 {
		t.Error(err)
	}
	for _, api := range []string{"http://api.example.org", "ftp://x", "https://u:hunter2@x", "https://x?y=hunter2", "::"} {
		o.GitHubAPI = api
		if err := fails(t, Source{Kind: KindGitHub, Location: "o/r"}, o); !errors.Is(err, tocsin.ErrInvalid) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", api, err)
		}
	}
}
