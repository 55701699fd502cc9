package incidents

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin"
)

// TestRespondersPage: the table of docs/responders.md is what the engine and the shipped governance say, and each role has its card.
func TestRespondersPage(t *testing.T) {
	text, err := os.ReadFile(filepath.FromSlash("../docs/responders.md"))
	if err != nil {
		t.Fatal(err)
	}
	page, rules := string(text), shippedRules(t)
	quoted := func(fields []string) string {
		var out []string
		for _, f := range fields {
			out = append(out, "`"+f+"`")
		}
		return strings.Join(out, " ")
	}
	rows := 0
	for _, v := range Verbs() {
		who := "all who respond"
		if v.Right != "" {
			who = roleList(rules.Governance.Rights[v.Right])
		}
		rows++
		if want := fmt.Sprintf("| `%s` | %s | %s | %s | %s |\n", v.Do, v.About, quoted(v.Needs), quoted(v.Takes), who); !strings.Contains(page, want) {
			t.Errorf("docs/responders.md has no row\n%s", want)
		}
	}
	if n := strings.Count(page, "\n| `"); n != rows {
		t.Errorf("docs/responders.md has %d rows for %d verbs", n, rows)
	}
	for _, role := range append(tocsin.Roles(), tocsin.RoleScribe) {
		if !strings.Contains(page, "### "+strings.ToUpper(string(role[:1]))+string(role[1:])+"\n") {
			t.Errorf("docs/responders.md has no card for the %s", role)
		}
	}
}
