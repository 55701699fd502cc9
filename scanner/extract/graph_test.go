package extract

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

func TestLockKeys(t *testing.T) {
	tests := []struct {
		split         func(string) (string, string)
		key           string
		name, version string
	}{
		{splitAt, "@s/a@1.0.0(@s/b@2.0.0)(c@3.0.0)", "@s/a", "1.0.0"},
		{splitAt, "a@file:x", "a", "file:x"},
		{splitAt, "a", "a", ""},
		{splitAt, "@", "@", ""},
		{splitAt, "", "", ""},
		{pnpmPath, "/a/1.0.0", "a", "1.0.0"},
		{pnpmPath, "/@s/a/1.0.0_b@2.0.0+c@3.0.0", "@s/a", "1.0.0"},
		{pnpmPath, "/a@1.0.0", "a", "1.0.0"},
		{pnpmPath, "/@s/a@1.0.0(@t/b@2.0.0)", "@s/a", "1.0.0"},
		{pnpmPath, "registry.example.com/@s/a/1.0.0", "@s/a", "1.0.0"},
		{pnpmPath, "github.com/someone/fork/0123", "", ""},
		{pnpmPath, "file:../a", "", ""},
		{pnpmPath, "/@s", "", ""},
		{yarnPair, `    "@s/a" "^1.0.0 || ^2.0.0"`, "@s/a", "^1.0.0 || ^2.0.0"},
		{yarnPair, `    a "npm:b@^1"`, "a", "npm:b@^1"},
		{yarnPair, `    "@s/a": "npm:^1"`, "@s/a", "npm:^1"},
		{yarnPair, `    a: ^1`, "a", "^1"},
		{yarnPair, `    a`, "", ""},
	}
	for _, tt := range tests {
		if name, version := tt.split(tt.key); name != tt.name || version != tt.version {
			t.Errorf("%q is %q %q, want %q %q", tt.key, name, version, tt.name, tt.version)
		}
	}
	for key, want := range map[string]string{"a": "", "a/b": "a", "@s/a": "", "a/@s/b": "a", "@s/a/b": "@s/a", "@s/a/@t/b": "@s/a", "": ""} {
		if got := above(key); got != want {
			t.Errorf("above(%q) = %q, want %q", key, got, want)
		}
	}
	for text, want := range map[string]string{"a": "a", " A.b_c [x] >=1; extra == 'y'": "A.b_c", "a@ git+https://x": "a", "file:///a": "", "-e .": "", "": ""} {
		if got := requirementName(text); got != want {
			t.Errorf("requirementName(%q) = %q, want %q", text, got, want)
		}
	}
}

// relations reads a lockfile with what lies beside it, and tells relation and scope of each package.
func relations(t *testing.T, name, content string, beside map[string]string) map[string]string {
	t.Helper()
	fsys := fstest.MapFS{}
	for file, text := range beside {
		fsys["app/"+file] = &fstest.MapFile{Data: []byte(text)}
	}
	r, err := NewTable().ByPath(name).Read(t.Context(), File{Path: "app/" + name, Body: strings.NewReader(content), FS: fsys})
	if err != nil || r.Partial != "" {
		t.Fatal(err, r.Partial)
	}
	check(t, name, r)
	out := map[string]string{}
	for _, p := range r.Packages {
		out[p.String()] = strings.TrimSpace(string(p.Relation + " " + tocsin.Relation(p.Scope)))
	}
	return out
}

