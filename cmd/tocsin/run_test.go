package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/internal/githubtest"
)

// stand is a portfolio of one project with a configuration, and the GitHub that it is written to.
type stand struct {
	config, project string
	forge           *githubtest.Server
}

func newStand(t *testing.T) stand {
	t.Helper()
	g := githubtest.New(githubtest.Options{})
	g.AddUser("tocsin-bot", "s3cret")
	g.AddUser("ada", "")
	for _, name := range []string{"acme/shop", "acme/security"} {
		if err := g.AddRepository(githubtest.Repository{Name: name, Private: true, Collaborators: map[string]githubtest.Permission{
			"tocsin-bot": githubtest.Admin, "ada": githubtest.Write,
		}}); err != nil {
			t.Fatal(err)
		}
	}
	url, err := g.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	dir := t.TempDir()
	put(t, dir, "records/GHSA-1.json", osv("GHSA-1", "left", "2.0.0", `"aliases": ["CVE-2026-1"],`))
	put(t, dir, "kev.json", `{"catalogVersion": "1", "count": 1, "vulnerabilities": [{"cveID": "CVE-2026-1", "dateAdded": "2026-01-02", "dueDate": "2026-01-09"}]}`)
	t.Setenv("TOCSIN_TEST_TOKEN", "s3cret")
	s := stand{forge: g, project: put(t, dir, "shop/package-lock.json", lock("left", "1.0.0"))}
	s.config = put(t, dir, "tocsin.yaml", fmt.Sprintf(`data: data
interval: 24h
advisories: {osv: records, kev: kev.json}
coordination: {repository: acme/security, visibility: private}
github: {api: %q, token: {env: TOCSIN_TEST_TOKEN}}
projects:
  - {slug: shop, path: shop, repository: acme/shop, owners: [ada], criticality: high, exposure: public, visibility: private,
     publishes: "pkg:npm/shop", opt_in: {issues: true, advisory_draft: true}}
`, url))
	return s
}

func (s stand) writes() int { return writes(s.forge) }

