package exceptions

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsin-dev/tocsin"
)

// said is what a test compares of an exception: kind class package [justification] reason, by owner, until or @stated, source.
func said(list []tocsin.Exception) []string {
	var out []string
	for _, x := range list {
		s := fmt.Sprintf("%s %s %s", x.Kind, x.Class, x.Package)
		if x.Range != "" {
			s += " (" + x.Range + ")"
		}
		if x.Product != "" {
			s += " in " + x.Product
		}
		if x.Folder != "" {
			s += " below " + x.Folder
		}
		if x.Justification != "" {
			s += " [" + x.Justification + "]"
		}
		s += ": " + x.Reason + ", " + x.Owner
		if !x.Expires.IsZero() {
			s += ", until " + x.Expires.Format(time.DateOnly)
		}
		if !x.Stated.IsZero() {
			s += ", stated " + x.Stated.Format(time.DateOnly)
		}
		out = append(out, s+", "+x.Source)
	}
	return out
}

// A reading is a file and what is read from it.
type reading struct {
	file, text string
	named      bool
	want       []string
	unused     []string // parts of what is said, one each
}

func (c reading) check(t *testing.T) {
	t.Helper()
	f, err := Read(c.file, []byte(c.text), Options{Now: spring, Named: c.named})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(c.want, said(f.Exceptions)); d != "" {
		t.Error(d)
	}
	if len(f.Unused) != len(c.unused) {
		t.Errorf("unused: %v, want %d", f.Unused, len(c.unused))
	}
	for i, u := range f.Unused {
		if i < len(c.unused) && !strings.Contains(u.Error(), c.unused[i]) {
			t.Errorf("unused: %v, want %q", u, c.unused[i])
		}
	}
}

func TestRecognise(t *testing.T) {
	for name, c := range map[string]reading{
		"ours by content": {file: "x.yml", text: strings.Replace(good, "exceptions:", "# ours\n\"exceptions\" :", 1), want: []string{
			"accepted-risk CVE-2026-1 pkg:npm/left: behind a filter until the rewrite, ada, until 2026-06-30, x.yml:4",
			"not-affected GHSA-1 pkg:pypi/Some_Thing@1.0 [vulnerable_code_not_present]: built without it, grace, until 2026-12-31, x.yml:10",
		}},
		"trivy's by content":  {file: "x.yaml", text: "vulnerabilities: []\n"},
		"grype's by content":  {file: "x.yaml", text: "ignore: []\n"},
		"of a commit":         {file: "origin/main:.trivyignore", text: "# none\n"},
		"a byte-order mark":   {file: "x.json", text: "\xEF\xBB\xBF{\"@context\": \"https://openvex.dev/ns/v0.2.0\", \"statements\": []}"},
		"in a folder":         {file: `a/b/.grype.yaml`, text: "fail-on-severity: high\n"},
		"XML with a preamble": {file: "x", text: "<?xml version=\"1.0\"?>\n<!-- x -->\n<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\"/>"},
	} {
		t.Run(name, c.check)
	}
}

