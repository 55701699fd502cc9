package extract

import "context"

// syftJSON reads syft's own JSON as it streams by. https://github.com/anchore/syft/tree/main/schema/json
type syftJSON struct{}

func (syftJSON) Format() string { return "syft/json" }
func (syftJSON) Limit() int64   { return LimitStream }

func (syftJSON) Read(_ context.Context, f File) (Result, error) {
	s := &syft{walk: newWalk(f.Body), bom: newBOM(f.Path)}
	err := s.object(func(name []byte) error {
		switch string(name) {
		case "artifacts":
			return s.array(s.artifact)
		case "artifactRelationships":
			return s.array(s.relationship)
		default:
			return s.skip()
		}
	})
	var r Result
	if r.Partial, err = s.finish(err, s.count); err != nil {
		return Result{}, err
	}
	return s.result(r), nil
}

type syft struct {
	*walk
	*bom
}

func (s *syft) artifact() error {
	var part component
	err := s.object(func(name []byte) error {
		switch string(name) {
		case "id":
			return s.text(&part.id)
		case "name":
			return s.text(&part.name)
		case "version":
			return s.text(&part.version)
		case "purl":
			return s.text(&part.purl)
		default:
			return s.skip()
		}
	})
	if addErr := s.add(part); addErr != nil && err == nil {
		err = addErr
	}
	return err
}

// relationship takes "dependency-of", whose parent is the dependency of its child. The others say which files a part
// was found in, or that the source contains everything, which tells nothing about what is direct.
// https://github.com/anchore/syft/blob/main/syft/artifact/relationship.go
func (s *syft) relationship() error {
	var parent, child, kind string
	err := s.object(func(name []byte) error {
		switch string(name) {
		case "parent":
			return s.text(&parent)
		case "child":
			return s.text(&child)
		case "type":
			return s.text(&kind)
		default:
			return s.skip()
		}
	})
	if kind == "dependency-of" {
		s.link(child, parent)
	}
	return err
}
