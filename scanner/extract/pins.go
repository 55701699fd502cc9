package extract

import (
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tocsin-dev/tocsin"
)

// maxPins is how many images and actions such a file may name.
const maxPins = 10_000

var errPins = fmt.Errorf("more than %d images and actions", maxPins)

// pinReader collects the images and actions that a YAML file pins.
type pinReader struct {
	file   string
	result *Result
}

// openPins reads a YAML file that is written by hand, and gives its top node; nil if it is empty.
func openPins(f File) (pinReader, *yaml.Node, error) {
	r := pinReader{file: f.Path, result: &Result{}}
	data, err := io.ReadAll(f.Body)
	if err != nil {
		return r, nil, fmt.Errorf("reading %s: %w", f.Path, err)
	}
	if err := checkText(data); err != nil {
		return r, nil, err
	}
	if strings.TrimSpace(string(data)) == "" {
		return r, nil, nil
	}
	var doc yaml.Node
	if err := yaml.Load(data, &doc); err != nil {
		return r, nil, fmt.Errorf("reading YAML: %w", err)
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) == 0 {
		return r, nil, nil
	}
	return r, doc.Content[0], nil
}

// done is what was collected.
func (r pinReader) done() Result {
	r.result.Gaps = gaps(r.file, r.result.Packages)
	return *r.result
}

// target follows an alias one step; anchors may not be aliases themselves.
func (r pinReader) target(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func (r pinReader) field(n *yaml.Node, name string) *yaml.Node {
	n = r.target(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return r.target(n.Content[i+1])
		}
	}
	return nil
}

// asWritten keeps expressions ("${{ matrix.image }}"): what they stand for is not known before the workflow runs.
func asWritten(s string) string { return s }

// services adds the image of each service.
func (r pinReader) services(services *yaml.Node, resolve func(string) string) {
	if services == nil || services.Kind != yaml.MappingNode {
		return
	}
	for i := 1; i < len(services.Content); i += 2 {
		if s := services.Content[i]; r.merged(s, "build") == nil {
			r.image(r.merged(s, "image"), resolve)
		}
	}
}

// merged is [pinReader.field] that also looks into what a mapping merges ("<<"), one step deep.
// https://yaml.org/type/merge.html
func (r pinReader) merged(n *yaml.Node, name string) *yaml.Node {
	if v := r.field(n, name); v != nil {
		return v
	}
	from := r.field(n, "<<")
	if from == nil || from.Kind != yaml.SequenceNode {
		return r.field(from, name)
	}
	for _, each := range from.Content {
		if v := r.field(each, name); v != nil {
			return v
		}
	}
	return nil
}

// image adds the image that a scalar names.
func (r pinReader) image(n *yaml.Node, resolve func(string) string) {
	if n == nil || n.Kind != yaml.ScalarNode || n.Value == "" || n.Tag == "!!null" {
		return
	}
	if len(r.result.Packages) == maxPins {
		r.result.Partial = errPins.Error()
		return
	}
	ref := strings.TrimPrefix(resolve(strings.TrimSpace(n.Value)), "docker://")
	p, ok := image(ref, tocsin.Location{Path: r.file, Line: n.Line})
	switch {
	case ok:
		r.result.Packages = append(r.result.Packages, p)
	case r.result.Partial == "":
		r.result.Partial = fmt.Sprintf("line %d: not an image reference", n.Line)
	}
}
