package sources

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/revlist"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

// A repository of a test. Each commit replaces the files that it names.
type repository struct {
	t    *testing.T
	dir  string
	repo *git.Repository
	n    int
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	dir := t.TempDir()
	repo, err := git.PlainInitWithOptions(dir, &git.PlainInitOptions{InitOptions: git.InitOptions{DefaultBranch: "refs/heads/main"}})
	if err != nil {
		t.Fatal(err)
	}
	return &repository{t: t, dir: dir, repo: repo}
}

func (r *repository) commit(files map[string]string) string {
	r.t.Helper()
	work, err := r.repo.Worktree()
	if err != nil {
		r.t.Fatal(err)
	}
	for name, text := range files {
		full := filepath.Join(r.dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			r.t.Fatal(err)
		}
		if _, err := work.Add(name); err != nil {
			r.t.Fatal(err)
		}
	}
	r.n++
	who := &object.Signature{Name: "a", Email: "a@example.org", When: time.Date(2026, 1, r.n, 0, 0, 0, 0, time.UTC)}
	h, err := work.Commit("x", &git.CommitOptions{Author: who, Committer: who})
	if err != nil {
		r.t.Fatal(err)
	}
	return h.String()
}

// ServeHTTP is the fetching half of Git's smart HTTP protocol, version 0, with shallow fetches
// (https://git-scm.com/docs/http-protocol, https://git-scm.com/docs/pack-protocol).
func (r *repository) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	switch {
	case strings.HasSuffix(req.URL.Path, "/info/refs") && req.URL.Query().Get("service") == "git-upload-pack":
		w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
		if err := r.advertise(w); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	case strings.HasSuffix(req.URL.Path, "/git-upload-pack") && req.Method == http.MethodPost:
		w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
		if err := r.upload(w, req); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	default:
		http.NotFound(w, req)
	}
}

func (r *repository) advertise(w http.ResponseWriter) error {
	ar := packp.NewAdvRefs()
	ar.Prefix = [][]byte{[]byte("# service=git-upload-pack"), pktline.Flush}
	for _, c := range []capability.Capability{capability.OFSDelta, capability.Shallow, capability.Filter} {
		if err := ar.Capabilities.Set(c); err != nil {
			return err
		}
	}
	refs, err := r.repo.References()
	if err != nil {
		return err
	}
	err = refs.ForEach(func(ref *plumbing.Reference) error {
		if ref.Type() != plumbing.HashReference {
			return nil
		}
		ar.References[ref.Name().String()] = ref.Hash()
		if tag, err := r.repo.TagObject(ref.Hash()); err == nil {
			ar.Peeled[ref.Name().String()] = tag.Target
		}
		return nil
	})
	if err != nil {
		return err
	}
	if head, err := r.repo.Head(); err == nil {
		h := head.Hash()
		ar.Head = &h
	}
	return ar.Encode(w)
}

func (r *repository) upload(w http.ResponseWriter, req *http.Request) error {
	in := packp.NewUploadPackRequest()
	var text bytes.Buffer
	if _, err := text.ReadFrom(req.Body); err != nil {
		return err
	}
	if strings.Contains(text.String(), "filter blob:limit=") { // which the decoder does not know, and a server may ignore
		at := strings.Index(text.String(), "filter blob:limit=") - 4
		var n int
		if _, err := fmt.Sscanf(text.String()[at:at+4], "%04x", &n); err != nil {
			return err
		}
		text = *bytes.NewBufferString(text.String()[:at] + text.String()[at+n:])
	}
	if err := in.UploadRequest.Decode(&text); err != nil {
		return err
	}
	if in.Depth != packp.DepthCommits(1) {
		return fmt.Errorf("depth %v: the past was asked for", in.Depth)
	}
	commit, tags := in.Wants[0], []plumbing.Hash{}
	if tag, err := r.repo.TagObject(commit); err == nil {
		commit, tags = tag.Target, append(tags, tag.Hash)
	}
	c, err := r.repo.CommitObject(commit)
	if err != nil {
		return err
	}
	objects, err := revlist.Objects(r.repo.Storer, []plumbing.Hash{c.TreeHash}, nil)
	if err != nil {
		return err
	}
	res := packp.NewUploadPackResponseWithPackfile(in, packOf(r.repo.Storer, append(append(objects, commit), tags...)))
	res.Shallows = []plumbing.Hash{commit}
	return res.Encode(w)
}

type pack struct{ *bytes.Buffer }

func (pack) Close() error { return nil }

func packOf(s storer.EncodedObjectStorer, objects []plumbing.Hash) pack {
	var b bytes.Buffer
	if _, err := packfile.NewEncoder(&b, s, false).Encode(objects, 10); err != nil {
		b.WriteString(err.Error())
	}
	return pack{&b}
}
