package githubtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// GitHub's limits on what is written.
const (
	maxTitle     = 256
	maxBody      = 65536
	maxAssignees = 10
	maxLabels    = 100
)

// An Issue as a person sees it.
type Issue struct {
	Number      int
	Title, Body string
	// State is open or closed, with GitHub's reason.
	State, StateReason string
	Author, ClosedBy   string
	Labels, Assignees  []string
	Locked             bool
	Deleted            bool
	PullRequest        bool
	Created, Updated   time.Time
	Closed             time.Time
}

type issue struct {
	Issue
	id       int64
	moved    bool
	comments []*Comment
}

// transfer is where an issue has gone.
type transfer struct {
	repo   *repository
	number int
}

func (i *issue) present() bool { return !i.Deleted && !i.moved }

func (i Issue) clone() Issue {
	i.Labels, i.Assignees = slices.Clone(i.Labels), slices.Clone(i.Assignees)
	return i
}

// issueJSON is the issue in GitHub's form. One that is read alone names who closed it; one in a list does not.
func (s *Server) issueJSON(q *call, r *repository, i *issue, alone bool) map[string]any {
	api := q.base + "/repos/" + r.Name
	here := api + "/issues/" + strconv.Itoa(i.Number)
	labels := make([]any, len(i.Labels))
	for n, name := range i.Labels {
		labels[n] = (&call{base: q.base, repo: r}).label(s.ensureLabel(r, name))
	}
	m := map[string]any{
		"id": i.id, "node_id": node("Issue", i.id), "number": i.Number, "title": i.Title, "body": textOrNil(i.Body),
		"state": i.State, "state_reason": textOrNil(i.StateReason), "locked": i.Locked, "active_lock_reason": nil,
		"user": s.person(q.base, i.Author), "labels": labels, "assignee": nil,
		"assignees": s.people(q.base, i.Assignees), "milestone": nil, "comments": len(i.comments),
		"created_at": stamp(i.Created), "updated_at": stamp(i.Updated), "closed_at": stampOrNil(i.Closed),
		"author_association": r.association(i.Author), "reactions": reactions(here),
		"performed_via_github_app": nil, "url": here, "repository_url": api, "comments_url": here + "/comments",
		"labels_url": here + "/labels{/name}", "events_url": here + "/events", "timeline_url": here + "/timeline",
		"html_url": "https://github.com/" + r.Name + "/issues/" + strconv.Itoa(i.Number),
	}
	if len(i.Assignees) > 0 {
		m["assignee"] = s.person(q.base, i.Assignees[0])
	}
	if i.PullRequest {
		m["pull_request"] = map[string]any{"url": api + "/pulls/" + strconv.Itoa(i.Number),
			"html_url": nil, "diff_url": nil, "patch_url": nil}
	}
	if alone {
		m["closed_by"] = s.person(q.base, i.ClosedBy)
	}
	return m
}

func reactions(here string) map[string]any {
	return map[string]any{"url": here + "/reactions", "total_count": 0, "+1": 0, "-1": 0, "laugh": 0, "confused": 0,
		"heart": 0, "hooray": 0, "eyes": 0, "rocket": 0}
}

func (r *repository) association(login string) string {
	switch {
	case strings.EqualFold(login, r.owner()):
		return "OWNER"
	case r.permission(login) != "":
		return "COLLABORATOR"
	}
	return "NONE"
}

// issue finds the issue of the call, or says where it has gone.
func (s *Server) issue(q *call) (*issue, answer, bool) {
	n, err := strconv.Atoi(q.http.PathValue("issue_number"))
	if err != nil || n < 1 || n > len(q.repo.issues) {
		return nil, q.notFound(), false
	}
	i := q.repo.issues[n-1]
	if t, ok := q.repo.transfers[n]; ok {
		to := fmt.Sprintf("%s/repositories/%d/issues/%d", q.base, t.repo.id, t.number)
		status := http.StatusMovedPermanently
		if q.http.Method != http.MethodGet {
			status = http.StatusTemporaryRedirect
		}
		return nil, answer{status: status, header: http.Header{"Location": {to}}, body: failure{
			Message: "Moved Permanently", URL: to, DocumentationURL: q.docs}}, false
	}
	if i.Deleted {
		return nil, refuse(http.StatusGone, "This issue was deleted", q.docs), false
	}
	return i, answer{}, true
}

