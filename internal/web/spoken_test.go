package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
		return fmt.Sprintf(`,"comment":{"id":12,"created_at":"2026-03-01T12:00:00Z","user":{"id":5,"login":"ada","type":"User"},"author_association":%q,"body":%q}`, who, body)
	}
	n := 0
	said := func(kind, body, status, want string) {
		t.Helper()
		n++
		w.commands, w.remarks = nil, nil
		w.wants(202, hook(kind, fmt.Sprint("d-", n), body), `"`+status+`"`)
		switch {
		case want == "" && len(w.commands) > 0:
			t.Errorf("%s: %+v", body, w.commands)
		case want != "" && (len(w.commands) != 1 || w.commands[0].Do != tocsin.DoNote || w.commands[0].Text != want || w.commands[0].By != tocsin.Actor{ID: "github:5", Name: "ada"} || w.commands[0].Source != "github"):
			t.Errorf("%s: %+v", body, w.commands)
		}
	}
	heard := func(body string, want tocsin.Remark) {
		t.Helper()
		said("issue_comment", body, "taken", "")
		want.Repository, want.Issue, want.ID, want.Author, want.AuthorID, want.At = "pay/Shop", 7, 12, "ada", 5, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		if d := cmp.Diff([]tocsin.Remark{want}, w.remarks); d != "" {
			t.Errorf("%.200s (-want +got)\n%s", body, d)
		}
	}
	first := event("created", 7, comment("MEMBER", "We do not use it."))
	heard(first, tocsin.Remark{Near: true}.Said("We do not use it."))
	w.remarks = nil
	w.wants(200, hook("issue_comment", "another-id", first), "seen")
	heard(event("created", 7, comment("NONE", "buy this")), tocsin.Remark{}.Said("buy this"))
	heard(event("edited", 7, comment("OWNER", "changed")), tocsin.Remark{Near: true, Edited: true, EditorID: 5}.Said("changed"))
	heard(strings.Replace(event("edited", 7, comment("OWNER", "changed for them")), `"sender":{"id":5`, `"sender":{"id":6`, 1), tocsin.Remark{Near: true, Edited: true, EditorID: 6}.Said("changed for them"))
	long := strings.Repeat("ü", 500_000)
	heard(event("created", 7, comment("OWNER", long)), tocsin.Remark{Near: true}.Said(long))
	if len(w.remarks[0].Body) > 20_000 {
		t.Errorf("%d bytes go on", len(w.remarks[0].Body))
	}
	w.remarks = nil
	said("issue_comment", event("deleted", 7, comment("OWNER", "gone")), "nothing", "")
	said("issue_comment", event("created", 8, comment("OWNER", "not our issue")), "nothing", "")
	said("issue_comment", strings.Replace(event("created", 7, comment("OWNER", "whose?")), `"user":{"id":5`, `"user":{"id":0`, 1), "nothing", "")
	if len(w.remarks) > 0 {
		t.Errorf("%+v", w.remarks)
	}
	said("issues", event("closed", 7, ""), "taken", "closed pay/Shop#7 (not_planned)")
	said("issues", event("reopened", 7, ""), "nothing", "") // it is to be open
	said("issues", event("labeled", 7, ""), "nothing", "")
	w.commands = nil
	w.wants(202, hook("issues", "deleted", event("deleted", 7, "")), `"taken"`)
	if len(w.commands) != 2 || w.commands[0].Text != "deleted pay/Shop#7" || w.commands[1].Do != tocsin.DoEscalate || w.commands[1].By != tocsin.Self() {
		t.Errorf("%+v", w.commands)
	}
	said("issues", strings.Replace(event("closed", 7, ""), `"User"`, `"Bot"`, 1), "nothing", "")
	w.wants(400, hook("issues", "bad", `{"action":"closed"}`))
	said("security_advisory", `{"action":"published"}`, "taken", "")
	if w.syncs != 1 {
		t.Errorf("%d syncs", w.syncs)
	}
}
