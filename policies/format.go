package policies

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tocsin-dev/tocsin"
)

// order is that of the keys in a formatted policy, at any depth.
var order = []string{
	"policy", "about", "author", "reason", "mode", "active", "from", "until", "judges", "let", "tables", "gate", "response",
	"name", "title", "version", "source", "note", "inputs", "be", "values", "rows", "default", "rules",
	"when", "then", "severity", "due", "playbook", "owners", "route", "because",
}

// sections are the keys that a blank line goes before.
var sections = []string{"let:", "tables:", "gate:", "response:"}

// lineWidth is where long plain texts are folded.
const lineWidth = 120

// Format gives a policy in the one layout: keys in order, two spaces, comments kept. It must load; formatting changes no
// meaning, only the digest.
func Format(name string, data []byte) ([]byte, error) {
	was, err := Load(name, data)
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Load(data, &doc); err != nil {
		return nil, fmt.Errorf("%w: %s: %v", tocsin.ErrInvalid, name, err)
	}
	arrange(&doc)
	plain, err := yaml.Dump(&doc, yaml.WithIndent(2), yaml.WithCompactSeqIndent(false), yaml.WithLineWidth(lineWidth))
	if err != nil {
		return nil, fmt.Errorf("formatting %s: %w", name, err)
	}
	out := spaced(string(plain))
	is, err := Load(name, []byte(out))
	if err != nil {
		return nil, fmt.Errorf("formatting %s would break it: %w", name, err)
	}
	if !sameMeaning(was, is) {
		return nil, fmt.Errorf("formatting %s would change it; lay it out by hand", name)
	}
	return []byte(out), nil
}

// arrange sorts the keys of every mapping.
func arrange(n *yaml.Node) {
	for _, child := range n.Content {
		arrange(child)
	}
	if n.Kind != yaml.MappingNode {
		return
	}
	pairs := slices.Collect(slices.Chunk(n.Content, 2))
	slices.SortStableFunc(pairs, func(a, b []*yaml.Node) int { return slices.Index(order, a[0].Value) - slices.Index(order, b[0].Value) })
	n.Content = slices.Concat(pairs...)
}

// spaced puts a blank line before each section and the comments above it.
func spaced(text string) string {
	var out, comments []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			comments = append(comments, line)
			continue
		}
		if key, _, ok := strings.Cut(line, ":"); ok && slices.Contains(sections, key+":") && len(out) > 0 {
			out = append(out, "\n")
		}
		out = append(append(out, comments...), line)
		comments = nil
	}
	return strings.Join(append(out, comments...), "")
}

// sameMeaning says whether two policies have the same parts in the same order.
func sameMeaning(a, b *Policy) bool {
	x, y := a.Describe(), b.Describe()
	x.Digest, y.Digest = "", ""
	return fmt.Sprint(x) == fmt.Sprint(y) && slices.EqualFunc(a.atoms, b.atoms, func(x, y expression) bool { return x.text == y.text })
}
