package registry_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/registry"
)

// TestLook asks a registry of each kind by its own protocol.
func TestLook(t *testing.T) {
	pages := map[string]string{
		"/npm/@scope%2Fpkg": `{"name":"@scope/pkg","versions":{"1.0.0":{},"1.1.0":{"deprecated":"x"}}}`, "/npm/broken": `{"versions":`,
		"/pypi/pypi/requests/2.0/json": `{"info":{"yanked":false}}`, "/pypi/pypi/requests/2.1/json": `{"info":{"yanked":true}}`,
		"/crates/api/v1/crates/serde/1.0.0": `{"version":{"yanked":true}}`, "/crates/api/v1/crates/serde/1.0.1": `{"version":{"yanked":false}}`,
		"/gems/api/v2/rubygems/rails/versions/7.0.0.json": `{}`,
		"/go/github.com/!burnt!sushi/toml/@v/v1.2.0.info": `{}`,
		"/maven/org/acme/core/2.0/core-2.0.pom":           `<project/>`,
		"/nuget/newtonsoft.json/index.json":               `{"versions":["13.0.1-Beta","13.0.2"]}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/npm/down" {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		text, ok := pages[r.URL.EscapedPath()]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(text))
	}))
	defer server.Close()
	r := registry.Registry{Client: server.Client(), Bases: map[string]string{
		"npm": server.URL + "/npm", "PyPI": server.URL + "/pypi/", "crates.io": server.URL + "/crates", "RubyGems": server.URL + "/gems",
		"Go": server.URL + "/go", "Maven": server.URL + "/maven", "NuGet": server.URL + "/nuget", "Debian": server.URL,
	}}
	for _, c := range []struct {
		ecosystem, name, version string
		want                     tocsin.RegistryState
		err                      error
	}{
		{"npm", "@scope/pkg", "1.0.0", tocsin.RegistryExists, nil}, {"npm", "@scope/pkg", "9.9.9", tocsin.RegistryMissing, nil},
		{"npm", "none", "1.0.0", tocsin.RegistryMissing, nil}, {"npm", "broken", "1", tocsin.RegistryUnknown, tocsin.ErrUnavailable},
		{"npm", "down", "1", tocsin.RegistryUnknown, tocsin.ErrUnavailable}, {"npm", "", "1", tocsin.RegistryUnknown, tocsin.ErrUnavailable},
		{"PyPI", "requests", "2.0", tocsin.RegistryExists, nil}, {"PyPI", "requests", "2.1", tocsin.RegistryYanked, nil}, {"PyPI", "requests", "../../x", tocsin.RegistryMissing, nil},
		{"crates.io", "serde", "1.0.0", tocsin.RegistryYanked, nil}, {"crates.io", "serde", "1.0.1", tocsin.RegistryExists, nil},
		{"RubyGems", "rails", "7.0.0", tocsin.RegistryExists, nil}, {"RubyGems", "rails", "7.0.1", tocsin.RegistryMissing, nil},
		{"Go", "github.com/BurntSushi/toml", "1.2.0", tocsin.RegistryExists, nil}, {"Go", "github.com/x y", "1.2.0", tocsin.RegistryUnknown, tocsin.ErrInvalid},
		{"Maven", "org.acme:core", "2.0", tocsin.RegistryExists, nil}, {"Maven", "core", "2.0", tocsin.RegistryUnknown, tocsin.ErrInvalid},
		{"NuGet", "Newtonsoft.Json", "13.0.1-beta", tocsin.RegistryExists, nil}, {"NuGet", "Newtonsoft.Json", "1", tocsin.RegistryMissing, nil},
		{"Debian:12", "curl", "1", tocsin.RegistryUnknown, tocsin.ErrUnavailable}, {"Pub", "x", "1", tocsin.RegistryUnknown, tocsin.ErrUnavailable},
	} {
		if got, err := r.Look(t.Context(), c.ecosystem, c.name, c.version); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s %s@%s: %s, %v", c.ecosystem, c.name, c.version, got, err)
		}
	}
}
