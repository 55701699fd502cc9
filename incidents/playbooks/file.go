package playbooks

import (
	"errors"
	"fmt"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/tocsin-dev/tocsin/internal/pattern"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

// Scalars with their place.
type (
	text     = yamlfile.Value[string]
	duration = yamlfile.Value[yamlfile.Duration]
)

// file is the YAML form of a playbook.
type file struct {
	Playbook   text                `yaml:"playbook"`
	Version    yamlfile.Value[int] `yaml:"version"`
	Title      text                `yaml:"title"`
	About      text                `yaml:"about"`
	Tasks      []fileTask          `yaml:"tasks"`
	Decisions  []fileDecision      `yaml:"decisions"`
	Advice     []text              `yaml:"advice"`
	Acceptance text                `yaml:"acceptance"`
	Criteria   []fileCriterion     `yaml:"criteria"`
	Soak       duration            `yaml:"soak"`
	Messages   []fileMessage       `yaml:"messages"`
}

type fileTask struct {
	ID    text                 `yaml:"id"`
	Title text                 `yaml:"title"`
	Role  text                 `yaml:"role"`
	Due   duration             `yaml:"due"`
	Needs []text               `yaml:"needs"`
	Only  text                 `yaml:"only"`
	Proof yamlfile.Value[bool] `yaml:"proof"`
}

type fileDecision struct {
	ID       text        `yaml:"id"`
	Question text        `yaml:"question"`
	Role     text        `yaml:"role"`
	Needs    []text      `yaml:"needs"`
	Answers  fileAnswers `yaml:"answers"`
}

type fileCriterion struct {
	ID   text                 `yaml:"id"`
	Each yamlfile.Value[bool] `yaml:"each"`
	When text                 `yaml:"when"`
	Says text                 `yaml:"says"`
}

type fileMessage struct {
	Audience text `yaml:"audience"`
	Stage    text `yaml:"stage"`
	Text     text `yaml:"text"`
}

// fileAnswers are answers by name, in the order of the file.
type fileAnswers []struct{ name, means text }

// UnmarshalYAML keeps the order, which a map has not.
func (f *fileAnswers) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return errors.New("want answers by name, each with what it means")
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		var one struct{ name, means text }
		if err := errors.Join(n.Content[i].Load(&one.name), n.Content[i+1].Load(&one.means)); err != nil {
			return err
		}
		*f = append(*f, one)
	}
	return nil
}

// A loader checks a file and keeps what is wrong with it.
type loader struct {
	name     string
	file     file
	problems []yamlfile.Problem
}

// place is where something stands in the file.
type place interface{ Place() (line, column int) }

var nowhere = text{}

func (l *loader) fault(at place, format string, args ...any) {
	line, column := at.Place()
	l.problems = append(l.problems, yamlfile.Problem{File: l.name, Line: line, Column: column, Text: fmt.Sprintf(format, args...)})
}

func (l *loader) bound(v text, what string, most int) {
	if len(v.V) > most {
		l.fault(v, "%s: is longer than %d bytes", what, most)
	}
}

func (l *loader) wait(v duration, what string) {
	if time.Duration(v.V) > maxWait {
		l.fault(v, "%s: is longer than %s", what, maxWait)
	}
}

// many says, and reports once, that a list is too long.
func (l *loader) many(i int, at place, what string) bool {
	if i == maxMany {
		l.fault(at, "%s: there are more than %d", what, maxMany)
	}
	return i >= maxMany
}

var idForm = pattern.Lazy(`^[a-z][a-z0-9-]*$`)

// id checks what stands behind an id: people type it, criteria name it, and "point=answer" takes it apart.
func (l *loader) id(v text, what string) {
	if len(v.V) > maxID || !idForm().MatchString(v.V) {
		l.fault(v, "%s %.*q: want small letters, digits and hyphens, up to %d", what, maxID, v.V, maxID)
	}
}
