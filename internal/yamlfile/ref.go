package yamlfile

import (
	"errors"

	"go.yaml.in/yaml/v4"
)

// A Ref says where a secret is. It is never the secret itself, and a message never shows what stands there.
type Ref struct{ File, Env Value[string] }

// UnmarshalYAML reads the two keys by itself, since a decoder's message shows the value that it did not expect.
func (r *Ref) UnmarshalYAML(n *yaml.Node) error {
	wrong := errors.New("token: give file: or env:, one line each and never the token itself")
	if n.Kind != yaml.MappingNode {
		return wrong
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		into := map[string]*Value[string]{"file": &r.File, "env": &r.Env}[n.Content[i].Value]
		if into == nil || into.IsSet() || n.Content[i+1].Kind != yaml.ScalarNode {
			*r = Ref{}
			return wrong
		}
		*into = Value[string]{V: n.Content[i+1].Value, Line: n.Content[i+1].Line, Column: n.Content[i+1].Column}
	}
	return nil
}

// IsSet says whether the file has it.
func (r Ref) IsSet() bool { return r.File.IsSet() || r.Env.IsSet() }