func TestDryRunShowsAndSendsNothing(t *testing.T) {
	s := newStand(t)
	r := call(t, "run", "--config", s.config, "--once").wants(t, exitPass, "dry run: ", "--live does it", "POST repos/acme/shop/issues", "POST repos/acme/security/issues",
		`"title": "Emergency: CVE-2026-1 affects left 1.0.0"`, "waits for 2 approvals: tocsin actions approve draft/INC-CVE-2026-1/shop --as PERSON", "opened as emergency")
	if n := len(s.forge.Log()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	if strings.Contains(r.stdout+r.stderr, "s3cret") {
		t.Error("the token is shown")
	}
	again := call(t, "run", "--config", s.config, "--once").wants(t, exitPass, "incidents: nothing new", "POST repos/acme/shop/issues")
	if !strings.Contains(r.stdout, again.stdout[strings.Index(again.stdout, "dry run: "):]) {
		t.Errorf("the second dry run would send something else:\n%s\n%s", r.stdout, again.stdout)
	}
	put(t, filepath.Dir(s.config), "no-token.yaml", "data: other\nadvisories: {osv: records}\nprojects:\n  - {slug: shop, path: shop}\n")
	path := filepath.Join(filepath.Dir(s.config), "no-token.yaml")
	call(t, "run", "--config", path, "--once").wants(t, exitPass, "dry run: nothing to send")
	call(t, "run", "--config", path, "--once", "--live").wants(t, exitUsage, "--live needs github: token:")
}

func TestLiveRunIsDoneOnce(t *testing.T) {
	s := newStand(t)
	call(t, "run", "--config", s.config, "--once", "--live").wants(t, exitPass, "actions: 2 carried out, 0 delayed, 0 failed")
	issues := s.forge.Issues("acme/shop")
	if len(issues) != 1 || !strings.Contains(issues[0].Title, "CVE-2026-1 affects left 1.0.0") || len(issues[0].Assignees) != 1 || len(s.forge.Issues("acme/security")) != 1 {
		t.Fatalf("issues: %+v", issues)
	}
	before := s.writes()
	call(t, "run", "--config", s.config, "--once", "--live").wants(t, exitPass, "incidents: nothing new", "actions: 0 carried out")
	if n := s.writes() - before; n != 0 {
		t.Errorf("the second run wrote %d times", n)
	}

	call(t, "actions", "list", "--config", s.config).wants(t, exitPass, "waiting", "draft/INC-CVE-2026-1/shop", "0 of 2", "done")
	var rows []tocsin.ActionRow
	if err := json.Unmarshal([]byte(call(t, "actions", "list", "--config", s.config, "--format", "json").stdout), &rows); err != nil || len(rows) != 3 {
		t.Errorf("%d rows: %v", len(rows), err)
	}
	const draft = "draft/INC-CVE-2026-1/shop"
	call(t, "actions", "approve", draft, "--config", s.config).wants(t, exitUsage, "--as is missing")
	call(t, "actions", "approve", "no/such", "--as", "ada", "--config", s.config).wants(t, exitUsage, "not found")
	call(t, "actions", "approve", draft, "--as", "ada", "--config", s.config).wants(t, exitPass, "is now waiting")
	call(t, "actions", "approve", draft, "--as", "grace", "--config", s.config).wants(t, exitPass, "is now pending")
	call(t, "run", "--config", s.config, "--once", "--live").wants(t, exitPass, "actions: 1 carried out")
	if len(s.forge.Advisories("acme/shop")) != 1 {
		t.Error("no draft was made")
	}

	call(t, "incidents", "list", "--config", s.config).wants(t, exitPass, "INC-CVE-2026-1", "detected", "emergency")
	call(t, "incidents", "list", "--config", s.config, "--format", "json").wants(t, exitPass, `"key": "INC-CVE-2026-1"`)
	call(t, "incidents", "show", "INC-CVE-2026-1", "--config", s.config).wants(t, exitPass, "project shop: affected, left@1.0.0", "incident commander: not filled", "opened", "delivered")
	call(t, "incidents", "show", "INC-CVE-2026-1", "--config", s.config, "--format", "json").wants(t, exitPass, `"timeline": [`, `"seq": 1`)
	call(t, "incidents", "show", "INC-NONE", "--config", s.config).wants(t, exitUsage, "not found")

	put(t, filepath.Dir(s.project), "package-lock.json", lock("left", "2.0.0"))
	call(t, "run", "--config", s.config, "--once", "--live").wants(t, exitPass, "left is now 2.0.0 (was 1.0.0)", "resolved")
	if i := s.forge.Issues("acme/shop")[0]; i.State != "closed" || i.StateReason != "completed" {
		t.Errorf("the issue is %s (%s)", i.State, i.StateReason)
	}
}

func TestVeto(t *testing.T) {
	s := newStand(t)
	call(t, "run", "--config", s.config, "--once").wants(t, exitPass)
	call(t, "actions", "veto", "draft/INC-CVE-2026-1/shop", "--as", "ada", "--config", s.config).wants(t, exitPass, "is now vetoed")
	call(t, "run", "--config", s.config, "--once", "--live").wants(t, exitPass, "actions: 2 carried out")
	if len(s.forge.Advisories("acme/shop")) != 0 {
		t.Error("a vetoed draft was made")
	}
}

func TestRunThatIsNotWhole(t *testing.T) {
	s := newStand(t)
	dir := filepath.Dir(s.config)
	bare := put(t, dir, "bare.yaml", "data: empty\nprojects:\n  - {slug: shop, path: shop}\n")
	call(t, "run", "--config", bare, "--once").wants(t, exitUsage, "there are no advisories in", "tocsin db update --data")
	put(t, dir, "torn/package-lock.json", "{")
	torn := put(t, dir, "torn.yaml", "data: data\nadvisories: {osv: records}\nprojects:\n  - {slug: shop, path: torn}\n  - {slug: gone, path: gone}\n")
	call(t, "run", "--config", torn, "--once").wants(t, exitUndecided, "some files could not be read whole", "failed package-lock.json", "gone")
	feed := put(t, dir, "feed.yaml", "data: data\nadvisories: {osv: none}\nprojects:\n  - {slug: shop, path: shop}\n")
	call(t, "run", "--config", feed, "--once").wants(t, exitUndecided, "feed osv:")
	policy := put(t, dir, "policy.yaml", "data: data\npolicies: [no-such-pack]\nprojects:\n  - {slug: shop, path: shop}\n")
	call(t, "run", "--config", policy, "--once").wants(t, exitUsage, "no-such-pack")

	if err := s.forge.EditRepository("acme/shop", func(r *githubtest.Repository) { r.Archived = true }); err != nil {
		t.Fatal(err)
	}
	call(t, "run", "--config", s.config, "--once", "--live").wants(t, exitUndecided, "failed", "see tocsin actions list")
	call(t, "actions", "list", "--config", s.config).wants(t, exitPass, "failed", "archived")
}

// stopping ends the context once the first run was shown.
type stopping struct {
	bytes.Buffer
	stop context.CancelFunc
}

func (s *stopping) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("dry run")) {
		s.stop()
	}
	return s.Buffer.Write(b)
}

func TestRunStopsWhenAsked(t *testing.T) {
	s := newStand(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out := &stopping{stop: stop}
	start := time.Now()
	if code := run(ctx, []string{"run", "--config", s.config}, out, &out.Buffer); code != exitPass {
		t.Errorf("exit code %d\n%s", code, out.String())
	}
	if d := time.Since(start); d > 30*time.Second {
		t.Errorf("it took %s", d)
	}
	if code := run(ctx, []string{"run", "--config", s.config, "--once"}, out, &out.Buffer); code != exitUndecided {
		t.Errorf("a run that was stopped gives %d", code)
	}
}