func (q *call) issuesDisabled() answer {
	return refuse(http.StatusGone, "Issues has been disabled in this repository.", q.docs)
}

func (s *Server) getIssue(q *call) answer {
	if q.repo.IssuesDisabled {
		return q.issuesDisabled()
	}
	i, a, ok := s.issue(q)
	if !ok {
		return a
	}
	return answer{status: http.StatusOK, body: s.issueJSON(q, q.repo, i, true)}
}

func (s *Server) listIssues(q *call) answer {
	v := q.http.URL.Query()
	state := cmp.Or(v.Get("state"), "open")
	if !slices.Contains([]string{"open", "closed", "all"}, state) {
		return q.invalid(fault{Resource: "Issue", Code: "invalid", Field: "state"})
	}
	if q.repo.IssuesDisabled {
		return q.issuesDisabled()
	}
	var since time.Time
	if t := v.Get("since"); t != "" {
		var err error
		if since, err = time.Parse(time.RFC3339, t); err != nil {
			return q.invalid(fault{Resource: "Issue", Code: "invalid", Field: "since"})
		}
	}
	var found []*issue
	for _, i := range q.repo.issues {
		if i.present() && s.listed(i.Created) && (state == "all" || state == i.State) && i.Updated.Compare(since) >= 0 &&
			(v.Get("creator") == "" || strings.EqualFold(v.Get("creator"), i.Author)) && i.hasLabels(v.Get("labels")) {
			found = append(found, i)
		}
	}
	by := func(i *issue) int64 { return i.Created.UnixNano() }
	switch v.Get("sort") {
	case "updated":
		by = func(i *issue) int64 { return i.Updated.UnixNano() }
	case "comments":
		by = func(i *issue) int64 { return int64(len(i.comments)) }
	}
	slices.SortStableFunc(found, func(a, b *issue) int {
		c := cmp.Or(cmp.Compare(by(a), by(b)), cmp.Compare(a.Number, b.Number))
		if v.Get("direction") == "asc" {
			return c
		}
		return -c
	})
	some, h := page(q, found)
	out := make([]any, len(some))
	for n, i := range some {
		out[n] = s.issueJSON(q, q.repo, i, false)
	}
	return answer{status: http.StatusOK, body: out, header: h}
}

func (i *issue) hasLabels(list string) bool {
	if list == "" {
		return true
	}
	for want := range strings.SplitSeq(list, ",") {
		if !slices.ContainsFunc(i.Labels, func(l string) bool { return strings.EqualFold(l, want) }) {
			return false
		}
	}
	return true
}

// issueInput is the body of both create and update; a label is a name or an object with one.
type issueInput struct {
	Title       *string            `json:"title"`
	Body        *string            `json:"body"`
	State       *string            `json:"state"`
	StateReason *string            `json:"state_reason"`
	Labels      *[]json.RawMessage `json:"labels"`
	Assignees   *[]string          `json:"assignees"`
}

func (in issueInput) labelNames() []string {
	var out []string
	for _, raw := range *in.Labels {
		var name string
		if json.Unmarshal(raw, &name) != nil {
			var object struct{ Name string }
			if json.Unmarshal(raw, &object) != nil {
				continue
			}
			name = object.Name
		}
		if !slices.ContainsFunc(out, func(l string) bool { return strings.EqualFold(l, name) }) {
			out = append(out, name)
		}
	}
	return out
}

