// Package registry asks package registries whether a version can be had: that an advisory names a fixed version does not make it so, and
// one that was taken back is no fix. Where they are is configured; none is built in.
package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/mod/module"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/purl"
)

// A Registry is where packages of an ecosystem come from. It is safe for concurrent use.
type Registry struct {
	// Bases are the addresses by ecosystem, as in OSV.
	Bases map[string]string
	// Client sends the requests, and bounds their time.
	Client *http.Client
}

// maxAnswer is the largest answer that is read: the metadata of large npm packages have tens of megabytes.
const maxAnswer = 64 << 20

// Look says what the registry says of a version. Where none is configured, or it does not answer, it is unknown, and the error says why.
func (r Registry) Look(ctx context.Context, ecosystem, name, version string) (tocsin.RegistryState, error) {
	ecosystem = purl.Base(ecosystem)
	base := strings.TrimSuffix(r.Bases[ecosystem], "/")
	if base == "" || name == "" || version == "" {
		return tocsin.RegistryUnknown, fmt.Errorf("no registry is configured for %s: %w", ecosystem, tocsin.ErrUnavailable)
	}
	path, judge, err := question(ecosystem, name, version)
	if err != nil {
		return tocsin.RegistryUnknown, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
	if err != nil {
		return tocsin.RegistryUnknown, fmt.Errorf("%w: %s %s cannot be asked for", tocsin.ErrInvalid, ecosystem, name)
	}
	req.Header.Set("User-Agent", "tocsin")
	req.Header.Set("Accept", "application/json")
	resp, err := r.Client.Do(req)
	if err != nil {
		return tocsin.RegistryUnknown, fmt.Errorf("asking the registry of %s: %w", ecosystem, err)
	}
	defer resp.Body.Close() // read only
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusGone:
		return tocsin.RegistryMissing, nil
	default:
		return tocsin.RegistryUnknown, fmt.Errorf("%w: the registry of %s answered %d", tocsin.ErrUnavailable, ecosystem, resp.StatusCode)
	}
	if judge == nil {
		return tocsin.RegistryExists, nil
	}
	state, err := judge(json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)))
	if err != nil {
		return tocsin.RegistryUnknown, fmt.Errorf("%w: the registry of %s answered with what cannot be read", tocsin.ErrUnavailable, ecosystem)
	}
	return state, nil
}

// question is how a registry is asked, below its base, and how its answer is read; nil: that it answers is enough.
func question(ecosystem, name, version string) (path string, judge func(*json.Decoder) (tocsin.RegistryState, error), err error) {
	n, v := url.PathEscape(name), url.PathEscape(version)
	switch ecosystem {
	case "npm": // https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md
		return "/" + strings.Replace(n, "%40", "@", 1), listed(func(d struct {
			Versions map[string]json.RawMessage `json:"versions"`
		}) tocsin.RegistryState {
			if _, ok := d.Versions[version]; !ok {
				return tocsin.RegistryMissing
			}
			return tocsin.RegistryExists
		}), nil
	case "PyPI": // https://docs.pypi.org/api/json/
		return "/pypi/" + n + "/" + v + "/json", listed(func(d struct {
			Info struct{ Yanked bool } `json:"info"`
		}) tocsin.RegistryState {
			return yankedIf(d.Info.Yanked)
		}), nil
	case "crates.io": // https://doc.rust-lang.org/cargo/reference/registry-web-api.html
		return "/api/v1/crates/" + n + "/" + v, listed(func(d struct {
			Version struct{ Yanked bool } `json:"version"`
		}) tocsin.RegistryState {
			return yankedIf(d.Version.Yanked)
		}), nil
	case "RubyGems": // https://guides.rubygems.org/rubygems-org-api-v2/; what is yanked is not there
		return "/api/v2/rubygems/" + n + "/versions/" + v + ".json", nil, nil
	case "Go": // https://go.dev/ref/mod#goproxy-protocol
		path, err := module.EscapePath(name)
		ver, verr := module.EscapeVersion("v" + strings.TrimPrefix(version, "v"))
		if err := errors.Join(err, verr); err != nil {
			return "", nil, fmt.Errorf("%w: Go %s %s: %w", tocsin.ErrInvalid, name, version, err)
		}
		return "/" + path + "/@v/" + ver + ".info", nil, nil
	case "Maven": // https://maven.apache.org/repository/layout.html
		group, artifact, ok := strings.Cut(name, ":")
		if !ok || strings.Contains(name, "/") {
			return "", nil, fmt.Errorf("%w: Maven %q: want group:artifact", tocsin.ErrInvalid, name)
		}
		a := url.PathEscape(artifact)
		return "/" + strings.ReplaceAll(url.PathEscape(group), ".", "/") + "/" + a + "/" + v + "/" + a + "-" + v + ".pom", nil, nil
	case "NuGet": // https://learn.microsoft.com/nuget/api/package-base-address-resource
		return "/" + strings.ToLower(n) + "/index.json", listed(func(d struct{ Versions []string }) tocsin.RegistryState {
			for _, one := range d.Versions {
				if strings.EqualFold(one, version) {
					return tocsin.RegistryExists
				}
			}
			return tocsin.RegistryMissing
		}), nil
	}
	return "", nil, fmt.Errorf("%w: there is no way to ask for packages of %s", tocsin.ErrUnavailable, ecosystem)
}

func yankedIf(yanked bool) tocsin.RegistryState {
	if yanked {
		return tocsin.RegistryYanked
	}
	return tocsin.RegistryExists
}

func listed[T any](judge func(T) tocsin.RegistryState) func(*json.Decoder) (tocsin.RegistryState, error) {
	return func(d *json.Decoder) (tocsin.RegistryState, error) {
		var v T
		if err := d.Decode(&v); err != nil {
			return tocsin.RegistryUnknown, err
		}
		return judge(v), nil
	}
}
