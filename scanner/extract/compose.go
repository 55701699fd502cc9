package extract

import (
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tocsin-dev/tocsin"
)

// compose reads the images that the services of a Compose file run. A service with a build section names what it
// builds, which is the project itself. https://github.com/compose-spec/compose-spec/blob/main/spec.md#image
type compose struct{}

func (compose) Format() string { return "container/compose" }
func (compose) Whole() bool    { return true }

// isCompose takes compose.yaml, docker-compose.yml, and their overrides (compose.override.yaml, docker-compose.prod.yml).
func isCompose(file string) bool {
	base := path.Base(file)
	if ext := path.Ext(base); ext != ".yml" && ext != ".yaml" {
		return false
	}
	stem, _, _ := strings.Cut(base, ".")
	return stem == "compose" || stem == "docker-compose" || stem == "podman-compose"
}

func (compose) Read(_ context.Context, f File) (Result, error) {
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
	if strings.TrimSpace(string(data)) == "" {
		return Result{}, nil
	}
	var doc yaml.Node
	if err := yaml.Load(data, &doc); err != nil {
		return Result{}, fmt.Errorf("reading YAML: %w", err)
	}
	var r Result
	w := workflowReader{file: f.Path, result: &r}
	if doc.Kind == yaml.DocumentNode && len(doc.Content) > 0 {
		w.services(w.field(doc.Content[0], "services"), func(s string) string {
			// A doubled dollar is a dollar, which no image has.
			return substitute(s, nil)
		})
	}
	r.Gaps = gaps(f.Path, r.Packages)
	return r, nil
}

// services adds the image of each service.
func (w workflowReader) services(services *yaml.Node, resolve func(string) string) {
	if services == nil || services.Kind != yaml.MappingNode {
		return
	}
	for i := 1; i < len(services.Content); i += 2 {
		if s := services.Content[i]; w.merged(s, "build") == nil {
			w.image(w.merged(s, "image"), resolve)
		}
	}
}

// merged is [workflowReader.field] that also looks into what a mapping merges ("<<"), one step deep.
// https://yaml.org/type/merge.html
func (w workflowReader) merged(n *yaml.Node, name string) *yaml.Node {
	if v := w.field(n, name); v != nil {
		return v
	}
	from := w.field(n, "<<")
	if from == nil || from.Kind != yaml.SequenceNode {
		return w.field(from, name)
	}
	for _, each := range from.Content {
		if v := w.field(each, name); v != nil {
			return v
		}
	}
	return nil
}

// image adds the image that a scalar names.
func (w workflowReader) image(n *yaml.Node, resolve func(string) string) {
	if n == nil || n.Kind != yaml.ScalarNode || n.Value == "" || n.Tag == "!!null" {
		return
	}
	if len(w.result.Packages) == maxPins {
		w.result.Partial = errPins.Error()
		return
	}
	ref := strings.TrimPrefix(resolve(strings.TrimSpace(n.Value)), "docker://")
	p, ok := image(ref, tocsin.Location{Path: w.file, Line: n.Line})
	switch {
	case ok:
		w.result.Packages = append(w.result.Packages, p)
	case w.result.Partial == "":
		w.result.Partial = fmt.Sprintf("line %d: not an image reference", n.Line)
	}
}
