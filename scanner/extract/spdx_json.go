package extract

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"strings"

	"github.com/go-json-experiment/json"
	"go.yaml.in/yaml/v4"
)

// spdxJSON reads SPDX in JSON, versions 2.2 and 2.3, as it streams by; also inside the wrapper in which GitHub serves it.
// https://spdx.github.io/spdx-spec/v2.3/
type spdxJSON struct{}

func (spdxJSON) Format() string { return "spdx/json" }
func (spdxJSON) Limit() int64   { return LimitStream }

func (spdxJSON) Read(_ context.Context, f File) (Result, error) { return readSPDX(f.Path, f.Body) }

func readSPDX(path string, body io.Reader) (Result, error) {
	s := &spdx{walk: newWalk(body), spdxGraph: spdxGraph{bom: newBOM(path)}}
	err := s.object(s.top)
	var r Result
	if r.Partial, err = s.finish(err, s.count); err != nil {
		return Result{}, err
	}
	return s.result(r), nil
}

type spdx struct {
	*walk
	spdxGraph
}

func (s *spdx) top(name []byte) error {
	switch string(name) {
	case "sbom":
		return s.object(s.top)
	case "documentDescribes":
		return s.array(func() error {
			var id string
			err := s.text(&id)
			s.describe(id)
			return err
		})
	case "packages":
		return s.array(s.element)
	case "relationships":
		return s.array(func() error {
			var from, kind, to string
			err := s.object(func(name []byte) error {
				switch string(name) {
				case "spdxElementId":
					return s.text(&from)
				case "relationshipType":
					return s.text(&kind)
				case "relatedSpdxElement":
					return s.text(&to)
				default:
					return s.skip()
				}
			})
			if err == nil {
				s.relationship(from, kind, to)
			}
			return err
		})
	default:
		return s.skip()
	}
}

func (s *spdx) element() error {
	var part component
	err := s.object(func(name []byte) error {
		switch string(name) {
		case "SPDXID":
			return s.text(&part.id)
		case "name":
			return s.text(&part.name)
		case "versionInfo":
			return s.text(&part.version)
		case "externalRefs":
			return s.array(func() error {
				var kind, locator string
				err := s.object(func(name []byte) error {
					switch string(name) {
					case "referenceType":
						return s.text(&kind)
					case "referenceLocator":
						return s.text(&locator)
					default:
						return s.skip()
					}
				})
				part.locate(kind, locator)
				return err
			})
		default:
			return s.skip()
		}
	})
	if addErr := s.add(part.absent()); addErr != nil && err == nil {
		err = addErr
	}
	return err
}

// locate takes an external reference if it is the package's purl. The first one counts.
// https://spdx.github.io/spdx-spec/v2.3/external-repository-identifiers/#f35-purl
func (c *component) locate(kind, locator string) {
	if c.purl == "" && (kind == "purl" || strings.HasSuffix(kind, "/purl")) {
		c.purl = locator
	}
}

// absent turns SPDX's words for nothing into nothing.
func (c component) absent() component {
	if c.version == "NOASSERTION" || c.version == "NONE" {
		c.version = ""
	}
	return c
}

// spdxGraph understands the relationships of SPDX 2 and 3.
type spdxGraph struct {
	*bom
	// described are the elements that the document is about.
	described map[int32]bool
}

// spdxRoot is the id of the document, which every document has.
const spdxRoot = "SPDXRef-DOCUMENT"

// describe says that the document is about an element.
func (g *spdxGraph) describe(id string) {
	if id == "" {
		return
	}
	if g.described == nil {
		g.described = map[int32]bool{}
	}
	g.described[g.node(id)] = true
}

// relationship files one relationship as edges. https://spdx.github.io/spdx-spec/v2.3/relationships-between-SPDX-elements/
func (g *spdxGraph) relationship(from, kind, to string) {
	kind = strings.ToUpper(kind)
	switch kind {
	case "DESCRIBES":
		g.describe(to)
	case "DESCRIBED_BY":
		g.describe(from)
	case "DEPENDS_ON", "CONTAINS", "DYNAMIC_LINK", "STATIC_LINK", "HAS_PREREQUISITE":
		g.link(from, to)
	case "CONTAINED_BY", "PREREQUISITE_FOR", "RUNTIME_DEPENDENCY_OF", "OPTIONAL_DEPENDENCY_OF", "PROVIDED_DEPENDENCY_OF", "DEPENDENCY_OF", "BUILD_DEPENDENCY_OF":
		g.link(to, from)
	case "DEV_DEPENDENCY_OF", "TEST_DEPENDENCY_OF":
		g.link(to, from)
		if from != "" {
			g.dev[g.node(from)] = true
		}
	}
}

// result takes the one element that a document describes for the project: its edges are the project's. It stays a
// package, since it may be a product that advisories name. Where several are described, they are what the project holds.
func (g *spdxGraph) result(r Result) Result {
	g.root(spdxRoot)
	root := g.node(spdxRoot)
	// In SPDX 3 the document describes an SBOM first, which is no package.
	maps.DeleteFunc(g.described, func(n int32, _ bool) bool { return g.parts[n] < 0 })
	for n := range g.described {
		if len(g.described) > 1 {
			g.edges = append(g.edges, bomEdge{root, n})
			continue
		}
		for i := range g.edges {
			if g.edges[i].from == n {
				g.edges[i].from = root
			}
		}
	}
	return g.bom.result(r)
}

// spdxYAML reads SPDX in YAML, which has the same shape as in JSON.
type spdxYAML struct{}

func (spdxYAML) Format() string { return "spdx/yaml" }
func (spdxYAML) Limit() int64   { return LimitParsed }

func (spdxYAML) Read(_ context.Context, f File) (Result, error) {
	data, err := io.ReadAll(f.Body)
	if err != nil {
		return Result{}, fmt.Errorf("reading %s: %w", f.Path, err)
	}
	if err := checkText(data); err != nil {
		return Result{}, err
	}
	var doc map[string]any
	if err := yaml.Load(data, &doc); err != nil {
		return Result{}, fmt.Errorf("reading YAML: %w", err)
	}
	// Only these keys are read; the rest, with its dates and other types of YAML, need not survive.
	kept := map[string]any{}
	for _, key := range []string{"documentDescribes", "packages", "relationships"} {
		if v, ok := doc[key]; ok {
			kept[key] = v
		}
	}
	text, err := json.Marshal(kept)
	if err != nil {
		return Result{}, fmt.Errorf("reading YAML: %w", err)
	}
	return readSPDX(f.Path, bytes.NewReader(text))
}
