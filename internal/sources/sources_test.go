package sources

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/netguard"
)

// secure serves over HTTPS on the loopback, and gives options that may reach it.
func secure(t *testing.T, h http.Handler) (base string, o Options) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that hang up are what is tested
	s.StartTLS()
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	tr := netguard.Transport(netguard.Allow{Prefixes: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	tr.TLSClientConfig = &tls.Config{RootCAs: pool}
	t.Cleanup(tr.CloseIdleConnections)
	return s.URL, Options{Transport: tr, TempDir: t.TempDir(), Limits: Limits{Time: time.Minute}}
}

// files are all that a tree holds, by path.
func files(t *testing.T, tree Tree) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(tree.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(tree.FS, name)
		out[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// closed ends a tree, and sees that nothing stays behind.
func closed(t *testing.T, tree Tree, o Options) {
	t.Helper()
	if err := tree.Close(); err != nil {
		t.Error(err)
	}
	empty(t, o)
}

func empty(t *testing.T, o Options) {
	t.Helper()
	left, err := os.ReadDir(o.TempDir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// fails opens what must not open, and gives the error.
func fails(t *testing.T, s Source, o Options) error {
	t.Helper()
	tree, err := Open(t.Context(), s, o)
	if err == nil {
		t.Errorf("%s: opened %v", s, files(t, tree))
		return errors.Join(tree.Close())
	}
	if o.TempDir != "" {
		empty(t, o)
	}
	return err
}

func TestValidate(t *testing.T) {
	for _, s := range []Source{
		{Kind: KindPath, Location: "."}, {Kind: KindPath, Location: "/srv/app", Subdir: "web"},
		{Kind: KindURL, Location: "https://example.org/a/go.sum?x=1"},
		{Kind: KindGit, Location: "https://example.org/a.git", Ref: "release/1.x", Subdir: "a/b"},
		{Kind: KindGit, Location: "file:///srv/a.git"}, {Kind: KindGit, Location: "/srv/a.git", Ref: strings.Repeat("a", 40)},
		{Kind: KindGitHub, Location: "o/r", Ref: "v1.0"}, {Kind: KindGitHubSBOM, Location: "o/r"},
	} {
		if err := s.Validate(); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, c := range []struct {
		Source
		want string
	}{
		{Source{}, "want one of"},
		{Source{Kind: KindPath}, "want a path"},
		{Source{Kind: KindPath, Location: "."}, ""},
		{Source{Kind: KindPath, Location: ".", Ref: "main"}, "no ref"},
		{Source{Kind: KindPath, Location: ".", Subdir: "../x"}, "inside the source"},
		{Source{Kind: KindPath, Location: ".", Subdir: "/x"}, "inside the source"},
		{Source{Kind: KindURL, Location: "http://example.org/go.sum"}, "https://"},
		{Source{Kind: KindURL, Location: "file:///etc/passwd"}, "https://"},
		{Source{Kind: KindURL, Location: "https:///x"}, "https://"},
		{Source{Kind: KindURL, Location: "https://user:hunter2@example.org/x"}, "user name or password"},
		{Source{Kind: KindURL, Location: "https://user:hunter2@exa mple.org/%zz"}, "https://"},
		{Source{Kind: KindURL, Location: "https://example.org/x", Subdir: "a"}, "no subdir"},
		{Source{Kind: KindGit, Location: "https://hunter2@example.org/x"}, "user name or password"},
		{Source{Kind: KindGit, Location: "http://user:hunter2@example.org/x"}, "https://"},
		{Source{Kind: KindGit, Location: "ssh://hunter2@example.org/x"}, "https://"},
		{Source{Kind: KindGit, Location: "git@example.org:o/r.git"}, "SSH is not spoken"},
		{Source{Kind: KindGit, Location: "ext::sh -c x% https://"}, "https://"},
		{Source{Kind: KindGit, Location: "https://example.org/x?token=hunter2"}, "no query"},
		{Source{Kind: KindGit, Location: "https://example.org/x", Ref: "--upload-pack=x"}, "want a branch"},
		{Source{Kind: KindGit, Location: "https://example.org/x", Ref: "a..b"}, "want a branch"},
		{Source{Kind: KindGit, Location: "https://example.org/x", Ref: "a\nb"}, "want a branch"},
		{Source{Kind: KindGitHub, Location: "o/r/../../x"}, "owner/name"},
		{Source{Kind: KindGitHub, Location: "https://github.com/o/r"}, "owner/name"},
		{Source{Kind: KindGitHubSBOM, Location: "o/r", Ref: "main"}, "no ref"},
	} {
		err := c.Validate()
		if c.want == "" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		if !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error()+c.String(), "hunter2") {
			t.Errorf("%s: %v", c.Source, err)
		}
		if _, err := Open(t.Context(), c.Source, Options{}); !errors.Is(err, tocsin.ErrInvalid) {
			t.Errorf("%s: opened: %v", c.Source, err)
		}
	}
	for s, want := range map[Source]bool{
		{Kind: KindPath, Location: "a"}: true, {Kind: KindGit, Location: "file:///a"}: true, {Kind: KindGit, Location: "a"}: true,
		{Kind: KindGit, Location: "HTTPS://a/b"}: false, {Kind: KindURL, Location: "https://a/b"}: false, {Kind: KindGitHub, Location: "o/r"}: false,
	} {
		if s.Local() != want {
			t.Errorf("%s: local is %v", s, !want)
		}
	}
}

func TestPath(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "web"), 0o755), os.WriteFile(filepath.Join(dir, "web", "go.sum"), []byte("a"), 0o600),
		os.Symlink("/etc/passwd", filepath.Join(dir, "go.mod"))); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		s     Source
		dir   string
		paths []string
		reads string
	}{
		"folder": {Source{Kind: KindPath, Location: dir}, dir, nil, "web/go.sum"},
		"subdir": {Source{Kind: KindPath, Location: dir, Subdir: "web"}, dir, []string{"web"}, "web/go.sum"},
		"file":   {Source{Kind: KindPath, Location: filepath.Join(dir, "web", "go.sum")}, filepath.Join(dir, "web"), []string{"go.sum"}, "go.sum"},
	} {
		tree, err := Open(t.Context(), c.s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := fs.ReadFile(tree.FS, c.reads)
		if tree.Dir != c.dir || !cmp.Equal(tree.Paths, c.paths) || err != nil || string(b) != "a" || tree.Fingerprint != "" {
			t.Errorf("%s: %+v, %q, %v", name, tree, b, err)
		}
		if _, err := fs.ReadFile(tree.FS, "go.mod"); err == nil {
			t.Errorf("%s: a link led out", name)
		}
		if err := tree.Close(); err != nil {
			t.Error(err)
		}
	}
	for name, s := range map[string]Source{
		"missing":             {Kind: KindPath, Location: filepath.Join(dir, "none")},
		"missing subdir":      {Kind: KindPath, Location: dir, Subdir: "none"},
		"a file as subdir":    {Kind: KindPath, Location: dir, Subdir: "web/go.sum"},
		"a link out as subir": {Kind: KindPath, Location: dir, Subdir: "go.mod"},
	} {
		if err := fails(t, s, Options{}); !errors.Is(err, tocsin.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := fails(t, Source{Kind: KindPath, Location: filepath.Join(dir, "web", "go.sum"), Subdir: "x"}, Options{}); !errors.Is(err, tocsin.ErrInvalid) {
		t.Error(err)
	}
}

func TestGit(t *testing.T) {
	r := newRepository(t)
	first := r.commit(map[string]string{"go.sum": "old", "web/package-lock.json": "{}"})
	if _, err := r.repo.CreateTag("v1", plumbing.NewHash(first), &git.CreateTagOptions{Message: "one", Tagger: &object.Signature{Name: "a", When: time.Unix(0, 0)}}); err != nil {
		t.Fatal(err)
	}
	last := r.commit(map[string]string{"go.sum": "new"})
	base, o := secure(t, r)
	for name, c := range map[string]struct {
		ref, commit, text string
	}{
		"default branch": {"", last, "new"}, "branch": {"main", last, "new"}, "full name": {"refs/heads/main", last, "new"},
		"tag": {"v1", first, "old"}, "commit": {first, first, "old"},
	} {
		for _, at := range []string{base + "/o/r.git", "file://" + r.dir, r.dir, filepath.Join(r.dir, ".git")} {
			ref := c.ref
			tree, err := Open(t.Context(), Source{Kind: KindGit, Location: at, Ref: ref}, o)
			if err != nil {
				t.Errorf("%s of %s: %v", name, at, err)
				continue
			}
			want := map[string]string{"go.sum": c.text, "web/package-lock.json": "{}"}
			if d := cmp.Diff(want, files(t, tree)); d != "" || tree.Ref != c.commit || tree.Dir != "" {
				t.Errorf("%s of %s: %s %s", name, at, tree.Ref, d)
			}
			closed(t, tree, o)
			again := o
			again.Unchanged = tree.Fingerprint
			if err := fails(t, Source{Kind: KindGit, Location: at, Ref: ref}, again); !errors.Is(err, ErrUnchanged) {
				t.Errorf("%s of %s: %v", name, at, err)
			}
		}
	}
	tree, err := Open(t.Context(), Source{Kind: KindGit, Location: base, Subdir: "web"}, o)
	if err != nil || !cmp.Equal(tree.Paths, []string{"web"}) {
		t.Fatal(tree.Paths, err)
	}
	closed(t, tree, o)
	for name, c := range map[string]struct {
		s    Source
		kind error
		want string
	}{
		"no such branch":       {Source{Kind: KindGit, Location: base, Ref: "gone"}, tocsin.ErrNotFound, `no branch or tag "gone"`},
		"no such commit":       {Source{Kind: KindGit, Location: base, Ref: strings.Repeat("0", 39) + "1"}, tocsin.ErrInvalid, "answered 400"},
		"no such folder":       {Source{Kind: KindGit, Location: base, Subdir: "gone"}, tocsin.ErrNotFound, `no folder "gone"`},
		"no such local folder": {Source{Kind: KindGit, Location: r.dir + "/gone"}, tocsin.ErrNotFound, "no such file"},
		"no local repository":  {Source{Kind: KindGit, Location: t.TempDir()}, tocsin.ErrInvalid, "no Git repository"},
	} {
		if err := fails(t, c.s, o); !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A server that has no repository, or nothing in it, says so.
func TestGitServersThatAreNone(t *testing.T) {
	for name, c := range map[string]struct {
		h    http.Handler
		kind error
	}{
		"empty": {newRepository(t), tocsin.ErrNotFound},
		"none":  {http.NotFoundHandler(), tocsin.ErrNotFound},
		"a page": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("<html>\x1b[31mwelcome"))
		}), tocsin.ErrInvalid},
		"private": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }), tocsin.ErrForbidden},
	} {
		base, o := secure(t, c.h)
		if err := fails(t, Source{Kind: KindGit, Location: base + "/o/r.git"}, o); !errors.Is(err, c.kind) || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Nothing reaches this machine unless it is allowed.
func TestTheDefaultReachesNothingInside(t *testing.T) {
	base, _ := secure(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	for _, s := range []Source{{Kind: KindURL, Location: base + "/go.sum"}, {Kind: KindGit, Location: base + "/r.git"}} {
		if err := fails(t, s, Options{TempDir: t.TempDir()}); !errors.Is(err, tocsin.ErrForbidden) || !errors.Is(err, netguard.ErrRefused) {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, s := range []Source{{Kind: KindGitHub, Location: "o/r"}, {Kind: KindGitHubSBOM, Location: "o/r"}} {
		if err := fails(t, s, Options{TempDir: t.TempDir(), GitHubAPI: base}); !errors.Is(err, netguard.ErrRefused) {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestTheEndOfTheContextIsAnError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	base, o := secure(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() }))
	_, err := Open(ctx, Source{Kind: KindURL, Location: base + "/go.sum"}, o)
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	empty(t, o)
}
