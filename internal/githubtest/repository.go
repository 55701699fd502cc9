package githubtest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Permission of a user in a repository, as GitHub names its roles.
// https://docs.github.com/organizations/managing-user-access-to-your-organizations-repositories/managing-repository-roles/repository-roles-for-an-organization
type Permission string

// The permissions, least first.
const (
	Read     Permission = "read"
	Triage   Permission = "triage"
	Write    Permission = "write"
	Maintain Permission = "maintain"
	Admin    Permission = "admin"
)

func (p Permission) atLeast(o Permission) bool {
	order := []Permission{"", Read, Triage, Write, Maintain, Admin}
	return slices.Index(order, p) >= slices.Index(order, o)
}

// A Repository is what a person can set about one.
type Repository struct {
	// Name is owner/name.
	Name           string
	Private        bool
	Archived       bool
	Fork           bool
	IssuesDisabled bool
	// Disabled by GitHub itself.
	Disabled bool
	// Reporting says that outsiders may report privately.
	Reporting bool
	Hooks     []Hook
	// Collaborators by login. The owner is an admin without being listed.
	Collaborators map[string]Permission
	// SecurityManagers may write advisories without being admins.
	SecurityManagers []string
	// Rules are what rulesets require of the default branch, and Protected what its protection does.
	Rules, Protected []Requirement
	// ChecksHidden says that nobody's token may read checks and statuses, as where an App has no permission for it.
	ChecksHidden bool
}

// A Hook is a webhook of a repository.
type Hook struct {
	URL      string
	Events   []string
	Inactive bool
}

type repository struct {
	Repository
	id         int64
	created    time.Time
	issues     []*issue // by number, from 1
	labels     []*label
	advisories []*Advisory
	transfers  map[int]transfer
	checks     map[string][]checked // by commit
	statuses   []Status
	logs       []Log
}

// AddRepository makes a repository; one of the same name is a mistake of the caller, and refused.
func (s *Server) AddRepository(r Repository) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.Count(r.Name, "/") != 1 || s.repos[fold(r.Name)] != nil {
		return fmt.Errorf("adding repository %q: name taken or not owner/name", r.Name)
	}
	r.Collaborators = maps.Clone(r.Collaborators)
	rr := &repository{Repository: r, id: s.id(), created: s.opts.Now().UTC(), transfers: map[int]transfer{}}
	s.repos[fold(r.Name)] = rr
	s.order = append(s.order, rr)
	s.user(rr.owner())
	for l := range r.Collaborators {
		s.user(l)
	}
	return nil
}

// EditRepository lets a person change the settings; a new name leaves a redirect behind, as a rename does.
func (s *Server) EditRepository(name string, edit func(*Repository)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repository(name)
	if err != nil {
		return err
	}
	before := r.Name
	edit(&r.Repository)
	if r.Name != before {
		delete(s.repos, fold(before))
		s.moved[fold(before)] = r
		s.repos[fold(r.Name)] = r
	}
	return nil
}

func (s *Server) repository(name string) (*repository, error) {
	if r := s.repos[fold(name)]; r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("no repository %q", name)
}

func (r *repository) owner() string { o, _, _ := strings.Cut(r.Name, "/"); return o }

func (r *repository) permission(login string) Permission {
	if login == "" {
		return ""
	}
	if strings.EqualFold(login, r.owner()) {
		return Admin
	}
	for l, p := range r.Collaborators {
		if strings.EqualFold(l, login) {
			return p
		}
	}
	return ""
}

func (r *repository) visibleTo(login string) bool {
	return !r.Private || r.permission(login) != "" || r.securityManager(login)
}

func (r *repository) securityManager(login string) bool {
	return r.permission(login).atLeast(Admin) || slices.ContainsFunc(r.SecurityManagers, func(l string) bool {
		return strings.EqualFold(l, login)
	})
}

func (s *Server) getRepository(q *call) answer {
	return answer{status: http.StatusOK, body: s.repositoryJSON(q, q.repo)}
}

func (s *Server) repositoryJSON(q *call, r *repository) map[string]any {
	api, html := q.base+"/repos/"+r.Name, "https://github.com/"+r.Name
	_, short, _ := strings.Cut(r.Name, "/")
	visibility := "public"
	if r.Private {
		visibility = "private"
	}
	open := 0
	for _, i := range r.issues {
		if i.present() && i.State == "open" {
			open++
		}
	}
	m := map[string]any{
		"id": r.id, "node_id": node("Repository", r.id), "name": short, "full_name": r.Name,
		"owner": s.person(q.base, r.owner()), "private": r.Private, "visibility": visibility, "fork": r.Fork,
		"html_url": html, "url": api, "description": nil, "homepage": nil, "language": nil, "license": nil,
		"mirror_url": nil, "archived": r.Archived, "disabled": r.Disabled, "default_branch": "main",
		"has_issues": !r.IssuesDisabled, "has_projects": true, "has_wiki": true, "has_pages": false,
		"has_discussions": false, "has_downloads": true, "is_template": false, "topics": []string{},
		"open_issues": open, "open_issues_count": open, "forks": 0, "forks_count": 0, "watchers": 0,
		"watchers_count": 0, "stargazers_count": 0, "subscribers_count": 0, "network_count": 0, "size": 1,
		"created_at": stamp(r.created), "updated_at": stamp(r.created), "pushed_at": stamp(r.created),
		"git_url": "git://github.com/" + r.Name + ".git", "ssh_url": "git@github.com:" + r.Name + ".git",
		"clone_url": html + ".git", "svn_url": html,
	}
	for name, tail := range repositoryURLs {
		m[name+"_url"] = api + tail
	}
	if q.user != nil {
		p := r.permission(q.user.login)
		m["permissions"] = map[string]bool{
			"admin": p.atLeast(Admin), "maintain": p.atLeast(Maintain), "push": p.atLeast(Write),
			"triage": p.atLeast(Triage), "pull": true,
		}
	}
	return m
}

