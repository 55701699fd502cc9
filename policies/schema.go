package policies

import (
	_ "embed"
	"slices"
)

//go:embed schema.json
var schema []byte

// Schema is the JSON Schema (2020-12) of policy files, for editors. It says nothing of what stands within an expression.
func Schema() []byte { return slices.Clone(schema) }
