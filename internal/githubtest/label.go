package githubtest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/tocsin-dev/tocsin/internal/pattern"
)

type label struct {
	id                       int64
	name, color, description string
}

// colorPattern is six hexadecimal digits.
var colorPattern = pattern.Lazy(`^[0-9A-Fa-f]{6}$`)

func (r *repository) label(name string) *label {
	for _, l := range r.labels {
		if strings.EqualFold(l.name, name) {
			return l
		}
	}
	return nil
}

// ensureLabel finds the label or makes it, as setting it on an issue does.
func (s *Server) ensureLabel(r *repository, name string) *label {
	l := r.label(name)
	if l == nil {
		l = &label{id: s.id(), name: name, color: "ededed"}
		r.labels = append(r.labels, l)
	}
	return l
}

// Labels lists the repository's labels in order of creation.
func (s *Server) Labels(repo string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	if r, err := s.repository(repo); err == nil {
		for _, l := range r.labels {
			out = append(out, l.name)
		}
	}
	return out
}

func (q *call) label(l *label) map[string]any {
	return map[string]any{
		"id": l.id, "node_id": node("Label", l.id), "name": l.name, "color": l.color, "default": false,
		"description": textOrNil(l.description),
		"url":         q.base + "/repos/" + q.repo.Name + "/labels/" + url.PathEscape(l.name),
	}
}

func (s *Server) listLabels(q *call) answer {
	some, h := page(q, q.repo.labels)
	out := make([]any, len(some))
	for i, l := range some {
		out[i] = q.label(l)
	}
	return answer{status: http.StatusOK, body: out, header: h}
}

func (s *Server) getLabel(q *call) answer {
	if l := q.repo.label(q.http.PathValue("name")); l != nil {
		return answer{status: http.StatusOK, body: q.label(l)}
	}
	return q.notFound()
}

func (s *Server) createLabel(q *call) answer {
	var in struct {
		Name        *string `json:"name"`
		Color       *string `json:"color"`
		Description string  `json:"description"`
	}
	if a, ok := q.decode(&in); !ok {
		return a
	}
	switch {
	case !q.can(Write):
		return q.notFound()
	case in.Name == nil || strings.TrimSpace(*in.Name) == "":
		return q.invalid(fault{Resource: "Label", Code: "missing_field", Field: "name"})
	case badLabel(*in.Name) != "":
		return q.invalid(fault{Resource: "Label", Code: "custom", Field: "name", Message: badLabel(*in.Name)})
	case q.repo.label(*in.Name) != nil:
		return q.invalid(fault{Resource: "Label", Code: "already_exists", Field: "name"})
	case in.Color != nil && !colorPattern().MatchString(*in.Color):
		return q.invalid(fault{Resource: "Label", Code: "invalid", Field: "color"})
	case utf8.RuneCountInString(in.Description) > 100:
		return q.invalid(fault{Resource: "Label", Code: "custom", Field: "description",
			Message: "description is too long (maximum is 100 characters)"})
	}
	l := s.ensureLabel(q.repo, *in.Name)
	l.description = in.Description
	if in.Color != nil {
		l.color = *in.Color
	}
	return answer{status: http.StatusCreated, body: q.label(l), header: http.Header{
		"Location": {q.label(l)["url"].(string)}}}
}

// badLabel says what is wrong with a label's name.
func badLabel(name string) string {
	const limit = 50
	if utf8.RuneCountInString(name) > limit {
		return fmt.Sprintf("name is too long (maximum is %d characters)", limit)
	}
	return ""
}
