package web

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin"
)

// TestSpoken: what people who belong to a repository write on our issue, or do to it, stands on the timeline once; all else does not.
func TestSpoken(t *testing.T) {
	w := newWorld(t)
	const key = "issue/INC-pay-CVE-2026-1/pay/shop"
	err := w.store.Finish(t.Context(), tocsin.Delivery{Key: key, Revision: 1, State: tocsin.ActionDone, Remote: &tocsin.Remote{Key: key, Repository: "Pay/shop", Number: 7, Revision: 1}})
	if err != nil {
		t.Fatal(err)
	}
	event := func(action string, number int, more string) string {
		return fmt.Sprintf(`{"action":%q,"issue":{"number":%d,"state":"closed","state_reason":"not_planned"},"sender":{"id":5,"login":"ada","type":"User"},"repository":{"full_name":"pay/Shop"}%s}`, action, number, more)
	}
	comment := func(who, body string) string {
		return fmt.Sprintf(`,"comment":{"author_association":%q,"body":%q}`, who, body)
	}
	n := 0
	said := func(kind, body, status, want string) {
		t.Helper()
		n++
		w.commands = nil
		w.wants(202, hook(kind, fmt.Sprint("d-", n), body), `"`+status+`"`)
		switch {
		case want == "" && len(w.commands) > 0:
			t.Errorf("%s: %+v", body, w.commands)
		case want != "" && (len(w.commands) != 1 || w.commands[0].Do != tocsin.DoNote || w.commands[0].Text != want || w.commands[0].By != tocsin.Actor{ID: "github:5", Name: "ada"} || w.commands[0].Source != "github"):
			t.Errorf("%s: %+v", body, w.commands)
		}
	}
	first := event("created", 7, comment("MEMBER", "We do not use it."))
	said("issue_comment", first, "taken", "wrote on pay/Shop#7: We do not use it.")
	w.commands = nil
	w.wants(200, hook("issue_comment", "another-id", first), "seen")
	said("issue_comment", event("created", 7, comment("NONE", "buy this")), "nothing", "")
	said("issue_comment", event("edited", 7, comment("OWNER", "changed")), "nothing", "")
	said("issue_comment", event("created", 7, comment("OWNER", "ours <!-- tocsin:v1 key=x -->")), "nothing", "")
	said("issue_comment", event("created", 8, comment("OWNER", "not our issue")), "nothing", "")
	said("issue_comment", event("created", 7, comment("OWNER", strings.Repeat("ü", 5000))), "taken", "wrote on pay/Shop#7: "+strings.Repeat("ü", 1000)+" …")
	said("issues", event("closed", 7, ""), "taken", "closed pay/Shop#7 (not_planned)")
	said("issues", event("reopened", 7, ""), "nothing", "") // it is to be open
	said("issues", event("labeled", 7, ""), "nothing", "")
	said("issues", event("deleted", 7, ""), "taken", "deleted pay/Shop#7")
	said("issues", strings.Replace(event("closed", 7, ""), `"User"`, `"Bot"`, 1), "nothing", "")
	w.wants(400, hook("issues", "bad", `{"action":"closed"}`))
	said("security_advisory", `{"action":"published"}`, "taken", "")
	if w.syncs != 1 {
		t.Errorf("%d syncs", w.syncs)
	}
}