// What the project asks for is told by the manifest beside the lockfile. What it does not tell is not claimed.
func TestManifestBeside(t *testing.T) {
	const yarn1 = "a@1:\n  version \"1\"\n  dependencies:\n    b \"1\"\n\nb@1:\n  version \"1\"\n\nc@1:\n  version \"1\"\n"
	const yarn4 = "\"a@npm:1\":\n  version: 1\n  resolution: \"a@npm:1\"\n\n\"p@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"p@workspace:.\"\n  dependencies:\n    a: 1\n"
	const poetry = "[[package]]\nname = \"a\"\nversion = \"1\"\n[package.dependencies]\nb = \"*\"\n[[package]]\nname = \"b\"\nversion = \"1\"\n"
	unknown := map[string]string{"a@1": "", "b@1": "", "c@1": ""}
	tests := []struct {
		name, lock, content string
		beside              map[string]string
		want                map[string]string
	}{
		{"none", "yarn.lock", yarn1, nil, unknown},
		{"bad", "yarn.lock", yarn1, map[string]string{"package.json": `{"dependencies": {"a": "1"`}, unknown},
		{"other types", "yarn.lock", yarn1, map[string]string{"package.json": `{"dependencies": ["a"], "devDependencies": {"c": 1}, "workspaces": {"packages": 7}}`}, unknown},
		{"too large", "yarn.lock", yarn1, map[string]string{"package.json": `{"dependencies": {"a": "1"}}` + strings.Repeat(" ", maxManifest)}, unknown},
		{"good", "yarn.lock", yarn1, map[string]string{"package.json": `{"devDependencies": {"a": "1"}, "dependencies": {"c": "1"}}`},
			map[string]string{"a@1": "direct dev", "b@1": "transitive dev", "c@1": "direct"}},
		{"members", "yarn.lock", yarn1, map[string]string{"package.json": `{"devDependencies": {"a": "1"}, "workspaces": ["x/*", "./one/"]}`, "x/m/package.json": `{"dependencies": {"b": "1"}}`, "one/package.json": `{"dependencies": {"c": "1"}}`},
			map[string]string{"a@1": "direct dev", "b@1": "direct", "c@1": "direct"}},
		{"members that are not found", "yarn.lock", yarn1, map[string]string{"package.json": `{"devDependencies": {"a": "1"}, "workspaces": ["x/**"]}`},
			map[string]string{"a@1": "direct", "b@1": "", "c@1": ""}},
		{"a project in the lock, alone", "yarn.lock", yarn4, nil, map[string]string{"a@1": "direct"}},
		{"a project in the lock", "yarn.lock", yarn4, map[string]string{"package.json": `{"devDependencies": {"a": "1"}}`}, map[string]string{"a@1": "direct dev"}},
		{"in both", "yarn.lock", yarn4, map[string]string{"package.json": `{"devDependencies": {"a": "1"}, "dependencies": {"a": "1"}}`}, map[string]string{"a@1": "direct"}},
		{"Poetry", "poetry.lock", poetry, map[string]string{"pyproject.toml": "[tool.poetry.dev-dependencies]\na = \"*\""}, map[string]string{"a@1": "direct dev", "b@1": "transitive dev"}},
		{"dynamic", "poetry.lock", poetry, map[string]string{"pyproject.toml": "[project]\ndynamic = [\"dependencies\"]\n[dependency-groups]\ndev = [\"a\"]"}, map[string]string{"a@1": "direct", "b@1": ""}},
		{"bad TOML", "poetry.lock", poetry, map[string]string{"pyproject.toml": "[project"}, map[string]string{"a@1": "", "b@1": ""}},
		{"bad Pipfile", "Pipfile.lock", `{"default": {"a": {"version": "==1"}}}`, map[string]string{"Pipfile": "packages = 7"}, map[string]string{"a@1": ""}},
		{"bad composer.json", "composer.lock", `{"packages": [{"name": "a", "version": "1"}]}`, map[string]string{"composer.json": `{"require": {"a": {}}}`}, map[string]string{"a@1": ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, relations(t, tt.lock, tt.content, tt.beside)); d != "" {
				t.Error(d)
			}
		})
	}
}

// A workspace of more projects than are looked at is not taken for one that was read whole.
func TestManyMembers(t *testing.T) {
	beside := map[string]string{"package.json": `{"devDependencies": {"a": "1"}, "workspaces": ["x/*"]}`}
	for i := range maxMembers + 1 {
		beside[fmt.Sprintf("x/%d/package.json", i)] = `{}`
	}
	got := relations(t, "yarn.lock", "a@1:\n  version \"1\"\n  dependencies:\n    b \"1\"\n\nb@1:\n  version \"1\"\n", beside)
	if d := cmp.Diff(map[string]string{"a@1": "direct", "b@1": ""}, got); d != "" {
		t.Error(d)
	}
}

// A graph takes so many edges and no more, and says so.
func TestEdgeBound(t *testing.T) {
	r := Result{Packages: make([]tocsin.Package, 2)}
	g := newGraph(&r)
	g.link(0, false, slices.Repeat([]int{1}, MaxEdges+1)...)
	g.link(tocsin.EdgeRoot, true, 0)
	if len(r.Edges) != MaxEdges || r.Partial != errEdges.Error() {
		t.Error(len(r.Edges), r.Partial)
	}
}

// What development leads to, and nothing else, is for development; cycles end.
func TestScopes(t *testing.T) {
	r := Result{Packages: make([]tocsin.Package, 5)}
	g := newGraph(&r)
	g.link(tocsin.EdgeRoot, false, 0)
	g.link(tocsin.EdgeRoot, true, 0, 1)
	g.link(0, false, 2)
	g.link(1, false, 2, 3)
	g.link(3, false, 1)
	g.settle()
	var got bytes.Buffer
	for _, p := range r.Packages {
		fmt.Fprintf(&got, "%s/%s ", p.Relation, p.Scope)
	}
	if want := "direct/ direct/dev transitive/ transitive/dev / "; got.String() != want {
		t.Errorf("%q, want %q", got.String(), want)
	}
}
