package githubtest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// A Check is what ran at a commit: a check run of an App, or a commit status.
type Check struct {
	Name string
	// App that made it, by its number; 0: it is a commit status.
	App int64
	// State is a check run's conclusion, or a status's state, as GitHub names them; empty: it is not over.
	State string
}

// A Requirement is a check that must pass before a branch takes a change.
type Requirement struct {
	Name string
	// App that must have made it; 0: any.
	App int64
}

// checked is what ran at one commit, the newest of each name last.
type checked struct {
	Check
	id int64
	at time.Time
}

// Run has something run at a commit of a repository, which is there from then on. A later run of the same name and App takes the place of an earlier one.
func (s *Server) Run(repo, commit string, list ...Check) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repository(repo)
	if err != nil {
		return err
	}
	if r.checks == nil {
		r.checks = map[string][]checked{}
	}
	r.checks[commit] = slices.Clip(r.checks[commit])
	for _, c := range list {
		have := slices.DeleteFunc(r.checks[commit], func(o checked) bool { return o.Name == c.Name && o.App == c.App })
		r.checks[commit] = append(have, checked{c, s.id(), s.opts.Now().UTC()})
	}
	return nil
}

// ran gives what ran at the commit of a call, check runs or statuses. GitHub has no checks of a commit that it does not have.
func (q *call) ran(runs bool) (list []checked, refused answer, ok bool) {
	if q.repo.ChecksHidden {
		return nil, q.forbidden("Resource not accessible by integration"), false
	}
	all, known := q.repo.checks[q.http.PathValue("ref")]
	if !known && q.http.PathValue("ref") != "main" {
		return nil, answer{status: http.StatusUnprocessableEntity, body: failure{
			Message: "No commit found for SHA: " + q.http.PathValue("ref"), DocumentationURL: q.docs}}, false
	}
	for _, c := range all {
		if (c.App != 0) == runs {
			list = append(list, c)
		}
	}
	return list, answer{}, true
}

func (s *Server) listCheckRuns(q *call) answer {
	all, refused, ok := q.ran(true)
	if !ok {
		return refused
	}
	some, h := page(q, all)
	out := make([]any, len(some))
	sha := q.http.PathValue("ref")
	for i, c := range some {
		here := fmt.Sprintf("%s/repos/%s/check-runs/%d", q.base, q.repo.Name, c.id)
		m := map[string]any{
			"id": c.id, "node_id": node("CheckRun", c.id), "head_sha": sha, "name": c.Name, "external_id": "", "url": here, "html_url": here, "details_url": here,
			"status": "in_progress", "conclusion": nil, "started_at": stamp(c.at), "completed_at": nil, "check_suite": map[string]any{"id": c.id},
			"output":        map[string]any{"title": nil, "summary": nil, "text": nil, "annotations_count": 0, "annotations_url": here + "/annotations"},
			"app":           s.app(q.base, c.App),
			"pull_requests": []any{},
		}
		if c.State != "" {
			m["status"], m["conclusion"], m["completed_at"] = "completed", c.State, stamp(c.at)
		}
		out[i] = m
	}
	return answer{status: http.StatusOK, header: h, body: map[string]any{"total_count": len(all), "check_runs": out}}
}

func (s *Server) app(base string, id int64) any {
	name := fmt.Sprintf("app-%d", id)
	return map[string]any{
		"id": id, "node_id": node("App", id), "slug": name, "name": name, "owner": s.person(base, "acme"), "description": nil,
		"external_url": "https://example.com", "html_url": "https://github.com/apps/" + name, "created_at": stamp(time.Unix(0, 0)),
		"updated_at": stamp(time.Unix(0, 0)), "permissions": map[string]string{"checks": "write"}, "events": []string{},
	}
}

func (s *Server) getCombinedStatus(q *call) answer {
	all, refused, ok := q.ran(false)
	if !ok {
		return refused
	}
	some, h := page(q, all)
	out := make([]any, len(some))
	api, sha, combined := q.base+"/repos/"+q.repo.Name, q.http.PathValue("ref"), "success"
	if len(all) == 0 {
		combined = "pending"
	}
	for _, c := range all {
		if c.State != "success" {
			combined = "failure"
		}
	}
	for i, c := range some {
		state := c.State
		if state == "" {
			state = "pending"
		}
		out[i] = map[string]any{
			"id": c.id, "node_id": node("StatusContext", c.id), "url": api + "/statuses/" + sha, "avatar_url": nil, "state": state, "description": nil,
			"target_url": nil, "context": c.Name, "created_at": stamp(c.at), "updated_at": stamp(c.at),
		}
	}
	return answer{status: http.StatusOK, header: h, body: map[string]any{
		"state": combined, "statuses": out, "sha": sha, "total_count": len(all), "repository": map[string]any{"id": q.repo.id, "full_name": q.repo.Name},
		"commit_url": api + "/commits/" + sha, "url": api + "/commits/" + sha + "/status",
	}}
}

// branchRules are those of rulesets. They are told of a branch that is not there too.
func (s *Server) branchRules(q *call) answer {
	out := []any{}
	if len(q.repo.Rules) > 0 {
		list := make([]any, len(q.repo.Rules))
		for i, r := range q.repo.Rules {
			one := map[string]any{"context": r.Name}
			if r.App != 0 {
				one["integration_id"] = r.App
			}
			list[i] = one
		}
		out = append(out, map[string]any{"type": "deletion", "ruleset_source_type": "Repository", "ruleset_source": q.repo.Name, "ruleset_id": 1},
			map[string]any{
				"type": "required_status_checks", "ruleset_source_type": "Repository", "ruleset_source": q.repo.Name, "ruleset_id": 1,
				"parameters": map[string]any{"required_status_checks": list, "strict_required_status_checks_policy": false},
			})
	}
	some, h := page(q, out)
	return answer{status: http.StatusOK, body: some, header: h}
}

// getBranch knows the default branch only.
func (s *Server) getBranch(q *call) answer {
	name := q.http.PathValue("branch")
	if name != "main" {
		return refuse(http.StatusNotFound, "Branch not found", q.docs)
	}
	names, checks := []string{}, []any{}
	for _, r := range q.repo.Protected {
		names = append(names, r.Name)
		one := map[string]any{"context": r.Name, "app_id": nil}
		if r.App != 0 {
			one["app_id"] = r.App
		}
		checks = append(checks, one)
	}
	level := "off"
	if len(names) > 0 {
		level = "non_admins"
	}
	here := q.base + "/repos/" + q.repo.Name + "/branches/" + url.PathEscape(name)
	return answer{status: http.StatusOK, body: map[string]any{
		"name": name, "commit": map[string]any{"sha": fmt.Sprintf("%040x", q.repo.id)}, "_links": map[string]any{"html": here, "self": here}, "protected": len(names) > 0,
		"protection":     map[string]any{"enabled": len(names) > 0, "required_status_checks": map[string]any{"enforcement_level": level, "contexts": names, "checks": checks}},
		"protection_url": here + "/protection",
	}}
}
