package config

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
	"github.com/tocsin-dev/tocsin/internal/secret"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

// Service is what tocsin serve needs beside the rest.
type Service struct {
	// Listen is the address of the API.
	Listen string
	// URL is where people and machines reach it; empty: by the address.
	URL string
	// Metrics is the address at which Prometheus asks; empty: nowhere.
	Metrics string
	// Workers is how many jobs a process does at once; zero: as the job engine does.
	Workers int
	// Traces is who is told what a process does and how long it takes.
	Traces Traces
}

// Traces is a collector of OpenTelemetry.
type Traces struct {
	// URL takes OTLP over HTTP; empty: nobody is told.
	URL string
	// Header is sent with its value; empty: none.
	Header string
	Value  secret.Value
}

// Fetch bounds from where sources are fetched.
type Fetch struct {
	// Prefixes and Hosts are private addresses and names that may be asked all the same.
	Prefixes []netip.Prefix
	Hosts    []string
	// Credentials are for the sources of the configuration's own projects.
	Credentials []Credential
}

// A Credential lets what is below an address be read.
type Credential struct {
	URL   string
	Value secret.Value // of the Authorization header
}

// Retention is how long history is kept; zero: for ever.
type Retention struct {
	// Decisions that ended, the shadow ledger, and EPSS scores, of which one a week stays; Builds; Inventories that were followed by others; Audit entries.
	Decisions, Builds, Inventories, Audit time.Duration
}

type fileService struct {
	Database token `yaml:"database"`
	Serve    struct {
		Listen  str                 `yaml:"listen"`
		URL     str                 `yaml:"url"`
		Metrics str                 `yaml:"metrics"`
		Workers yamlfile.Value[int] `yaml:"workers"`
		Traces  struct {
			URL    str   `yaml:"url"`
			Header str   `yaml:"header"`
			Value  token `yaml:"value"`
		} `yaml:"traces"`
	} `yaml:"serve"`
	Access fileAccess `yaml:"access"`
	Fetch  struct {
		Allow       []str `yaml:"allow"`
		Credentials []struct {
			URL   str   `yaml:"url"`
			Value token `yaml:"value"`
		} `yaml:"credentials"`
	} `yaml:"fetch"`
	Retention struct {
		Decisions   yamlfile.Value[yamlfile.Duration] `yaml:"decisions"`
		Builds      yamlfile.Value[yamlfile.Duration] `yaml:"builds"`
		Inventories yamlfile.Value[yamlfile.Duration] `yaml:"inventories"`
		Audit       yamlfile.Value[yamlfile.Duration] `yaml:"audit"`
	} `yaml:"retention"`
}

// authorization is how the value of such a header begins.
var authorization = pattern.Lazy(`(?i)^(bearer|basic|api-?key) `)

// databaseURL is what the URL of a database begins with.
var databaseURL = pattern.Lazy(`^[a-z]+://`)

const (
	defaultListen    = "127.0.0.1:8080"
	minimumRetention = 24 * time.Hour
	maxWorkers       = 256
)

func (l *loader) service(f file, c *Config) {
	c.Database = l.secret(f.Database, "database", databaseURL())
	c.Service = Service{Listen: defaultListen, URL: strings.TrimSuffix(f.Serve.URL.V, "/"), Workers: f.Serve.Workers.V}
	for key, v := range map[string]str{"listen": f.Serve.Listen, "metrics": f.Serve.Metrics} {
		if _, _, err := net.SplitHostPort(v.V); v.IsSet() && err != nil {
			l.fault(v, "serve: %s: %q: want address:port, such as %s", key, v.V, defaultListen)
		}
	}
	if f.Serve.Listen.IsSet() {
		c.Service.Listen = f.Serve.Listen.V
	}
	c.Service.Metrics = f.Serve.Metrics.V
	if u, err := url.Parse(c.Service.URL); c.Service.URL != "" && (err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http") {
		l.fault(f.Serve.URL, "serve: url: want the address that people use, such as https://tocsin.example.com")
	}
	if n := f.Serve.Workers.V; f.Serve.Workers.IsSet() && (n < 1 || n > maxWorkers) {
		l.fault(f.Serve.Workers, "serve: workers: %d: want 1 to %d", n, maxWorkers)
	}
	c.Service.Traces = l.traces(f)
	c.Access = l.access(f.Access)
	for _, a := range f.Fetch.Allow {
		if p, err := netip.ParsePrefix(a.V); err == nil {
			c.Fetch.Prefixes = append(c.Fetch.Prefixes, p)
		} else if a.V != "" && !strings.ContainsAny(a.V, "/:@ ") {
			c.Fetch.Hosts = append(c.Fetch.Hosts, a.V)
		} else {
			l.fault(a, "fetch: allow: %q: want the name of a host or a range such as 10.0.0.0/8", a.V)
		}
	}
	for _, one := range f.Fetch.Credentials {
		u, err := url.Parse(one.URL.V)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(one.URL.V, "%\\") {
			l.fault(one.URL, "fetch: credentials: url: %q: want an https address, such as https://git.example.com/acme/", one.URL.V)
		}
		v := l.secret(one.Value, "fetch: credentials: value", authorization())
		if !one.Value.File.IsSet() && !one.Value.Env.IsSet() {
			l.fault(one.URL, "fetch: credentials: value: is missing: what the Authorization header is to say, as file: or env")
		}
		c.Fetch.Credentials = append(c.Fetch.Credentials, Credential{one.URL.V, v})
	}
	keep := func(key string, v yamlfile.Value[yamlfile.Duration]) time.Duration {
		if v.IsSet() && time.Duration(v.V) < minimumRetention {
			l.fault(v, "retention: %s: %s is shorter than a day", key, time.Duration(v.V))
		}
		return time.Duration(v.V)
	}
	c.Retention = Retention{
		Decisions: keep("decisions", f.Retention.Decisions), Builds: keep("builds", f.Retention.Builds),
		Inventories: keep("inventories", f.Retention.Inventories), Audit: keep("audit", f.Retention.Audit),
	}
}

