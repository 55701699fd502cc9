package githubtest

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// A route is one call: its pattern in the notation of GitHub's description, the page that documents it, and what
// carries it out.
type route struct {
	pattern string
	docs    string
	handle  func(*Server, *call) answer
}

// routes is the whole surface. It is never changed.
var routes = []route{
	{"GET /user", "/users/users#get-the-authenticated-user", (*Server).getUser},
	{"GET /repos/{owner}/{repo}", "/repos/repos#get-a-repository", (*Server).getRepository},
	{"GET /repos/{owner}/{repo}/issues", "/issues/issues#list-repository-issues", (*Server).listIssues},
	{"POST /repos/{owner}/{repo}/issues", "/issues/issues#create-an-issue", (*Server).createIssue},
	{"GET /repos/{owner}/{repo}/issues/{issue_number}", "/issues/issues#get-an-issue", (*Server).getIssue},
	{"PATCH /repos/{owner}/{repo}/issues/{issue_number}", "/issues/issues#update-an-issue", (*Server).updateIssue},
	{"GET /repos/{owner}/{repo}/issues/{issue_number}/comments", "/issues/comments#list-issue-comments", (*Server).listComments},
	{"POST /repos/{owner}/{repo}/issues/{issue_number}/comments", "/issues/comments#create-an-issue-comment", (*Server).createComment},
	{"GET /repos/{owner}/{repo}/issues/comments", "/issues/comments#list-issue-comments-for-a-repository", (*Server).listAllComments},
	{"GET /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", "/reactions/reactions#list-reactions-for-an-issue-comment", (*Server).listReactions},
	{"POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", "/reactions/reactions#create-reaction-for-an-issue-comment", (*Server).createReaction},
	{"GET /repos/{owner}/{repo}/collaborators/{username}/permission", "/collaborators/collaborators#get-repository-permissions-for-a-user", (*Server).getPermission},
	{"GET /repos/{owner}/{repo}/issues/comments/{comment_id}", "/issues/comments#get-an-issue-comment", (*Server).getComment},
	{"PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", "/issues/comments#update-an-issue-comment", (*Server).updateComment},
	{"GET /repos/{owner}/{repo}/labels", "/issues/labels#list-labels-for-a-repository", (*Server).listLabels},
	{"POST /repos/{owner}/{repo}/labels", "/issues/labels#create-a-label", (*Server).createLabel},
	{"GET /repos/{owner}/{repo}/labels/{name}", "/issues/labels#get-a-label", (*Server).getLabel},
	{"GET /repos/{owner}/{repo}/hooks", "/repos/webhooks#list-repository-webhooks", (*Server).listHooks},
	{"GET /repos/{owner}/{repo}/private-vulnerability-reporting", "/repos/repos#check-if-private-vulnerability-reporting-is-enabled-for-a-repository", (*Server).getReporting},
	{"GET /repos/{owner}/{repo}/assignees", "/issues/assignees#list-assignees", (*Server).listAssignees},
	{"GET /repos/{owner}/{repo}/assignees/{assignee}", "/issues/assignees#check-if-a-user-can-be-assigned", (*Server).checkAssignee},
	{"GET /repos/{owner}/{repo}/security-advisories", "/security-advisories/repository-advisories#list-repository-security-advisories", (*Server).listAdvisories},
	{"POST /repos/{owner}/{repo}/security-advisories", "/security-advisories/repository-advisories#create-a-repository-security-advisory", (*Server).createAdvisory},
	{"GET /repos/{owner}/{repo}/security-advisories/{ghsa_id}", "/security-advisories/repository-advisories#get-a-repository-security-advisory", (*Server).getAdvisory},
	{"PATCH /repos/{owner}/{repo}/security-advisories/{ghsa_id}", "/security-advisories/repository-advisories#update-a-repository-security-advisory", (*Server).updateAdvisory},
	{"POST /repos/{owner}/{repo}/security-advisories/reports", "/security-advisories/repository-advisories#privately-report-a-security-vulnerability", (*Server).createReport},
	{"POST /repos/{owner}/{repo}/security-advisories/{ghsa_id}/cve", "/security-advisories/repository-advisories#request-a-cve-for-a-repository-security-advisory", (*Server).requestCVE},
	{"POST /repos/{owner}/{repo}/security-advisories/{ghsa_id}/forks", "/security-advisories/repository-advisories#create-a-temporary-private-fork", (*Server).createFork},
	{"GET /repos/{owner}/{repo}/commits/{ref}/check-runs", "/checks/runs#list-check-runs-for-a-git-reference", (*Server).listCheckRuns},
	{"GET /repos/{owner}/{repo}/commits/{ref}/status", "/commits/statuses#get-the-combined-status-for-a-specific-reference", (*Server).getCombinedStatus},
	{"POST /repos/{owner}/{repo}/statuses/{sha}", "/commits/statuses#create-a-commit-status", (*Server).createStatus},
	{"POST /repos/{owner}/{repo}/code-scanning/sarifs", "/code-scanning/code-scanning#upload-an-analysis-as-sarif-data", (*Server).uploadSARIF},
	{"GET /repos/{owner}/{repo}/rules/branches/{branch}", "/repos/rules#get-rules-for-a-branch", (*Server).branchRules},
	{"GET /repos/{owner}/{repo}/branches/{branch}", "/branches/branches#get-a-branch", (*Server).getBranch},
}

