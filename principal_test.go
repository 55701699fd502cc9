package tocsin

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestAccessPage: the page for operators says of each access what it may.
func TestAccessPage(t *testing.T) {
	page, err := os.ReadFile("docs/access.md")
	if err != nil {
		t.Fatal(err)
	}
	columns := []Permission{MayGate, MaySend, MayRead, MayRespond, MayManage, MayRule}
	rows := []string{"| access | gate | send | read | respond | manage | rule |", "|---|---|---|---|---|---|---|"}
	for _, access := range []Access{AccessGate, AccessSender, AccessViewer, AccessResponder, AccessSecurity, AccessAdmin} {
		row := fmt.Sprintf("| `%s` |", access)
		for _, may := range columns {
			if slices.Contains(permissions[access], may) {
				row += " yes |"
			} else {
				row += " |"
			}
		}
		rows = append(rows, row)
	}
	if want := strings.Join(rows, "\n"); len(rows) != len(permissions)+2 || !strings.Contains(string(page), want) {
		t.Errorf("docs/access.md does not have this table:\n%s", want)
	}
}

// TestMayGive: nobody gives more than they rule.
func TestMayGive(t *testing.T) {
	everywhere, group, project := Grant{Access: AccessAdmin}, Grant{Access: AccessAdmin, Group: "web"}, Grant{Access: AccessAdmin, Group: "web", Project: "api"}
	for _, c := range []struct {
		own, given Grant
		want       bool
	}{
		{everywhere, everywhere, true}, {everywhere, project, true},
		{group, group, true}, {group, project, true}, {group, everywhere, false}, {group, Grant{Access: AccessGate, Project: "api"}, false},
		{group, Grant{Access: AccessGate, Group: "db"}, false},
		{project, project, true}, {project, group, false}, {project, Grant{Access: AccessGate, Group: "web", Project: "shop"}, false},
		{Grant{Access: AccessSecurity}, Grant{Access: AccessGate}, false}, {Grant{}, Grant{}, false},
	} {
		if got := (Principal{Grants: []Grant{c.own}}).MayGive(c.given); got != c.want {
			t.Errorf("%+v gives %+v: %v", c.own, c.given, got)
		}
	}
}
