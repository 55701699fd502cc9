// Package config reads the one YAML file by which a portfolio is watched. It is strict: unknown keys, bad values and
// missing secrets are reported together, each with its place.
package config

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/pattern"
	"github.com/tocsin-dev/tocsin/internal/purl"
	"github.com/tocsin-dev/tocsin/internal/secret"
	"github.com/tocsin-dev/tocsin/internal/yamlfile"
)

// A Config is a file that was read and found right. Paths in it are absolute, or relative to the working directory.
type Config struct {
	// Data is the folder of the store and the advisory index.
	Data string
	// Interval between runs.
	Interval time.Duration
	// Advisories are the feeds that are synced before each run; empty to use what tocsin db update fetched.
	Advisories []Feed
	// Policies are names of shipped packs or paths of files.
	Policies []string
	// Exceptions are paths of files with what people decided.
	Exceptions []string
	// Governance is the path of the file that says who may do what and who is called; empty: the shipped one.
	Governance string
	// Notify is the path of the file that says who hears of what; empty: nobody does but by GitHub.
	Notify string
	// Playbooks are paths of files that come beside the shipped ones, or in place of those with the same name.
	Playbooks    []string
	Coordination Coordination
	GitHub       GitHub
	Projects     []Project
	// Publisher is who advisories are by; empty: none can be published.
	Publisher tocsin.Publisher
	// Database is the URL of a PostgreSQL database; not set: a file in the data folder.
	Database  secret.Value
	Service   Service
	Access    Access
	Fetch     Fetch
	Retention Retention
	// Registries are the addresses of package registries by ecosystem, to ask whether a fixed version can be had.
	Registries map[string]string
}

// A Feed is one source of advisory data.
type Feed struct{ Name, From string }

// Coordination is the repository from which incidents are led.
type Coordination struct {
	Repository string
	Visibility tocsin.Visibility
}

// GitHub is how we sign in.
type GitHub struct {
	// API is the base URL; empty for github.com.
	API   string
	Token secret.Value
	// App signs in in place of a token, if its id is not 0.
	App GitHubApp
	// WebhookSecret is what GitHub signs webhooks with; not set: none are taken.
	WebhookSecret secret.Value
}

// A GitHubApp is what an App signs in with.
type GitHubApp struct {
	ID  int64
	Key secret.Value // private key, PEM
}

// SignsIn says whether there is something to sign in with.
func (g GitHub) SignsIn() bool { return g.Token.IsSet() || g.App.ID != 0 }

// A Project is a project and where its files are.
type Project struct {
	tocsin.Project
	Source tocsin.ProjectSource
}

// file is the YAML form.
type file struct {
	Data       str                               `yaml:"data"`
	Interval   yamlfile.Value[yamlfile.Duration] `yaml:"interval"`
	Advisories struct {
		OSV     str           `yaml:"osv"`
		KEV     str           `yaml:"kev"`
		EPSS    str           `yaml:"epss"`
		Private []privateFeed `yaml:"private"`
	} `yaml:"advisories"`
	Policies     []str `yaml:"policies"`
	Exceptions   []str `yaml:"exceptions"`
	Governance   str   `yaml:"governance"`
	Notify       str   `yaml:"notify"`
	Playbooks    []str `yaml:"playbooks"`
	Coordination struct {
		Repository str `yaml:"repository"`
		Visibility str `yaml:"visibility"`
	} `yaml:"coordination"`
	Publisher struct {
		Name str `yaml:"name"`
		URL  str `yaml:"url"`
	} `yaml:"publisher"`
	Registries map[string]str `yaml:"registries"`
	GitHub     struct {
		API   str   `yaml:"api"`
		Token token `yaml:"token"`
		App   struct {
			ID  yamlfile.Value[int] `yaml:"id"`
			Key token               `yaml:"key"`
		} `yaml:"app"`
		WebhookSecret token `yaml:"webhook_secret"`
	} `yaml:"github"`
	Projects    []fileProject `yaml:"projects"`
	fileService `yaml:",inline"`
}

type token = yamlfile.Ref

type str = yamlfile.Value[string]

type privateFeed struct {
	Name str `yaml:"name"`
	From str `yaml:"from"`
}

