package web

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tocsin-dev/tocsin"
)

// TestWhoLeads: what needs a person is not done by a token, nobody says who they are, and a refusal says why.
func TestWhoLeads(t *testing.T) {
	w := newWorld(t)
	const path = "/v1/incidents/INC-pay-CVE-2026-1/commands"
	post := func(as, body string) asked {
		return asked{method: "POST", path: path, as: as, body: body, header: asJSON}
	}
	w.wants(403, post("bot-responder", `{"do":"approve","message":"m1"}`), "is for people")
	w.wants(200, post("bot-responder", `{"do":"note","text":"the build is green"}`))
	w.wants(400, post("responder", `{"do":"take","role":"scribe","by":{"id":"ADA"}}`), "by")
	w.wants(400, post("responder", `{"do":"offer","role":"scribe","to":{"id":"NOBODY"}}`), "to.id")
	w.wants(200, post("responder", `{"do":"offer","role":"scribe","to":{"id":"ADA","name":"root"}}`))
	if n := len(w.commands); n != 2 || w.commands[0].By.ID != "token:" || w.commands[1].To != (tocsin.Actor{ID: "ADA", Name: "Ada"}) || w.commands[1].Source != "api" {
		t.Errorf("%+v", w.commands)
	}
	if last := w.entries[len(w.entries)-1]; last.What != "postCommand" || last.On != "INC-pay-CVE-2026-1" || !strings.Contains(string(last.Detail), `"offer"`) {
		t.Errorf("%+v", last)
	}
	w.fail = fmt.Errorf("%w: ada is the scribe", tocsin.ErrConflict)
	rec := w.wants(409, post("responder", `{"do":"take","role":"scribe"}`))
	w.fail = nil
	_ = rec
	for path, want := range map[string]int{"": 200, "?format=csaf": 200, "?format=pdf": 400, "?revision=0": 400, "?revision=x": 400, "?revision=2": 404, "?revision=1&format=github": 200} {
		w.wants(want, asked{path: "/v1/public/incidents/INC-pay-CVE-2026-1/advisory" + path})
	}
	w.wants(404, asked{path: "/v1/public/incidents/INC-none/advisory"})
	w.wants(200, asked{path: "/v1/incidents/INC-pay-CVE-2026-1/advisory?format=openvex", as: "all-viewer"}, "openvex")
	w.fail = fmt.Errorf("%w: OpenVEX states products, and there is none in it", tocsin.ErrConflict)
	w.wants(409, asked{path: "/v1/incidents/INC-pay-CVE-2026-1/advisory?format=openvex", as: "all-viewer"}, "none in it")
	w.fail = nil
	w.wants(403, asked{method: "POST", path: "/v1/incidents", as: "bot-security", body: `{}`, header: asJSON}, "is for people")
	w.wants(403, asked{method: "POST", path: "/v1/incidents", as: "security", body: `{"playbook":"x"}`, header: asJSON}, "each of its projects")
}
