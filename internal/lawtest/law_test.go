// Package lawtest states the laws of the repository and fails on what breaks them.
package lawtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/tocsin-dev/tocsin"

// leaves may be imported by everyone. They import the root and each other, in this order.
var leaves = []string{"internal/pattern", "internal/purl", "internal/version", "internal/markdown", "internal/secret", "internal/yamlfile", "internal/netguard", "internal/tracing"}

// allowed says who may import whom, apart from the root and the leaves. Siblings do not import each other; the stages
// know nothing of each other, and only the pipeline composes them.
var allowed = map[string][]string{
	"":                     {},
	"advisories":           {},
	"advisories/draft":     {},
	"advisories/feed":      {"advisories"}, // the size of a record
	"advisories/landmark":  {"advisories"}, // builds an index of what is embedded
	"scanner":              {"scanner/extract"},
	"scanner/extract":      {},
	"scanner/diff":         {},
	"scanner/match":        {},
	"scanner/pin":          {},
	"scanner/reach":        {},
	"scanner/report":       {},
	"policies":             {},
	"policies/exceptions":  {},
	"policies/packs":       {},
	"incidents":            {"advisories/draft"}, // the draft that an action makes is written from the one document
	"incidents/playbooks":  {},
	"incidents/governance": {},
	"incidents/acceptance": {},
	"incidents/drill":      {"incidents"}, // the verbs of its moves, and what a change brings
	"notify":               {},
	"notify/github":        {},
	"notify/routes":        {},
	"notify/webhook":       {},
	"notify/chat":          {},
	"notify/mail":          {},
	"internal/config":      {},
	"internal/auth":        {},
	"internal/browser":     {}, // tests only
	"internal/corpus":      {}, // tests only
	"internal/gittree":     {},
	"internal/githubapp":   {},
	"internal/registry":    {},
	"internal/githubtest":  {},
	"internal/oidctest":    {},
	"internal/jobs":        {},
	"internal/lawtest":     {},
	"internal/outbox":      {},
	"internal/postgres":    {}, // tests only
	"internal/store":       {},
	"internal/demo":        {"internal/config", "internal/githubtest", "internal/oidctest", "advisories/landmark"}, // its feeds are the landmarks, in files
	"internal/pipeline":    {"advisories", "advisories/feed", "scanner", "scanner/match", "scanner/pin", "policies", "policies/exceptions", "incidents", "internal/outbox", "internal/store"},
	"internal/sources":     {"internal/gittree"},                                                            // reads the commit that it fetched
	"internal/replay":      {"advisories", "scanner/match", "policies", "policies/exceptions", "incidents"}, // runs the stages over the past
	"internal/replay/view": {"internal/replay"},
	// Plays stages on a clock of its own. It reaches nobody: neither store, outbox nor notify may come here, see TestDrillsReachNobody.
	"internal/drill":      {"advisories", "advisories/landmark", "policies", "incidents", "incidents/acceptance", "incidents/drill", "internal/replay"},
	"internal/drill/view": {"incidents/drill"},
	"internal/web":        {"incidents/drill", "internal/replay", "internal/store", "policies", "scanner", "scanner/report"}, // reads what is kept, and what is typed as a policy; asks for the rest
	"internal/site":       {"incidents/drill", "internal/site/view", "internal/web"},                                         // a client of its table of routes, and of nothing behind it
	"internal/site/view":  {},
	"internal/app":        {"*"},
	"cmd/tocsin":          {"*"},
	"internal/pattern":    leaves[:0],
	"internal/purl":       leaves[:1],
	"internal/version":    leaves[:2],
	"internal/markdown":   leaves[:0],
	"internal/secret":     leaves[:0],
	"internal/yamlfile":   leaves[:1],
	"internal/netguard":   leaves[:0],
	"internal/tracing":    {"internal/secret"},
}

