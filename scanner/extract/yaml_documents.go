package extract

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"go.yaml.in/yaml/v4"
)

// yamlDocuments is the top nodes of a lockfile in YAML. What comes before a fault is given with the error.
func yamlDocuments(f File) ([]*yaml.Node, error) {
	data, err := whole(f)
	if err != nil {
		return nil, err
	}
	in, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("reading YAML: %w", err)
	}
	var out []*yaml.Node
	for {
		var doc yaml.Node
		if err := in.Load(&doc); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return out, fmt.Errorf("reading YAML: %w", err)
		}
		if doc.Kind == yaml.DocumentNode && len(doc.Content) > 0 {
			out = append(out, doc.Content[0])
		}
	}
}

// pairs goes through a mapping; anything else has no pairs. Aliases are not followed: lockfiles are written by programs that
// use none, and a thousand aliases of one long mapping would be a million pairs.
func pairs(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
}

// entry is the value of a key in a mapping, or nil.
func entry(n *yaml.Node, name string) *yaml.Node {
	for key, value := range pairs(n) {
		if key.Value == name {
			return value
		}
	}
	return nil
}

// scalar is the text of the value of a key in a mapping; empty if it is none.
func scalar(n *yaml.Node, name string) string {
	if v := entry(n, name); v != nil && v.Kind == yaml.ScalarNode && v.Tag != "!!null" {
		return v.Value
	}
	return ""
}
