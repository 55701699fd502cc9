package config

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/secret"
)

// TestServiceDocuments: what the pages show is read, every key of it.
func TestServiceDocuments(t *testing.T) {
	t.Setenv("TOCSIN_DATABASE", "postgres://tocsin:pw@localhost/tocsin")
	t.Setenv("OIDC_SECRET", "x")
	t.Setenv("TOCSIN_GITHUB_TOKEN", "x")
	t.Setenv("TOCSIN_WEBHOOK_SECRET", "hook")
	t.Setenv("TOCSIN_TRACES_VALUE", "Bearer t")
	t.Setenv("TOCSIN_GIT_AUTHORIZATION", "Bearer u")
	if _, err := Load(filepath.FromSlash("../../docs/deploy/tocsin.yaml")); err != nil {
		t.Error(err)
	}
	blocks := func(page string) []string {
		text, err := os.ReadFile(filepath.FromSlash("../../docs/" + page))
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
			out = append(out, m[1])
		}
		return out
	}
	own := filepath.Join(t.TempDir(), "governance.yaml")
	if err := os.WriteFile(own, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	service := strings.Replace(blocks("service.md")[0], "governance: governance.yaml", "governance: "+own, 1)
	service = strings.Replace(service, "notify: notify.yaml", "notify: "+own, 1)
	service = strings.Replace(service, "playbooks: [phishing.yaml]", "playbooks: ["+own+"]", 1) // any file: others read it
	service = strings.Replace(service, "notify: notify.yaml", "notify: "+own, 1)
	c, _, err := load(t, service)
	if err != nil {
		t.Fatal(err)
	}
	want := Service{Listen: "127.0.0.1:8080", URL: "https://tocsin.example.com", Metrics: "127.0.0.1:9090", Workers: 4,
		Traces: Traces{URL: "http://127.0.0.1:4318/v1/traces", Header: "Authorization", Value: secret.New("Bearer t")}}
	if d := cmp.Diff(want, c.Service, cmp.Comparer(func(a, b secret.Value) bool { return a == b })); d != "" {
		t.Error(d)
	}
	if c.GitHub.WebhookSecret.Reveal() != "hook" || c.Database.Reveal() != "postgres://tocsin:pw@localhost/tocsin" || len(c.Fetch.Prefixes) != 1 || len(c.Fetch.Hosts) != 1 || len(c.Fetch.Credentials) != 1 || c.Fetch.Credentials[0].Value.Reveal() != "Bearer u" || c.Retention.Builds != 400*tocsin.Day ||
		c.Projects[1].Source != (tocsin.ProjectSource{Kind: tocsin.SourceGit, Location: "https://git.example.com/api.git", Every: 10 * time.Minute}) ||
		c.Projects[5].Source.Kind != tocsin.SourceUpload {
		t.Errorf("%+v", c)
	}
	access := 0
	for _, block := range blocks("access.md") {
		if !strings.HasPrefix(block, "access:") {
			continue
		}
		access++
		c, _, err := load(t, small+strings.ReplaceAll(block, "{file: /run/secrets/oidc}", "{env: OIDC_SECRET}"))
		if err != nil {
			t.Errorf("%v in\n%s", err, block)
		}
		if o := c.Access.OIDC; o != nil && (o.Issuer != "https://id.example.org" || len(o.Grants) != 4 || o.Grants[1] != GroupGrant{"web-team", tocsin.AccessResponder, "web"} || o.ClientSecret.Reveal() != "x") {
			t.Errorf("%+v", o)
		}
		if p := c.Access.Pipelines; len(p) > 0 && (c.Access.Audience == "" || p[0].RepositoryID != "74" || len(p[0].Refs) != 2 || p[0].Grants[0] != tocsin.Grant{Access: tocsin.AccessSender, Project: "api"} || !p[2].Protected) {
			t.Errorf("%+v", p)
		}
	}
	if access != 2 {
		t.Errorf("%d blocks about access", access)
	}
}

func TestServiceFaults(t *testing.T) {
	for text, want := range map[string]string{
		"database: {file: 'postgres://u:hunter2@h/d'}":                                    "database: want the name of a file",
		"database: {env: TOCSIN_NOT_SET}":                                                 "database: environment variable TOCSIN_NOT_SET is not set",
		"serve: {listen: here}":                                                           "serve: listen: \"here\"",
		"serve: {metrics: '9090'}":                                                        "serve: metrics: \"9090\"",
		"serve: {url: 'ftp://x'}":                                                         "serve: url: want the address",
		"serve: {url: 'https://u:hunter2@x'}":                                             "serve: url: want the address",
		"serve: {workers: 0}":                                                             "serve: workers: 0",
		"serve: {traces: {url: 'localhost:4318'}}":                                        "serve: traces: url: want",
		"serve: {traces: {url: 'https://x/?key=hunter2'}}":                                "serve: traces: url: want",
		"serve: {traces: {header: X-Key}}":                                                "serve: traces: url: want",
		"serve: {traces: {url: 'https://x', header: X-Key}}":                              "header: and value: go together",
		"serve: {traces: {url: 'https://x', header: 'X:', value: {env: PATH}}}":           "want the name of a header",
		"serve: {traces: {url: 'https://x', header: A, value: {file: 'Bearer hunter2'}}}": "want the name of a file",
		"fetch: {allow: ['http://x']}":                                                    "fetch: allow: \"http://x\"",
		"retention: {decisions: 1h}":                                                      "retention: decisions: 1h0m0s is shorter than a day",
		"access: {pipelines: [{grants: [{access: boss}]}]}":                               `access: invalid: access "boss"`,
		"projects: [{slug: a, path: x, source: {kind: upload}}]":                          "give path: or source:, not both",
		"projects: [{slug: a, source: {kind: carrier-pigeon, location: x}}]":              `source "carrier-pigeon"`,
		"projects: [{slug: a, source: {kind: github, location: x}}]":                      "want owner/name",
		"projects: [{slug: a, source: {kind: url}}]":                                      "location: want one",
		"projects: [{slug: a, source: {kind: upload}, reachability: true}]":               "reachability: the code must be on this machine",
		"projects: [{slug: a, source: {kind: url, location: 'https://x', every: 1s}}]":    "every: 1s is shorter than a minute",
	} {
		if !strings.HasPrefix(text, "projects:") {
			text = small + text
		} else {
			text = "data: data\n" + text
		}
		_, _, err := load(t, text+"\n")
		if !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s\n%v, want %q", text, err, want)
		}
	}
	if c, _, err := load(t, "data: data\nserve: {listen: '127.0.0.1:1'}\n"); err != nil || len(c.Projects) != 0 {
		t.Errorf("a service needs no project in its file: %v", err)
	}
}