// A file that is broken is refused, with its place and what to write instead.
func TestReadRefuses(t *testing.T) {
	openvex := `{"@context": "https://openvex.dev/ns/v0.2.0", "statements": [
 {"vulnerability": {"name": "CVE-1"}, "products": [{"@id": "pkg:npm/a"}], %s}]}`
	for name, c := range map[string]struct{ file, text, want string }{
		"ours":                  {"e.yaml", "exceptions: [{kind: x}]", "e.yaml:1:"},
		"no kind that is known": {"notes.txt", "CVE-2026-1", "notes.txt: is no kind of exceptions that is known"},
		"some JSON":             {"x.json", `{"a": 1}`, "x.json: is no VEX document"},
		"broken JSON":           {"x.json", "{\n\"a\": ", "x.json:2: "},
		"one field twice":       {"x.json", "{\n\"a\": 1,\n\"a\": 2}", `x.json:3: /a: duplicate object member name`},
		"some XML":              {"x.xml", "<html/>", "x.xml:1: is no CycloneDX document"},
		"broken XML":            {"x.xml", "<bom>\n<a></b></bom>", "x.xml:2: is no CycloneDX document"},
		"OpenVEX status":        {"x.json", fmt.Sprintf(openvex, `"status": "harmless"`), `x.json:2: status: "harmless": want one of`},
		"OpenVEX justification": {"x.json", fmt.Sprintf(openvex, `"status": "not_affected", "justification": "luck"`), `x.json:2: justification: "luck": want one of`},
		"OpenVEX says no why":   {"x.json", fmt.Sprintf(openvex, `"status": "not_affected", "status_notes": "trust me"`), "x.json:2: justification: is missing"},
		"OpenVEX type":          {"x.json", fmt.Sprintf(openvex, `"status": 5`), "x.json:2: /statements/0/status: a number does not belong here"},
		"OpenVEX time":          {"x.json", fmt.Sprintf(openvex, "\n\"timestamp\": \"today\""), "x.json:3: /statements/0/timestamp: "},
		"CSAF type":             {"x.json", "{\"document\": {\"csaf_version\": \"2.0\"},\n\"vulnerabilities\": [{\"product_status\": []}]}", "x.json:2: /vulnerabilities/0/product_status: a list does not belong here"},
		"CycloneDX state":       {"x.json", "{\"bomFormat\": \"CycloneDX\", \"vulnerabilities\": [\n{\"id\": \"CVE-1\", \"analysis\": {\"state\": \"fine\"}}]}", `x.json:2: analysis: state: "fine" is none that is known`},
		"CycloneDX why":         {"x.json", "{\"bomFormat\": \"CycloneDX\", \"vulnerabilities\": [\n{\"id\": \"CVE-1\", \"analysis\": {\"state\": \"not_affected\", \"justification\": \"x\"}}]}", `x.json:2: analysis: justification: "x" is none`},
		"TOML":                  {"osv-scanner.toml", "[[IgnoredVulns]]\nid = x\n", "osv-scanner.toml:2:"},
		"TOML without an id":    {"osv-scanner.toml", "\n[[IgnoredVulns]]\nreason = \"x\"\n", "osv-scanner.toml:2: IgnoredVulns: id: is missing"},
		"TOML date":             {"osv-scanner.toml", "[[IgnoredVulns]]\nid = \"x\"\nignoreUntil = \"soon\"\n", "osv-scanner.toml"},
		"trivy's end":           {".trivyignore", "\nCVE-1 exp:soon", `.trivyignore:2: exp: "soon" is no day`},
		"trivy's YAML end":      {".trivyignore.yaml", "vulnerabilities:\n- id: CVE-1\n  expired_at: soon\n", `.trivyignore.yaml:3: expired_at: "soon": want a day`},
		"trivy's YAML purl":     {".trivyignore.yaml", "vulnerabilities:\n- id: CVE-1\n  purls: [lodash]\n", `.trivyignore.yaml:3: purls: "lodash" is no purl`},
		"trivy's YAML type":     {".trivyignore.yaml", "vulnerabilities: 5\n", ".trivyignore.yaml:1:"},
		"grype's type":          {".grype.yaml", "ignore:\n- vulnerability: []\n", ".grype.yaml:2:"},
	} {
		_, err := Read(c.file, []byte(c.text), Options{Now: spring})
		if !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// What is made to exhaust a reader is refused in time and space that its size explains.
func TestReadHostile(t *testing.T) {
	pairs := func(n int, format string) string { // of things that refer to each other
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format+",", i)
		}
		return strings.TrimSuffix(b.String(), ",")
	}
	head := `{"@context": "https://openvex.dev/ns/v0.2.0", "statements": `
	csaf := `{"document": {"csaf_version": "2.0"}, `
	for name, c := range map[string]struct{ file, text, want string }{
		"a huge document":    {"x.json", head + "[" + strings.Repeat(" ", MaxSize) + "]}", "bytes that are read"},
		"a huge XML":         {"x.xml", "<bom>" + strings.Repeat(" ", MaxSize) + "</bom>", "bytes that are read"},
		"a huge ignore file": {".trivyignore", strings.Repeat("\n", 1<<20+1), "bytes that are read"},
		"a huge YAML":        {".grype.yaml", "a: " + strings.Repeat("a", 1<<20), "bytes that are read"},
		"deep JSON":          {"x.json", head + strings.Repeat("[", 1<<20), "exceeded max depth"},
		"deep branches":      {"x.json", csaf + `"product_tree": ` + strings.Repeat(`{"branches": [`, 20_000), "exceeded max depth"},
		"deep components":    {"x.json", `{"bomFormat": "CycloneDX", "components": [` + strings.Repeat(`{"components": [`, 20_000), "exceeded max depth"},
		"deep XML":           {"x.xml", "<bom>" + strings.Repeat("<components><component>", 20_000), "exceeded max depth"},
		"deep TOML":          {"x.toml", "a = " + strings.Repeat("[", 1<<19), "nested too deeply"},
		"dotted TOML":        {"x.toml", strings.Repeat("a.", 1<<18) + "a = 1\n", "x.toml:1: is nested too deeply"},
		"dots after strings": {"x.toml", "a = 'x\\'\nb = \"\\\"\"\nc = '''\n'\n'''\n[" + strings.Repeat("'a' . ", 1<<17) + "a]\n", "x.toml:6: is nested too deeply"},
		"deep YAML":          {".grype.yaml", "ignore: " + strings.Repeat("[", 100_000), ".grype.yaml"},
		"aliases of aliases": {".grype.yaml", "a: &a [x,x,x,x,x,x,x,x,x]\n" + aliases(9) + "ignore: *j\n", ".grype.yaml"},
		"products times components": {"x.json", head + `[{"vulnerability": "CVE-1", "status": "fixed", "products": [` + pairs(2000, `"pkg:npm/a%d@1"`) + `], "subcomponents": [` +
			pairs(2000, `"pkg:npm/b%d@1"`) + `]}]}`, "than are read"},
		"products times aliases": {"x.json", head + `[{"vulnerability": {"name": "CVE-1", "aliases": [` + pairs(2000, `"CVE-%d"`) + `]}, "status": "fixed", "products": [` +
			pairs(2000, `"pkg:npm/a%d@1"`) + `]}]}`, "than are read"},
		"faults": {"x.toml", strings.Repeat("[[IgnoredVulns]]\n", 10_000), "x.toml:100: IgnoredVulns: id: is missing"},
		"flags times groups": {"x.json", csaf + `"product_tree": {"product_groups": [{"group_id": "g", "product_ids": [` + pairs(2000, `"p%d"`) + `]}]}, "vulnerabilities": [{"flags": [` +
			strings.TrimSuffix(strings.Repeat(`{"label": "component_not_present", "group_ids": ["g"]},`, 2000), ",") + `]}]}`, "than are read"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(c.file, []byte(c.text), Options{Now: spring, Named: true})
			if !errors.Is(err, tocsin.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%.300v, want %q", err, c.want)
			} else if len(err.Error()) > 10_000 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

// aliases is a bomb of n lists of the list before.
func aliases(n int) string {
	var b strings.Builder
	for i := range n {
		was := string(rune('a' + i))
		fmt.Fprintf(&b, "%c: &%[1]c [%s]\n", 'b'+i, strings.TrimSuffix(strings.Repeat("*"+was+",", 9), ","))
	}
	return b.String()
}

// Entries that cannot be used are told, but not by the million.
func TestUnusedIsCounted(t *testing.T) {
	f, err := Read(".trivyignore.yaml", []byte("vulnerabilities:\n"+strings.Repeat("- {id: a, paths: [b]}\n", 1500)), Options{Now: spring})
	if err != nil || len(f.Unused) != maxUnused || f.MoreUnused != 500 {
		t.Errorf("%d unused and %d more, %v", len(f.Unused), f.MoreUnused, err)
	}
}
