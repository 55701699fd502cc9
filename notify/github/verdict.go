package github

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/markdown"
)

// A Verdict is what a gate says of a commit.
type Verdict struct {
	Repository string // owner/name
	Commit     string // its full hash
	Gate       tocsin.Gate
	// Text says why in a line; URL leads to more, empty: nowhere.
	Text, URL string
	// SARIF is the log for code scanning, nil: none; Ref is then what was judged: refs/heads/main, refs/pull/7/merge.
	SARIF []byte
	Ref   string
}

// statusContext names our commit status: GitHub shows the newest of a name.
const statusContext = "tocsin"

// maxSARIF bounds a log, packed, as GitHub does.
// https://docs.github.com/rest/code-scanning/code-scanning#upload-an-analysis-as-sarif-data
const maxSARIF = 10 << 20

// Tell sets the commit status and uploads the log. To tell again changes nothing: the newest counts.
// https://docs.github.com/rest/commits/statuses#create-a-commit-status
func (e *Executor) Tell(ctx context.Context, v Verdict) error {
	switch {
	case !tocsin.ValidRepository(v.Repository):
		return permanent("%w: repository %q: want owner/name", tocsin.ErrInvalid, v.Repository)
	case !tocsin.ValidCommit(v.Commit):
		return permanent("%w: commit %q: want the full hash", tocsin.ErrInvalid, v.Commit)
	case v.SARIF != nil && !strings.HasPrefix(v.Ref, "refs/"):
		return permanent("%w: ref %q: want refs/heads/NAME, refs/tags/NAME or refs/pull/NUMBER/merge", tocsin.ErrInvalid, v.Ref)
	}
	if v.SARIF != nil {
		packed, err := pack(v.SARIF)
		if err != nil {
			return err
		}
		_, err = e.call(ctx, newRequest(http.MethodPost, "repos/"+v.Repository+"/code-scanning/sarifs", map[string]string{
			"commit_sha": v.Commit, "ref": v.Ref, "sarif": packed, "tool_name": "tocsin",
		}), nil)
		if err != nil {
			return explain(err, "uploading the SARIF log to %s: the token needs security_events:write, and the repository code scanning", v.Repository)
		}
	}
	in := map[string]string{"state": stateOf(v.Gate), "context": statusContext, "description": markdown.Line(v.Text, 140)}
	if v.URL != "" {
		in["target_url"] = v.URL
	}
	if _, err := e.call(ctx, newRequest(http.MethodPost, "repos/"+v.Repository+"/statuses/"+v.Commit, in), nil); err != nil {
		return explain(err, "setting the status of %s in %s: the token needs statuses:write", v.Commit, v.Repository)
	}
	return nil
}

// stateOf is a gate in the terms of a commit status. What is undecided does not look clean.
func stateOf(g tocsin.Gate) string {
	switch g {
	case tocsin.GatePass, tocsin.GateWarn:
		return "success"
	case tocsin.GateFail:
		return "failure"
	default:
		return "error"
	}
}

func pack(sarif []byte) (string, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(sarif); err != nil {
		return "", fmt.Errorf("packing the SARIF log: %w", err)
	}
	if err := z.Close(); err != nil {
		return "", fmt.Errorf("packing the SARIF log: %w", err)
	}
	if b.Len() > maxSARIF {
		return "", permanent("%w: the SARIF log has %d MB packed, and GitHub takes %d", tocsin.ErrInvalid, b.Len()>>20, maxSARIF>>20)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}
