package extract

import (
	"context"
	"path"
	"strings"
)

// compose reads the images that the services of a Compose file run. A service with a build section names what it
// builds, which is the project itself. https://github.com/compose-spec/compose-spec/blob/main/spec.md#image
type compose struct{}

func (compose) Format() string { return "container/compose" }
func (compose) Limit() int64   { return LimitConfiguration }

// isCompose takes compose.yaml, docker-compose.yml, and their overrides (compose.override.yaml, docker-compose.prod.yml).
func isCompose(file string) bool {
	base := path.Base(file)
	if ext := path.Ext(base); ext != ".yml" && ext != ".yaml" {
		return false
	}
	stem, _, _ := strings.Cut(base, ".")
	return stem == "compose" || stem == "docker-compose" || stem == "podman-compose"
}

func (compose) Read(_ context.Context, f File) (Result, error) {
	r, top, err := openPins(f)
	if err != nil {
		return Result{}, err
	}
	r.services(r.field(top, "services"), func(s string) string {
		// A doubled dollar is a dollar, which no image has.
		return substitute(s, nil)
	})
	return r.done(), nil
}
