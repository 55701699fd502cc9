package incidents

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/tocsin-dev/tocsin"
)

var (
	codeSpan   = regexp.MustCompile("(?s)`[^`\n]+`|``.+?``|<code>[^<]*</code>")
	ours       = regexp.MustCompile(`</?sub>|<https://[A-Za-z0-9./_~-]+>|&(amp|lt|gt|#8203);`)
	actsInText = regexp.MustCompile(`@\w|#\d|<|!\[|\]\(|://|javascript:\w`)
)

// Whatever stands in names, nothing of it acts in what we write.
func TestHostileNames(t *testing.T) {
	for name, evil := range map[string]string{
		"mention": "@octocat/pkg and @everyone", "html": `<img src=x onerror=alert(1)><b>`, "link": "[click](javascript:alert(1)) https://evil.example/x",
		"marker": "<!-- tocsin:end --> <!-- tocsin:v1 key=a mac=b -->", "lines": "a\n\n# heading\r\n- item\u2028x", "fence": "a`b``c```d", "pipe": "a|b|c",
		"reference": "fixes #1 and GH-2", "bidi": "safe\u202eetelpmoc\u2066", "escape": "\x1b[31mred\x1b]0;x\x07", "huge": strings.Repeat("A@b ", 1<<18),
		"invalid": "\xff\xfe", "template": "{{.Incident}} {{define \"x\"}}", "names": "x names <b>", "empty": "",
	} {
		t.Run(name, func(t *testing.T) {
			for _, status := range []tocsin.ProjectStatus{tocsin.ProjectAffected, tocsin.ProjectPatched, tocsin.ProjectCorrected} {
				inc := shell()
				inc.Class.ID, inc.Class.Summary, inc.Class.Aliases, inc.Class.URL = "X-"+evil, evil, []string{evil, "z"}, "https://"+evil
				inc.Cause, inc.Roles[0].Holder.Name = evil, evil
				p := tocsin.IncidentPackage{Ecosystem: evil, Name: evil, Version: evil, Evidence: []string{evil, evil + " names " + evil}, Fixed: evil, Upgrade: evil + "2",
					Path: []string{evil, evil}, Location: evil}
				inc.Projects[1].Packages, inc.Projects[1].Status, inc.Projects[1].Round = []tocsin.IncidentPackage{p}, status, 2
				inc.Projects[1].Evidence = evil + " is now " + evil + " (was " + evil + ")"
				for key, a := range actions(t, inc, portfolio(), private()) {
					if len(a.Payload) > 60_000 {
						t.Errorf("%s has %d bytes", key, len(a.Payload))
					}
					harmless(t, key, a)
				}
			}
		})
	}
}

func harmless(t *testing.T, key string, a tocsin.Action) {
	t.Helper()
	var p struct{ Title, Summary, Body, Description string }
	if err := json.Unmarshal(a.Payload, &p); err != nil {
		t.Fatal(err)
	}
	name, body := p.Title+p.Summary, p.Body+p.Description
	if regexp.MustCompile("@\\w|[<>`\n]").MatchString(name) || len([]rune(name)) > maxTitle+100 {
		t.Errorf("%s: title %.300q", key, name)
	}
	for _, r := range name + body {
		if r != '\n' && r != '\u200b' && unicode.In(r, unicode.Cc, unicode.Cf) {
			t.Errorf("%s: %U survives", key, r)
			break
		}
	}
	if strings.Contains(body, "<!--") {
		t.Errorf("%s: a marker survives:\n%s", key, body)
	}
	text := ours.ReplaceAllString(codeSpan.ReplaceAllString(body, "CODE"), "·")
	if at := actsInText.FindStringIndex(strings.NewReplacer(`\[`, "", `\]`, "").Replace(text)); at != nil {
		t.Errorf("%s: something acts at %d:\n%.2000s", key, at[0], text)
	}
	if strings.Contains(body, "\n# ") {
		t.Errorf("%s: a heading was smuggled in:\n%.2000s", key, body)
	}
}

