package sources

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tocsin-dev/tocsin"
)

// sbomName is under which the dependency graph's document is scanned.
const sbomName = "dependency-graph.spdx.json"

// openGitHub gives the files of a commit that a scan would read, out of the archive that GitHub makes of it.
func openGitHub(ctx context.Context, s Source, o Options, w *wire) (_ Tree, err error) {
	api, err := newGitHub(ctx, o, w)
	if err != nil {
		return Tree{}, err
	}
	commit, err := api.commit(ctx, s, o.Unchanged)
	if err != nil {
		return Tree{}, err
	}
	// https://docs.github.com/rest/repos/contents#download-a-repository-archive-tar
	resp, err := api.get(ctx, nil, "repos/"+s.Location+"/tarball/"+commit)
	if err != nil {
		return Tree{}, err
	}
	defer resp.Body.Close()
	unzipped, err := gzip.NewReader(resp.Body)
	if err != nil {
		return Tree{}, fmt.Errorf("%w: what came is no archive: %v", tocsin.ErrInvalid, err)
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
	u := unpacking{out: out, limits: o.Limits, reads: o.Reads, below: s.Subdir}
	if err := u.tar(during{ctx, unzipped}); err != nil {
		return Tree{}, err
	}
	t := out.tree()
	t.Ref, t.Fingerprint, t.Left = commit, fingerprint(commit), u.left
	err = t.below(s.Subdir)
	return t, err
}

// openGitHubSBOM gives the SBOM of the dependency graph as one file.
func openGitHubSBOM(ctx context.Context, s Source, o Options, w *wire) (_ Tree, err error) {
	api, err := newGitHub(ctx, o, w)
	if err != nil {
		return Tree{}, err
	}
	// https://docs.github.com/rest/dependency-graph/sboms#export-a-software-bill-of-materials-sbom-for-a-repository
	resp, err := api.get(ctx, nil, "repos/"+s.Location+"/dependency-graph/sbom")
	if err != nil {
		return Tree{}, err
	}
	defer resp.Body.Close()
	var in struct {
		SBOM jsontext.Value `json:"sbom"`
	}
	limit := min(o.Limits.File, maxInMemory)
	err = json.UnmarshalRead(io.LimitReader(resp.Body, limit), &in, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err != nil || in.SBOM.Kind() != '{' {
		return Tree{}, fmt.Errorf("%w: GitHub's answer holds no whole SBOM of at most %d bytes: %v", tocsin.ErrInvalid, limit, err)
	}
	sum, err := sbomDigest(in.SBOM)
	if err != nil {
		return Tree{}, err
	}
	if sum == o.Unchanged {
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
	if err := out.write(sbomName, bytes.NewReader(in.SBOM)); err != nil {
		return Tree{}, err
	}
	t := out.tree()
	t.Paths, t.Fingerprint = []string{sbomName}, sum
	return t, nil
}

// sbomDigest is of what the document says of the repository. GitHub makes the document anew each time, with a date and a name of its own.
func sbomDigest(doc jsontext.Value) (string, error) {
	var fields map[string]jsontext.Value
	if err := json.Unmarshal(doc, &fields, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
		return "", fmt.Errorf("%w: the SBOM: %v", tocsin.ErrInvalid, err)
	}
	delete(fields, "creationInfo")
	delete(fields, "documentNamespace")
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		fmt.Fprintf(sum, "%q:%s\n", name, fields[name])
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)), nil
}

// gitHub is GitHub's REST API.
type gitHub struct {
	base  *url.URL
	wire  *wire
	token string
}

func newGitHub(ctx context.Context, o Options, w *wire) (*gitHub, error) {
	base, err := url.Parse("https://api.github.com")
	if o.GitHubAPI != "" {
		base, err = url.Parse(o.GitHubAPI)
	}
	if err != nil || base.User != nil || base.Host == "" || base.RawQuery != "" || base.Fragment != "" ||
		base.Scheme != "https" && (base.Scheme != "http" || !loopback(base.Hostname())) {
		return nil, fmt.Errorf("%w: the base address of GitHub's API: want https://host/path, without a user, query or fragment", tocsin.ErrInvalid)
	}
	g := &gitHub{base: base, wire: w}
	if o.GitHubToken != nil {
		if g.token, err = o.GitHubToken(ctx); err != nil {
			return nil, fmt.Errorf("getting a token for GitHub: %w", err)
		}
		w.token = g.token
	}
	return g, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (g *gitHub) get(ctx context.Context, header map[string]string, path ...string) (*http.Response, error) {
	h := map[string]string{"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
	maps.Copy(h, header)
	if g.token != "" {
		h["Authorization"] = "Bearer " + g.token
	}
	return g.wire.get(ctx, g.base.JoinPath(path...), h)
}

// commit is the hash of the source's ref, or [ErrUnchanged]. To be told that nothing changed costs nothing of the budget.
// https://docs.github.com/rest/commits/commits#get-a-commit
func (g *gitHub) commit(ctx context.Context, s Source, unchanged string) (string, error) {
	ref := s.Ref
	if ref == "" {
		ref = "HEAD"
	}
	header := map[string]string{"Accept": "application/vnd.github.sha"}
	if before, ok := strings.CutPrefix(unchanged, "commit:"); ok {
		header["If-None-Match"] = `"` + before + `"`
	}
	resp, err := g.get(ctx, header, "repos/"+s.Location+"/commits/"+url.PathEscape(ref))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotModified {
		return "", ErrUnchanged
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil {
		return "", fmt.Errorf("reading the commit: %w", err)
	}
	commit := strings.TrimSpace(string(text))
	if !plumbing.IsHash(commit) {
		return "", fmt.Errorf("%w: GitHub did not answer with the hash of a commit; is the base address that of its API?", tocsin.ErrInvalid)
	}
	if fingerprint(commit) == unchanged {
		return "", ErrUnchanged
	}
	return commit, nil
}