// heavy keeps costly dependencies where they belong.
var heavy = map[string][]string{
	"github.com/riverqueue/river":             {"internal/jobs"},
	"github.com/prometheus/client_golang":     {"internal/app"},
	"go.opentelemetry.io/otel":                {"internal/tracing"},
	"go.opentelemetry.io/proto/slim/otlp":     {}, // tests only
	"github.com/gofrs/flock":                  {"internal/app"},
	"cel.dev/cel-go":                          {"policies", "incidents/acceptance"},
	"github.com/google/osv-scalibr":           {"scanner/extract", "internal/version"},
	"github.com/google/osv-scanner/v2":        {"scanner/report"},
	"github.com/google/go-github/v62":         {"notify/github"},
	"github.com/bradleyfalzon/ghinstallation": {"internal/githubapp"},
	"github.com/nicholas-fedor/shoutrrr":      {"notify/chat"},
	"github.com/wneessen/go-mail":             {"notify/mail"},
	"modernc.org/sqlite":                      {"internal/store"},
	"github.com/jackc/pgx/v5":                 {"internal/store"},
	"github.com/pressly/goose/v3":             {"internal/store"},
	"github.com/go-git/go-git/v5":             {"internal/gittree", "internal/sources"},
	"github.com/spf13/cobra":                  {"cmd/tocsin"},
	"github.com/cespare/xxhash/v2":            {"advisories"},
	"charm.land/lipgloss/v2":                  {"scanner/report", "internal/replay/view", "cmd/tocsin"},
	"deps.dev/util/maven":                     {"scanner/extract"},
	"github.com/owenrumney/go-sarif/v3":       {}, // tests only
	"github.com/gocsaf/csaf/v3":               {}, // tests only: it takes 9 ms before main
	"github.com/openvex/go-vex":               {"advisories/draft", "scanner/report", "policies/exceptions"},
	"github.com/hashicorp/go-retryablehttp":   {"advisories/feed", "notify/github", "cmd/tocsin"},
	"golang.org/x/vuln":                       {"scanner/reach"},
	"code.dny.dev/ssrf":                       {"internal/netguard"},
	"github.com/coreos/go-oidc/v3":            {"internal/auth"},
	"github.com/go-jose/go-jose/v4":           {"internal/auth", "internal/oidctest"},
	"golang.org/x/oauth2":                     {"internal/auth"},
	"github.com/chromedp/chromedp":            {"internal/browser"},
	"github.com/sergi/go-diff":                {"internal/site"},
}

// absent came into the program by way of something small, and fill tables or compile expressions before main: no scan needs
// them, and each costs every start of the program a millisecond or more. golang.org/x/oauth2 was one by company, not by itself: it does
// nothing before main, and go-oidc and go-jose, with which it is used, take 0.05 ms and 1.5 KB.
var absent = []string{"google.golang.org/grpc", "github.com/xeipuuv/gojsonschema", "deps.dev/api/v3"}

func TestStartIsLight(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "./cmd/tocsin")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "runtime") {
		t.Fatal("the list of dependencies is empty")
	}
	for _, path := range absent {
		if slices.Contains(deps, path) {
			t.Errorf("%s is in the program: find who brings it with go mod why, and do without", path)
		}
	}
}

type pkg struct {
	ImportPath, Dir, Doc string
	Imports              []string
	GoFiles              []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Doc,Imports,GoFiles", "./...")
	cmd.Dir = root(t)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var list []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func short(importPath string) string {
	return strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
}

// TestImports: everything flows one way.
func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		name := short(p.ImportPath)
		may, ok := allowed[name]
		if !ok {
			t.Errorf("package %s is not in the table: say what it may import", name)
			continue
		}
		for _, imp := range p.Imports {
			if !strings.HasPrefix(imp, module) {
				if name == "" && strings.Contains(strings.Split(imp, "/")[0], ".") {
					t.Errorf("the root package imports %s: it may use the standard library only", imp)
				}
				for lib, users := range heavy {
					if (imp == lib || strings.HasPrefix(imp, lib+"/")) && !slices.Contains(users, name) {
						t.Errorf("%s imports %s, which belongs to %v", name, imp, users)
					}
				}
				continue
			}
			dep := short(imp)
			leaf := slices.Index(leaves, name) < 0 && slices.Contains(leaves, dep)
			if dep != "" && !leaf && !slices.Contains(may, dep) && !slices.Contains(may, "*") || name == "" {
				t.Errorf("%s imports %s, which the table does not allow", name, dep)
			}
		}
	}
}

// TestDrillsReachNobody: what plays drills has no way to the world or to the service's own data, by whatever it imports.
func TestDrillsReachNobody(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "./internal/drill")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, module+"/incidents/drill") {
		t.Fatal("the list of dependencies is empty")
	}
	for _, dep := range deps {
		if slices.Contains([]string{"net", "net/http", "net/smtp", "os/exec", "database/sql"}, dep) ||
			slices.Contains([]string{"notify", "notify/github", "internal/store", "internal/outbox", "internal/pipeline", "internal/app", "internal/registry"}, short(dep)) {
			t.Errorf("internal/drill can reach %s", dep)
		}
	}
}