// find returns the route of the request and sets its path values; the zero route answers 404. The patterns overlap
// for [http.ServeMux], which refuses them: the first that fits is taken.
func find(r *http.Request) route {
	have := strings.Split(r.URL.EscapedPath(), "/")
	for _, rt := range routes {
		method, path, _ := strings.Cut(rt.pattern, " ")
		want := strings.Split(path, "/")
		if method == r.Method && fits(want, have) {
			for i, w := range want {
				if strings.HasPrefix(w, "{") {
					v, _ := url.PathUnescape(have[i]) // the URL was parsed before
					r.SetPathValue(strings.Trim(w, "{}"), v)
				}
			}
			return rt
		}
	}
	return route{}
}

// fits says whether the path is of the pattern. A number stands for nothing else, which keeps the patterns apart.
func fits(want, have []string) bool {
	if len(want) != len(have) {
		return false
	}
	for i, w := range want {
		switch {
		case w == "{issue_number}" || w == "{comment_id}":
			if _, err := strconv.ParseInt(have[i], 10, 64); err != nil {
				return false
			}
		case strings.HasPrefix(w, "{"):
			if have[i] == "" {
				return false
			}
		case w != have[i]:
			return false
		}
	}
	return true
}

// enter finds the repository of the call and checks what holds for all calls within one: that the caller may see it,
// that it has not moved, and that it can be written to.
func (s *Server) enter(q *call, rt route) (answer, bool) {
	name := q.http.PathValue("owner") + "/" + q.http.PathValue("repo")
	if r := s.moved[fold(name)]; r != nil && r.visibleTo(q.login()) {
		return s.redirect(q, r, name), false
	}
	r := s.repos[fold(name)]
	if r == nil || !r.visibleTo(q.login()) {
		return q.notFound(), false
	}
	q.repo = r
	if q.http.Method == http.MethodGet {
		return answer{}, true
	}
	switch {
	case q.user == nil:
		return refuse(http.StatusUnauthorized, "Requires authentication", q.docs), false
	case r.Archived:
		return q.forbidden("Repository was archived so is read-only."), false
	}
	return answer{}, true
}

// redirect sends the caller to the repository's number: 301 to read, 307 to write.
func (s *Server) redirect(q *call, r *repository, name string) answer {
	tail := strings.TrimPrefix(q.http.URL.EscapedPath(), "/repos/"+name)
	to := q.base + "/repositories/" + strconv.FormatInt(r.id, 10) + tail
	if q.http.URL.RawQuery != "" {
		to += "?" + q.http.URL.RawQuery
	}
	a := answer{status: http.StatusMovedPermanently, header: http.Header{"Location": {to}}, body: failure{
		Message: "Moved Permanently", URL: to,
		DocumentationURL: docsRoot + "/guides/best-practices-for-using-the-rest-api#follow-redirects"}}
	if q.http.Method != http.MethodGet {
		a.status = http.StatusTemporaryRedirect
	}
	return a
}

// page cuts a list by page and per_page and writes the Link header.
// https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
func page[T any](q *call, all []T) ([]T, http.Header) {
	query := q.http.URL.Query()
	size := bounded(query.Get("per_page"), 30, 100)
	number := bounded(query.Get("page"), 1, 1<<20)
	last := max(1, (len(all)+size-1)/size)
	var links []string
	link := func(n int, rel string) {
		v := q.http.URL.Query()
		v.Set("page", strconv.Itoa(n))
		links = append(links, "<"+q.here(v)+`>; rel="`+rel+`"`)
	}
	if number > 1 {
		link(number-1, "prev")
	}
	if number < last {
		link(number+1, "next")
		link(last, "last")
	}
	if number > 1 {
		link(1, "first")
	}
	h := http.Header{}
	if links != nil {
		h.Set("Link", strings.Join(links, ", "))
	}
	from := min((number-1)*size, len(all))
	return all[from:min(from+size, len(all))], h
}

// after cuts a list by cursor, as the advisories do: the cursor names the last item seen.
func after[T any](q *call, all []T, id func(T) string) ([]T, http.Header) {
	query := q.http.URL.Query()
	size := bounded(query.Get("per_page"), 30, 100)
	if c := query.Get("after"); c != "" {
		for i, v := range all {
			if id(v) == c {
				all = all[i+1:]
				break
			}
		}
	}
	h := http.Header{}
	if len(all) > size {
		all = all[:size]
		query.Set("after", id(all[size-1]))
		h.Set("Link", "<"+q.here(query)+`>; rel="next"`)
	}
	return all, h
}

func (q *call) here(v url.Values) string { return q.base + q.http.URL.Path + "?" + v.Encode() }

// bounded reads a number between 1 and the limit; GitHub takes the default for anything else.
func bounded(s string, otherwise, limit int) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return otherwise
	}
	return min(n, limit)
}
