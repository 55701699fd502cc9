package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsin-dev/tocsin"
)

// load writes the text as dir/tocsin.yaml and loads it.
func load(t *testing.T, text string) (Config, string, error) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "tocsin.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path)
	return c, dir, err
}

const small = "data: data\nprojects:\n  - {slug: shop, path: shop}\n"

func TestDefaults(t *testing.T) {
	c, dir, err := load(t, small)
	if err != nil {
		t.Fatal(err)
	}
	p := c.Projects[0]
	if c.Data != filepath.Join(dir, "data") || c.Interval != time.Hour || strings.Join(c.Policies, " ") != "emergency release-gate" || len(c.Advisories) != 0 ||
		c.Coordination.Visibility != tocsin.VisibilityPublic || c.GitHub.API != "" || c.GitHub.Token.IsSet() || p.Source.Location != filepath.Join(dir, "shop") ||
		p.Criticality != tocsin.CriticalityMedium || p.Exposure != tocsin.ExposureInternal || p.Visibility != tocsin.VisibilityPublic || p.OptIn != (tocsin.OptIn{}) {
		t.Errorf("%+v", c)
	}
}

func TestPaths(t *testing.T) {
	dir := t.TempDir()
	own := filepath.Join(dir, "own.yaml")
	if err := os.WriteFile(own, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, base, err := load(t, "data: "+dir+"\ngovernance: "+own+"\npolicies: ["+own+", release-gate]\nadvisories: {osv: mirror, private: [{name: own, from: 'file:///x'}], kev: 'https://example.com/kev.json'}\n"+
		"projects:\n  - {slug: shop, path: "+dir+", owners: [ada, 'renovate[bot]']}\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []Feed{{"osv", filepath.Join(base, "mirror")}, {"own", "file:///x"}, {"kev", "https://example.com/kev.json"}}
	if c.Data != dir || c.Policies[0] != own || c.Governance != own || c.Projects[0].Source.Location != dir || len(c.Advisories) != 3 || c.Advisories[0] != want[0] || c.Advisories[1] != want[1] || c.Advisories[2] != want[2] {
		t.Errorf("%+v", c)
	}
}

func TestAllThatIsWrongIsSaidAtOnce(t *testing.T) {
	_, dir, err := load(t, `datum: x
interval: 30s
advisories:
  osv: https://user:hunter2@example.com/osv
  kev: ftp://example.com/kev
  epss: "https://"
  private:
    - {name: kev, from: x}
    - {name: twice, from: x}
    - {name: twice, from: x}
    - {name: nowhere}
policies: [gone.yaml, ""]
coordination: {repository: nobody, visibility: secret}
github:
  api: "https://user:hunter2@example.com"
  token: {env: TOCSIN_TEST_NOT_SET}
projects:
  - {slug: Shop, path: x}
  - {slug: a, path: x, criticality: huge}
  - {slug: b, path: x, exposure: wide}
  - {slug: c, path: x, visibility: dim, owners: ["@ada"]}
  - {slug: d, path: x, repository: nobody}
  - {slug: d, publishes: "not a purl"}
  - {path: x, opt_in: {issues: maybe}}
  - {slug: e, path: x, mission: impossible}
  - {slug: f, path: x, safety: none}
  - {slug: g, path: x, value_density: high}
governance: gone.yaml
publisher: {url: "http://user:hunter2@example.com"}
`)
	if !errors.Is(err, tocsin.ErrInvalid) {
		t.Fatalf("err = %v", err)
	}
	file := filepath.Join(dir, "tocsin.yaml")
	for _, want := range []string{
		`:1:1: unknown key "datum"`, ": data: is missing", ":2:11: interval: 30s is shorter", ":4:8: advisories: osv: a URL must not carry a password",
		":5:8: advisories: kev: want an https, http or file URL, not ftp", ":6:9: advisories: epss: not a URL", `:8:14: advisories: private: name "kev" is taken`,
		`:10:14: advisories: private: name "twice" is taken`, ":11:14: advisories: private: nowhere: from: is missing", ":12:12: policies: there is no file",
		":12:23: policies: want the name", ":13:28: coordination: repository", ":13:48: coordination: visibility", ":15:8: github: api: a URL must not carry",
		":16:16: github: token: environment variable TOCSIN_TEST_NOT_SET is not set", ":18:", `slug "Shop"`, ":19:", `"huge"`, ":20:", `"wide"`, ":21:", `"dim"`,
		`owner "@ada"`, `repository "nobody"`, ":23:12: project d stands twice", "project d: path: or source: is missing", "publishes: want a package URL", ":24:", "`maybe`",
		":25:", `mission "impossible"`, ":26:", `safety "none"`, ":27:", `value_density "high"`,
		":28:13: governance: there is no file", "publisher: name: want the name", ":29:18: publisher: url: want an https address",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
	for _, line := range strings.Split(err.Error(), "\n") {
		if !strings.HasPrefix(line, file+":") {
			t.Errorf("a line without its file: %q", line)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a password is shown:\n%v", err)
	}
}

func TestToken(t *testing.T) {
	dir := t.TempDir()
	secretFile := filepath.Join(dir, "token")
	if err := os.WriteFile(secretFile, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TOCSIN_TEST_TOKEN", "s3cret")
	for name, tt := range map[string]struct{ token, want string }{
		"file":                {"{file: " + secretFile + "}", ""},
		"env":                 {"{env: TOCSIN_TEST_TOKEN}", ""},
		"both":                {"{env: TOCSIN_TEST_TOKEN, file: " + secretFile + "}", "4:16: github: token: give file: or env:, not both"},
		"no file":             {"{file: none}", "4:17: github: token: secret file"},
		"the token itself":    {"ghp_s3cret", "4:10: token: give file: or env:"},
		"as a variable":       {"{env: ghp_s3cret}", "never the token itself"},
		"as a file":           {"{file: github_pat_s3cret}", "never the token itself"},
		"not a variable name": {"{env: s3cret!}", "never the token itself"},
		"unknown key":         {"{value: s3cret}", "4:10: token: give file: or env:"},
		"a list":              {"[s3cret]", "4:10: token: give file: or env:"},
		"twice":               {"{env: s3cret, env: s3cret}", "token"},
	} {
		t.Run(name, func(t *testing.T) {
			c, _, err := load(t, "data: d\ngithub:\n  api: http://127.0.0.1:1/\n  token: "+tt.token+"\nprojects:\n  - {slug: shop, path: shop}\n")
			switch {
			case tt.want == "" && (err != nil || c.GitHub.Token.Reveal() != "s3cret"):
				t.Errorf("%v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("err = %v, want %q", err, tt.want)
			case err != nil && strings.Contains(err.Error(), "s3cret"):
				t.Errorf("the token is shown: %v", err)
			}
		})
	}
}

func TestHostileFiles(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		p := string(c - 1)
		bomb += string(c) + ": &" + string(c) + " [" + strings.TrimSuffix(strings.Repeat("*"+p+",", 9), ",") + "]\n"
	}
	for name, text := range map[string]string{
		"bomb": bomb, "empty": "", "list": "- a\n", "deep": strings.Repeat("[", 100_000), "huge": strings.Repeat("#", 2<<20), "binary": "\x00\xff", "no projects": "data: x\n",
		"duplicate key": "data: a\ndata: b\nprojects:\n  - {slug: shop, path: shop}\n",
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := load(t, text); !errors.Is(err, tocsin.ErrInvalid) {
				t.Errorf("err = %v", err)
			}
		})
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none.yaml")); !errors.Is(err, tocsin.ErrNotFound) {
		t.Errorf("err = %v", err)
	}
}

func TestExample(t *testing.T) {
	t.Setenv("TOCSIN_GITHUB_TOKEN", "x")
	c, err := Load(filepath.FromSlash("../../docs/examples/tocsin.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Projects) != 3 || len(c.Advisories) != 4 || !c.Projects[0].OptIn.AdvisoryDraft || c.Projects[2].OptIn != (tocsin.OptIn{}) ||
		c.Projects[0].Mission != tocsin.MissionMEF || c.Projects[0].Safety != tocsin.SafetyNegligible || c.Projects[0].ValueDensity != tocsin.ValueConcentrated || c.Projects[1].Mission != "" {
		t.Errorf("%+v", c)
	}
}
