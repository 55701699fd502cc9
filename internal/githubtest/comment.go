package githubtest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A Comment on an issue.
type Comment struct {
	ID               int64
	Author, Body     string
	Created, Updated time.Time
}

func (s *Server) commentJSON(q *call, i *issue, c *Comment) map[string]any {
	api := q.base + "/repos/" + q.repo.Name + "/issues/"
	here := api + "comments/" + strconv.FormatInt(c.ID, 10)
	return map[string]any{
		"id": c.ID, "node_id": node("IssueComment", c.ID), "url": here, "issue_url": api + strconv.Itoa(i.Number),
		"html_url":   fmt.Sprintf("https://github.com/%s/issues/%d#issuecomment-%d", q.repo.Name, i.Number, c.ID),
		"user":       s.person(q.base, c.Author),
		"body":       c.Body,
		"created_at": stamp(c.Created), "updated_at": stamp(c.Updated),
		"author_association": q.repo.association(c.Author), "reactions": reactions(here),
		"performed_via_github_app": nil,
	}
}

func (s *Server) listComments(q *call) answer {
	i, a, ok := s.issue(q)
	if !ok {
		return a
	}
	some, h := page(q, i.comments)
	out := make([]any, len(some))
	for n, c := range some {
		out[n] = s.commentJSON(q, i, c)
	}
	return answer{status: http.StatusOK, body: out, header: h}
}

// commentInput reads and checks the one field of a comment.
func (q *call) commentInput() (string, answer, bool) {
	var in struct {
		Body *string `json:"body"`
	}
	if a, ok := q.decode(&in); !ok {
		return "", a, false
	}
	switch {
	case in.Body == nil || strings.TrimSpace(*in.Body) == "":
		return "", q.invalid(fault{Resource: "IssueComment", Code: "missing_field", Field: "body"}), false
	case utf8.RuneCountInString(*in.Body) > maxBody:
		return "", q.invalid(fault{Resource: "IssueComment", Code: "unprocessable", Field: "data",
			Message: fmt.Sprintf("Body is too long (maximum is %d characters)", maxBody)}), false
	}
	return *in.Body, answer{}, true
}

func (s *Server) createComment(q *call) answer {
	i, a, ok := s.issue(q)
	if !ok {
		return a
	}
	if q.repo.IssuesDisabled {
		return q.issuesDisabled()
	}
	if i.Locked && !q.can(Write) {
		return q.forbidden("Unable to create comment because issue is locked.")
	}
	body, a, ok := q.commentInput()
	if !ok {
		return a
	}
	c := s.comment(i, q.user.login, body, q.now)
	m := s.commentJSON(q, i, c)
	return answer{status: http.StatusCreated, body: m, header: http.Header{"Location": {m["url"].(string)}}}
}

func (s *Server) comment(i *issue, author, body string, now time.Time) *Comment {
	c := &Comment{ID: s.id(), Author: author, Body: body, Created: now, Updated: now}
	i.comments = append(i.comments, c)
	i.Updated = now
	return c
}

func (q *call) comment() (*issue, *Comment) {
	id, _ := strconv.ParseInt(q.http.PathValue("comment_id"), 10, 64) // 0 is no comment's
	for _, i := range q.repo.issues {
		if !i.present() {
			continue
		}
		for _, c := range i.comments {
			if c.ID == id {
				return i, c
			}
		}
	}
	return nil, nil
}

func (s *Server) getComment(q *call) answer {
	i, c := q.comment()
	if c == nil {
		return q.notFound()
	}
	return answer{status: http.StatusOK, body: s.commentJSON(q, i, c)}
}

func (s *Server) updateComment(q *call) answer {
	i, c := q.comment()
	if c == nil {
		return q.notFound()
	}
	if !strings.EqualFold(c.Author, q.user.login) && !q.can(Write) {
		return q.forbidden("Must have admin rights to Repository.")
	}
	body, a, ok := q.commentInput()
	if !ok {
		return a
	}
	c.Body, c.Updated = body, q.now
	return answer{status: http.StatusOK, body: s.commentJSON(q, i, c)}
}