// check finds what GitHub would refuse.
func (in issueInput) check(r *repository) []fault {
	var f []fault
	long := func(field string, s *string, limit int) {
		if s != nil && utf8.RuneCountInString(*s) > limit {
			f = append(f, fault{Resource: "Issue", Code: "custom", Field: field,
				Message: fmt.Sprintf("%s is too long (maximum is %d characters)", field, limit)})
		}
	}
	long("title", in.Title, maxTitle)
	long("body", in.Body, maxBody)
	if in.Title != nil && strings.TrimSpace(*in.Title) == "" {
		f = append(f, fault{Resource: "Issue", Code: "missing_field", Field: "title"})
	}
	if in.State != nil && *in.State != "open" && *in.State != "closed" {
		f = append(f, fault{Resource: "Issue", Code: "invalid", Field: "state", Value: *in.State})
	}
	if in.StateReason != nil && !slices.Contains([]string{"completed", "not_planned", "duplicate", "reopened"}, *in.StateReason) {
		f = append(f, fault{Resource: "Issue", Code: "invalid", Field: "state_reason", Value: *in.StateReason})
	}
	if in.Assignees != nil {
		if len(*in.Assignees) > maxAssignees {
			f = append(f, fault{Resource: "Issue", Code: "custom", Field: "assignees",
				Message: fmt.Sprintf("too many assignees (maximum is %d)", maxAssignees)})
		}
		for _, a := range *in.Assignees {
			if !r.canAssign(a) {
				f = append(f, fault{Resource: "Issue", Code: "invalid", Field: "assignees", Value: a})
			}
		}
	}
	if in.Labels != nil {
		names := in.labelNames()
		if len(names) > maxLabels {
			f = append(f, fault{Resource: "Issue", Code: "custom", Field: "labels",
				Message: fmt.Sprintf("too many labels (maximum is %d)", maxLabels)})
		}
		for _, n := range names {
			if bad := badLabel(n); bad != "" || n == "" {
				f = append(f, fault{Resource: "Label", Code: "custom", Field: "name", Message: cmp.Or(bad, "name is blank")})
			}
		}
	}
	return f
}

func (s *Server) createIssue(q *call) answer {
	var in issueInput
	if a, ok := q.decode(&in); !ok {
		return a
	}
	if q.repo.IssuesDisabled {
		return q.issuesDisabled()
	}
	if !q.can(Write) { // silently dropped
		in.Labels, in.Assignees = nil, nil
	}
	if in.Title == nil {
		return q.invalid(fault{Resource: "Issue", Code: "missing_field", Field: "title"})
	}
	if f := in.check(q.repo); f != nil {
		return q.invalid(f...)
	}
	i := s.open(q.repo, q.user.login, *in.Title, q.now)
	s.apply(q.repo, i, issueInput{Body: in.Body, Labels: in.Labels, Assignees: in.Assignees}, q.user.login, q.now)
	return answer{status: http.StatusCreated, body: s.issueJSON(q, q.repo, i, true), header: http.Header{
		"Location": {fmt.Sprintf("%s/repos/%s/issues/%d", q.base, q.repo.Name, i.Number)}}}
}

func (s *Server) open(r *repository, author, title string, now time.Time) *issue {
	i := &issue{id: s.id(), Issue: Issue{
		Number: len(r.issues) + 1, Title: title, State: "open", Author: author, Created: now, Updated: now}}
	r.issues = append(r.issues, i)
	return i
}

func (s *Server) updateIssue(q *call) answer {
	var in issueInput
	if a, ok := q.decode(&in); !ok {
		return a
	}
	if q.repo.IssuesDisabled {
		return q.issuesDisabled()
	}
	i, a, ok := s.issue(q)
	if !ok {
		return a
	}
	if !q.can(Triage) {
		if !strings.EqualFold(i.Author, q.user.login) || i.Locked {
			return q.forbidden("Must have admin rights to Repository.")
		}
		in.Labels, in.Assignees = nil, nil
	}
	if f := in.check(q.repo); f != nil {
		return q.invalid(f...)
	}
	s.apply(q.repo, i, in, q.user.login, q.now)
	return answer{status: http.StatusOK, body: s.issueJSON(q, q.repo, i, true)}
}

// apply carries out a valid change.
func (s *Server) apply(r *repository, i *issue, in issueInput, who string, now time.Time) {
	if in.Title != nil {
		i.Title = *in.Title
	}
	if in.Body != nil {
		i.Body = *in.Body
	}
	if in.Labels != nil {
		i.Labels = nil
		for _, n := range in.labelNames() {
			i.Labels = append(i.Labels, s.ensureLabel(r, n).name)
		}
	}
	if in.Assignees != nil {
		i.Assignees = slices.Clone(*in.Assignees)
	}
	if in.State != nil {
		switch {
		case *in.State == "closed" && i.State == "open":
			i.State, i.StateReason, i.ClosedBy, i.Closed = "closed", "completed", who, now
		case *in.State == "open" && i.State == "closed":
			i.State, i.StateReason, i.ClosedBy, i.Closed = "open", "reopened", "", time.Time{}
		}
	}
	if in.StateReason != nil && i.State == "closed" {
		i.StateReason = *in.StateReason
	}
	i.Updated = now
}
