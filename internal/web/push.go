package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tocsin-dev/tocsin"
)

// A push is what we read of the event. https://docs.github.com/webhooks/webhook-events-and-payloads#push
type push struct {
	Ref        string `json:"ref"`
	Deleted    bool   `json:"deleted"`
	Repository struct {
		FullName      string `json:"full_name"`
		HTMLURL       string `json:"html_url"`
		DefaultBranch string `json:"default_branch"`
	} `json:"repository"`
}

// pushed has the projects looked at whose source follows what was pushed to.
func (c *call) pushed(ctx context.Context, b *box, d delivery) (answer, error) {
	// The id is not signed, the body is: what came before is known by either.
	seen, err := c.api.store.Delivered(ctx, d.id, d.digest)
	if err != nil {
		return answer{}, err
	}
	if seen {
		return answer{body: Hooked{d.event, "seen"}}, nil
	}
	p, err := readPush(b)
	if err != nil {
		return answer{}, err
	}
	watched, err := c.api.store.OfRepository(ctx, p.Repository.FullName)
	if err != nil {
		return answer{}, err
	}
	looks := 0
	for _, w := range watched {
		if !p.moves(w.Source) {
			continue
		}
		if err := c.api.parts.Engine.Look(ctx, w.Slug); err != nil {
			return answer{}, fmt.Errorf("asking for a look at %s: %w", w.Slug, err)
		}
		looks++
	}
	// Only now, since to ask twice for a look is harmless, and to have noted one that was never asked for is not: whatever fails before
	// this can be delivered again.
	if err := c.api.store.NoteDelivery(ctx, d.id, d.digest, c.now); err != nil {
		return answer{}, err
	}
	c.api.log.InfoContext(ctx, "take push", slog.String("request", requestID(ctx)), slog.String("delivery", d.id), slog.Int("looks", looks))
	return answer{status: 202, body: Hooked{d.event, "taken"}}, nil
}

// readPush reads what it needs as it comes; the rest, such as lists of commits, is passed over.
func readPush(b *box) (p push, err error) {
	f, err := b.root.Open("body")
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	// People write into commits what is no UTF-8.
	if err := jsonv2.UnmarshalRead(f, &p, jsontext.AllowInvalidUTF8(true)); err != nil {
		return p, invalid("", "", "it is no push as GitHub tells of one")
	}
	if !tocsin.ValidRepository(p.Repository.FullName) {
		return p, invalid("/repository/full_name", "", "want owner/name")
	}
	return p, nil
}

// moves says whether what a source gives may be another after the push.
func (p push) moves(s tocsin.ProjectSource) bool {
	if p.Deleted || !p.isOf(s) {
		return false
	}
	switch {
	case s.Ref == "" || s.Kind == tocsin.SourceGitHubSBOM:
		return p.Ref == "refs/heads/"+p.Repository.DefaultBranch
	case strings.HasPrefix(s.Ref, "refs/"):
		return p.Ref == s.Ref
	default:
		return p.Ref == "refs/heads/"+s.Ref || p.Ref == "refs/tags/"+s.Ref
	}
}

// isOf says whether a source reads the repository, whose names have no case.
func (p push) isOf(s tocsin.ProjectSource) bool {
	switch s.Kind {
	case tocsin.SourceGitHub, tocsin.SourceGitHubSBOM:
		return strings.EqualFold(s.Location, p.Repository.FullName)
	case tocsin.SourceGit:
		host, path, ok := place(p.Repository.HTMLURL)
		otherHost, otherPath, fits := place(s.Location)
		return ok && fits && strings.EqualFold(path, p.Repository.FullName) && strings.EqualFold(path, otherPath) && strings.EqualFold(host, otherHost)
	default:
		return false
	}
}

// place is where a repository is by its address over HTTPS.
func place(address string) (host, path string, ok bool) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return "", "", false
	}
	return strings.TrimSuffix(u.Host, ":443"), strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git"), true
}