func TestCommand(t *testing.T) {
	for _, tt := range []struct{ ecosystem, name, file, version, to, want string }{
		{"npm", "lodash", "a/package-lock.json:3", "1.0.0", "4.17.21", "npm install lodash@4.17.21"},
		{"npm", "@babel/core", "npm-shrinkwrap.json", "1.0.0", "7.0.0", "npm install @babel/core@7.0.0"},
		{"npm", "lodash", "pnpm-lock.yaml", "1.0.0", "4.17.21", "pnpm add lodash@4.17.21"},
		{"npm", "lodash", "yarn.lock", "1.0.0", "4.17.21", ""}, // two tools of one name
		{"npm", "lodash", "sbom.json", "1.0.0", "4.17.21", ""},
		{"Go", "golang.org/x/net", "go.mod:7", "0.7.0", "0.17.0", "go get golang.org/x/net@v0.17.0"},
		{"Go", "stdlib", "go.mod:3", "1.20", "1.21.3", "go get toolchain@go1.21.3"},
		{"crates.io", "time", "Cargo.lock", "0.1.0", "0.2.23", "cargo update -p time@0.1.0 --precise 0.2.23"},
		{"crates.io", "time", "Cargo.lock", "", "0.2.23", ""},
		{"RubyGems", "rails", "Gemfile.lock", "5.0", "6.0", "bundle update rails"},
		{"Packagist", "drupal/core", "composer.lock", "8.0.0", "v8.5.1", "composer require drupal/core:^8.5.1"},
		{"PyPI", "urllib3", "poetry.lock", "1.23", "1.26.17", "poetry update urllib3"},
		{"PyPI", "urllib3", "uv.lock", "1.23", "1.26.17", "uv lock --upgrade-package urllib3==1.26.17"},
		{"PyPI", "urllib3", "Pipfile.lock", "1.23", "1.26.17", "pipenv upgrade urllib3==1.26.17"},
		{"PyPI", "urllib3", "requirements.txt:2", "1.23", "1.26.17", ""}, // a pin is edited
		{"Maven", "a:b", "pom.xml", "1", "2", ""},
	} {
		p := tocsin.IncidentPackage{Ecosystem: tt.ecosystem, Name: tt.name, Version: tt.version, Location: tt.file}
		if got := command(p, tt.to); got != tt.want {
			t.Errorf("%s %s in %s: %q, want %q", tt.ecosystem, tt.name, tt.file, got, tt.want)
		}
	}
	for _, tt := range []struct{ ecosystem, name, file, want string }{
		{"npm", "a", "package-lock.json", "npm update a"},
		{"npm", "a", "pnpm-lock.yaml", "pnpm update --depth Infinity a"},
		{"Packagist", "a/b", "composer.lock", "composer update a/b"},
	} {
		deep := tocsin.IncidentPackage{Ecosystem: tt.ecosystem, Name: tt.name, Location: tt.file, Path: []string{"x", tt.name}}
		if got := command(deep, "1.0"); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.file, got, tt.want)
		}
	}
}

func TestCommandIsNeverDangerous(t *testing.T) {
	files := map[string]string{"npm": "package-lock.json", "Go": "go.mod", "crates.io": "Cargo.lock", "RubyGems": "Gemfile.lock", "Packagist": "composer.lock", "PyPI": "uv.lock"}
	evil := []string{"-g", "--registry=http:", "a;b", "a b", "a\nb", "a$(b)", "a`b`", "a|b", "a&b", "a>b", "a'b", `a"b`, `a\b`, "a*", "a?", "{a,b}", "(a)", "~a", "!a", "#a", "=a",
		"../a", "/a", "./a", "user/repo", "github:a/b", "git+https://x/y", "http://x", "file:a", "a@b", "ä", "", "@a", "a\r", "a\u2028b", "%a%", "a^b"}
	for ecosystem, file := range files {
		for _, e := range evil {
			if ecosystem == "Packagist" && e == "user/repo" {
				continue // that is how packages are called there
			}
			for _, c := range []string{
				command(tocsin.IncidentPackage{Ecosystem: ecosystem, Name: e, Version: "1.0", Location: file}, "1.0"),
				command(tocsin.IncidentPackage{Ecosystem: ecosystem, Name: "a", Version: "1.0", Location: file}, e),
				command(tocsin.IncidentPackage{Ecosystem: "crates.io", Name: "a", Version: e, Location: "Cargo.lock"}, "1.0"),
			} {
				if c != "" {
					t.Errorf("%s: %q gives %q", ecosystem, e, c)
				}
			}
		}
	}
}

func TestKeysAreTame(t *testing.T) {
	for _, id := range []string{"../../x y", strings.Repeat("A", 1<<20), "\xff\n", "a$(b)", "ä"} {
		w := newWorld(t)
		w.run(sees("shop", one(says(tocsin.ResponseEmergency, class(id), "log", "1"))))
		for key := range w.have {
			if !regexp.MustCompile(`^INC-[A-Za-z0-9._-]{1,80}$`).MatchString(key) {
				t.Errorf("%.40q gives key %.100q", id, key)
			}
		}
	}
}
