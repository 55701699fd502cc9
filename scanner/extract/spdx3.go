package extract

import (
	"context"
	"strings"
)

// spdx3 reads the packages and relationships of SPDX 3 in JSON-LD. https://spdx.github.io/spdx-spec/v3.0.1/
type spdx3 struct{}

func (spdx3) Format() string { return "spdx/json-ld" }
func (spdx3) Limit() int64   { return LimitStream }

func (spdx3) Read(_ context.Context, f File) (Result, error) {
	s := &spdx{walk: newWalk(f.Body), spdxGraph: spdxGraph{bom: newBOM(f.Path)}}
	err := s.object(func(name []byte) error {
		if string(name) == "@graph" {
			return s.array(s.node3)
		}
		return s.skip()
	})
	var r Result
	if r.Partial, err = s.finish(err, s.count); err != nil {
		return Result{}, err
	}
	return s.result(r), nil
}

// node3 reads one element of the graph. Its type may come last, so that the fields of all kinds are gathered first.
func (s *spdx) node3() error {
	var kind, from, relation string
	var to, roots []string
	var part component
	err := s.object(func(name []byte) error {
		switch string(name) {
		case "type", "@type":
			return s.text(&kind)
		case "spdxId", "@id":
			return s.text(&part.id)
		case "name":
			return s.text(&part.name)
		case "software_packageVersion":
			return s.text(&part.version)
		case "software_packageUrl":
			return s.text(&part.purl)
		case "externalIdentifier":
			return s.array(func() error { return s.identifier3(&part) })
		case "from":
			return s.text(&from)
		case "relationshipType":
			return s.text(&relation)
		case "to":
			return s.texts(&to)
		case "rootElement":
			return s.texts(&roots)
		default:
			return s.skip()
		}
	})
	switch {
	case kind == "software_Package" || kind == "software:Package" || kind == "Package":
		if addErr := s.add(part.absent()); addErr != nil && err == nil {
			err = addErr
		}
	case strings.HasSuffix(kind, "Relationship"):
		for _, id := range to {
			s.relationship(from, relations3[relation], id)
		}
	case kind == "SpdxDocument" || strings.HasSuffix(kind, "Sbom") || strings.HasSuffix(kind, "Bom"):
		for _, id := range roots {
			s.describe(id)
		}
	}
	return err
}

// relations3 are SPDX 3's words for the relationships of SPDX 2.
var relations3 = map[string]string{
	"dependsOn": "DEPENDS_ON", "contains": "CONTAINS", "describes": "DESCRIBES", "hasDynamicLink": "DYNAMIC_LINK",
	"hasStaticLink": "STATIC_LINK", "hasPrerequisite": "HAS_PREREQUISITE", "hasOptionalDependency": "DEPENDS_ON",
	"hasProvidedDependency": "DEPENDS_ON",
}

func (s *spdx) identifier3(part *component) error {
	var kind, identifier string
	err := s.object(func(name []byte) error {
		switch string(name) {
		case "externalIdentifierType":
			return s.text(&kind)
		case "identifier":
			return s.text(&identifier)
		default:
			return s.skip()
		}
	})
	if kind == "packageUrl" || kind == "purl" {
		part.locate("purl", identifier)
	}
	return err
}

// texts reads a string or an array of strings, which JSON-LD treats alike.
func (s *spdx) texts(into *[]string) error {
	one := func() error {
		var id string
		err := s.text(&id)
		*into = append(*into, id)
		return err
	}
	if s.dec.PeekKind() == '"' {
		return one()
	}
	return s.array(one)
}
