package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/gittree"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// maxRefs bounds what a server says of its branches and tags. A repository with 200,000 pull requests has some 20 MB of them.
const maxRefs = 64 << 20

// fetched is the ref under which the one commit is kept.
const fetched = "refs/heads/fetched"

// openGit fetches one commit of a repository, without its past, and reads its tree out of the pack.
//
// The transport is made here and spoken to directly: the remotes of go-git would look for it in a table of the whole process, and
// fetch through what they find there.
func openGit(ctx context.Context, s Source, o Options, w *wire) (_ Tree, err error) {
	at, err := transport.NewEndpoint(s.Location)
	if err != nil || at.Protocol != "https" {
		return Tree{}, fmt.Errorf("%w: want an https:// address", tocsin.ErrInvalid)
	}
	session, err := githttp.NewClient(w.client()).NewUploadPackSession(at, nil)
	if err != nil {
		return Tree{}, fmt.Errorf("%w: %v", tocsin.ErrInvalid, err)
	}
	defer session.Close()
	w.restrict(min(maxRefs, o.Limits.Download))
	refs, err := session.AdvertisedReferencesContext(ctx)
	if err != nil {
		return Tree{}, badRepository(err)
	}
	w.restrict(o.Limits.Download)
	want, commit, err := choose(refs, s.Ref)
	if err != nil {
		return Tree{}, err
	}
	if o.Unchanged == fingerprint(commit.String()) {
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
	if err := fetch(ctx, session, refs, want, out, o.Limits); err != nil {
		return Tree{}, err
	}
	tree, err := gittree.At(filepath.Join(out.dir, "repository"), fetched)
	if err != nil {
		return Tree{}, err
	}
	t := Tree{FS: tree, Ref: tree.Commit, Fingerprint: fingerprint(tree.Commit), close: out.Close}
	err = t.below(s.Subdir)
	return t, err
}

// openLocalGit reads a commit of a repository that this machine has, where it lies.
func openLocalGit(s Source, o Options) (Tree, error) {
	dir := localPath(s.Location)
	if _, err := os.Stat(dir); err != nil {
		return Tree{}, fromDisk(err)
	}
	ref := s.Ref
	if ref == "" {
		ref = "HEAD"
	}
	tree, err := gittree.At(dir, ref)
	if err != nil {
		return Tree{}, err
	}
	t := Tree{FS: tree, Ref: tree.Commit, Fingerprint: fingerprint(tree.Commit)}
	if t.Fingerprint == o.Unchanged {
		return Tree{}, ErrUnchanged
	}
	err = t.below(s.Subdir)
	return t, err
}

func fingerprint(commit string) string { return "commit:" + commit }

// choose finds what to ask for: the object that the server offers under a ref, and the commit that it is or leads to.
func choose(refs *packp.AdvRefs, ref string) (want, commit plumbing.Hash, err error) {
	if ref == "" || ref == "HEAD" {
		if refs.Head == nil {
			return want, commit, fmt.Errorf("%w: the repository has no default branch: give a ref", tocsin.ErrNotFound)
		}
		return *refs.Head, *refs.Head, nil
	}
	for _, name := range []string{ref, "refs/heads/" + ref, "refs/tags/" + ref} {
		if h, ok := refs.References[name]; ok {
			if peeled, ok := refs.Peeled[name]; ok {
				return h, peeled, nil
			}
			return h, h, nil
		}
	}
	if plumbing.IsHash(ref) {
		h := plumbing.NewHash(ref)
		return h, h, nil
	}
	return want, commit, fmt.Errorf("%w: the repository has no branch or tag %q", tocsin.ErrNotFound, ref)
}

// fetch gets one commit and its files into a repository of the scratch folder.
func fetch(ctx context.Context, session transport.UploadPackSession, refs *packp.AdvRefs, want plumbing.Hash, out *scratch, l Limits) error {
	req := packp.NewUploadPackRequest()
	req.Wants = []plumbing.Hash{want}
	var errs []error
	ask := func(c capability.Capability) bool {
		if refs.Capabilities.Supports(c) {
			errs = append(errs, req.Capabilities.Set(c))
			return true
		}
		return false
	}
	ask(capability.OFSDelta)
	if ask(capability.Shallow) {
		req.Depth = packp.DepthCommits(1)
	}
	if ask(capability.Filter) { // no scan reads larger files
		req.Filter = packp.FilterBlobLimit(uint64(l.File), packp.BlobLimitPrefixNone)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("asking for the commit: %w", err)
	}
	resp, err := session.UploadPack(ctx, req)
	if err != nil {
		return badRepository(err)
	}
	defer resp.Close()
	if err := out.write("pack", resp); err != nil {
		return err
	}
	pack, err := out.root.Open("pack")
	if err != nil {
		return fmt.Errorf("reading the pack: %w", err)
	}
	defer pack.Close()
	if err := checkPack(ctx, pack, l); err != nil {
		return err
	}
	if _, err := pack.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("reading the pack: %w", err)
	}
	repo, err := git.PlainInit(filepath.Join(out.dir, "repository"), true)
	if err != nil {
		return fmt.Errorf("making a repository: %w", err)
	}
	if err := packfile.UpdateObjectStorage(repo.Storer, during{ctx, pack}); err != nil {
		return fmt.Errorf("%w: the server's pack cannot be read: %v", tocsin.ErrInvalid, err)
	}
	if err := repo.Storer.SetReference(plumbing.NewHashReference(fetched, want)); err != nil {
		return fmt.Errorf("keeping the commit: %w", err)
	}
	return out.root.Remove("pack")
}

// badRepository says what went wrong where the network did not.
func badRepository(err error) error {
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return fmt.Errorf("%w: the repository is empty", tocsin.ErrNotFound)
	}
	return fmt.Errorf("%w: it does not answer as a Git repository: %s", tocsin.ErrInvalid, markdown.Line(withoutAddress(err).Error(), 200))
}

// during reads as long as the context lasts.
type during struct {
	ctx context.Context
	io.Reader
}

func (d during) Read(p []byte) (int, error) {
	if err := d.ctx.Err(); err != nil {
		return 0, err
	}
	return d.Reader.Read(p)
}