type fileProject struct {
	Slug        str                  `yaml:"slug"`
	Path        str                  `yaml:"path"`
	Source      fileSource           `yaml:"source"`
	Repository  str                  `yaml:"repository"`
	Group       str                  `yaml:"group"`
	Owners      []str                `yaml:"owners"`
	Criticality str                  `yaml:"criticality"`
	Exposure    str                  `yaml:"exposure"`
	Mission     str                  `yaml:"mission"`
	Safety      str                  `yaml:"safety"`
	Value       str                  `yaml:"value_density"`
	Visibility  str                  `yaml:"visibility"`
	Publishes   str                  `yaml:"publishes"`
	Reach       yamlfile.Value[bool] `yaml:"reachability"`
	OptIn       struct {
		Issues         yamlfile.Value[bool] `yaml:"issues"`
		PublicExposure yamlfile.Value[bool] `yaml:"public_exposure"`
		AdvisoryDraft  yamlfile.Value[bool] `yaml:"advisory_draft"`
	} `yaml:"opt_in"`
}

// defaults that hold where the file says nothing.
const (
	defaultInterval = time.Hour
	minInterval     = time.Minute
)

// Load reads the file at path. Its error joins everything that is wrong with it.
func Load(path string) (Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("%w: reading the configuration: %v", tocsin.ErrNotFound, err)
	}
	var f file
	l := loader{name: path, dir: filepath.Dir(path)}
	l.problems = yamlfile.Decode(path, data, &f)
	c := l.config(f)
	return c, yamlfile.Join(l.problems)
}

type loader struct {
	name, dir string
	problems  []yamlfile.Problem
}

func (l *loader) fault(v interface{ Place() (int, int) }, format string, args ...any) {
	line, column := v.Place()
	l.problems = append(l.problems, yamlfile.Problem{File: l.name, Line: line, Column: column, Text: fmt.Sprintf(format, args...)})
}

// path is relative to the file that names it, so that it means the same from everywhere.
func (l *loader) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(l.dir, p)
}

// place is a path or a URL.
func (l *loader) place(v str, key string) string {
	if !strings.Contains(v.V, "://") {
		return l.path(v.V)
	}
	u, err := url.Parse(v.V)
	switch {
	case err != nil || u.Host == "" && u.Scheme != "file":
		l.fault(v, "%s: not a URL", key)
	case u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "file":
		l.fault(v, "%s: want an https, http or file URL, not %s", key, u.Scheme)
	case u.User != nil:
		l.fault(v, "%s: a URL must not carry a password; it would show in messages", key)
	}
	return v.V
}

func (l *loader) config(f file) Config {
	c := Config{Data: l.path(f.Data.V), Interval: defaultInterval}
	if f.Data.V == "" {
		l.fault(f.Data, "data: is missing: name the folder to keep everything in")
	}
	if f.Interval.IsSet() {
		if c.Interval = time.Duration(f.Interval.V); c.Interval < minInterval {
			l.fault(f.Interval, "interval: %s is shorter than a minute", c.Interval)
		}
	}
	l.feeds(f, &c)
	for _, p := range f.Policies {
		c.Policies = append(c.Policies, l.policy(p))
	}
	if len(c.Policies) == 0 {
		c.Policies = []string{"emergency", "release-gate"}
	}
	for _, e := range f.Exceptions {
		c.Exceptions = append(c.Exceptions, l.file(e, "exceptions"))
	}
	if f.Governance.IsSet() {
		c.Governance = l.file(f.Governance, "governance")
	}
	if f.Notify.IsSet() {
		c.Notify = l.file(f.Notify, "notify")
	}
	for _, p := range f.Playbooks {
		c.Playbooks = append(c.Playbooks, l.file(p, "playbooks"))
	}
	l.coordination(f, &c)
	l.publisher(f, &c)
	l.github(f, &c)
	c.Registries = l.registries(f.Registries)
	l.service(f, &c)
	seen := map[string]bool{}
	for _, p := range f.Projects {
		if seen[p.Slug.V] && p.Slug.V != "" {
			l.fault(p.Slug, "project %s stands twice", p.Slug.V)
		}
		seen[p.Slug.V] = true
		c.Projects = append(c.Projects, l.project(p))
	}
	if len(f.Projects) == 0 && !f.Serve.Listen.IsSet() { // a service is told of projects by its API too
		l.fault(str{}, "projects: is missing: there is nothing to watch")
	}
	return c
}

