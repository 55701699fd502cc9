package extract

import (
	"context"
	"encoding/xml"
)

// cycloneDXXML reads CycloneDX in XML, versions 1.0 to 1.7, as it streams by: a truncated or oddly filled document is
// read as far as it goes, which decoding into the types of cyclonedx-go does not allow. https://cyclonedx.org/docs/1.7/xml/
type cycloneDXXML struct{}

func (cycloneDXXML) Format() string { return "cyclonedx/xml" }
func (cycloneDXXML) Limit() int64   { return LimitStream }

func (cycloneDXXML) Read(_ context.Context, f File) (Result, error) {
	x := &cycloneDXElements{newElements(f.Body), newBOM(f.Path)}
	var r Result
	var err error
	if r.Partial, err = x.finish(x.document("bom", x.top), x.count); err != nil {
		return Result{}, err
	}
	return x.result(r), nil
}

type cycloneDXElements struct {
	*elements
	*bom
}

func (x *cycloneDXElements) top(e xml.StartElement) error {
	switch e.Name.Local {
	case "metadata":
		return x.children(func(e xml.StartElement) error {
			if e.Name.Local == "component" {
				_, err := x.component(e, true)
				return err
			}
			return x.skip()
		})
	case "components":
		return x.children(func(e xml.StartElement) error {
			if e.Name.Local == "component" {
				_, err := x.component(e, false)
				return err
			}
			return x.skip()
		})
	case "dependencies":
		return x.children(func(e xml.StartElement) error { return x.dependency("", e) })
	default:
		return x.skip()
	}
}

func (x *cycloneDXElements) component(start xml.StartElement, root bool) (string, error) {
	part := component{id: attribute(start, "bom-ref"), kind: attribute(start, "type")}
	var nested []string
	err := x.children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "group":
			return x.text(&part.group)
		case "name":
			return x.text(&part.name)
		case "version":
			return x.text(&part.version)
		case "purl":
			return x.text(&part.purl)
		case "scope":
			return x.text(&part.scope)
		case "components":
			return x.children(func(e xml.StartElement) error {
				if e.Name.Local != "component" {
					return x.skip()
				}
				id, err := x.component(e, false)
				nested = append(nested, id)
				return err
			})
		default:
			return x.skip()
		}
	})
	if root {
		x.subject(part)
	} else if addErr := x.add(part); addErr != nil && err == nil {
		err = addErr
	}
	for _, id := range nested {
		x.link(part.id, id)
	}
	return part.id, err
}

// dependency reads <dependency ref="…"> with those it contains.
func (x *cycloneDXElements) dependency(parent string, e xml.StartElement) error {
	if e.Name.Local != "dependency" {
		return x.skip()
	}
	ref := attribute(e, "ref")
	x.link(parent, ref)
	return x.children(func(e xml.StartElement) error { return x.dependency(ref, e) })
}