// repositoryURLs are the templates every repository carries. It is never changed.
var repositoryURLs = map[string]string{
	"archive": "/{archive_format}{/ref}", "assignees": "/assignees{/user}", "blobs": "/git/blobs{/sha}",
	"branches": "/branches{/branch}", "collaborators": "/collaborators{/collaborator}",
	"comments": "/comments{/number}", "commits": "/commits{/sha}", "compare": "/compare/{base}...{head}",
	"contents": "/contents/{+path}", "contributors": "/contributors", "deployments": "/deployments",
	"downloads": "/downloads", "events": "/events", "forks": "/forks", "git_commits": "/git/commits{/sha}",
	"git_refs": "/git/refs{/sha}", "git_tags": "/git/tags{/sha}", "hooks": "/hooks",
	"issue_comment": "/issues/comments{/number}", "issue_events": "/issues/events{/number}",
	"issues": "/issues{/number}", "keys": "/keys{/key_id}", "labels": "/labels{/name}", "languages": "/languages",
	"merges": "/merges", "milestones": "/milestones{/number}",
	"notifications": "/notifications{?since,all,participating}", "pulls": "/pulls{/number}",
	"releases": "/releases{/id}", "stargazers": "/stargazers", "statuses": "/statuses/{sha}",
	"subscribers": "/subscribers", "subscription": "/subscription", "tags": "/tags", "teams": "/teams",
	"trees": "/git/trees{/sha}",
}

func (s *Server) listAssignees(q *call) answer {
	who, h := page(q, q.repo.assignable())
	return answer{status: http.StatusOK, body: s.people(q.base, who), header: h}
}

func (s *Server) checkAssignee(q *call) answer {
	if q.repo.canAssign(q.http.PathValue("assignee")) {
		return answer{status: http.StatusNoContent}
	}
	return q.notFound()
}

// assignable lists the owner and the collaborators, in order.
func (r *repository) assignable() []string {
	out := []string{r.owner()}
	return append(out, slices.Sorted(maps.Keys(r.Collaborators))...)
}

func (r *repository) canAssign(login string) bool {
	return slices.ContainsFunc(r.assignable(), func(l string) bool { return strings.EqualFold(l, login) })
}

// getPermission says what a user may do. Of a public repository everybody may read.
func (s *Server) getPermission(q *call) answer {
	if !q.can(Write) {
		return q.forbidden("Must have push access to view collaborator permission.")
	}
	u := s.users[fold(q.http.PathValue("username"))]
	if u == nil {
		return q.notFound()
	}
	p := q.repo.permission(u.login)
	role := p
	switch {
	case p == "" && q.repo.Private:
		p, role = "none", "none"
	case p == "" || p == Triage:
		p = Read
	case p == Maintain:
		p = Write
	}
	if role == "" {
		role = Read
	}
	who := s.person(q.base, u.login).(map[string]any)
	who["permissions"] = map[string]bool{"admin": role.atLeast(Admin), "maintain": role.atLeast(Maintain), "push": role.atLeast(Write), "triage": role.atLeast(Triage), "pull": p != "none"}
	who["role_name"] = string(role)
	return answer{status: http.StatusOK, body: map[string]any{"permission": string(p), "role_name": string(role), "user": who}}
}

func (s *Server) getReporting(q *call) answer {
	return answer{status: http.StatusOK, body: map[string]any{"enabled": q.repo.Reporting}}
}

// listHooks is for administrators; to others there are none.
func (s *Server) listHooks(q *call) answer {
	if !q.can(Admin) {
		return q.notFound()
	}
	some, h := page(q, q.repo.Hooks)
	out := make([]any, len(some))
	for n, one := range some {
		here := fmt.Sprintf("%s/repos/%s/hooks/%d", q.base, q.repo.Name, n+1)
		out[n] = map[string]any{
			"type": "Repository", "id": n + 1, "name": "web", "active": !one.Inactive, "events": one.Events,
			"config": map[string]any{"url": one.URL, "content_type": "json", "insecure_ssl": "0", "secret": "********"},
			"url":    here, "test_url": here + "/test", "ping_url": here + "/pings", "deliveries_url": here + "/deliveries",
			"created_at": stamp(q.repo.created), "updated_at": stamp(q.repo.created), "last_response": map[string]any{"code": nil, "status": "unused", "message": nil},
		}
	}
	return answer{status: http.StatusOK, body: out, header: h}
}
