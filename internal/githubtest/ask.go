package githubtest

import (
	"net/http"
	"strings"
)

// requestCVE asks for a CVE id, which people give later: [Server.HumanEditAdvisory].
func (s *Server) requestCVE(q *call) answer {
	a := q.advisory()
	switch {
	case a == nil:
		return q.notFound()
	case q.repo.Private || !q.repo.securityManager(q.user.login):
		return q.forbidden("Resource not accessible by personal access token")
	case a.CVE != "" || a.CVERequested > 0:
		return q.invalid(fault{Resource: "RepositoryAdvisory", Code: "custom", Field: "cve_id", Message: "A CVE has already been requested for this advisory"})
	}
	a.CVERequested++
	return answer{status: http.StatusAccepted, body: map[string]any{}}
}

// createFork makes the one private fork of an advisory.
func (s *Server) createFork(q *call) answer {
	a := q.advisory()
	switch {
	case a == nil:
		return q.notFound()
	case !q.repo.securityManager(q.user.login):
		return q.forbidden("Resource not accessible by personal access token")
	case a.Fork != "" || a.State == "published" || a.State == "closed":
		return q.invalid(fault{Resource: "RepositoryAdvisory", Code: "custom", Field: "private_fork", Message: "A temporary private fork cannot be created for this advisory"})
	}
	a.Fork = q.repo.Name + "-" + strings.ToLower(a.ID)
	a.Updated = q.now
	return answer{status: http.StatusAccepted, body: s.forkOf(q, a)}
}

// forkOf is the private fork of an advisory, nil if there is none.
func (s *Server) forkOf(q *call, a *Advisory) any {
	if a.Fork == "" {
		return nil
	}
	return s.repositoryJSON(q, &repository{Repository: Repository{Name: a.Fork, Private: true, Fork: true}, id: q.repo.id, created: a.Created})
}

// createReport lets somebody tell the maintainers privately; it lies in triage.
func (s *Server) createReport(q *call) answer {
	var in advisoryInput
	if a, ok := q.decode(&in); !ok {
		return a
	}
	if !q.repo.Reporting {
		return q.forbidden("Repository does not have private vulnerability reporting enabled.")
	}
	if in.Vulnerabilities == nil {
		in.Vulnerabilities = &[]Vulnerability{}
	}
	if f := in.check(true); f != nil {
		return q.invalid(f...)
	}
	a := &Advisory{ID: ghsa(s.id()), State: "triage", Author: q.user.login, Reported: true, Created: q.now}
	a.apply(in, q.now)
	q.repo.advisories = append(q.repo.advisories, a)
	return answer{status: http.StatusCreated, body: s.advisoryJSON(q, a)}
}