func (l *loader) feeds(f file, c *Config) {
	add := func(name string, v str) {
		if v.IsSet() {
			c.Advisories = append(c.Advisories, Feed{name, l.place(v, "advisories: "+name)})
		}
	}
	add("osv", f.Advisories.OSV)
	taken := map[string]bool{"": true, "osv": true, "kev": true, "epss": true}
	for _, p := range f.Advisories.Private {
		where := p.Name
		if !where.IsSet() {
			where = p.From
		}
		if taken[p.Name.V] {
			l.fault(where, "advisories: private: name %q is taken or missing", p.Name.V)
		}
		taken[p.Name.V] = true
		if p.From.V == "" {
			l.fault(where, "advisories: private: %s: from: is missing", p.Name.V)
		}
		add(p.Name.V, p.From)
	}
	add("kev", f.Advisories.KEV)
	add("epss", f.Advisories.EPSS)
}

// policy is a pack's name, or a path if it looks like one.
func (l *loader) policy(v str) string {
	if strings.HasSuffix(v.V, ".yaml") || strings.HasSuffix(v.V, ".yml") {
		return l.file(v, "policies")
	}
	if v.V == "" {
		l.fault(v, "policies: want the name of a pack or a file")
	}
	return v.V
}

// file is the path of a file that is there.
func (l *loader) file(v str, key string) string {
	path := l.path(v.V)
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		l.fault(v, "%s: there is no file %s", key, path)
	}
	return path
}

func (l *loader) coordination(f file, c *Config) {
	r, v := f.Coordination.Repository, f.Coordination.Visibility
	if r.IsSet() && !tocsin.ValidRepository(r.V) {
		l.fault(r, "coordination: repository: %q: want owner/name", r.V)
	}
	c.Coordination = Coordination{Repository: r.V, Visibility: tocsin.Visibility(v.V)}
	switch c.Coordination.Visibility {
	case "": // the safe reading: nothing confidential is written there
		c.Coordination.Visibility = tocsin.VisibilityPublic
	case tocsin.VisibilityPublic, tocsin.VisibilityPrivate:
	default:
		l.fault(v, "coordination: visibility: %q: want public or private", v.V)
	}
}

// publisher is who advisories are by. The address is in the ids of documents, so that it is one that others can have in theirs.
func (l *loader) publisher(f file, c *Config) {
	p := f.Publisher
	c.Publisher = tocsin.Publisher{Name: p.Name.V, URL: strings.TrimRight(p.URL.V, "/")}
	if !p.Name.IsSet() && !p.URL.IsSet() {
		return
	}
	if strings.TrimSpace(p.Name.V) == "" || len(p.Name.V) > 200 {
		l.fault(p.Name, "publisher: name: want the name that advisories are published under")
	}
	u, err := url.Parse(p.URL.V)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || len(p.URL.V) > 200 {
		l.fault(p.URL, "publisher: url: want an https address of your own, such as https://example.com")
	}
}

// login is what the forge calls a person or a bot.
var login = pattern.Lazy(`^[A-Za-z0-9][A-Za-z0-9_-]*(\[bot\])?$`)

func (l *loader) project(p fileProject) Project {
	out := Project{
		Project: tocsin.Project{
			Slug: p.Slug.V, Repository: p.Repository.V, Group: p.Group.V, Publishes: p.Publishes.V,
			Criticality: tocsin.Criticality(p.Criticality.V), Exposure: tocsin.Exposure(p.Exposure.V), Visibility: tocsin.Visibility(p.Visibility.V),
			Mission: tocsin.Mission(p.Mission.V), Safety: tocsin.Safety(p.Safety.V), ValueDensity: tocsin.ValueDensity(p.Value.V),
			OptIn: tocsin.OptIn{Issues: p.OptIn.Issues.V, PublicExposure: p.OptIn.PublicExposure.V, AdvisoryDraft: p.OptIn.AdvisoryDraft.V},
		},
		Source: l.source(p),
	}
	for _, o := range p.Owners {
		if len(o.V) > 100 || !login().MatchString(o.V) {
			l.fault(o, "project %s: owner %q: want a login, without @", p.Slug.V, o.V)
		}
		out.Owners = append(out.Owners, o.V)
	}
	if out.Criticality == "" {
		out.Criticality = tocsin.CriticalityMedium
	}
	if out.Exposure == "" {
		out.Exposure = tocsin.ExposureInternal
	}
	if out.Visibility == "" { // nothing confidential is written to what may be public
		out.Visibility = tocsin.VisibilityPublic
	}
	if err := out.Validate(); err != nil {
		l.fault(p.Slug, "%v", err)
	}
	if _, err := purl.Parse(p.Publishes.V); err != nil && p.Publishes.V != "" {
		l.fault(p.Publishes, "project %s: publishes: want a package URL without version, such as pkg:npm/name: %v", p.Slug.V, err)
	}
	return out
}
