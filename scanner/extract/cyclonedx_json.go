package extract

import "context"

// cycloneDXJSON reads CycloneDX in JSON, versions 1.2 to 1.7, as it streams by. https://cyclonedx.org/docs/1.7/json/
type cycloneDXJSON struct{}

func (cycloneDXJSON) Format() string { return "cyclonedx/json" }
func (cycloneDXJSON) Limit() int64   { return LimitStream }

func (cycloneDXJSON) Read(_ context.Context, f File) (Result, error) {
	c := &cycloneDX{walk: newWalk(f.Body), bom: newBOM(f.Path)}
	err := c.object(func(name []byte) error {
		switch string(name) {
		case "metadata":
			return c.object(func(name []byte) error {
				if string(name) == "component" {
					_, err := c.component(true)
					return err
				}
				return c.skip()
			})
		case "components":
			return c.array(func() error {
				_, err := c.component(false)
				return err
			})
		case "dependencies":
			return c.dependencies()
		default:
			return c.skip()
		}
	})
	var r Result
	if r.Partial, err = c.finish(err, c.count); err != nil {
		return Result{}, err
	}
	return c.result(r), nil
}

type cycloneDX struct {
	*walk
	*bom
}

// component reads one component with those nested in it, and returns its bom-ref. The root is the project itself, not
// a package, but what is nested in it is. Everything else that may hold a purl (pedigree, evidence, …) is passed over.
func (c *cycloneDX) component(root bool) (string, error) {
	var part component
	var nested []string
	err := c.object(func(name []byte) error {
		switch string(name) {
		case "type":
			return c.text(&part.kind)
		case "bom-ref":
			return c.text(&part.id)
		case "group":
			return c.text(&part.group)
		case "name":
			return c.text(&part.name)
		case "version":
			return c.text(&part.version)
		case "purl":
			return c.text(&part.purl)
		case "scope":
			return c.text(&part.scope)
		case "components":
			return c.array(func() error {
				id, err := c.component(false)
				if id != "" {
					nested = append(nested, id)
				}
				return err
			})
		default:
			return c.skip()
		}
	})
	// What was read of a component that breaks off is kept if it names a package.
	if root {
		c.subject(part)
	} else if addErr := c.add(part); addErr != nil && err == nil {
		err = addErr
	}
	for _, id := range nested {
		c.link(part.id, id)
	}
	return part.id, err
}

func (c *cycloneDX) dependencies() error {
	return c.array(func() error {
		var ref string
		var on []string
		err := c.object(func(name []byte) error {
			switch string(name) {
			case "ref":
				return c.text(&ref)
			case "dependsOn":
				return c.array(func() error {
					var id string
					err := c.text(&id)
					on = append(on, id)
					return err
				})
			default:
				return c.skip()
			}
		})
		for _, id := range on {
			c.link(ref, id)
		}
		return err
	})
}
