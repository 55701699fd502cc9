package githubtest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Status is a commit status that was set.
type Status struct{ Commit, State, Context, Description, URL string }

// A Log is a SARIF log that was uploaded, unpacked.
type Log struct {
	Commit, Ref, Tool string
	SARIF             []byte
}

var commitPattern = regexp.MustCompile(`^[0-9a-f]{40}$`)

// Statuses gives what was set in a repository, oldest first.
func (s *Server) Statuses(repo string) []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repository(repo)
	if err != nil {
		return nil
	}
	return slices.Clone(r.statuses)
}

// Logs gives what was uploaded to the code scanning of a repository, oldest first.
func (s *Server) Logs(repo string) []Log {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.repository(repo)
	if err != nil {
		return nil
	}
	return slices.Clone(r.logs)
}

func (s *Server) createStatus(q *call) answer {
	var in struct {
		State       string `json:"state"`
		Context     string `json:"context"`
		Description string `json:"description"`
		URL         string `json:"target_url"`
	}
	if a, ok := q.decode(&in); !ok {
		return a
	}
	sha := q.http.PathValue("sha")
	switch {
	case !q.can(Write):
		return q.notFound()
	case !commitPattern.MatchString(sha):
		return refuse(http.StatusUnprocessableEntity, "No commit found for SHA: "+sha, q.docs)
	case !slices.Contains([]string{"error", "failure", "pending", "success"}, in.State):
		return q.invalid(fault{Resource: "Status", Code: "invalid", Field: "state"})
	case utf8.RuneCountInString(in.Description) > 140:
		return q.invalid(fault{Resource: "Status", Code: "custom", Field: "description", Message: "description is too long (maximum is 140 characters)"})
	}
	q.repo.statuses = append(q.repo.statuses, Status{sha, in.State, in.Context, in.Description, in.URL})
	id := s.id()
	return answer{status: http.StatusCreated, body: map[string]any{
		"id": id, "node_id": node("StatusContext", id), "url": q.base + "/repos/" + q.repo.Name + "/statuses/" + sha, "avatar_url": nil, "state": in.State,
		"description": textOrNil(in.Description), "target_url": textOrNil(in.URL), "context": in.Context, "created_at": stamp(q.now), "updated_at": stamp(q.now),
		"creator": s.person(q.base, q.user.login),
	}}
}

func (s *Server) uploadSARIF(q *call) answer {
	var in struct {
		Commit string `json:"commit_sha"`
		Ref    string `json:"ref"`
		SARIF  string `json:"sarif"`
		Tool   string `json:"tool_name"`
	}
	if a, ok := q.decode(&in); !ok {
		return a
	}
	bad := func(text string) answer { return refuse(http.StatusBadRequest, text, q.docs) }
	switch {
	case !q.can(Write):
		return q.forbidden("Resource not accessible by personal access token")
	case !commitPattern.MatchString(in.Commit):
		return bad("commit_sha is not a commit")
	case !strings.HasPrefix(in.Ref, "refs/"):
		return bad("ref is not a full reference")
	}
	packed, err := base64.StdEncoding.DecodeString(in.SARIF)
	if err != nil {
		return bad("sarif is not base64")
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return bad("sarif is not gzip")
	}
	var text bytes.Buffer
	if _, err := text.ReadFrom(http.MaxBytesReader(nil, z, maxUnpacked)); err != nil || !json.Valid(text.Bytes()) {
		return bad("sarif is not a document")
	}
	q.repo.logs = append(q.repo.logs, Log{in.Commit, in.Ref, in.Tool, text.Bytes()})
	id := fmt.Sprintf("47177e22-5596-11eb-80a1-%012x", s.id())
	return answer{status: http.StatusAccepted, body: map[string]any{"id": id, "url": q.base + "/repos/" + q.repo.Name + "/code-scanning/sarifs/" + id}}
}

// maxUnpacked bounds a log.
const maxUnpacked = 64 << 20
