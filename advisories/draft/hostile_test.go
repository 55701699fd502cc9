package draft_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/tocsin-dev/tocsin"
	"github.com/tocsin-dev/tocsin/advisories/draft"
)

// hostile are documents whose every text that advisories, packages and inventories bring is hostile.
func hostile(t testing.TB) map[string]tocsin.Document {
	out := map[string]tocsin.Document{}
	for name, evil := range map[string]string{
		"mention": "@octocat/pkg and @everyone", "html": `<img src=x onerror=alert(1)><b>`, "link": "[click](javascript:alert(1)) https://evil.example/x",
		"marker": "<!-- tocsin:end --> <!-- tocsin:v1 key=a mac=b -->", "lines": "a\n\n# heading\r\n- item\u2028x", "bidi": "safe\u202eetelpmoc\u2066", "escape": "\x1b[31mred\x07\x00",
		"huge": strings.Repeat("A@b ", 1<<18), "invalid": "\xff\xfe", "purl": "a?vers=x&y#z%00", "empty": "",
	} {
		d := newDesk(t)
		d.rules.Publisher.Name = "Shop " + evil
		c := &d.inc.Class
		c.ID, c.Summary, c.Aliases, c.URL, c.CWEs, c.CVSS = "X-"+evil, evil, []string{evil, "z"}, "https://"+evil, []string{evil}, &tocsin.CVSS{Vector: evil, Score: 9}
		p := tocsin.IncidentPackage{Ecosystem: "npm", Name: evil, Version: evil, Fixed: evil, Upgrade: evil + "2", Classes: []string{"X-" + evil}}
		for i := range d.inc.Projects {
			d.inc.Projects[i].Packages = []tocsin.IncidentPackage{p, {Ecosystem: evil, Name: evil, Version: evil}}
		}
		d.does(ada, tocsin.Command{Do: tocsin.DoProduct, Projects: []string{"shop-sdk"}, Product: tocsin.ProductAffected, Range: ">= 1.0"})
		out[name] = d.document()
	}
	return out
}

var (
	codeSpan = regexp.MustCompile("(?s)`[^`\n]+`|``.+?``|<code>[^<]*</code>")
	ours     = regexp.MustCompile(`<https://[A-Za-z0-9./_~-]+>|&(amp|lt|gt|#[0-9]+);`)
	acts     = regexp.MustCompile(`@\w|<|!\[|\]\(|://`)
)

// TestHostile: whatever stands in names, what we write stays small and does nothing.
func TestHostile(t *testing.T) {
	for name, d := range hostile(t) {
		for _, f := range draft.Formats() {
			text, err := draft.Write(d, f)
			if err != nil {
				t.Errorf("%s as %s: %v", name, f, err)
				continue
			}
			if len(text) > 100_000 {
				t.Errorf("%s as %s has %d bytes", name, f, len(text))
			}
			var v any
			if err := json.Unmarshal(text, &v); err != nil {
				t.Fatal(err)
			}
			clean(t, name+" as "+string(f), v)
			var said struct{ Details, Description string }
			_ = json.Unmarshal(text, &said)
			if f != draft.OSV && f != draft.GitHub {
				continue
			}
			body := ours.ReplaceAllString(codeSpan.ReplaceAllString(said.Details+said.Description, "CODE"), "·")
			if at := acts.FindStringIndex(strings.NewReplacer(`\[`, "", `\]`, "").Replace(body)); at != nil || strings.Contains(body, "\n# ") {
				t.Errorf("%s as %s: something acts at %v:\n%.2000s", name, f, at, body)
			}
		}
	}
}

func clean(t *testing.T, where string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			clean(t, where, e)
		}
	case []any:
		for _, e := range v {
			clean(t, where, e)
		}
	case string:
		for _, r := range v {
			if r != '\n' && r != '\u200b' && unicode.In(r, unicode.Cc, unicode.Cf) {
				t.Errorf("%s: %U survives in %.200q", where, r, v)
				return
			}
		}
	}
}