// TestTableIsUsed: no line of the table outlives its package.
func TestTableIsUsed(t *testing.T) {
	var have []string
	for _, p := range packages(t) {
		have = append(have, short(p.ImportPath))
	}
	for name := range allowed {
		if !slices.Contains(have, name) {
			t.Errorf("the table names package %q, which is not there", name)
		}
	}
}

// TestPackageDocs: each package says in one place what it is for.
func TestPackageDocs(t *testing.T) {
	for _, p := range packages(t) {
		if p.Doc == "" && len(p.GoFiles) > 0 {
			t.Errorf("package %s has no doc comment", short(p.ImportPath))
		}
		docs := 0
		for _, f := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, f), nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				t.Fatal(err)
			}
			if file.Doc != nil {
				docs++
			}
		}
		if docs > 1 {
			t.Errorf("package %s has %d doc comments", short(p.ImportPath), docs)
		}
	}
}

// TestExportedDocs: what others use says what it means.
func TestExportedDocs(t *testing.T) {
	for _, p := range packages(t) {
		for _, f := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, f), nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				for _, name := range undocumented(d) {
					t.Errorf("%s: %s has no doc comment", path.Join(short(p.ImportPath), f), name)
				}
			}
		}
	}
}

// interfaceMethods need no comment of their own: the interface says what they do.
var interfaceMethods = []string{"Error", "Unwrap", "String", "UnmarshalJSONFrom", "Write"}

func undocumented(d ast.Decl) []string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && d.Name.IsExported() && !slices.Contains(interfaceMethods, d.Name.Name) && exportedReceiver(d) {
			return []string{d.Name.Name}
		}
	case *ast.GenDecl:
		var out []string
		for _, s := range d.Specs {
			if ts, ok := s.(*ast.TypeSpec); ok && ts.Name.IsExported() && d.Doc == nil && ts.Doc == nil {
				out = append(out, ts.Name.Name)
			}
		}
		return out
	}
	return nil
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}

// TestNoInit: nothing happens before main but declarations.
func TestNoInit(t *testing.T) {
	for _, p := range packages(t) {
		for _, f := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, f), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
					t.Errorf("%s/%s has an init function", short(p.ImportPath), f)
				}
			}
		}
	}
}

var (
	emptyName = regexp.MustCompile(`(?i)(^|/)(util|utils|helper|helpers|common|misc)(\.go|/|$)`)
	localPath = regexp.MustCompile(`(^|[\s"'(=])/(work|root|home)/[a-z]`)
	link      = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)
)

// TestTree: names say something, no file knows a machine, links in documents lead somewhere.
func TestTree(t *testing.T) {
	top := root(t)
	err := filepath.WalkDir(top, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(top, name)
		if err != nil {
			return err
		}
		if rel == ".git" { // a folder, or a file in a work tree of its own
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			if d.Name() == "bin" || rel == "testdata" {
				return fs.SkipDir
			}
			return nil
		}
		if emptyName.MatchString(filepath.ToSlash(rel)) {
			t.Errorf("%s: the name says nothing", rel)
		}
		text, err := os.ReadFile(name)
		if err != nil || len(text) > 1<<20 {
			return err
		}
		if m := localPath.FindString(string(text)); m != "" && !strings.HasSuffix(rel, "law_test.go") {
			t.Errorf("%s: names a path of one machine: %q", rel, m)
		}
		if strings.HasSuffix(rel, ".md") {
			for _, m := range link.FindAllStringSubmatch(string(text), -1) {
				if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
					continue
				}
				if _, err := os.Stat(filepath.Join(filepath.Dir(name), m[1])); err != nil {
					t.Errorf("%s: link to %s leads nowhere", rel, m[1])
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestFilesAreShort: a file is short enough to hold in mind.
func TestFilesAreShort(t *testing.T) {
	for _, p := range packages(t) {
		for _, f := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, f))
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(text, []byte("\n")); n > 400 {
				t.Errorf("%s/%s has %d lines: is it still one thing?", short(p.ImportPath), f, n)
			}
		}
	}
}
