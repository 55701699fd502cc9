package extract

import (
	"context"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// workflow reads what a GitHub workflow or action uses. It is ours because osv-scalibr's takes a file that is not YAML
// for an empty one, and does not read the steps of composite actions.
// https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsuses
type workflow struct{}

func (workflow) Format() string { return "github/workflow" }
func (workflow) Limit() int64   { return LimitConfiguration }

func (workflow) Read(_ context.Context, f File) (Result, error) {
	r, top, err := openPins(f)
	if err != nil {
		return Result{}, err
	}
	if jobs := r.field(top, "jobs"); jobs != nil && jobs.Kind == yaml.MappingNode {
		for i := 1; i < len(jobs.Content); i += 2 {
			r.job(jobs.Content[i])
		}
	}
	if runs := r.field(top, "runs"); runs != nil {
		r.job(runs)
	}
	return r.done(), nil
}

func (r pinReader) job(job *yaml.Node) {
	r.uses(r.field(job, "uses"))
	container := r.field(job, "container")
	if container != nil && container.Kind == yaml.MappingNode {
		container = r.field(container, "image")
	}
	r.image(container, asWritten)
	r.services(r.field(job, "services"), asWritten)
	if img := r.field(job, "image"); img != nil && strings.HasPrefix(img.Value, "docker://") {
		// What an action runs in; anything else is its own Dockerfile.
		r.image(img, asWritten)
	}
	steps := r.field(job, "steps")
	if steps == nil || steps.Kind != yaml.SequenceNode {
		return
	}
	for _, step := range steps.Content {
		if len(r.result.Packages) == maxPins {
			r.result.Partial = errPins.Error()
			return
		}
		r.uses(r.field(step, "uses"))
	}
}

// uses adds owner/repo[/path]@ref, or the image in docker://image. The ref is kept as written: tag, branch or commit.
// Paths within the repository are not actions of their own.
func (r pinReader) uses(n *yaml.Node) {
	if n == nil || n.Kind != yaml.ScalarNode {
		return
	}
	text := strings.TrimSpace(n.Value)
	if strings.HasPrefix(text, "docker://") {
		r.image(n, asWritten)
		return
	}
	if strings.HasPrefix(text, ".") || strings.Contains(text, "${{") {
		return
	}
	repo, ref, _ := strings.Cut(text, "@")
	parts := strings.SplitN(repo, "/", 3)
	if len(parts) < 2 || parts[0] == "" || parts[1] == "" {
		return
	}
	name := parts[0] + "/" + parts[1]
	r.result.Packages = append(r.result.Packages, tocsin.Package{
		Ecosystem: "GitHub Actions", Name: name, Version: ref, PURL: purl.Make("GitHub Actions", name, ref),
		Relation: tocsin.RelationDirect, Location: []tocsin.Location{{Path: r.file, Line: n.Line}},
	})
}
