package github

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	api "github.com/google/go-github/v62/github"

	"github.com/tocsin-dev/tocsin"
)

// Login gives what we act as.
func (e *Executor) Login(ctx context.Context) (string, error) { return e.whoami(ctx) }

// A Standing is what somebody may do in a repository.
type Standing struct {
	// ID of the user who has the login now; 0: there is nobody, or they may do nothing.
	ID int64
	// Write says that they may push, and Triage that they may at least work on issues.
	Write, Triage bool
}

// Standing asks what a user may do in a repository. Errors are [tocsin.DeliveryError] values.
func (e *Executor) Standing(ctx context.Context, repository, login string) (Standing, error) {
	if !tocsin.ValidRepository(repository) || !validLogin(login) { // such as dependabot[bot]
		return Standing{}, nil
	}
	var p api.RepositoryPermissionLevel
	_, err := e.call(ctx, Request{Method: http.MethodGet, Path: "repos/" + repository + "/collaborators/" + login + "/permission"}, &p)
	switch {
	case status(err) == http.StatusNotFound:
		return Standing{}, nil
	case err != nil:
		return Standing{}, explain(err, "asking what %s may do in %s", login, repository)
	}
	s := Standing{ID: p.GetUser().GetID()}
	s.Write = slices.Contains([]string{"admin", "write"}, p.GetPermission())
	s.Triage = s.Write || p.GetUser().GetPermissions()["triage"]
	return s, nil
}

// A Cursor says how far the comments of a repository were read.
type Cursor struct {
	Since time.Time `json:"since"`
	// ETag of the list as it was then.
	ETag string `json:"etag,omitempty"`
}

// maxListened is how many pages of comments are read at once. What is left is read the next time.
const maxListened = 5

// Comments reads the comments of a repository that were written or changed since the cursor, oldest first, and gives the next cursor. The last
// ones come again: GitHub's times are in seconds. Errors are [tocsin.DeliveryError] values, and what was read before one counts.
func (e *Executor) Comments(ctx context.Context, repository string, c Cursor) ([]tocsin.Remark, Cursor, error) {
	if !tocsin.ValidRepository(repository) {
		return nil, c, permanent("%w: repository %q: want owner/name", tocsin.ErrInvalid, repository)
	}
	var out []tocsin.Remark
	next := c
	at := url.Values{"since": {c.Since.UTC().Format(time.RFC3339)}, "sort": {"updated"}, "direction": {"asc"}, "per_page": {"100"}}.Encode()
	for page := range maxListened {
		var items []*api.IssueComment
		r := Request{Method: http.MethodGet, Path: "repos/" + repository + "/issues/comments?" + at}
		if page == 0 {
			r.IfNoneMatch = c.ETag
		}
		h, err := e.call(ctx, r, &items)
		if status(err) == http.StatusNotModified {
			return nil, c, nil
		}
		if err != nil {
			return out, next, explain(err, "reading the comments of %s", repository)
		}
		for _, one := range items {
			if t := one.GetUpdatedAt().Time; t.After(next.Since) {
				next.Since = t
			}
			if r, ok := remark(repository, one); ok {
				out = append(out, r)
			}
		}
		if at = nextPage(h); at == "" {
			if page == 0 && next.Since.Equal(c.Since) { // else the next list is another
				next.ETag = h.Get("ETag")
			} else {
				next.ETag = ""
			}
			return out, next, nil
		}
	}
	next.ETag = ""
	return out, next, nil
}

// remark reads a comment; ok is false for what is none.
func remark(repository string, c *api.IssueComment) (r tocsin.Remark, ok bool) {
	number, err := strconv.ParseInt(c.GetIssueURL()[strings.LastIndexByte(c.GetIssueURL(), '/')+1:], 10, 64)
	if err != nil || number <= 0 || c.GetID() <= 0 || c.GetUser().GetID() <= 0 {
		return r, false
	}
	r = tocsin.Remark{
		Repository: repository, Issue: number, ID: c.GetID(), Author: c.GetUser().GetLogin(), AuthorID: c.GetUser().GetID(), Bot: c.GetUser().GetType() != "User",
		Near: Near(c.GetAuthorAssociation()), Edited: !c.GetUpdatedAt().Equal(c.GetCreatedAt()), At: c.GetCreatedAt().Time,
	}
	return r.Said(c.GetBody()), true
}

// Near says whether an association with a repository is one whose comments count: a stranger could write without end.
// https://docs.github.com/graphql/reference/enums#commentauthorassociation
func Near(association string) bool {
	return slices.Contains([]string{"OWNER", "MEMBER", "COLLABORATOR"}, association)
}

// Ours says whether a text carries a marker like ours, whoever wrote it there.
func Ours(text string) bool { return strings.Contains(text, "<!-- tocsin:") }