// ecosystems are those whose registries there is a way to ask.
var ecosystems = []string{"Go", "Maven", "NuGet", "PyPI", "RubyGems", "crates.io", "npm"}

func (l *loader) registries(list map[string]str) map[string]string {
	out := map[string]string{}
	for name, at := range list {
		u, err := url.Parse(at.V)
		switch {
		case !slices.Contains(ecosystems, name):
			l.fault(at, "registries: %s: want one of %q", name, ecosystems)
		case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
			l.fault(at, "registries: %s: want the address of a registry, without user and query", name)
		}
		out[name] = at.V
	}
	return out
}

// headerName is how a header of HTTP is called.
var headerName = pattern.Lazy(`^[A-Za-z0-9-]+$`)

func (l *loader) traces(f file) Traces {
	from := f.Serve.Traces
	t := Traces{URL: from.URL.V, Header: from.Header.V, Value: l.secret(from.Value, "serve: traces: value", authorization())}
	given := from.Value.File.IsSet() || from.Value.Env.IsSet()
	u, err := url.Parse(t.URL)
	switch {
	case !from.URL.IsSet() && !from.Header.IsSet() && !given:
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http":
		l.fault(from.URL, "serve: traces: url: want where OTLP over HTTP is taken, such as https://otel.example.com/v1/traces, without user and query")
	case from.Header.IsSet() != given:
		l.fault(from.Header, "serve: traces: header: and value: go together")
	case from.Header.IsSet() && !headerName().MatchString(t.Header):
		l.fault(from.Header, "serve: traces: header: want the name of a header, such as Authorization")
	}
	return t
}

type fileSource struct {
	Kind     str                               `yaml:"kind"`
	Location str                               `yaml:"location"`
	Ref      str                               `yaml:"ref"`
	Folder   str                               `yaml:"folder"`
	Every    yamlfile.Value[yamlfile.Duration] `yaml:"every"`
}

// source is where the files of a project are: path: is short for a source of that kind.
func (l *loader) source(p fileProject) tocsin.ProjectSource {
	s := p.Source
	out := tocsin.ProjectSource{
		Kind: tocsin.SourceKind(s.Kind.V), Location: s.Location.V, Ref: s.Ref.V, Folder: s.Folder.V, Every: time.Duration(s.Every.V), Reachability: p.Reach.V,
	}
	switch {
	case p.Path.V != "" && s.Kind.V != "":
		l.fault(s.Kind, "project %s: give path: or source:, not both", p.Slug.V)
		return out
	case p.Path.V != "":
		out.Kind, out.Location = tocsin.SourcePath, l.path(p.Path.V)
	case s.Kind.V == "":
		l.fault(p.Slug, "project %s: path: or source: is missing", p.Slug.V)
		return out
	case out.Kind == tocsin.SourcePath || out.Kind == tocsin.SourceGit && !strings.Contains(out.Location, "://"):
		out.Location = l.path(out.Location)
	}
	if s.Every.IsSet() && out.Every < minInterval {
		l.fault(s.Every, "project %s: source: every: %s is shorter than a minute", p.Slug.V, out.Every)
	}
	if err := out.Validate(); err != nil {
		l.fault(p.Slug, "project %s: %v", p.Slug.V, err)
	}
	return out
}
