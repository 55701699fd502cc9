package githubtest

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
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
	Reactions        []Reaction
}

// A Reaction to a comment. Nobody has the same one twice.
type Reaction struct {
	ID             int64
	Login, Content string
	Created        time.Time
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
	listed := slices.DeleteFunc(slices.Clone(i.comments), func(c *Comment) bool { return !s.listed(c.Created) })
	some, h := page(q, listed)
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

// listAllComments lists the comments of all issues of the repository. A list that is as it was costs no budget, and has no body.
func (s *Server) listAllComments(q *call) answer {
	v := q.http.URL.Query()
	var since time.Time
	if t := v.Get("since"); t != "" {
		var err error
		if since, err = time.Parse(time.RFC3339, t); err != nil {
			return q.invalid(fault{Resource: "IssueComment", Code: "invalid", Field: "since"})
		}
	}
	type placed struct {
		i *issue
		c *Comment
	}
	var all []placed
	for _, i := range q.repo.issues {
		for _, c := range i.comments {
			if i.present() && s.listed(c.Created) && c.Updated.Compare(since) >= 0 {
				all = append(all, placed{i, c})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b placed) int {
		by := cmp.Compare(a.c.ID, b.c.ID)
		if v.Get("sort") == "updated" {
			by = cmp.Or(a.c.Updated.Compare(b.c.Updated), by)
		}
		if v.Get("sort") != "" && v.Get("direction") != "asc" {
			return -by
		}
		return by
	})
	sum := fnv.New64a()
	for _, p := range all {
		fmt.Fprintln(sum, p.c.ID, p.c.Updated.UnixNano(), p.c.Body)
	}
	tag := fmt.Sprintf(`W/"%x"`, sum.Sum64())
	if q.http.Header.Get("If-None-Match") == tag {
		if q.user != nil {
			q.user.rate.used--
		}
		return answer{status: http.StatusNotModified, header: http.Header{"Etag": {tag}}}
	}
	some, h := page(q, all)
	h.Set("ETag", tag)
	out := make([]any, len(some))
	for n, p := range some {
		out[n] = s.commentJSON(q, p.i, p.c)
	}
	return answer{status: http.StatusOK, body: out, header: h}
}

// contents of reactions. https://docs.github.com/rest/reactions/reactions#about-reactions
var contents = []string{"+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"}

func (s *Server) reactionJSON(q *call, r Reaction) map[string]any {
	return map[string]any{"id": r.ID, "node_id": node("Reaction", r.ID), "user": s.person(q.base, r.Login), "content": r.Content, "created_at": stamp(r.Created)}
}

func (s *Server) listReactions(q *call) answer {
	_, c := q.comment()
	if c == nil {
		return q.notFound()
	}
	some, h := page(q, c.Reactions)
	out := make([]any, len(some))
	for n, r := range some {
		out[n] = s.reactionJSON(q, r)
	}
	return answer{status: http.StatusOK, body: out, header: h}
}

func (s *Server) createReaction(q *call) answer {
	i, c := q.comment()
	if c == nil {
		return q.notFound()
	}
	var in struct {
		Content string `json:"content"`
	}
	if a, ok := q.decode(&in); !ok {
		return a
	}
	if !slices.Contains(contents, in.Content) {
		return q.invalid(fault{Resource: "Reaction", Code: "invalid", Field: "content"})
	}
	if i.Locked && !q.can(Write) {
		return q.forbidden("Unable to create reaction because issue is locked.")
	}
	for _, r := range c.Reactions {
		if r.Content == in.Content && strings.EqualFold(r.Login, q.user.login) {
			return answer{status: http.StatusOK, body: s.reactionJSON(q, r)}
		}
	}
	r := Reaction{ID: s.id(), Login: q.user.login, Content: in.Content, Created: q.now}
	c.Reactions = append(c.Reactions, r)
	return answer{status: http.StatusCreated, body: s.reactionJSON(q, r)}
}
