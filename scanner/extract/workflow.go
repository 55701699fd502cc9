package extract

import (
	"context"
	"errors"
	"fmt"
	"io"
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
func (workflow) Whole() bool    { return true }

// maxConfiguration bounds a YAML file that is written by hand. Its nodes take a hundred times as much memory.
const maxConfiguration = 4 << 20

// maxPins is how many images and actions such a file may name.
const maxPins = 10_000

var errPins = fmt.Errorf("more than %d images and actions", maxPins)

func (workflow) Read(_ context.Context, f File) (Result, error) {
	data, err := io.ReadAll(f.Body)
	if err != nil {
		return Result{}, fmt.Errorf("reading %s: %w", f.Path, err)
	}
	if len(data) > maxConfiguration {
		return Result{}, fmt.Errorf("more than %d bytes", maxConfiguration)
	}
	if err := checkText(data); err != nil {
		return Result{}, err
	}
	var doc yaml.Node
	if err := yaml.Load(data, &doc); err != nil {
		var none *yaml.LoadErrors
		if strings.TrimSpace(string(data)) == "" && !errors.As(err, &none) {
			return Result{}, nil
		}
		return Result{}, fmt.Errorf("reading YAML: %w", err)
	}
	var r Result
	w := workflowReader{file: f.Path, result: &r}
	if root := w.target(&doc); root != nil && root.Kind == yaml.DocumentNode && len(root.Content) > 0 {
		top := root.Content[0]
		if jobs := w.field(top, "jobs"); jobs != nil && jobs.Kind == yaml.MappingNode {
			for i := 1; i < len(jobs.Content); i += 2 {
				w.job(jobs.Content[i])
			}
		}
		if runs := w.field(top, "runs"); runs != nil {
			w.job(runs)
		}
	}
	r.Gaps = gaps(f.Path, r.Packages)
	return r, nil
}

type workflowReader struct {
	file   string
	result *Result
}

// target follows an alias one step; anchors may not be aliases themselves.
func (w workflowReader) target(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func (w workflowReader) field(n *yaml.Node, name string) *yaml.Node {
	n = w.target(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return w.target(n.Content[i+1])
		}
	}
	return nil
}

func (w workflowReader) job(job *yaml.Node) {
	w.uses(w.field(job, "uses"))
	container := w.field(job, "container")
	if container != nil && container.Kind == yaml.MappingNode {
		container = w.field(container, "image")
	}
	w.image(container, asWritten)
	w.services(w.field(job, "services"), asWritten)
	if img := w.field(job, "image"); img != nil && strings.HasPrefix(img.Value, "docker://") {
		// What an action runs in; anything else is its own Dockerfile.
		w.image(img, asWritten)
	}
	steps := w.field(job, "steps")
	if steps == nil || steps.Kind != yaml.SequenceNode {
		return
	}
	for _, step := range steps.Content {
		if len(w.result.Packages) == maxPins {
			w.result.Partial = errPins.Error()
			return
		}
		w.uses(w.field(step, "uses"))
	}
}

// asWritten keeps expressions ("${{ matrix.image }}"): what they stand for is not known before the workflow runs.
func asWritten(s string) string { return s }

// uses adds owner/repo[/path]@ref, or the image in docker://image. The ref is kept as written: tag, branch or commit.
// Paths within the repository are not actions of their own.
func (w workflowReader) uses(n *yaml.Node) {
	if n == nil || n.Kind != yaml.ScalarNode {
		return
	}
	text := strings.TrimSpace(n.Value)
	if strings.HasPrefix(text, "docker://") {
		w.image(n, asWritten)
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
	w.result.Packages = append(w.result.Packages, tocsin.Package{
		Ecosystem: "GitHub Actions", Name: name, Version: ref, PURL: purl.Make("GitHub Actions", name, ref),
		Relation: tocsin.RelationDirect, Location: []tocsin.Location{{Path: w.file, Line: n.Line}},
	})
}
